//! What the chain asks of a filter, built in or loaded.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use http::{HeaderMap, HeaderName};
use tidegate_contract::{
    AdmissionVerdict, AuthVerdict, Context, Event, EventVerdict, Head, Judged, Outcome, Subscription, Text,
    TransformVerdict, Usage,
};

use crate::document::Payload;
use crate::scope::Scope;

/// The future of a hook.
pub type Answer<'a, T> = BoxFuture<'a, Result<T, HookError>>;

/// One call: what is known of the request, and what the filter may reach besides.
#[derive(Debug, Clone, Copy)]
pub struct Call<'a> {
    /// The request.
    pub context: Context<'a>,
    /// Notes, attributes and the log of this call; shared, because an engine may hold it beyond a borrow.
    pub scope: &'a Arc<Scope>,
}

/// A configured filter. Every hook has a default that does nothing, and only subscribed hooks are called.
///
/// Calls are concurrent. A future that is dropped was cancelled: its client left or its deadline passed. An `Err` is a
/// failure of the filter, never a verdict: the chain decides by `on_error`.
pub trait Plugin: Send + Sync + 'static {
    /// What this configuration wants; read once, when the chain is made.
    fn subscription(&self) -> &Subscription;

    /// Says who is calling. Runs before anything of the body is trusted, in the order of the chain.
    fn authenticate<'a>(&'a self, _call: Call<'a>, _head: Head<'a>) -> Answer<'a, AuthVerdict> {
        ready(AuthVerdict::Pass)
    }

    /// Reserves what the request may cost. Runs after routing, before the first body hook.
    fn admit<'a>(&'a self, _call: Call<'a>, _estimate: Usage) -> Answer<'a, AdmissionVerdict> {
        ready(AdmissionVerdict::Admitted(None))
    }

    /// Settles a ticket of [`Plugin::admit`]: exactly once, also after a cancel.
    fn settle<'a>(&'a self, _call: Call<'a>, _ticket: &'a str, _actual: Usage) -> Answer<'a, ()> {
        ready(())
    }

    /// Takes back a ticket of [`Plugin::admit`] in the place of [`Plugin::settle`], since the gateway refused the request
    /// before it was sent. Only built-in filters tell that from a request that used nothing.
    fn withdraw<'a>(&'a self, call: Call<'a>, ticket: &'a str) -> Answer<'a, ()> {
        self.settle(call, ticket, Usage::default())
    }

    /// Whether [`Plugin::settle`] and [`Plugin::withdraw`] only count, at most with a message to a store: then they begin where
    /// an exchange ends, without a task of their own.
    fn settles_at_once(&self) -> bool {
        false
    }

    /// Header fields of the operator's own in which it takes credentials: like those that every client knows, they never go
    /// upstream, whoever decides.
    fn credential_fields(&self) -> &[HeaderName] {
        &[]
    }

    /// Changes the request, in the client's dialect.
    fn transform_request<'a>(
        &'a self,
        _call: Call<'a>,
        _headers: &'a HeaderMap,
        _body: Payload<'a>,
    ) -> Answer<'a, TransformVerdict> {
        ready(TransformVerdict::Unchanged)
    }

    /// Changes the request of one attempt, in the provider's dialect.
    fn transform_upstream<'a>(
        &'a self,
        _call: Call<'a>,
        _headers: &'a HeaderMap,
        _body: Payload<'a>,
    ) -> Answer<'a, TransformVerdict> {
        ready(TransformVerdict::Unchanged)
    }

    /// Changes the answer; of a stream its head, with [`Payload::Absent`].
    fn transform_response<'a>(
        &'a self,
        _call: Call<'a>,
        _status: u16,
        _headers: &'a HeaderMap,
        _body: Payload<'a>,
    ) -> Answer<'a, TransformVerdict> {
        ready(TransformVerdict::Unchanged)
    }

    /// One verdict an event, in order.
    fn transform_event<'a>(&'a self, _call: Call<'a>, events: &'a [Event]) -> Answer<'a, Vec<EventVerdict>> {
        ready(vec![EventVerdict::Keep; events.len()])
    }

    /// Judges the texts of a request.
    fn moderate_input<'a>(&'a self, _call: Call<'a>, _texts: &'a [Text<'a>]) -> Answer<'a, Judged> {
        ready(Judged::default())
    }

    /// Judges the texts of an answer; `last` in the last call of a stream, and in the only one of any other answer.
    fn moderate_output<'a>(
        &'a self,
        _call: Call<'a>,
        _texts: &'a [Text<'a>],
        _last: bool,
    ) -> Answer<'a, Judged> {
        ready(Judged::default())
    }

    /// Is told of a finished exchange, off its path.
    fn completed<'a>(&'a self, _call: Call<'a>, _outcome: &'a Outcome) -> Answer<'a, ()> {
        ready(())
    }
}

fn ready<'a, T: Send + 'a>(value: T) -> Answer<'a, T> {
    Box::pin(std::future::ready(Ok(value)))
}

/// What a plugin says of its failure, fit for a line of a log: without line breaks, in bounds, never empty.
pub fn reason(text: &str) -> String {
    let line: String =
        text.trim().chars().map(|c| if c.is_control() { ' ' } else { c }).take(MAX_REASON).collect();
    if line.is_empty() { "it gave no reason".into() } else { line }
}

/// Characters of a reason.
const MAX_REASON: usize = 1024;

/// Why a hook gave no verdict.
#[derive(Debug, Clone, thiserror::Error)]
pub enum HookError {
    /// The filter said so itself.
    #[error("{0}")]
    Failed(String),
    /// It had no answer when its time was up.
    #[error("no verdict within {} ms", .0.as_millis())]
    Deadline(Duration),
    /// It panicked; the call is lost, the process is not.
    #[error("the filter panicked")]
    Panicked,
    /// Its code stopped: a trap, an uncaught error, an exhausted stack. The instance is thrown away.
    #[error("the plugin stopped: {0}")]
    Trapped(String),
    /// It asked for more memory than `limits.memory`.
    #[error("the plugin asked for more than {} KiB of memory; raise its \"limits.memory\" or fix it", .0 / 1024)]
    Memory(usize),
    /// Its verdict is larger than `limits.output`.
    #[error("the plugin's verdict is larger than {} KiB; raise its \"limits.output\" or fix it", .0 / 1024)]
    Output(usize),
    /// The body is larger than the plugin is given.
    #[error("the body is larger than {} KiB; raise the plugin's \"limits.body\"", .0 / 1024)]
    Body(usize),
    /// Its verdict is none that can be carried out.
    #[error("the verdict cannot be carried out: {0}")]
    Invalid(String),
    /// All instances are in use and too many calls wait already.
    #[error("all {0} instances are busy; raise the plugin's \"max_instances\"")]
    Busy(usize),
    /// It failed too often just now and is left alone for a while.
    #[error("the filter failed {0} times in a row and is left alone for a moment")]
    Open(u32),
    /// There is nothing to call: the plugin could not be loaded.
    #[error("the plugin is not loaded: {0}")]
    NotLoaded(Arc<str>),
}

impl HookError {
    /// A short fixed word for logs and metrics.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Failed(_) => "failed",
            Self::Deadline(_) => "deadline",
            Self::Panicked => "panicked",
            Self::Trapped(_) => "trapped",
            Self::Memory(_) => "memory",
            Self::Output(_) => "output",
            Self::Body(_) => "body",
            Self::Invalid(_) => "invalid",
            Self::Busy(_) => "busy",
            Self::Open(_) => "breaker",
            Self::NotLoaded(_) => "not_loaded",
        }
    }
}
