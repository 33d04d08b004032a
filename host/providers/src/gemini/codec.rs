//! generateContent and streamGenerateContent, as the Gemini API (v1beta) and Vertex AI (v1) write them.
//!
//! Sources: <https://ai.google.dev/api/generate-content>,
//! <https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/inference>

mod answer;
mod config;
mod contents;
mod decode;
mod encode;
mod events_in;
mod events_out;
pub(crate) mod failure;
mod grounding;
pub(super) mod parts;
pub(super) mod parts_out;
mod schema;
mod time;
mod tokens;
mod tools;

use crate::exchange::answer::{Answer, Failure};
use crate::exchange::codec::{Asked, Codec, DecodeEvents, EncodeEvents, Head, listed};
use crate::exchange::json::{Json, Object};
use crate::exchange::refused::{Refused, Unreadable};
use crate::exchange::request::Request;

/// Who hosts the models: the bodies are the same but for a few fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Gemini {
    /// The Gemini API, whose keys come from AI Studio.
    Studio,
    /// Vertex AI.
    Vertex,
}

/// What the API calls what others call otherwise.
const NAMES: [(&str, &str); 9] = [
    ("n", "generationConfig.candidateCount"),
    ("seed", "generationConfig.seed"),
    ("top_k", "generationConfig.topK"),
    ("frequency_penalty", "generationConfig.frequencyPenalty"),
    ("presence_penalty", "generationConfig.presencePenalty"),
    ("logprobs", "generationConfig.responseLogprobs"),
    ("modalities", "generationConfig.responseModalities"),
    ("response_format", "generationConfig.responseMimeType"),
    ("service_tier", "serviceTier"),
];

impl Codec for Gemini {
    fn name(&self) -> &'static str {
        "Gemini"
    }

    fn own_name(&self, field: &str) -> Option<&'static str> {
        listed(&NAMES, field)
    }

    fn decode_request<'a>(&self, body: Json<'a>, head: &Head<'a>) -> Result<Request<'a>, Refused> {
        decode::request(body, head)
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
