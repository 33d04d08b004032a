//! The body of a request on its way to an upstream: held, so that it can be sent again, or passed on as it comes.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use tidegate_providers::{FormScan, JsonFields};
use tokio::time::{Instant, Sleep};

use crate::fault::Fault;
use crate::inbound::{Begun, Bounds, Limit, NamedModel, bad_form};
use crate::lingering::Lingering;

/// The body of an upstream request.
pub(crate) enum Upload {
    Held(Option<Bytes>),
    Passing(Box<Passing>),
}

/// A client's body that nobody holds. What becomes known on the way is told through [`Progress`].
pub(crate) struct Passing {
    /// What was read of it already.
    begun: Option<Bytes>,
    incoming: Lingering,
    limit: Limit,
    wait: Duration,
    timer: Option<Pin<Box<Sleep>>>,
    /// Where it is known already.
    model: Option<NamedModel>,
    scan: Scan,
    progress: Arc<Mutex<Progress>>,
}

/// What is looked for in a body that passes.
enum Scan {
    Json(JsonFields<1>),
    /// A second model: servers disagree on which one counts.
    Form(Box<FormScan>),
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
        self.size_hint().exact()
    }

    fn size_hint(&self) -> SizeHint {
        let begun = self.begun.as_ref().map_or(0, Bytes::len) as u64;
        let mut rest = self.incoming.size_hint();
        // The greater one first: it must not be less than the smaller.
        if let Some(most) = rest.upper() {
            rest.set_upper(most + begun);
        }
        rest.set_lower(rest.lower() + begun);
        rest
    }

    /// A body of which nothing was read.
    pub(crate) fn unread(incoming: Incoming, bounds: Bounds, progress: Arc<Mutex<Progress>>) -> Self {
        let scan = Scan::Json(JsonFields::new(["model"], MAX_MODEL));
        let Bounds { limit, wait, .. } = bounds;
        let incoming = Lingering::new(incoming);
        Self { begun: None, incoming, limit, wait, timer: None, model: None, scan, progress }
    }

    /// The rest of a form, with what was read of it in front.
    pub(crate) fn of_form(form: Begun, bounds: Bounds, progress: Arc<Mutex<Progress>>) -> Self {
        let Begun { begun, model, scan, rest } = form;
        lock(&progress).received = begun.len() as u64;
        let Bounds { limit, wait, .. } = bounds;
        let scan = Scan::Form(scan);
        Self {
            begun: Some(begun),
            incoming: rest,
            limit,
            wait,
            timer: None,
            model: Some(model),
            scan,
            progress,
        }
    }

    /// The model, where it is known before the body has passed.
    pub(crate) fn model(&self) -> Option<&str> {
        self.model.as_ref().map(|model| &*model.name)
    }

    /// Has it name another model.
    pub(crate) fn rename(&mut self, new: &str) {
        let place = self.model.as_ref().and_then(|model| model.place.as_ref());
        if let (Some(place), Some(begun)) = (place, &self.begun) {
            self.begun = Some(place.renamed(begun, new));
        }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Broken>>> {
        if let Some(begun) = self.begun.take() {
            lock(&self.progress).upstream_since = Some(Instant::now());
            return Poll::Ready(Some(Ok(begun)));
        }
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
        if let Err(fault) = self.scan.feed(&data) {
            return Err(self.broke(fault));
        }
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
        if let Scan::Json(fields) = &mut self.scan
            && let Some(model) = fields.take(0)
        {
            progress.model = Some(model);
        }
    }

    fn broke(&mut self, fault: Fault) -> Broken {
        lock(&self.progress).fault = Some(fault);
        Broken
    }
}

impl Scan {
    fn feed(&mut self, data: &[u8]) -> Result<(), Fault> {
        match self {
            Self::Json(fields) => {
                fields.feed(data);
                Ok(())
            }
            Self::Form(form) => form.feed(data).map_err(bad_form),
        }
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
            Self::Passing(passing) => passing.begun.is_none() && passing.incoming.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Held(bytes) => SizeHint::with_exact(bytes.as_ref().map_or(0, Bytes::len) as u64),
            Self::Passing(passing) => passing.size_hint(),
        }
    }
}

/// Locks the progress of a body.
pub(crate) fn lock(progress: &Mutex<Progress>) -> std::sync::MutexGuard<'_, Progress> {
    progress.lock().unwrap_or_else(PoisonError::into_inner)
}
