//! What the embedded model was told to do.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderName, HeaderValue};

/// The behaviour of one mock cluster.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Settings {
    /// The text of each answer; `None` is the model's own sentence.
    pub reply: Option<String>,
    /// Answer with the request that reached the model, as JSON text; its credentials included.
    pub echo: bool,
    /// Pace of a stream.
    pub stream: Pace,
    /// Wait before the head of an answer.
    pub latency: Duration,
    /// Answer with this status and an error body.
    pub status: Option<u16>,
    /// One entry a call, from the first to the last, then again from the first; empty: none of it.
    pub script: Vec<Scripted>,
}

/// Pace of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// Characters an event; 0 counts as 1.
    pub chunk: usize,
    /// Wait between two events.
    pub every: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self { chunk: 16, every: Duration::ZERO }
    }
}

/// One scripted answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Scripted {
    /// The status.
    pub status: u16,
    /// Fields besides the content type.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// What follows the head.
    pub body: ScriptedBody,
    /// Cut the connection after this many bytes of the body.
    pub cut_after: Option<usize>,
}

/// The body of a scripted answer.
#[derive(Debug, Clone, PartialEq)]
pub enum ScriptedBody {
    /// Sent as it is.
    Whole {
        /// The body.
        bytes: Bytes,
        /// Its media type.
        content_type: &'static str,
    },
    /// Server-sent events: the data of each, paced like any stream. Nothing is added, `[DONE]` neither; but where the
    /// client's dialect names events, each has the `type` of its data as name.
    Events(Vec<String>),
}
