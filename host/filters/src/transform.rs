//! What the transforms of requests and of answers share.

pub(crate) mod body;
pub(crate) mod headers;
pub(crate) mod sketch;

use schemars::JsonSchema;
use serde::Deserialize;
use tidegate_contract::{BodyChange, Change, Dialect, HeaderEdit, JsonEdit, TransformVerdict};

/// In which shape a filter sees bodies.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum View {
    /// As the client writes and reads them.
    #[default]
    Client,
    /// As an OpenAI chat, whatever the client speaks.
    Chat,
}

impl View {
    /// The dialects to subscribe to.
    pub(crate) fn dialects(self) -> Vec<String> {
        match self {
            // A pointer means the same in all of them: what the caller wrote there.
            Self::Client => Dialect::ALL.map(|dialect| dialect.to_string()).into(),
            Self::Chat => vec!["chat".into()],
        }
    }
}

/// These edits, or nothing where there are none.
pub(crate) fn verdict(headers: &[HeaderEdit], body: Vec<JsonEdit>) -> TransformVerdict {
    if headers.is_empty() && body.is_empty() {
        return TransformVerdict::Unchanged;
    }
    let body = (!body.is_empty()).then_some(BodyChange::Edits(body));
    TransformVerdict::Changed(Change { headers: headers.to_vec(), body, ..Change::default() })
}
