//! Counts of tokens as Anthropic has them, also through Vertex.
//!
//! Source: <https://platform.claude.com/docs/en/api/messages-count-tokens>

use crate::exchange::counted::{CountForm, CounterForm};
use crate::exchange::envelope;
use crate::exchange::json::{Object, object};

/// `/v1/messages/count_tokens`
pub(crate) struct Messages;

/// The same by Vertex's rawPredict, which is told the model in the body.
pub(crate) struct VertexMessages;

/// What a count has no place for. All else is sent: what of it counts, Anthropic knows.
const NOT_COUNTED: [&str; 9] = [
    "max_tokens",
    "stream",
    "temperature",
    "top_p",
    "top_k",
    "stop_sequences",
    "service_tier",
    "metadata",
    "inference_geo",
];

impl CountForm for Messages {
    fn encode_answer(&self, tokens: u64) -> Object<'static> {
        object! { "input_tokens": tokens }
    }
}

impl CounterForm for Messages {
    fn wrap<'a>(&self, mut body: Object<'a>, _model: &str, _betas: &[&'a str]) -> Object<'a> {
        for key in NOT_COUNTED {
            body.take(key);
        }
        body
    }

    fn tokens(&self) -> &'static str {
        "input_tokens"
    }
}

impl CounterForm for VertexMessages {
    fn wrap<'a>(&self, body: Object<'a>, model: &str, betas: &[&'a str]) -> Object<'a> {
        let mut body = Messages.wrap(body, model, betas);
        envelope::version(&mut body, envelope::VERTEX);
        body
    }

    fn tokens(&self) -> &'static str {
        Messages.tokens()
    }
}
