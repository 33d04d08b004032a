//! Responses, as OpenAI and all that speak its newer API write them.
//!
//! Source: <https://platform.openai.com/docs/api-reference/responses>

mod annotations;
mod answer;
mod decode;
mod encode;
mod events_in;
mod events_out;
mod failure;
mod growing;
mod items;
mod output;
mod own;
mod parts;
mod response;
mod sealed;

use crate::exchange::answer::{Answer, Failure};
use crate::exchange::codec::{Asked, Codec, DecodeEvents, EncodeEvents, Head, listed};
use crate::exchange::json::{Json, Object};
use crate::exchange::refused::{Refused, Unreadable};
use crate::exchange::request::Request;

/// OpenAI's responses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Responses;

/// Whom errors name.
const NAME: &str = "OpenAI's responses";

/// What the API calls what others call otherwise.
const NAMES: [(&str, &str); 3] =
    [("response_format", "text.format"), ("verbosity", "text.verbosity"), ("logprobs", "top_logprobs")];

impl Codec for Responses {
    fn name(&self) -> &'static str {
        NAME
    }

    fn repeated(&self, body: &Json<'_>) -> Option<Json<'static>> {
        Some(response::repeated(body))
    }

    fn own_name(&self, field: &str) -> Option<&'static str> {
        listed(&NAMES, field)
    }

    fn decode_request<'a>(&self, body: Json<'a>, _head: &Head<'a>) -> Result<Request<'a>, Refused> {
        decode::request(body)
    }

    fn encode_request<'a>(&self, request: Request<'a>) -> Result<Object<'a>, Refused> {
        encode::request(request)
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

#[cfg(test)]
#[path = "codec/request_tests.rs"]
mod request_tests;

#[cfg(test)]
#[path = "codec/events_tests.rs"]
mod events_tests;
