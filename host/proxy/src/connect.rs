//! How a connection to a cluster is made: over TCP, over TLS, or to the embedded model in memory.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use rustls_pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::mock::MockServer;
use crate::snapshot::Origin;
use crate::tls;

/// Makes connections to one origin.
pub(crate) struct Connector {
    way: Way,
    /// The bound of one connection, TLS handshake included.
    timeout: Duration,
    http2: Option<bool>,
}

enum Way {
    Tcp { host: String, port: u16, tls: Option<(TlsConnector, ServerName<'static>)> },
    Memory(MockServer),
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConnectError {
    #[error("{0}")]
    Io(#[from] io::Error),
    #[error("no connection within {} ms", .0.as_millis())]
    Timeout(Duration),
    #[error("{0}")]
    Handshake(#[from] hyper::Error),
    #[error("all connections are in use")]
    Exhausted,
    #[error("all connections are in use, and too many requests wait for one")]
    Overflow,
}

/// The protocol that a connection turned out to speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protocol {
    Http1,
    Http2,
}

impl Connector {
    /// Reads certificates; connects to nobody yet.
    pub(crate) fn new(origin: &Origin) -> Result<Self, String> {
        let way = match (&origin.endpoint, &origin.mock) {
            (_, Some(mock)) => Way::Memory(MockServer::new(mock)),
            (Some(endpoint), None) => {
                let host = endpoint.host.clone();
                let tls = if endpoint.tls { Some(tls_parts(&host, origin)?) } else { None };
                Way::Tcp { host, port: endpoint.port, tls }
            }
            (None, None) => return Err("it has no \"endpoint\" and its provider has none of its own".into()),
        };
        Ok(Self { way, timeout: origin.connect, http2: origin.http2 })
    }

    /// What new connections will speak, where that is known before the first.
    pub(crate) fn protocol(&self) -> Option<Protocol> {
        match (&self.way, self.http2) {
            (Way::Memory(_), _) | (_, Some(false)) => Some(Protocol::Http1),
            (_, Some(true)) => Some(Protocol::Http2),
            (Way::Tcp { tls: None, .. }, None) => Some(Protocol::Http1),
            (Way::Tcp { tls: Some(_), .. }, None) => None,
        }
    }

    pub(crate) fn timeout(&self) -> Duration {
        self.timeout
    }

    /// A new connection, and what it speaks.
    pub(crate) async fn connect(&self) -> Result<(UpstreamIo, Protocol), ConnectError> {
        let connecting = self.connect_unbounded();
        let connected = tokio::time::timeout(self.timeout, connecting).await;
        connected.map_err(|_| ConnectError::Timeout(self.timeout))?.map_err(ConnectError::Io)
    }

    async fn connect_unbounded(&self) -> io::Result<(UpstreamIo, Protocol)> {
        match &self.way {
            Way::Memory(mock) => Ok((UpstreamIo::Memory(mock.connect()), Protocol::Http1)),
            Way::Tcp { host, port, tls: None } => {
                let socket = tcp(host, *port).await?;
                Ok((UpstreamIo::Tcp(socket), self.protocol().unwrap_or(Protocol::Http1)))
            }
            Way::Tcp { host, port, tls: Some((connector, name)) } => {
                let socket = tcp(host, *port).await?;
                let stream = connector.connect(name.clone(), socket).await?;
                let protocol = negotiated(&stream, self.http2)?;
                Ok((UpstreamIo::Tls(Box::new(stream)), protocol))
            }
        }
    }
}

fn tls_parts(host: &str, origin: &Origin) -> Result<(TlsConnector, ServerName<'static>), String> {
    let name = ServerName::try_from(host.to_owned())
        .map_err(|_| format!("\"{host}\" is no name that a certificate can carry"))?;
    let config = tls::client(&origin.tls, origin.http2).map_err(|error| error.to_string())?;
    Ok((TlsConnector::from(config), name))
}

async fn tcp(host: &str, port: u16) -> io::Result<TcpStream> {
    let socket = TcpStream::connect((host, port)).await?;
    socket.set_nodelay(true)?;
    Ok(socket)
}

fn negotiated(stream: &TlsStream<TcpStream>, http2: Option<bool>) -> io::Result<Protocol> {
    let h2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
    match (h2, http2) {
        (true, _) => Ok(Protocol::Http2),
        (false, Some(true)) => {
            Err(io::Error::other("the server does not speak HTTP/2; remove \"http2: true\" from the cluster"))
        }
        (false, _) => Ok(Protocol::Http1),
    }
}

/// One connection to an upstream.
pub(crate) enum UpstreamIo {
    Tcp(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
    Memory(DuplexStream),
}

macro_rules! each {
    ($io:expr, $inner:ident => $call:expr) => {
        match $io.get_mut() {
            UpstreamIo::Tcp($inner) => $call,
            UpstreamIo::Tls($inner) => $call,
            UpstreamIo::Memory($inner) => $call,
        }
    };
}

impl AsyncRead for UpstreamIo {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        each!(self, inner => Pin::new(inner).poll_read(cx, buf))
    }
}

impl AsyncWrite for UpstreamIo {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        each!(self, inner => Pin::new(inner).poll_write(cx, buf))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        each!(self, inner => Pin::new(inner).poll_write_vectored(cx, bufs))
    }

    fn is_write_vectored(&self) -> bool {
        matches!(self, Self::Tcp(_))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        each!(self, inner => Pin::new(inner).poll_flush(cx))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        each!(self, inner => Pin::new(inner).poll_shutdown(cx))
    }
}
