//! Chat completions, as OpenAI and all that speak its API write them.
//!
//! Source: <https://platform.openai.com/docs/api-reference/chat>

pub(in crate::openai) mod answer;
pub(super) mod decode;
pub(super) mod encode;
mod events_in;
mod events_out;
pub(super) mod failure;
mod mistral;
pub(super) mod parts;

use crate::exchange::answer::{Answer, Failure};
use crate::exchange::codec::{Asked, Codec, DecodeEvents, EncodeEvents, Head};
use crate::exchange::json::{Json, Object};
use crate::exchange::refused::{Refused, Unreadable};
use crate::exchange::request::Request;

/// The words of an API that not all who speak it have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Chat {
    /// OpenAI itself, and Azure.
    OpenAi,
    /// Whoever speaks its API with words of their own, such as `top_k` and `reasoning_content`.
    Compatible,
    /// Mistral, which refuses the words of others.
    Mistral,
}

impl Codec for Chat {
    fn name(&self) -> &'static str {
        match self {
            Self::OpenAi => "OpenAI's chat completions",
            Self::Compatible | Self::Mistral => "chat completions",
        }
    }

    fn decode_request<'a>(&self, body: Json<'a>, _head: &Head<'a>) -> Result<Request<'a>, Refused> {
        decode::request(body)
    }

    fn encode_request<'a>(&self, request: Request<'a>) -> Result<Object<'a>, Refused> {
        encode::request(*self, request)
    }

    fn decode_answer<'a>(&self, body: Json<'a>) -> Result<Answer<'a>, Unreadable> {
        answer::decode(body)
    }

    fn encode_answer<'a>(&self, answer: Answer<'a>, asked: &'a Asked) -> Object<'a> {
        answer::encode(answer, asked)
    }

    fn decode_failure(&self, status: u16, body: &Json<'_>) -> Option<Failure> {
        failure::decode(status, body)
    }

    fn decode_events(&self) -> Box<dyn DecodeEvents> {
        Box::new(events_in::Decoder::default())
    }

    fn encode_events(&self, asked: &Asked) -> Box<dyn EncodeEvents> {
        Box::new(events_out::Encoder::new(asked))
    }
}
