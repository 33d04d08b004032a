//! What clients ask, how providers are asked, and which of the two go together.

use tidegate_contract::{Dialect, Operation};

use super::api::{Api, Envelope, Speech};
use super::counted::{Count, Counter};
use super::embed::{Embed, Embedder};

/// What a client asks of a model, and in which API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Question {
    /// To go on with a conversation.
    Converse(Api),
    /// How many tokens a conversation has.
    Count(Count),
    /// Texts as vectors.
    Embed(Embed),
}

/// How a provider is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Task {
    /// To go on with a conversation.
    Converse(Speech),
    /// How many tokens a conversation has.
    Count(Counter),
    /// Texts as vectors.
    Embed(Embedder),
}

impl Question {
    /// What a client asks; `None` where nobody is asked it in another API.
    pub fn of_client(dialect: Dialect, operation: Operation) -> Option<Self> {
        let conversation = Api::of_client(dialect, operation).map(Self::Converse);
        let count = || Count::of_client(operation).map(Self::Count);
        conversation.or_else(count).or_else(|| Embed::of_client(operation).map(Self::Embed))
    }

    /// The API of which it is a part; its clients read errors as that API writes them.
    pub fn api(self) -> Api {
        match self {
            Self::Converse(api) => api,
            Self::Count(count) => count.api(),
            Self::Embed(embed) => embed.api(),
        }
    }

    /// Whether bodies pass to a provider as they are, but for what it wants in another place.
    pub fn is_kept_by(self, task: Task) -> bool {
        match (self, task) {
            (Self::Converse(client), Task::Converse(provider)) => client.is_kept_by(provider.api),
            (Self::Count(client), Task::Count(provider)) => client.is_kept_by(provider),
            (Self::Embed(client), Task::Embed(provider)) => client.is_kept_by(provider),
            _ => false,
        }
    }
}

impl Task {
    /// The API of which it is a part.
    pub fn api(self) -> Api {
        match self {
            Self::Converse(speech) => speech.api,
            Self::Count(counter) => counter.api(),
            Self::Embed(embedder) => embedder.api(),
        }
    }

    /// Whether who answers is not whose API it is, so that errors have the shape of a cloud.
    pub(super) fn is_enveloped(self) -> bool {
        matches!(self, Self::Converse(speech) if speech.envelope != Envelope::None)
    }

    /// The API whose errors are written.
    pub(super) fn errors(self) -> Api {
        if let Self::Count(counter) = self { counter.errors() } else { self.api() }
    }

    /// The name in sentences.
    pub fn title(self) -> &'static str {
        match self {
            Self::Converse(speech) => speech.api.title(),
            Self::Count(counter) => counter.title(),
            Self::Embed(embedder) => embedder.title(),
        }
    }

    /// The name in the list of who serves what.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Converse(speech) => speech.api.as_str(),
            Self::Count(counter) => counter.as_str(),
            Self::Embed(embedder) => embedder.as_str(),
        }
    }

    /// What is asked in the provider's words.
    pub(super) fn operation(self) -> Operation {
        match self {
            Self::Converse(speech) => speech.api.operation(),
            Self::Count(counter) => counter.operation(),
            Self::Embed(embedder) => embedder.operation(),
        }
    }

    /// The path of the clients of that API; where the path names the model, nothing.
    pub(super) fn path(self) -> &'static str {
        match self {
            Self::Converse(speech) => speech.api.path(),
            Self::Count(counter) => counter.path(),
            Self::Embed(embedder) => embedder.path(),
        }
    }
}
