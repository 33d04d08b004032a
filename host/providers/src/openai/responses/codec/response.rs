//! The object around an answer, whole and in the events of a stream, which repeats what was asked.

use tidegate_contract::Usage;

use crate::exchange::answer::Finish;
use crate::exchange::codec::Asked;
use crate::exchange::json::{Json, Object, Text, object};
use crate::openai::codec::answer::usage_under;

/// The fields of a request that its answer repeats.
const REPEATED: [&str; 19] = [
    "instructions",
    "max_output_tokens",
    "max_tool_calls",
    "metadata",
    "parallel_tool_calls",
    "prompt_cache_key",
    "prompt_cache_retention",
    "reasoning",
    "safety_identifier",
    "service_tier",
    "store",
    "temperature",
    "text",
    "tool_choice",
    "tools",
    "top_logprobs",
    "top_p",
    "truncation",
    "user",
];

/// What is to be known of a request to repeat it.
pub(super) fn repeated(body: &Json<'_>) -> Json<'static> {
    let field = |key: &&'static str| {
        let value = body.at(&[key]).filter(|value| !value.is_null())?;
        Some((Text::Borrowed(*key), value.clone().into_owned()))
    };
    Json::Object(REPEATED.iter().filter_map(field).collect())
}

/// What differs from answer to answer.
#[derive(Debug, Clone, Default)]
pub(super) struct Response<'a> {
    pub(super) id: Text<'a>,
    pub(super) created: u64,
    pub(super) model: Text<'a>,
    pub(super) service_tier: Option<Text<'a>>,
    pub(super) status: &'static str,
    /// Why the answer is not whole.
    pub(super) reason: Option<&'static str>,
    pub(super) error: Option<Object<'a>>,
    pub(super) output: Vec<Object<'a>>,
    pub(super) usage: Option<Usage>,
}

impl<'a> Response<'a> {
    pub(super) fn write(self, asked: &Asked) -> Object<'a> {
        let Self { id, created, model, service_tier, status, reason, error, output, usage } = self;
        let request = asked.request.as_ref();
        let of_request = |key: &str| request.and_then(|request| request.at(&[key])).cloned();
        let or = |key: &str, usual: Json<'a>| of_request(key).unwrap_or(usual);
        let details = reason.map(|reason| object! { "reason": reason });
        let mut body = object! {
            "id": id,
            "object": "response",
            "created_at": created,
            "status": status,
            "background": false,
            "error": error,
            "incomplete_details": details,
            "instructions": or("instructions", Json::Null),
            "max_output_tokens": or("max_output_tokens", Json::Null),
            "metadata": or("metadata", Object::default().into()),
            "model": model,
            "output": output,
            "parallel_tool_calls": or("parallel_tool_calls", true.into()),
            "previous_response_id": Json::Null,
            "reasoning": with(of_request("reasoning"), [("effort", Json::Null), ("summary", Json::Null)]),
            "store": or("store", false.into()),
            "temperature": or("temperature", Json::Null),
            "text": with(of_request("text"), [("format", object! { "type": "text" }.into())]),
            "tool_choice": or("tool_choice", "auto".into()),
            "tools": or("tools", Json::List(Vec::new())),
            "top_p": or("top_p", Json::Null),
            "truncation": or("truncation", "disabled".into()),
            "usage": usage.as_ref().map(encode_usage),
        };
        body.set_some("service_tier", service_tier.map(Json::from).or_else(|| of_request("service_tier")));
        for key in REPEATED {
            if body.get(key).is_none() {
                body.set_some(key, of_request(key));
            }
        }
        body
    }
}

/// An object of the request, and what counts where it says nothing.
fn with<'a, const N: usize>(asked: Option<Json<'a>>, usual: [(&'static str, Json<'a>); N]) -> Object<'a> {
    let mut object = if let Some(Json::Object(object)) = asked { object } else { Object::default() };
    for (key, value) in usual {
        if object.get(key).is_none() {
            object.set(key, value);
        }
    }
    object
}

/// The state of an answer that ended, and why it is not whole where it is not.
pub(super) fn outcome(finish: Option<&Finish<'_>>) -> (&'static str, Option<&'static str>) {
    match finish {
        Some(Finish::Length | Finish::ContextWindow) => ("incomplete", Some("max_output_tokens")),
        Some(Finish::ContentFilter) => ("incomplete", Some("content_filter")),
        _ => ("completed", None),
    }
}

pub(super) fn decode_usage(usage: &Json<'_>) -> Option<Usage> {
    let of_input = ("input_tokens", "input_tokens_details");
    usage_under(usage, of_input, ("output_tokens", "output_tokens_details"))
}

fn encode_usage(usage: &Usage) -> Object<'static> {
    let Usage { input, output, cached_input, cache_write, reasoning, .. } = *usage;
    object! {
        "input_tokens": input,
        "input_tokens_details": object! { "cached_tokens": cached_input, "cache_write_tokens": cache_write },
        "output_tokens": output,
        "output_tokens_details": object! { "reasoning_tokens": reasoning },
        "total_tokens": input.saturating_add(output),
    }
}

/// The id under which a client knows the answer, which looks as this API's do.
pub(super) fn id<'a>(own: Text<'a>, asked: &Asked) -> Text<'a> {
    match &*own {
        "" => Text::Owned(format!("resp_{}", asked.id)),
        other if other.starts_with("resp_") => own,
        other => Text::Owned(format!("resp_{other}")),
    }
}
