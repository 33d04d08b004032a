//! What a model answered, whole or in events, whatever API it is written in.

use tidegate_contract::Usage;

use super::json::{Json, Text};
use super::request::{Block, Citation};

/// A whole answer.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Answer<'a> {
    /// The provider's id of it; empty where it has none.
    pub(crate) id: Text<'a>,
    /// The model that answered, as the provider calls it; empty where it does not say.
    pub(crate) model: Text<'a>,
    /// Seconds since the beginning of 1970.
    pub(crate) created: Option<u64>,
    pub(crate) choices: Vec<Choice<'a>>,
    pub(crate) usage: Option<Usage>,
    pub(crate) service_tier: Option<Text<'a>>,
    /// OpenAI's `system_fingerprint`.
    pub(crate) fingerprint: Option<Text<'a>>,
}

/// One of the answers that were asked for.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Choice<'a> {
    pub(crate) blocks: Vec<Block<'a>>,
    pub(crate) finish: Option<Finish<'a>>,
    /// In OpenAI's shape: `{content: [{token, logprob, bytes, top_logprobs}], refusal}`.
    pub(crate) log_probabilities: Option<Json<'a>>,
}

/// Why an answer ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Finish<'a> {
    Stop,
    /// A text of [`super::request::Request::stop`]; which one, where the provider says it.
    StopSequence(Option<Text<'a>>),
    Length,
    /// The model's window is full.
    ContextWindow,
    ToolCalls,
    /// A filter of the provider's took it away.
    ContentFilter,
    /// The model declined.
    Refusal,
    /// The provider wants to be asked to go on.
    Pause,
}

/// What a stream of an answer brings. Parts of a choice are numbered from 0 in the order in which they are opened; several
/// may be open at once.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Event {
    /// Once, first.
    Start(Start),
    /// A part begins.
    Open {
        choice: u64,
        part: u64,
        opening: Opening,
    },
    /// More of a part that is open.
    Delta {
        choice: u64,
        part: u64,
        delta: Delta,
    },
    /// Nothing more comes of a part.
    Close {
        choice: u64,
        part: u64,
    },
    /// In OpenAI's shape: the entries of one event.
    LogProbabilities {
        choice: u64,
        entries: Json<'static>,
    },
    /// A choice ends.
    Finish {
        choice: u64,
        finish: Finish<'static>,
    },
    /// What is known to be used by now; a later one replaces it.
    Usage(Usage),
    ServiceTier(String),
    /// Keeps the connection open.
    Ping,
    /// The stream cannot go on.
    Error(Failure),
    /// Once, last; a stream without it was cut.
    End,
}

/// What the beginning of a stream says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Start {
    pub(crate) id: String,
    pub(crate) model: String,
    pub(crate) created: Option<u64>,
    pub(crate) fingerprint: Option<String>,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Opening {
    Text,
    Reasoning,
    Refusal,
    ToolCall {
        id: String,
        name: String,
        signature: Option<String>,
    },
    /// A part that comes at once, such as an image.
    Whole(Box<Block<'static>>),
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Delta {
    /// Of words, thoughts or a refusal.
    Text(String),
    /// Of a call's arguments: JSON text.
    Arguments(String),
    /// Of a thought or a call.
    Signature(String),
    /// A thought that only the provider can read.
    Redacted(String),
    Citation(Box<Citation<'static>>),
}

/// An error of a provider, in no dialect.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Failure {
    /// The status that goes with it, also inside a stream.
    pub(crate) status: u16,
    /// What the provider says of it, for a person.
    pub(crate) message: String,
    /// The provider's word for it, such as `context_length_exceeded`.
    pub(crate) code: Option<String>,
    /// The field to blame, in the provider's words.
    pub(crate) param: Option<String>,
}

impl Failure {
    pub(crate) fn new(status: u16, message: impl Into<String>) -> Self {
        Self { status, message: message.into(), code: None, param: None }
    }
}
