//! Converse and ConverseStream of Amazon Bedrock Runtime. The model and whether a stream is wanted stand in the path; the
//! id of an answer and the kind of an error in header fields.
//!
//! Source: <https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html>

mod answer;
mod citations;
mod decode;
mod encode;
mod events_in;
mod events_out;
pub(crate) mod failure;
mod media;
mod model;
mod parts;
mod reasoning;
mod tools;

use crate::exchange::answer::{Answer, Failure};
use crate::exchange::codec::{Asked, Codec, DecodeEvents, EncodeEvents, Head, listed};
use crate::exchange::json::{Json, Object};
use crate::exchange::refused::{Refused, Unreadable};
use crate::exchange::request::Request;

/// One shape for the models of all vendors; what only some of them know goes into `additionalModelRequestFields`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Converse;

/// What the API calls what others call otherwise.
const NAMES: [(&str, &str); 3] = [
    ("top_k", "additionalModelRequestFields.top_k"),
    ("response_format", "outputConfig.textFormat"),
    ("service_tier", "serviceTier"),
];

impl Codec for Converse {
    fn name(&self) -> &'static str {
        "Bedrock's Converse"
    }

    fn own_name(&self, field: &str) -> Option<&'static str> {
        listed(&NAMES, field)
    }

    fn decode_request<'a>(&self, body: Json<'a>, head: &Head<'a>) -> Result<Request<'a>, Refused> {
        decode::request(body, head)
    }

    fn encode_request<'a>(&self, request: Request<'a>) -> Result<Object<'a>, Refused> {
        encode::request(request)
    }

    fn decode_answer<'a>(&self, body: Json<'a>) -> Result<Answer<'a>, Unreadable> {
        answer::decode(body)
    }

    fn encode_answer<'a>(&self, answer: Answer<'a>, _asked: &'a Asked) -> Object<'a> {
        answer::encode(answer)
    }

    fn decode_failure(&self, status: u16, body: &Json<'_>) -> Option<Failure> {
        failure::decode(status, body)
    }

    fn decode_events(&self) -> Box<dyn DecodeEvents> {
        Box::new(events_in::Decoder::default())
    }

    fn encode_events(&self, _asked: &Asked) -> Box<dyn EncodeEvents> {
        Box::new(events_out::Encoder::default())
    }
}

#[cfg(test)]
#[path = "codec/request_tests.rs"]
mod request_tests;

#[cfg(test)]
#[path = "codec/events_tests.rs"]
mod events_tests;
