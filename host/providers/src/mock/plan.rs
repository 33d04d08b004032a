//! An answer as it is to be given: a head, then bytes with the waits between them.

use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderName, HeaderValue};

/// An answer to carry out.
pub struct Plan {
    /// The HTTP status.
    pub status: u16,
    /// Content type first; `content-length` where the body is known, which is all but streams.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// Wait before the head.
    pub latency: Duration,
    /// The body.
    pub steps: Steps,
    /// The connection is cut after the steps, so that the client sees a broken answer.
    pub cut: bool,
}

/// A part of a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Wait before the bytes.
    pub wait: Duration,
    /// Never empty.
    pub bytes: Bytes,
}

/// The parts of a body, made when they are asked for, so that a long stream takes no room.
pub struct Steps(Box<dyn Iterator<Item = Step> + Send + Sync>);

impl Steps {
    pub(crate) fn new(steps: impl Iterator<Item = Step> + Send + Sync + 'static) -> Self {
        Self(Box::new(steps))
    }

    /// The same bytes up to a limit.
    pub(crate) fn cut_after(self, limit: usize) -> Self {
        let mut left = limit;
        Self::new(self.0.map_while(move |mut step| {
            step.bytes.truncate(left);
            left -= step.bytes.len();
            (!step.bytes.is_empty()).then_some(step)
        }))
    }
}

impl Iterator for Steps {
    type Item = Step;

    fn next(&mut self) -> Option<Step> {
        self.0.next()
    }
}

impl std::fmt::Debug for Steps {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Steps")
    }
}

impl std::fmt::Debug for Plan {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Plan").field("status", &self.status).field("cut", &self.cut).finish_non_exhaustive()
    }
}

impl Plan {
    /// A body that is known whole.
    pub(crate) fn whole(status: u16, content_type: &'static str, body: Bytes) -> Self {
        let length = HeaderValue::from(body.len());
        let step = (!body.is_empty()).then_some(Step { wait: Duration::ZERO, bytes: body });
        let mut plan = Self::new(status, content_type, Steps::new(step.into_iter()));
        plan.headers.push((CONTENT_LENGTH, length));
        plan.with_status(status)
    }

    /// The same with another status.
    pub(crate) fn with_status(mut self, status: u16) -> Self {
        self.status = status;
        // RFC 9110 section 8.6: these have no body, and no length of one.
        if matches!(status, 100..=199 | 204 | 304) {
            self.headers.retain(|(name, _)| name != CONTENT_LENGTH);
            self.steps = Steps::new(std::iter::empty());
        }
        self
    }

    /// Server-sent events, the first at once and `every` between two of them.
    pub(crate) fn events(
        status: u16,
        events: impl Iterator<Item = Bytes> + Send + Sync + 'static,
        every: Duration,
    ) -> Self {
        let step =
            move |(index, bytes)| Step { wait: if index == 0 { Duration::ZERO } else { every }, bytes };
        let mut plan = Self::new(status, "text/event-stream", Steps::new(events.enumerate().map(step)));
        plan.headers.push((http::header::CACHE_CONTROL, HeaderValue::from_static("no-cache")));
        plan
    }

    fn new(status: u16, content_type: &'static str, steps: Steps) -> Self {
        let headers = vec![(CONTENT_TYPE, HeaderValue::from_static(content_type))];
        Self { status, headers, latency: Duration::ZERO, steps, cut: false }
    }
}
