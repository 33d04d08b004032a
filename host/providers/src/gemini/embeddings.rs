//! `embedContent` and `batchEmbedContents` of the Gemini API, and `predict` of Vertex AI's models of embeddings.
//!
//! Sources: <https://ai.google.dev/api/embeddings>,
//! <https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/text-embeddings-api>

use std::borrow::Cow;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::codec::parts::fields;
use super::count::{name, named};
use crate::exchange::codec::Head;
use crate::exchange::embed::vector::Vector;
use crate::exchange::embed::{
    EmbedAnswer, EmbedForm, EmbedRequest, EmbedderForm, Input, Said, Wanted, Worded, texts,
};
use crate::exchange::fields::Fields;
use crate::exchange::json::{Json, Object, Text, object};
use crate::exchange::place::Place;
use crate::exchange::refused::{Refused, Unreadable};

/// `embedContent`: one text.
pub(crate) struct One;

/// `batchEmbedContents`
pub(crate) struct Batch;

/// `predict` of Vertex AI.
pub(crate) struct Vertex;

impl EmbedForm for One {
    fn decode_request<'a>(&self, body: Json<'a>, head: &Head<'a>) -> Result<EmbedRequest<'a>, Refused> {
        let mut unknown = Vec::new();
        let one = wish(fields(body, Place::BODY)?, &mut unknown)?;
        Ok(EmbedRequest {
            model: model(head, one.model)?,
            inputs: vec![one.input],
            dimensions: one.dimensions,
            unknown,
            ..EmbedRequest::default()
        })
    }

    fn encode_answer(&self, mut answer: EmbedAnswer<'_>, _wanted: &Wanted) -> Result<Bytes, Unreadable> {
        let usage = Usage::of(&answer);
        let embedding = answer.vectors.pop().map(values).transpose()?;
        Ok(crate::text::bytes(&OneWritten { embedding, usage }))
    }
}

impl EmbedForm for Batch {
    fn decode_request<'a>(&self, body: Json<'a>, head: &Head<'a>) -> Result<EmbedRequest<'a>, Refused> {
        let (mut fields, mut unknown) = (fields(body, Place::BODY)?, Vec::new());
        let list = fields.list("requests")?.filter(|list| !list.is_empty());
        let list = list.ok_or_else(|| fields.missing("requests"))?;
        let place = fields.place();
        let place = place.key("requests");
        fields.done(&mut unknown);
        let (mut named, mut dimensions, mut inputs) = (None, None, Vec::with_capacity(list.len()));
        for (index, request) in list.into_iter().enumerate() {
            let at = place.at(index);
            let one = wish(self::fields(request, at)?, &mut unknown)?;
            if index > 0 && one.dimensions != dimensions {
                let cause = "differs from that of the first request, which must be asked apart";
                return Err(Refused::invalid(&at.key("outputDimensionality"), cause));
            }
            (named, dimensions) = (one.model, one.dimensions);
            inputs.push(one.input);
        }
        let model = model(head, named)?;
        Ok(EmbedRequest { model, inputs, dimensions, unknown, ..EmbedRequest::default() })
    }

    fn encode_answer(&self, answer: EmbedAnswer<'_>, _wanted: &Wanted) -> Result<Bytes, Unreadable> {
        let usage = Usage::of(&answer);
        let embeddings = answer.vectors.into_iter().map(values).collect::<Result<_, _>>()?;
        Ok(crate::text::bytes(&BatchWritten { embeddings, usage }))
    }
}

/// What one request wants to be embedded.
struct Wish<'a> {
    model: Option<Text<'a>>,
    input: Input<'a>,
    dimensions: Option<u64>,
}

fn wish<'a>(mut fields: Fields<'a, '_>, unknown: &mut Vec<String>) -> Result<Wish<'a>, Refused> {
    let wish = Wish {
        model: fields.text("model")?,
        input: Input {
            said: Said::Text(content(&mut fields, unknown)?),
            task: fields.text("taskType")?.filter(|task| task != "TASK_TYPE_UNSPECIFIED"),
            title: fields.text("title")?,
        },
        dimensions: fields.count("outputDimensionality")?,
    };
    fields.done(unknown);
    Ok(wish)
}

/// The text of a content. How several parts would be put together, no other API has a word for.
fn content<'a>(request: &mut Fields<'a, '_>, unknown: &mut Vec<String>) -> Result<Text<'a>, Refused> {
    let place = request.place();
    let place = place.key("content");
    let content = request.take("content").ok_or_else(|| request.missing("content"))?;
    let mut content = fields(content, place)?;
    // Who says it makes no other vector.
    content.take("role");
    let parts = content.list("parts")?.unwrap_or_default();
    content.done(unknown);
    let place = place.key("parts");
    let [part] = <[Json<'a>; 1]>::try_from(parts)
        .map_err(|_| Refused::invalid(&place, "must be one part, which is a text"))?;
    let mut part = Fields::of(part, place.at(0))?;
    let text = part.need_text("text")?;
    part.done(unknown);
    Ok(text)
}

/// Clients may name it in the body, too; what counts is the path.
fn model<'a>(head: &Head<'a>, named: Option<Text<'a>>) -> Result<Text<'a>, Refused> {
    let model = head.model.map(Text::Borrowed).or(named);
    model.ok_or_else(|| Refused::invalid(&Place::BODY.key("model"), "is missing"))
}

fn values(vector: Vector<'_>) -> Result<Values<'_>, Unreadable> {
    Ok(Values { values: vector.numbers()? })
}

impl EmbedderForm for One {
    fn encode_request<'a>(&self, request: EmbedRequest<'a>) -> Result<Object<'a>, Refused> {
        Ok(requests(request)?.pop().unwrap_or_default())
    }

    fn decode_answer<'a>(&self, body: &'a [u8]) -> Result<EmbedAnswer<'a>, Unreadable> {
        let OneRead { embedding, usage } = serde_json::from_slice(body)?;
        answer([embedding], usage)
    }

    fn rename(&self, body: &mut Object<'_>, model: &str) {
        if body.get("model").is_some() {
            body.set("model", named(model));
        }
    }
}

impl EmbedderForm for Batch {
    fn encode_request<'a>(&self, request: EmbedRequest<'a>) -> Result<Object<'a>, Refused> {
        Ok(object! { "requests": requests(request)? })
    }

    fn decode_answer<'a>(&self, body: &'a [u8]) -> Result<EmbedAnswer<'a>, Unreadable> {
        let BatchRead { embeddings, usage } = serde_json::from_slice(body)?;
        answer(embeddings, usage)
    }

    fn rename(&self, body: &mut Object<'_>, model: &str) {
        let Some(Json::List(mut requests)) = body.take("requests") else { return };
        requests.iter_mut().for_each(|request| name(request, model));
        body.set("requests", requests);
    }
}

/// The requests of a batch, an input each.
fn requests(request: EmbedRequest<'_>) -> Result<Vec<Object<'_>>, Refused> {
    // The API has no place for who asks.
    let EmbedRequest { model, inputs, dimensions, truncate, end_user: _, base64: _, unknown: _ } = request;
    if truncate.is_some() {
        return Err(Refused::unsupported("auto_truncate", "Gemini"));
    }
    let one = |input: Worded<'_>| {
        let Worded { text, task, title } = input;
        let mut request = object! {
            "model": named(&model),
            "content": object! { "parts": vec![object! { "text": text.into_owned() }] },
        };
        request.set_some("taskType", task.map(Cow::into_owned));
        request.set_some("title", title.map(Cow::into_owned));
        request.set_some("outputDimensionality", dimensions);
        request
    };
    Ok(texts(inputs, "Gemini")?.into_iter().map(one).collect())
}

fn answer<'a>(
    embeddings: impl IntoIterator<Item = ReadValues<'a>>,
    usage: Option<Usage>,
) -> Result<EmbedAnswer<'a>, Unreadable> {
    let vectors = embeddings.into_iter().map(|embedding| Vector::of(embedding.values));
    let tokens = usage.and_then(|usage| usage.prompt_token_count);
    Ok(EmbedAnswer { vectors: vectors.collect::<Result<_, _>>()?, tokens })
}

impl EmbedderForm for Vertex {
    fn encode_request<'a>(&self, request: EmbedRequest<'a>) -> Result<Object<'a>, Refused> {
        // The model is in the path; there is no place for who asks.
        let EmbedRequest { model: _, inputs, dimensions, truncate, end_user: _, base64: _, unknown: _ } =
            request;
        let instance = |input: Worded<'a>| {
            let mut instance = object! { "content": input.text };
            instance.set_some("task_type", input.task);
            instance.set_some("title", input.title);
            instance
        };
        let instances: Vec<Object<'a>> = texts(inputs, "Vertex AI")?.into_iter().map(instance).collect();
        let mut body = object! { "instances": instances };
        let mut parameters = Object::default();
        parameters.set_some("outputDimensionality", dimensions);
        parameters.set_some("autoTruncate", truncate);
        body.set_some("parameters", Some(parameters).filter(|parameters| !parameters.is_empty()));
        Ok(body)
    }

    fn decode_answer<'a>(&self, body: &'a [u8]) -> Result<EmbedAnswer<'a>, Unreadable> {
        let Predicted { predictions } = serde_json::from_slice(body)?;
        let counted = |one: &Prediction<'a>| one.embeddings.statistics.as_ref()?.token_count;
        let counts: Vec<f64> = predictions.iter().filter_map(counted).collect();
        let tokens = (!counts.is_empty()).then(|| counts.iter().sum::<f64>() as u64);
        let vectors = predictions.into_iter().map(|one| Vector::of(one.embeddings.values));
        Ok(EmbedAnswer { vectors: vectors.collect::<Result<_, _>>()?, tokens })
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct OneWritten<'a> {
    embedding: Option<Values<'a>>,
    #[serde(rename = "usageMetadata", skip_serializing_if = "Option::is_none")]
    usage: Option<Usage>,
}

#[derive(Serialize)]
struct BatchWritten<'a> {
    embeddings: Vec<Values<'a>>,
    #[serde(rename = "usageMetadata", skip_serializing_if = "Option::is_none")]
    usage: Option<Usage>,
}

#[derive(Serialize)]
struct Values<'a> {
    values: Cow<'a, RawValue>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Usage {
    prompt_token_count: Option<u64>,
}

impl Usage {
    fn of(answer: &EmbedAnswer<'_>) -> Option<Self> {
        answer.tokens.map(|tokens| Self { prompt_token_count: Some(tokens) })
    }
}

#[derive(Deserialize)]
struct OneRead<'a> {
    #[serde(borrow)]
    embedding: ReadValues<'a>,
    #[serde(rename = "usageMetadata")]
    usage: Option<Usage>,
}

#[derive(Deserialize)]
struct BatchRead<'a> {
    #[serde(borrow)]
    embeddings: Vec<ReadValues<'a>>,
    #[serde(rename = "usageMetadata")]
    usage: Option<Usage>,
}

#[derive(Deserialize)]
struct ReadValues<'a> {
    #[serde(borrow)]
    values: &'a RawValue,
}

#[derive(Deserialize)]
struct Predicted<'a> {
    #[serde(borrow)]
    predictions: Vec<Prediction<'a>>,
}

#[derive(Deserialize)]
struct Prediction<'a> {
    #[serde(borrow)]
    embeddings: Predictions<'a>,
}

#[derive(Deserialize)]
struct Predictions<'a> {
    #[serde(borrow)]
    values: &'a RawValue,
    statistics: Option<Statistics>,
}

/// Google writes counts as `4` and as `4.0`.
#[derive(Deserialize)]
struct Statistics {
    token_count: Option<f64>,
}
