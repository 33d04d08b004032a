//! The body of a request on its way to an upstream: held, so that it can be sent again, or passed on as it comes.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use tidegate_providers::JsonFields;
use tokio::time::{Instant, Sleep};

use crate::fault::Fault;
use crate::inbound::Limit;

/// The body of an upstream request.
pub(crate) enum Upload {
    Held(Option<Bytes>),
    Passing(Box<Passing>),
}

/// A client's body that nobody holds. What becomes known on the way is told through [`Progress`].
pub(crate) struct Passing {
    incoming: Incoming,
    limit: Limit,
    wait: Duration,
    timer: Option<Pin<Box<Sleep>>>,
    scan: JsonFields<1>,
    progress: Arc<Mutex<Progress>>,
}

/// What is known of a body that passes.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    pub(crate) received: u64,
    /// Since when it is the upstream that takes its time: the last piece went on, or the end did. `None` while the
    /// client is waited for.
    pub(crate) upstream_since: Option<Instant>,
    /// The raw JSON value of `model`.
    pub(crate) model: Option<Vec<u8>>,
    /// Why the body broke off; the upstream's own error then only says that it did.
    pub(crate) fault: Option<Fault>,
}

/// A model name longer than this is not kept.
const MAX_MODEL: usize = 512;

impl Passing {
    /// How long the client says that it is.
    pub(crate) fn announced(&self) -> Option<u64> {
        self.incoming.size_hint().exact()
    }

    pub(crate) fn new(
        incoming: Incoming,
        limit: Limit,
        wait: Duration,
        progress: Arc<Mutex<Progress>>,
    ) -> Self {
        Self { incoming, limit, wait, timer: None, scan: JsonFields::new(["model"], MAX_MODEL), progress }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Broken>>> {
        loop {
            let frame = match Pin::new(&mut self.incoming).poll_frame(cx) {
                Poll::Ready(frame) => frame,
                Poll::Pending => {
                    lock(&self.progress).upstream_since = None;
                    ready!(self.poll_timer(cx));
                    return Poll::Ready(Some(Err(self.broke(Fault::BodyTimeout(self.wait)))));
                }
            };
            self.timer = None;
            return Poll::Ready(match frame {
                None => {
                    self.finish();
                    None
                }
                Some(Err(_)) => Some(Err(self.broke(Fault::ClientLeft))),
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) => Some(self.pass(data)),
                    // Trailers of a request end here.
                    Err(_) => continue,
                },
            });
        }
    }

    fn poll_timer(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let wait = self.wait;
        let timer =
            self.timer.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(Instant::now() + wait)));
        timer.as_mut().poll(cx)
    }

    fn pass(&mut self, data: Bytes) -> Result<Bytes, Broken> {
        self.scan.feed(&data);
        let received = {
            let mut progress = lock(&self.progress);
            progress.received += data.len() as u64;
            progress.upstream_since = Some(Instant::now());
            progress.received
        };
        if received > self.limit.bytes as u64 {
            return Err(self.broke(self.limit.exceeded()));
        }
        if self.incoming.is_end_stream() {
            self.finish();
        }
        Ok(data)
    }

    fn finish(&mut self) {
        let mut progress = lock(&self.progress);
        progress.upstream_since = Some(Instant::now());
        if let Some(model) = self.scan.take(0) {
            progress.model = Some(model);
        }
    }

    fn broke(&mut self, fault: Fault) -> Broken {
        lock(&self.progress).fault = Some(fault);
        Broken
    }
}

/// The client's body broke off; the reason stands in [`Progress`].
#[derive(Debug, thiserror::Error)]
#[error("the client's body broke off")]
pub(crate) struct Broken;

impl Body for Upload {
    type Data = Bytes;
    type Error = Broken;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        match self.get_mut() {
            Self::Held(bytes) => Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes)))),
            Self::Passing(passing) => passing.poll(cx).map(|data| data.map(|data| data.map(Frame::data))),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Held(bytes) => bytes.is_none(),
            Self::Passing(passing) => passing.incoming.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Held(bytes) => SizeHint::with_exact(bytes.as_ref().map_or(0, Bytes::len) as u64),
            Self::Passing(passing) => passing.incoming.size_hint(),
        }
    }
}

/// Locks the progress of a body.
pub(crate) fn lock(progress: &Mutex<Progress>) -> std::sync::MutexGuard<'_, Progress> {
    progress.lock().unwrap_or_else(PoisonError::into_inner)
}
