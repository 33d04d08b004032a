//! The body of an answer on its way to the client: read as it passes, never held longer than an event.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body::{Body, Frame, SizeHint};
use tidegate_providers::{AnswerScan, Framer};
use tokio::time::{Instant, Sleep};

use crate::events::whole_events;
use crate::fault::Fault;
use crate::filtered::Pieces;
use crate::ledger::Ledger;
use crate::pool::Lease;
use crate::rescue;
use crate::translated::UpstreamBody;

/// The body of any answer.
pub(crate) enum AnswerBody {
    /// Made by the gateway.
    Own(Option<Bytes>, Box<Ledger>),
    /// An upstream's.
    Upstream(Box<Passing>),
    /// An upstream's stream behind filters.
    Filtered(Pieces),
    /// A stream for a client whose API has no server-sent events, or that is to read another name of the model.
    Framed(Box<Framed>),
}

/// A stream on its way into what its client's API puts events into.
pub(crate) struct Framed {
    body: AnswerBody,
    framer: Framer,
    ended: bool,
}

/// What is put together for a body that comes from an upstream.
pub(crate) struct Source {
    pub(crate) incoming: UpstreamBody,
    pub(crate) lease: Lease,
    pub(crate) reading: Reading,
    /// Between two pieces.
    pub(crate) idle: Duration,
}

/// How an answer is read while it passes.
pub(crate) enum Reading {
    /// Its bytes mean nothing to the gateway.
    Opaque,
    /// A JSON body.
    Plain(AnswerScan),
    /// A stream of events, passed on event by event.
    Events {
        scan: AnswerScan,
        /// Whether the stream is one that says when it is finished, so that an earlier end is a cut.
        has_an_end: bool,
        /// The beginning of an event whose end has not come yet.
        partial: BytesMut,
    },
}

/// A partial event beyond this is passed on as it is.
pub(crate) const MAX_PARTIAL: usize = 1024 * 1024;

/// An upstream's body on its way.
pub(crate) struct Passing {
    incoming: UpstreamBody,
    lease: Option<Lease>,
    reading: Reading,
    idle: Duration,
    last: Instant,
    timer: Option<Pin<Box<Sleep>>>,
    ended: bool,
    /// Whether its last piece is the error event by which it broke off.
    broken: bool,
    ledger: Box<Ledger>,
}

/// The answer cannot be completed; the client's connection is cut, so that a part never passes for the whole.
#[derive(Debug, thiserror::Error)]
#[error("the answer broke off")]
pub(crate) struct Cut;

impl AnswerBody {
    pub(crate) fn upstream(source: Source, ledger: Box<Ledger>) -> Self {
        Self::Upstream(Passing::new(source, ledger))
    }
}

impl Passing {
    pub(crate) fn new(source: Source, ledger: Box<Ledger>) -> Box<Self> {
        let Source { incoming, lease, reading, idle } = source;
        Box::new(Self {
            incoming,
            lease: Some(lease),
            reading,
            idle,
            last: Instant::now(),
            timer: None,
            ended: false,
            broken: false,
            ledger,
        })
    }
}

impl Framed {
    pub(crate) fn new(body: AnswerBody, framer: Framer) -> Box<Self> {
        Box::new(Self { body, framer, ended: false })
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Piece> {
        while !self.ended {
            let mut out = Vec::new();
            let framed = match ready!(Pin::new(&mut self.body).poll_frame(cx)) {
                Some(Ok(frame)) => frame.into_data().map_or(Ok(()), |data| self.framer.feed(&data, &mut out)),
                Some(Err(cut)) => return Poll::Ready(Some(Err(cut))),
                None => {
                    self.ended = true;
                    self.framer.close(&mut out)
                }
            };
            if framed.is_err() {
                self.ended = true;
                return Poll::Ready(Some(Err(Cut)));
            }
            if !out.is_empty() {
                return Poll::Ready(Some(Ok(out.into())));
            }
        }
        Poll::Ready(None)
    }
}

type Piece = Option<Result<Bytes, Cut>>;

impl Passing {
    /// The account of the exchange.
    pub(crate) fn ledger(&mut self) -> &mut Ledger {
        &mut self.ledger
    }

    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Piece> {
        while !self.ended {
            let frame = match Pin::new(&mut self.incoming).poll_frame(cx) {
                Poll::Ready(frame) => frame,
                Poll::Pending => {
                    let late = ready!(self.poll_timer(cx));
                    return Poll::Ready(self.broken(&late));
                }
            };
            let piece = match frame {
                // Trailers are between the upstream and this gateway.
                Some(Ok(frame)) => frame.into_data().ok().and_then(|data| self.pass(data)).map(Ok),
                Some(Err(error)) => {
                    let cause = error.to_string();
                    self.broken(&self.broke_off(cause))
                }
                None => self.end(),
            };
            if piece.is_some() {
                return Poll::Ready(piece);
            }
        }
        Poll::Ready(None)
    }

    /// Looks at data, and gives what may go on of it.
    fn pass(&mut self, data: Bytes) -> Option<Bytes> {
        if self.timer.is_some() {
            self.last = Instant::now();
        }
        let out = match &mut self.reading {
            Reading::Opaque => data,
            Reading::Plain(scan) => {
                scan.feed(&data);
                data
            }
            Reading::Events { scan, partial, .. } => {
                if scan.feed(&data).first_token {
                    self.ledger.first_token = Some(self.ledger.clock.elapsed());
                }
                whole(partial, data)
            }
        };
        if self.incoming.is_end_stream() && self.is_whole() {
            self.complete();
        }
        self.ledger.bytes_sent += out.len() as u64;
        (!out.is_empty()).then_some(out)
    }

    /// Whether an end now would be the answer's own end, with nothing left to say.
    fn is_whole(&self) -> bool {
        match &self.reading {
            Reading::Opaque | Reading::Plain(_) => true,
            Reading::Events { scan, has_an_end, partial } => {
                partial.is_empty() && (!has_an_end || scan.finished() || scan.error_in_stream())
            }
        }
    }

    /// The upstream's body is over.
    fn end(&mut self) -> Piece {
        let Reading::Events { scan, has_an_end, partial } = &mut self.reading else {
            self.complete();
            return None;
        };
        let rest = partial.split().freeze();
        if *has_an_end && !scan.finished() && !scan.error_in_stream() {
            let fault = self.broke_off("the stream has no end".into());
            return self.broken(&fault);
        }
        self.ledger.bytes_sent += rest.len() as u64;
        self.complete();
        (!rest.is_empty()).then_some(Ok(rest))
    }

    /// Ends a stream by its dialect's error event, and any other body by a cut.
    pub(crate) fn broken(&mut self, fault: &Fault) -> Piece {
        self.broken = true;
        self.leave(fault);
        match self.reading {
            Reading::Events { .. } => {
                let event = rescue::event(fault, self.ledger.dialect);
                self.ledger.bytes_sent += event.len() as u64;
                Some(Ok(event))
            }
            Reading::Opaque | Reading::Plain(_) => Some(Err(Cut)),
        }
    }

    /// Whether the piece that came last is an error event of the gateway's own.
    pub(crate) fn is_broken(&self) -> bool {
        self.broken
    }

    /// Ends a stream by these bytes, because a filter wants it so. `text_bytes` of the answer had come by then.
    pub(crate) fn stop(&mut self, fault: &Fault, end: Bytes, text_bytes: u64) -> Bytes {
        self.leave(fault);
        if !self.is_told() {
            self.ledger.estimate_usage(text_bytes);
        }
        self.ledger.bytes_sent += end.len() as u64;
        end
    }

    /// Whether the answer has said what all of it used.
    fn is_told(&self) -> bool {
        match &self.reading {
            Reading::Plain(scan) | Reading::Events { scan, .. } => scan.finished() && scan.usage().is_some(),
            Reading::Opaque => false,
        }
    }

    /// What it is where the bytes of a stream cannot be read.
    pub(crate) fn unreadable(&self, cause: &str) -> Fault {
        self.broke_off(cause.to_owned())
    }

    /// Reads no further. Without the lease the connection, or the stream on it, is closed.
    fn leave(&mut self, fault: &Fault) {
        tracing::debug!(error = %fault, request_id = &*self.ledger.request_id, "answer broke off");
        self.ledger.fail(fault);
        self.read_scan();
        self.lease = None;
        self.ended = true;
        self.ledger.complete();
    }

    fn complete(&mut self) {
        self.ended = true;
        self.read_scan();
        if let Some(lease) = self.lease.take() {
            lease.give_back();
        }
        self.ledger.complete();
    }

    fn read_scan(&mut self) {
        let (Reading::Plain(scan) | Reading::Events { scan, .. }) = &self.reading else { return };
        self.ledger.note_scan(scan, self.incoming.usage());
    }

    fn broke_off(&self, cause: String) -> Fault {
        let cluster = self.ledger.cluster_name();
        Fault::BrokeOff { cluster, cause }
    }

    /// One timer for a whole stream: when it fires, it looks how long ago the last piece came.
    fn poll_timer(&mut self, cx: &mut Context<'_>) -> Poll<Fault> {
        let end = self.ledger.clock.end();
        let timer = self.timer.get_or_insert_with(|| {
            self.last = Instant::now();
            Box::pin(tokio::time::sleep_until(end.min(self.last + self.idle)))
        });
        loop {
            ready!(timer.as_mut().poll(cx));
            let now = Instant::now();
            if now >= end {
                return Poll::Ready(self.ledger.clock.overrun());
            }
            if now >= self.last + self.idle {
                return Poll::Ready(self.silent());
            }
            timer.as_mut().reset(end.min(self.last + self.idle));
        }
    }

    fn silent(&self) -> Fault {
        let cluster = self.ledger.cluster_name();
        Fault::UpstreamTimeout { cluster, phase: "send more of its answer", after: self.idle }
    }
}

impl Drop for Passing {
    fn drop(&mut self) {
        // A client that leaves still gets what was used so far on its account.
        if !self.ended {
            self.read_scan();
        }
    }
}

/// The whole events of what has come; the rest waits in `partial`.
fn whole(partial: &mut BytesMut, mut data: Bytes) -> Bytes {
    if partial.is_empty() {
        let end = whole_events(&data);
        if data.len() - end <= MAX_PARTIAL {
            partial.extend_from_slice(&data.split_off(end));
        }
        return data;
    }
    partial.extend_from_slice(&data);
    let end = if partial.len() > MAX_PARTIAL { partial.len() } else { whole_events(partial) };
    partial.split_to(end).freeze()
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = Cut;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Cut>>> {
        match self.get_mut() {
            Self::Own(bytes, ledger) => {
                ledger.complete();
                let bytes = bytes.take().filter(|bytes| !bytes.is_empty());
                Poll::Ready(bytes.map(|bytes| {
                    ledger.bytes_sent = bytes.len() as u64;
                    Ok(Frame::data(bytes))
                }))
            }
            Self::Upstream(passing) => passing.poll(cx).map(|piece| piece.map(|data| data.map(Frame::data))),
            Self::Filtered(pieces) => {
                pieces.as_mut().poll_next(cx).map(|piece| piece.map(|data| data.map(Frame::data)))
            }
            Self::Framed(framed) => framed.poll(cx).map(|piece| piece.map(|data| data.map(Frame::data))),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Own(bytes, _) => bytes.as_ref().is_none_or(Bytes::is_empty),
            Self::Upstream(passing) => passing.ended,
            Self::Filtered(_) => false,
            Self::Framed(framed) => framed.ended,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Own(bytes, _) => SizeHint::with_exact(bytes.as_ref().map_or(0, Bytes::len) as u64),
            Self::Upstream(passing) => match passing.reading {
                // An error event may have to be added.
                Reading::Events { .. } => SizeHint::default(),
                Reading::Opaque | Reading::Plain(_) => passing.incoming.size_hint(),
            },
            Self::Filtered(_) | Self::Framed(_) => SizeHint::default(),
        }
    }
}

#[cfg(test)]
#[path = "stream_tests.rs"]
mod tests;
