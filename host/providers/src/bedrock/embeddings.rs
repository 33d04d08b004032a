//! Embeddings by InvokeModel, in the words of the model's vendor: Amazon's Titan, and Cohere.
//!
//! Sources: <https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-titan-embed-text.html>,
//! <https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-embed.html>

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::exchange::embed::vector::Vector;
use crate::exchange::embed::{EmbedAnswer, EmbedRequest, EmbedderForm, Worded, texts};
use crate::exchange::json::{Object, Text, object};
use crate::exchange::place::Place;
use crate::exchange::refused::{Refused, Unreadable};

/// InvokeModel, whose answers of all vendors tell themselves apart by their fields.
pub(crate) struct Bedrock;

/// Whose model it is, by a part of its id, which may also stand in a profile or in an ARN.
enum Vendor {
    Titan,
    Cohere,
}

/// Whom errors name.
const TITAN: &str = "Amazon's Titan";
const COHERE: &str = "Cohere's models of embeddings";

impl Vendor {
    fn of(model: &str) -> Result<Self, Refused> {
        let known = [("amazon.titan-embed-", Self::Titan), ("cohere.embed-", Self::Cohere)];
        let vendor = known.into_iter().find(|(id, _)| model.contains(id)).map(|(_, vendor)| vendor);
        let cause =
            "is none that makes embeddings here: name an \"amazon.titan-embed-…\" or a \"cohere.embed-…\"";
        vendor.ok_or_else(|| Refused::invalid(&Place::BODY.key("model"), cause))
    }
}

impl EmbedderForm for Bedrock {
    fn encode_request<'a>(&self, request: EmbedRequest<'a>) -> Result<Object<'a>, Refused> {
        match Vendor::of(&request.model)? {
            Vendor::Titan => titan(request),
            Vendor::Cohere => cohere(request),
        }
    }

    fn decode_answer<'a>(&self, body: &'a [u8]) -> Result<EmbedAnswer<'a>, Unreadable> {
        let Answered { embedding, embeddings, tokens } = serde_json::from_slice(body)?;
        let lists = match (embedding, embeddings) {
            (Some(one), _) => vec![one],
            (None, Some(all)) if all.get().starts_with('{') => {
                serde_json::from_str::<ByType<'a>>(all.get())?.float
            }
            (None, Some(all)) => serde_json::from_str(all.get())?,
            (None, None) => return Err(Unreadable("it has no \"embedding\" and no \"embeddings\"".into())),
        };
        let vectors = lists.into_iter().map(Vector::of).collect::<Result<_, _>>()?;
        Ok(EmbedAnswer { vectors, tokens })
    }
}

/// Titan takes one text. What a vector is for, it does not ask.
fn titan(request: EmbedRequest<'_>) -> Result<Object<'_>, Refused> {
    let EmbedRequest { model, inputs, dimensions, truncate, end_user: _, base64: _, unknown: _ } = request;
    let [input] = <[Worded<'_>; 1]>::try_from(texts(inputs, TITAN)?).map_err(|inputs| {
        let cause = format_args!("holds {} texts, but {TITAN} takes one at a time", inputs.len());
        Refused::invalid(&Place::BODY.key("input"), cause)
    })?;
    let takes_size = model.contains("-text-v2");
    let unsupported = [
        ("title", input.title.is_some()),
        ("auto_truncate", truncate.is_some()),
        ("dimensions", dimensions.is_some() && !takes_size),
    ];
    if let Some((param, _)) = unsupported.into_iter().find(|(_, is_said)| *is_said) {
        return Err(Refused::unsupported(param, TITAN));
    }
    let mut body = object! { "inputText": input.text };
    body.set_some("dimensions", dimensions);
    Ok(body)
}

fn cohere(request: EmbedRequest<'_>) -> Result<Object<'_>, Refused> {
    let EmbedRequest { model, inputs, dimensions, truncate, end_user: _, base64: _, unknown: _ } = request;
    let inputs = texts(inputs, COHERE)?;
    if inputs.iter().any(|input| input.title.is_some()) {
        return Err(Refused::unsupported("title", COHERE));
    }
    if dimensions.is_some() && model.contains("-v3") {
        return Err(Refused::unsupported("dimensions", COHERE));
    }
    let task = inputs.first().and_then(|input| input.task.clone());
    if inputs.iter().any(|input| input.task != task) {
        let cause = "differs between the texts, which must be asked apart";
        return Err(Refused::invalid(&Place::BODY.key("task_type"), cause));
    }
    let texts: Vec<Text<'_>> = inputs.into_iter().map(|input| input.text).collect();
    let mut body = object! { "texts": texts, "input_type": input_type(task.as_deref())? };
    body.set("embedding_types", vec!["float"]);
    body.set_some("truncate", truncate.map(|truncate| if truncate { "END" } else { "NONE" }));
    body.set_some("output_dimension", dimensions);
    Ok(body)
}

/// What a vector is for, which the API demands, in its own words or Google's.
fn input_type(task: Option<&str>) -> Result<&'static str, Refused> {
    match task.map(str::to_ascii_uppercase).as_deref() {
        None | Some("RETRIEVAL_DOCUMENT" | "SEARCH_DOCUMENT") => Ok("search_document"),
        Some(
            "RETRIEVAL_QUERY"
            | "SEARCH_QUERY"
            | "QUESTION_ANSWERING"
            | "FACT_VERIFICATION"
            | "CODE_RETRIEVAL_QUERY",
        ) => Ok("search_query"),
        Some("CLASSIFICATION") => Ok("classification"),
        Some("CLUSTERING") => Ok("clustering"),
        Some(_) => Err(Refused::unsupported("task_type", COHERE)),
    }
}

/// Titan's `embedding`, or Cohere's `embeddings`: a list, or lists by their type.
#[derive(Deserialize)]
struct Answered<'a> {
    #[serde(borrow)]
    embedding: Option<&'a RawValue>,
    #[serde(borrow)]
    embeddings: Option<&'a RawValue>,
    #[serde(rename = "inputTextTokenCount")]
    tokens: Option<u64>,
}

#[derive(Deserialize)]
struct ByType<'a> {
    #[serde(borrow)]
    float: Vec<&'a RawValue>,
}
