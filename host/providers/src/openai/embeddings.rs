//! Embeddings, as OpenAI and all that speak its API write them.
//!
//! Source: <https://platform.openai.com/docs/api-reference/embeddings>

use std::borrow::Cow;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::exchange::codec::Head;
use crate::exchange::embed::vector::Vector;
use crate::exchange::embed::{EmbedAnswer, EmbedForm, EmbedRequest, EmbedderForm, Input, Said, Wanted};
use crate::exchange::fields::Fields;
use crate::exchange::json::{Json, Object, Text, object};
use crate::exchange::place::Place;
use crate::exchange::refused::{Refused, Unreadable};
use crate::openai::codec::decode::none_of;

/// `/v1/embeddings`
pub(crate) struct OpenAi;

/// Whom errors name.
const NAME: &str = "OpenAI's embeddings";

impl EmbedForm for OpenAi {
    /// `task_type`, `title` and `auto_truncate` are words for Google's models that other gateways know here, too.
    fn decode_request<'a>(&self, body: Json<'a>, _head: &Head<'a>) -> Result<EmbedRequest<'a>, Refused> {
        let mut fields = Fields::of(body, Place::BODY)?;
        let (task, title) = (fields.text("task_type")?, fields.text("title")?);
        let place = fields.place();
        let said = fields.take("input").ok_or_else(|| fields.missing("input"))?;
        let said = inputs(said, &place.key("input"))?;
        let input = |said| Input { said, task: task.clone(), title: title.clone() };
        let request = EmbedRequest {
            model: fields.need_text("model")?,
            inputs: said.into_iter().map(input).collect(),
            dimensions: fields.count("dimensions")?,
            truncate: fields.bool("auto_truncate")?,
            end_user: fields.text("user")?,
            base64: is_base64(&mut fields)?,
            unknown: Vec::new(),
        };
        let mut unknown = Vec::new();
        fields.done(&mut unknown);
        Ok(EmbedRequest { unknown, ..request })
    }

    fn encode_answer(&self, answer: EmbedAnswer<'_>, wanted: &Wanted) -> Result<Bytes, Unreadable> {
        let mut data = Vec::with_capacity(answer.vectors.len());
        for (index, vector) in answer.vectors.into_iter().enumerate() {
            let embedding = if wanted.base64 {
                Embedding::Base64(vector.base64()?)
            } else {
                Embedding::Numbers(vector.numbers()?)
            };
            data.push(Entry { object: "embedding", index, embedding });
        }
        let tokens = answer.tokens.unwrap_or(0);
        let usage = Usage { prompt_tokens: tokens, total_tokens: tokens };
        Ok(crate::text::bytes(&Written { object: "list", data, model: &wanted.model, usage }))
    }
}

/// A string, a list of strings, tokens, or a list of lists of them.
fn inputs<'a>(input: Json<'a>, place: &Place<'_>) -> Result<Vec<Said<'a>>, Refused> {
    let list = match input {
        Json::List(list) if !list.is_empty() => list,
        Json::Text(text) => return Ok(vec![Said::Text(text)]),
        _ => return Err(Refused::invalid(place, "must be a text, or a list of texts or of tokens")),
    };
    if list.iter().all(|one| matches!(one, Json::Number(_))) {
        return Ok(vec![Said::Tokens(list)]);
    }
    let one = |(index, one)| match one {
        Json::Text(text) => Ok(Said::Text(text)),
        Json::List(tokens) => Ok(Said::Tokens(tokens)),
        _ => Err(Refused::invalid(&place.at(index), "must be a text or a list of tokens")),
    };
    list.into_iter().enumerate().map(one).collect()
}

fn is_base64(fields: &mut Fields<'_, '_>) -> Result<bool, Refused> {
    match fields.text("encoding_format")?.as_deref() {
        None | Some("float") => Ok(false),
        Some("base64") => Ok(true),
        Some(other) => Err(none_of(&fields.place().key("encoding_format"), other, "float, base64")),
    }
}

impl EmbedderForm for OpenAi {
    /// Vectors for one task are vectors for any: its models know none. Floats are asked for, as every server has them.
    fn encode_request<'a>(&self, request: EmbedRequest<'a>) -> Result<Object<'a>, Refused> {
        let EmbedRequest { model, mut inputs, dimensions, truncate, end_user, base64: _, unknown: _ } =
            request;
        if inputs.iter().any(|input| input.title.is_some()) {
            return Err(Refused::unsupported("title", NAME));
        }
        if truncate == Some(true) {
            return Err(Refused::unsupported("auto_truncate", NAME));
        }
        let input = |input: Input<'a>| match input.said {
            Said::Text(text) => Json::Text(text),
            Said::Tokens(tokens) => Json::List(tokens),
        };
        let last = inputs.pop().map(input);
        let input = match last {
            Some(alone) if inputs.is_empty() => alone,
            last => inputs.into_iter().map(input).chain(last).collect::<Vec<_>>().into(),
        };
        let mut body = object! { "model": model, "input": input, "encoding_format": "float" };
        body.set_some("dimensions", dimensions);
        body.set_some("user", end_user);
        Ok(body)
    }

    fn decode_answer<'a>(&self, body: &'a [u8]) -> Result<EmbedAnswer<'a>, Unreadable> {
        let Read { mut data, usage } = serde_json::from_slice(body)?;
        data.sort_by_key(|entry| entry.index);
        let vectors = data.into_iter().map(|entry| Vector::of(entry.embedding)).collect::<Result<_, _>>()?;
        Ok(EmbedAnswer { vectors, tokens: usage.and_then(|usage| usage.prompt_tokens) })
    }
}

#[derive(Serialize)]
struct Written<'a> {
    object: &'static str,
    data: Vec<Entry<'a>>,
    model: &'a str,
    usage: Usage,
}

#[derive(Serialize)]
struct Entry<'a> {
    object: &'static str,
    index: usize,
    embedding: Embedding<'a>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Embedding<'a> {
    Numbers(Cow<'a, RawValue>),
    Base64(Text<'a>),
}

#[derive(Serialize)]
struct Usage {
    prompt_tokens: u64,
    total_tokens: u64,
}

#[derive(Deserialize)]
struct Read<'a> {
    #[serde(borrow)]
    data: Vec<ReadEntry<'a>>,
    usage: Option<ReadUsage>,
}

#[derive(Deserialize)]
struct ReadEntry<'a> {
    #[serde(default)]
    index: usize,
    #[serde(borrow)]
    embedding: &'a RawValue,
}

#[derive(Deserialize)]
struct ReadUsage {
    prompt_tokens: Option<u64>,
}
