//! Client connections: accepted, bounded, told their protocol, served, drained.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use arc_swap::{ArcSwap, ArcSwapOption};
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::{HttpService, service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use rustls::ServerConfig;
use tidegate_telemetry::Side;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::certificate::Certificate;
use crate::exchange::{Client, serve};
use crate::io::{ClientIo, Prefix, sniff};
use crate::snapshot::Snapshot;
use crate::stream::AnswerBody;
use crate::watch::{Bounds, Tick, Watch};

/// What an HTTP/2 stream may buffer of its answer while the client does not read.
const H2_SEND_BUFFER: usize = 64 * 1024;

/// How long a connection that is to end waits for a head that has begun, and with HTTP/2 for the client's word.
const GRACE: Duration = Duration::from_secs(1);

/// The data plane: the current snapshot and the connections that use it.
pub struct Proxy {
    snapshot: ArcSwap<Snapshot>,
    connections: TaskTracker,
    draining: CancellationToken,
    /// Past the end of a drain: whatever is left is closed.
    closing: CancellationToken,
}

impl Proxy {
    /// A data plane without listeners.
    pub fn new(snapshot: Snapshot) -> Arc<Self> {
        Arc::new(Self {
            snapshot: ArcSwap::from_pointee(snapshot),
            connections: TaskTracker::new(),
            draining: CancellationToken::new(),
            closing: CancellationToken::new(),
        })
    }

    /// Lets new requests take `snapshot`; those under way keep theirs.
    pub fn publish(&self, snapshot: Snapshot) {
        self.snapshot.store(Arc::new(snapshot));
    }

    /// The snapshot that a request would take now.
    pub fn current(&self) -> Arc<Snapshot> {
        self.snapshot.load_full()
    }

    /// Whether a drain has begun.
    pub fn is_draining(&self) -> bool {
        self.draining.is_cancelled()
    }

    /// How long a drain may take, as the live configuration says.
    pub fn drain_limit(&self) -> Duration {
        self.current().timeouts.drain
    }

    /// Asks every connection to end after its exchange, waits up to `limit`, then closes the rest.
    ///
    /// Returns how many were closed in the middle.
    pub async fn drain(&self, limit: Duration) -> usize {
        self.draining.cancel();
        self.connections.close();
        if tokio::time::timeout(limit, self.connections.wait()).await.is_ok() {
            return 0;
        }
        let left = self.connections.len();
        self.closing.cancel();
        // The tasks see the token at once; nothing in them waits for a peer any more.
        let _ = tokio::time::timeout(Duration::from_secs(1), self.connections.wait()).await;
        left
    }
}

/// A listener's socket and what new connections on it get.
pub(crate) struct Door {
    pub(crate) name: Arc<str>,
    pub(crate) tls: ArcSwapOption<ServerConfig>,
    pub(crate) stop: CancellationToken,
}

/// Accepts until the door is stopped or the drain begins.
pub(crate) async fn accept(proxy: Arc<Proxy>, door: Arc<Door>, listener: TcpListener) {
    loop {
        let accepted = tokio::select! {
            () = door.stop.cancelled() => return,
            () = proxy.draining.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((socket, peer)) => admit(&proxy, &door, socket, peer),
            Err(error) => {
                // Out of file descriptors, most likely: give connections time to end.
                tracing::warn!(listener = &*door.name, %error, "accept failed");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
}

fn admit(proxy: &Arc<Proxy>, door: &Arc<Door>, socket: TcpStream, peer: SocketAddr) {
    let snapshot = proxy.current();
    if proxy.connections.len() >= snapshot.limits.connections {
        snapshot.observers.metrics.connection_refused();
        return;
    }
    let tls = door.tls.load_full();
    let (proxy, name) = (Arc::clone(proxy), Arc::clone(&door.name));
    let tracker = proxy.connections.clone();
    tracker.spawn(async move {
        let _open = snapshot.observers.metrics.connection_opened(Side::Client);
        let bounds = Bounds { header: snapshot.timeouts.header, idle: snapshot.timeouts.idle };
        let client = Client {
            listener: name,
            address: peer.ip().to_canonical(),
            https: tls.is_some(),
            watch: Watch::new(bounds),
            certificate: OnceLock::new(),
        };
        let connection = Connection { proxy, client: Arc::new(client), snapshot };
        if let Err(error) = connection.run(socket, tls).await {
            tracing::debug!(%peer, %error, "connection ended");
        }
    });
}

/// A client's connection from its first byte.
struct Connection {
    proxy: Arc<Proxy>,
    client: Arc<Client>,
    /// Whose limits hold for the connection; each request takes its own.
    snapshot: Arc<Snapshot>,
}

impl Connection {
    async fn run(self, mut socket: TcpStream, tls: Option<Arc<ServerConfig>>) -> io::Result<()> {
        socket.set_nodelay(true)?;
        let opening = self.snapshot.timeouts.header;
        match tls {
            None => {
                let (http2, prefix) = self.open(opening, sniff(&mut socket)).await?;
                self.serve(socket, prefix, http2).await
            }
            Some(config) => {
                let handshake = TlsAcceptor::from(config).accept(socket);
                let stream = self.open(opening, handshake).await?;
                let (_, session) = stream.get_ref();
                let http2 = session.alpn_protocol() == Some(b"h2");
                if let Some(leaf) = session.peer_certificates().and_then(<[_]>::first) {
                    self.client.certificate.get_or_init(|| Certificate::read(leaf));
                }
                self.serve(stream, Prefix::default(), http2).await
            }
        }
    }

    /// What comes before the first request, within its time; a connection that has none yet ends with a drain.
    async fn open<T>(&self, limit: Duration, opening: impl Future<Output = io::Result<T>>) -> io::Result<T> {
        tokio::select! {
            biased;
            opened = tokio::time::timeout(limit, opening) => opened?,
            () = self.proxy.draining.cancelled() => Err(io::Error::other("the gateway drains")),
        }
    }

    async fn serve<S>(self, socket: S, prefix: Prefix, http2: bool) -> io::Result<()>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let io = TokioIo::new(ClientIo::new(socket, prefix, Arc::clone(&self.client.watch), http2));
        let (proxy, client) = (Arc::clone(&self.proxy), Arc::clone(&self.client));
        let service = service_fn(move |request| {
            let (snapshot, client) = (proxy.current(), Arc::clone(&client));
            async move { Ok::<_, Infallible>(serve(snapshot, &client, request).await) }
        });
        let limits = &self.snapshot.limits;
        if http2 {
            let header_list = u32::try_from(limits.header).unwrap_or(u32::MAX);
            let connection = http2::Builder::new(TokioExecutor::new())
                .timer(TokioTimer::new())
                .max_concurrent_streams(limits.streams)
                .max_header_list_size(header_list)
                .max_send_buf_size(H2_SEND_BUFFER)
                .serve_connection(io, service);
            self.drive(connection).await
        } else {
            let connection = http1::Builder::new()
                .timer(TokioTimer::new())
                // The connection's own watch does this with one timer for all requests.
                .header_read_timeout(None)
                .max_header_size(limits.header)
                .serve_connection(io, service);
            self.drive(connection).await
        }
    }

    /// Serves until the connection ends, its client is too slow, or a drain is over.
    async fn drive(&self, connection: impl Serving) -> io::Result<()> {
        let mut connection = pin!(connection);
        let mut timer = pin!(tokio::time::sleep(self.client.watch.first()));
        // Why the connection takes no new request any more.
        let mut ending = None;
        let mut draining = false;
        loop {
            tokio::select! {
                biased;
                ended = connection.as_mut() => return ended.map_err(io::Error::other),
                () = timer.as_mut() => match self.look(ending)? {
                    Look::Again(after) => timer.as_mut().reset(tokio::time::Instant::now() + after),
                    Look::End(cause) => {
                        ending = Some(cause);
                        connection.as_mut().end_gracefully();
                        timer.as_mut().reset(tokio::time::Instant::now() + GRACE);
                    }
                },
                () = self.proxy.draining.cancelled(), if !draining => {
                    draining = true;
                    ending = Some("the drain began before a whole head had come");
                    connection.as_mut().end_gracefully();
                    timer.as_mut().reset(tokio::time::Instant::now() + GRACE);
                }
                // It ends a drain that has begun, so before that nobody has to look.
                () = self.proxy.closing.cancelled(), if draining => {
                    return Err(io::Error::other("the drain ended before the exchange did"));
                }
            }
        }
    }

    /// What the clock of the connection says; one that is to end goes once nothing is under way on it.
    fn look(&self, ending: Option<&'static str>) -> io::Result<Look> {
        let over = |cause| Err(io::Error::new(io::ErrorKind::TimedOut, cause));
        let watch = &self.client.watch;
        match (watch.tick(), ending) {
            (_, Some(cause)) if !watch.is_occupied() => over(cause),
            (Tick::Close(cause), _) => over(cause),
            (Tick::Retire(cause), _) => Ok(Look::End(cause)),
            (Tick::Again(after), Some(_)) => Ok(Look::Again(after.min(GRACE))),
            (Tick::Again(after), None) => Ok(Look::Again(after)),
        }
    }
}

/// What becomes of a connection after a look at its clock.
enum Look {
    /// It goes on, until the next look after this long.
    Again(Duration),
    /// It is to end.
    End(&'static str),
}

/// A connection that hyper serves, whichever its protocol.
trait Serving: Future<Output = hyper::Result<()>> {
    /// Takes no new request, ends when those under way are done.
    fn end_gracefully(self: Pin<&mut Self>);
}

impl<I, S> Serving for http1::Connection<I, S>
where
    S: HttpService<Incoming, ResBody = AnswerBody, Error = Infallible>,
    I: hyper::rt::Read + hyper::rt::Write + Unpin,
{
    fn end_gracefully(self: Pin<&mut Self>) {
        self.graceful_shutdown();
    }
}

impl<I, S> Serving for http2::Connection<I, S, TokioExecutor>
where
    S: HttpService<Incoming, ResBody = AnswerBody, Error = Infallible>,
    S::Future: Send + 'static,
    I: hyper::rt::Read + hyper::rt::Write + Unpin,
{
    fn end_gracefully(self: Pin<&mut Self>) {
        self.graceful_shutdown();
    }
}
