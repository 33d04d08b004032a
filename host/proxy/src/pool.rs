//! Connections to one cluster: kept warm, counted, shared by streams where the protocol allows it.
//!
//! An HTTP/1.1 connection carries one exchange and goes back when the answer was read to its end; an answer that
//! was not, takes its connection with it. HTTP/2 connections carry up to `streams` exchanges, and another is opened
//! beyond that, so that a provider's own limit never queues the next request.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Instant;

use http::{Request, Response};
use hyper::body::Incoming;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tidegate_config::checked;
use tidegate_telemetry::{Metrics, Side};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::breakers::{self, Permit};
use crate::connect::{ConnectError, Connector, Protocol, UpstreamIo};
use crate::upload::Upload;

/// The connections of one cluster.
pub(crate) struct Pool {
    cluster: Arc<str>,
    connector: Connector,
    limits: checked::Pool,
    metrics: Arc<Metrics>,
    /// Exchanges at once: connections, times the streams of each with HTTP/2.
    http1_places: Arc<Semaphore>,
    http2_places: Arc<Semaphore>,
    /// Exchanges that wait for a place.
    waiting: AtomicUsize,
    /// The most recently used stands last and is taken first.
    idle: Mutex<VecDeque<Idle>>,
    shared: Mutex<Vec<Arc<Shared>>>,
    /// Lets one caller open an HTTP/2 connection while the others wait to share it.
    opening: tokio::sync::Mutex<()>,
    protocol: OnceLock<Protocol>,
}

struct Idle {
    sender: http1::SendRequest<Upload>,
    since: Instant,
}

/// An HTTP/2 connection.
struct Shared {
    sender: http2::SendRequest<Upload>,
    streams: AtomicUsize,
    /// What the other end allows, by its settings.
    allowed: Arc<AtomicUsize>,
}

/// The right to one exchange on one connection.
pub(crate) struct Lease {
    pool: Arc<Pool>,
    line: Line,
    reused: bool,
    /// What else is given back with the connection.
    permit: Option<Permit>,
    _place: OwnedSemaphorePermit,
}

/// An exchange that waits for a place, counted as long as this lives.
struct Waiting<'a>(&'a AtomicUsize);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

enum Line {
    Http1(http1::SendRequest<Upload>),
    Http2(Stream),
}

/// A place on a shared connection, given back on drop.
struct Stream(Arc<Shared>);

impl Drop for Stream {
    fn drop(&mut self) {
        self.0.streams.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A request that got no answer.
pub(crate) struct Unanswered {
    pub(crate) error: hyper::Error,
    /// The request, where no byte of it was sent.
    pub(crate) unsent: Option<Request<Upload>>,
}

impl Pool {
    pub(crate) fn new(
        cluster: Arc<str>,
        connector: Connector,
        limits: checked::Pool,
        metrics: Arc<Metrics>,
    ) -> Arc<Self> {
        let protocol = connector.protocol().map_or_else(OnceLock::new, OnceLock::from);
        let pool = Arc::new(Self {
            cluster,
            connector,
            limits,
            metrics,
            http1_places: Arc::new(Semaphore::new(limits.connections)),
            http2_places: Arc::new(Semaphore::new(limits.connections.saturating_mul(limits.streams))),
            waiting: AtomicUsize::new(0),
            idle: Mutex::default(),
            shared: Mutex::default(),
            opening: tokio::sync::Mutex::default(),
            protocol,
        });
        sweep(&pool);
        pool
    }

    /// A connection to use: a warm one, else a new one; waits for a free place as long as a connection may take.
    pub(crate) async fn lease(self: &Arc<Self>) -> Result<Lease, ConnectError> {
        if self.protocol.get() == Some(&Protocol::Http2) {
            return self.lease_stream().await;
        }
        let place = self.place(&self.http1_places).await?;
        if let Some(sender) = self.take_idle().await {
            return Ok(self.leased(Line::Http1(sender), true, place));
        }
        let (io, protocol) = self.connector.connect().await?;
        let _ = self.protocol.set(protocol);
        match protocol {
            Protocol::Http1 => Ok(self.leased(Line::Http1(self.open_http1(io).await?), false, place)),
            Protocol::Http2 => {
                let stream = self.open_http2(io).await?;
                Ok(self.leased(Line::Http2(stream), false, place))
            }
        }
    }

    async fn lease_stream(self: &Arc<Self>) -> Result<Lease, ConnectError> {
        let place = self.place(&self.http2_places).await?;
        if let Some(stream) = self.share() {
            return Ok(self.leased(Line::Http2(stream), true, place));
        }
        let _opening = self.opening.lock().await;
        if let Some(stream) = self.share() {
            return Ok(self.leased(Line::Http2(stream), true, place));
        }
        let (io, _) = self.connector.connect().await?;
        let stream = self.open_http2(io).await?;
        Ok(self.leased(Line::Http2(stream), false, place))
    }

    fn leased(self: &Arc<Self>, line: Line, reused: bool, place: OwnedSemaphorePermit) -> Lease {
        Lease { pool: Arc::clone(self), line, reused, permit: None, _place: place }
    }

    async fn place(&self, places: &Arc<Semaphore>) -> Result<OwnedSemaphorePermit, ConnectError> {
        if let Ok(place) = Arc::clone(places).try_acquire_owned() {
            return Ok(place);
        }
        breakers::take(&self.waiting, self.limits.max_pending).ok_or(ConnectError::Overflow)?;
        let _waiting = Waiting(&self.waiting);
        let free = tokio::time::timeout(self.connector.timeout(), Arc::clone(places).acquire_owned());
        free.await.ok().and_then(Result::ok).ok_or(ConnectError::Exhausted)
    }

    async fn take_idle(&self) -> Option<http1::SendRequest<Upload>> {
        loop {
            let mut idle = lock(&self.idle).pop_back()?;
            if idle.since.elapsed() >= self.limits.idle || idle.sender.is_closed() {
                continue;
            }
            // Ready at once, unless the connection has still to note the end of its last answer.
            if idle.sender.is_ready() || idle.sender.ready().await.is_ok() {
                return Some(idle.sender);
            }
        }
    }

    fn share(&self) -> Option<Stream> {
        let mut shared = lock(&self.shared);
        shared.retain(|connection| !connection.sender.is_closed());
        let free = shared.iter().find(|connection| {
            let streams = connection.streams.load(Ordering::Relaxed);
            streams < self.limits.streams.min(connection.allowed.load(Ordering::Relaxed))
        })?;
        free.streams.fetch_add(1, Ordering::Relaxed);
        Some(Stream(Arc::clone(free)))
    }

    async fn open_http1(&self, io: UpstreamIo) -> Result<http1::SendRequest<Upload>, ConnectError> {
        let (sender, connection) = http1::handshake(TokioIo::new(io)).await?;
        self.spawn(connection);
        Ok(sender)
    }

    /// Drives a connection until it ends by itself, or because nobody holds a sender for it any more.
    fn spawn(&self, connection: impl Future<Output = hyper::Result<()>> + Send + 'static) {
        let open = self.metrics.connection_opened(Side::Upstream);
        let cluster = Arc::clone(&self.cluster);
        tokio::spawn(async move {
            let ended = connection.await;
            drop(open);
            if let Err(error) = ended {
                tracing::debug!(cluster = &*cluster, %error, "upstream connection ended");
            }
        });
    }

    async fn open_http2(&self, io: UpstreamIo) -> Result<Stream, ConnectError> {
        let (sender, mut connection) = http2::Builder::new(TokioExecutor::new())
            .timer(TokioTimer::new())
            .adaptive_window(true)
            .handshake(TokioIo::new(io))
            .await?;
        let allowed = Arc::new(AtomicUsize::new(self.limits.streams));
        let told = Arc::clone(&allowed);
        self.spawn(std::future::poll_fn(move |cx| {
            let ended = Pin::new(&mut connection).poll(cx);
            told.store(connection.current_max_send_streams().max(1), Ordering::Relaxed);
            ended
        }));
        let shared = Arc::new(Shared { sender, streams: AtomicUsize::new(1), allowed });
        lock(&self.shared).push(Arc::clone(&shared));
        Ok(Stream(shared))
    }

    fn put_back(&self, sender: http1::SendRequest<Upload>) {
        if sender.is_closed() {
            return;
        }
        let mut idle = lock(&self.idle);
        if idle.len() >= self.limits.idle_connections {
            idle.pop_front();
        }
        idle.push_back(Idle { sender, since: Instant::now() });
    }

    /// Drops what was not used for too long.
    fn drop_expired(&self) {
        lock(&self.idle).retain(|idle| idle.since.elapsed() < self.limits.idle && !idle.sender.is_closed());
        lock(&self.shared).retain(|connection| !connection.sender.is_closed());
    }
}

/// Looks after unused connections as long as the pool lives.
fn sweep(pool: &Arc<Pool>) {
    let every = pool.limits.idle.max(std::time::Duration::from_secs(1)) / 2;
    let pool = Arc::downgrade(pool);
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(every).await;
            let Some(pool) = pool.upgrade() else { return };
            pool.drop_expired();
        }
    });
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    // Nothing that runs under these locks can panic half-way through a change.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Lease {
    /// Whether the connection has carried an exchange before, and so may have been closed meanwhile.
    pub(crate) fn reused(&self) -> bool {
        self.reused
    }

    /// Keeps a permit until the answer was read to its end, or the connection is closed.
    pub(crate) fn keep(&mut self, permit: Permit) {
        self.permit = Some(permit);
    }

    /// Whether requests on it name their authority in the target.
    pub(crate) fn is_http2(&self) -> bool {
        matches!(self.line, Line::Http2(_))
    }

    /// Sends a request and waits for the head of its answer.
    pub(crate) async fn send(&mut self, request: Request<Upload>) -> Result<Response<Incoming>, Unanswered> {
        let answered = match &mut self.line {
            Line::Http1(sender) => sender.try_send_request(request).await,
            Line::Http2(stream) => stream.0.sender.clone().try_send_request(request).await,
        };
        answered.map_err(|mut error| Unanswered { unsent: error.take_message(), error: error.into_error() })
    }

    /// Gives the connection back: the answer was read to its end.
    pub(crate) fn give_back(self) {
        if let Line::Http1(sender) = self.line {
            self.pool.put_back(sender);
        }
    }
}
