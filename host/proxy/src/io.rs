//! A client's socket with what was read ahead of it, reporting to the connection's [`Watch`].

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};

use crate::frames::Streams;
use crate::watch::Watch;

/// RFC 9113 §3.4.
pub(crate) const H2_PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// The protocol of a connection without ALPN, by its first bytes; they are read again by whoever serves it.
///
/// # Errors
/// Where the socket fails or ends before it is clear.
pub(crate) async fn sniff<S: AsyncRead + Unpin>(socket: &mut S) -> io::Result<(bool, Prefix)> {
    let mut prefix = Prefix::default();
    loop {
        let seen = &prefix.bytes[..prefix.end];
        if !H2_PREFACE.starts_with(seen) {
            return Ok((false, prefix));
        }
        if seen.len() == H2_PREFACE.len() {
            return Ok((true, prefix));
        }
        let read = socket.read(&mut prefix.bytes[prefix.end..]).await?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        prefix.end += read;
    }
}

/// Bytes that were read to find out the protocol.
#[derive(Debug, Default)]
pub(crate) struct Prefix {
    bytes: [u8; H2_PREFACE.len()],
    start: usize,
    end: usize,
}

/// A client's socket.
pub(crate) struct ClientIo<S> {
    socket: S,
    prefix: Prefix,
    watch: Arc<Watch>,
    /// With HTTP/2 only.
    streams: Option<Box<Streams>>,
}

impl<S> ClientIo<S> {
    pub(crate) fn new(socket: S, prefix: Prefix, watch: Arc<Watch>, http2: bool) -> Self {
        Self { socket, prefix, watch, streams: http2.then(|| Box::new(Streams::new())) }
    }

    /// With HTTP/1.1 whatever comes between two exchanges is the next head. With HTTP/2 it is mostly no request at
    /// all, such as the acknowledgement of settings.
    fn received(&mut self, bytes: &[u8]) {
        let Some(streams) = &mut self.streams else { return self.watch.received() };
        let before = streams.open();
        streams.received(bytes);
        if streams.open() != before {
            self.watch.streams(streams.open());
        }
    }

    fn sent(&mut self, bytes: &[u8]) {
        let Some(streams) = &mut self.streams else { return };
        if streams.sent(bytes) {
            self.watch.streams(streams.open());
        }
    }

    fn note<T>(&self, poll: &Poll<io::Result<T>>) {
        self.watch.stalled(poll.is_pending());
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for ClientIo<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let before = buf.filled().len();
        let left = &this.prefix.bytes[this.prefix.start..this.prefix.end];
        if left.is_empty() {
            ready!(Pin::new(&mut this.socket).poll_read(cx, buf))?;
        } else {
            let taken = left.len().min(buf.remaining());
            buf.put_slice(&left[..taken]);
            this.prefix.start += taken;
        }
        let came = &buf.filled()[before..];
        if !came.is_empty() {
            this.received(came);
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for ClientIo<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let poll = Pin::new(&mut self.socket).poll_write(cx, buf);
        self.note(&poll);
        if let Poll::Ready(Ok(taken)) = poll {
            self.sent(&buf[..taken]);
        }
        poll
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let poll = Pin::new(&mut self.socket).poll_write_vectored(cx, bufs);
        self.note(&poll);
        if let Poll::Ready(Ok(mut taken)) = poll {
            for buf in bufs {
                let part = taken.min(buf.len());
                self.sent(&buf[..part]);
                taken -= part;
            }
        }
        poll
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        // TLS takes bytes before its socket does.
        let poll = Pin::new(&mut self.socket).poll_flush(cx);
        self.note(&poll);
        poll
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let poll = Pin::new(&mut self.socket).poll_shutdown(cx);
        self.note(&poll);
        poll
    }
}

#[cfg(test)]
#[path = "io_tests.rs"]
mod tests;
