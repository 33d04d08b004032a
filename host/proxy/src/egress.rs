//! Requests that plugins send: to checked addresses only, bounded in time and size, redirects left to the plugin.
//!
//! A name is resolved once for each request, every address of it is checked, and the connection goes to an address of that
//! very list: between check and connection there is nothing that could lead elsewhere. Neither cookies nor the proxies of the
//! environment take part.

mod address;
mod idle;
mod resolve;
mod target;

use std::error::Error;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::{Method, Request, Response, StatusCode};
use http_body::Body;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls_pki_types::ServerName;
use tidegate_config::checked::ClusterTls;
use tidegate_contract::{Header, Reply};
use tidegate_pipeline::{HttpClient, HttpRequest, NoAnswer, causes};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use self::idle::{Idle, Line};
use self::resolve::{Resolver, system};
use self::target::{Host, MAX_FIELDS, Target, is_hop_by_hop, outgoing};
use crate::tls;

/// Bytes of an answer's body.
const MAX_ANSWER: usize = 1 << 20;

/// Bytes of an answer's head.
const MAX_HEAD: usize = 64 << 10;

/// From the request to the last byte of its answer, where the plugin gives no time.
const USUAL: Duration = Duration::from_secs(10);

/// The most that a plugin may give.
const LONGEST: Duration = Duration::from_secs(30);

/// One connection, where there is another address to try.
const CONNECT: Duration = Duration::from_secs(2);

/// Addresses of one name that are tried.
const ATTEMPTS: usize = 4;

/// The client of all plugins; what each may reach was granted before it comes here.
pub struct Egress {
    resolver: Resolver,
    /// Without the system's roots there is no https, and all else works.
    tls: Result<Arc<ClientConfig>, String>,
    idle: Arc<Idle>,
}

impl Egress {
    /// A client that reaches public addresses, granted literal addresses and `localhost`, and private addresses behind the
    /// names of `may_be_private`.
    pub fn new(may_be_private: impl IntoIterator<Item = String>) -> Self {
        let tls = tls::client(&ClusterTls::default(), Some(false)).map_err(|error| error.to_string());
        Self { resolver: Resolver::new(system(), may_be_private), tls, idle: Arc::default() }
    }

    /// A client for what the operator wrote into the configuration, private names included.
    pub fn of_operator() -> Self {
        let new = Self::new(Vec::new());
        Self { resolver: new.resolver.trusting(), ..new }
    }

    /// A client for the gateway's own credentials, which clouds give at a link-local address.
    pub(crate) fn of_gateway() -> Self {
        let operators = Self::of_operator();
        Self { resolver: operators.resolver.with_metadata(), ..operators }
    }

    async fn exchange(&self, request: &HttpRequest) -> Result<Reply, NoAnswer> {
        let (target, request) = outgoing(request)?;
        let addresses = self.resolver.addresses(&target).await?;
        let (line, answer) = self.deliver(&target, &addresses, request).await?;
        let reply = read(answer).await?;
        self.idle.put(line);
        Ok(reply)
    }

    /// Sends the request, on a connection that waits or on a new one.
    async fn deliver(
        &self,
        target: &Target,
        addresses: &[SocketAddr],
        mut request: Request<Full<Bytes>>,
    ) -> Result<(Line, Response<Incoming>), NoAnswer> {
        loop {
            let mut line = match self.idle.take(target, addresses).await {
                Some(line) => line,
                None => self.connect(target, addresses).await?,
            };
            let again = (line.reused && may_repeat(request.method())).then(|| request.clone());
            match line.sender.try_send_request(request).await {
                Ok(answer) => return Ok((line, answer)),
                Err(mut error) => match error.take_message().filter(|_| line.reused).or(again) {
                    Some(unanswered) => request = unanswered,
                    None => return Err(failed(&error.into_error())),
                },
            }
        }
    }

    async fn connect(&self, target: &Target, addresses: &[SocketAddr]) -> Result<Line, NoAnswer> {
        let mut tried = addresses.iter().take(ATTEMPTS).peekable();
        while let Some(&address) = tried.next() {
            // The time of the whole request bounds the last one.
            let most = if tried.peek().is_some() { CONNECT } else { LONGEST };
            let Ok(connected) = timeout(most, TcpStream::connect(address)).await else { continue };
            match connected {
                Ok(socket) => {
                    let sender = self.open(target, socket).await?;
                    return Ok(Line { target: target.clone(), address, sender, reused: false });
                }
                Err(error) if tried.peek().is_none() => {
                    return Err(NoAnswer::Failed(format!("no connection to \"{}\": {error}", target.host)));
                }
                Err(_) => {}
            }
        }
        Err(NoAnswer::Timeout)
    }

    async fn open(&self, target: &Target, socket: TcpStream) -> Result<SendRequest<Full<Bytes>>, NoAnswer> {
        let broken = |error: &dyn Error| {
            NoAnswer::Failed(format!("no connection to \"{}\": {}", target.host, causes(error)))
        };
        socket.set_nodelay(true).map_err(|error| broken(&error))?;
        if !target.https {
            return speak(socket).await;
        }
        let config = self.tls.clone().map_err(NoAnswer::Failed)?;
        let stream = TlsConnector::from(config).connect(server_name(&target.host)?, socket).await;
        speak(stream.map_err(|error| broken(&error))?).await
    }
}

impl HttpClient for Egress {
    fn send<'a>(&'a self, request: &'a HttpRequest) -> BoxFuture<'a, Result<Reply, NoAnswer>> {
        let most = request.timeout.unwrap_or(USUAL).min(LONGEST);
        Box::pin(async move { timeout(most, self.exchange(request)).await.unwrap_or(Err(NoAnswer::Timeout)) })
    }
}

/// A request that a server may have seen is sent again only where that changes nothing (RFC 9110 section 9.2.2).
fn may_repeat(method: &Method) -> bool {
    method.is_idempotent()
}

fn server_name(host: &Host) -> Result<ServerName<'static>, NoAnswer> {
    let name = match host {
        Host::Literal(address) => return Ok(ServerName::from(*address)),
        Host::Name(name) => name,
    };
    let unfit = |_| NoAnswer::Failed(format!("host \"{name}\" is no name that a certificate can carry"));
    ServerName::try_from(name.clone()).map_err(unfit)
}

async fn speak(
    io: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
) -> Result<SendRequest<Full<Bytes>>, NoAnswer> {
    let mut builder = http1::Builder::new();
    builder.max_headers(MAX_FIELDS).max_buf_size(MAX_HEAD);
    let (sender, connection) = builder.handshake(TokioIo::new(io)).await.map_err(|error| failed(&error))?;
    // Ends when the sender and the answer are dropped, so a request that nobody waits for any more closes it.
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%error, "a plugin's connection ended");
        }
    });
    Ok(sender)
}

async fn read(answer: Response<Incoming>) -> Result<Reply, NoAnswer> {
    let (head, mut body) = answer.into_parts();
    if head.status == StatusCode::SWITCHING_PROTOCOLS || head.status.as_u16() > 599 {
        return Err(NoAnswer::Failed(format!("the answer has the status {}", head.status.as_u16())));
    }
    // hyper looks at its bound after a read only, and a read may bring more than that.
    if head.headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum::<usize>() > MAX_HEAD {
        return Err(head_too_large());
    }
    if body.size_hint().lower() > MAX_ANSWER as u64 {
        return Err(NoAnswer::TooLarge);
    }
    let mut bytes = Vec::new();
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|error| failed(&error))?.into_data() else { continue };
        if bytes.len() + data.len() > MAX_ANSWER {
            return Err(NoAnswer::TooLarge);
        }
        bytes.extend_from_slice(&data);
    }
    let kept = head.headers.iter().filter(|(name, _)| !is_hop_by_hop(name));
    let header = |(name, value): (&http::HeaderName, &http::HeaderValue)| Header {
        name: name.as_str().into(),
        value: value.as_bytes().into(),
    };
    Ok(Reply { status: head.status.as_u16(), headers: kept.map(header).collect(), body: bytes })
}

fn failed(error: &hyper::Error) -> NoAnswer {
    if error.is_parse_too_large() { head_too_large() } else { NoAnswer::Failed(causes(error)) }
}

fn head_too_large() -> NoAnswer {
    NoAnswer::Failed(format!("the answer's head has more than {MAX_FIELDS} fields or {MAX_HEAD} bytes"))
}

#[cfg(test)]
#[path = "egress_tests.rs"]
mod tests;
