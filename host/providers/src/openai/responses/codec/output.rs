//! The items of an answer, whole and in a stream.

use crate::exchange::codec::Asked;
use crate::exchange::json::{Json, Object, Text, object};
use crate::exchange::request::{Thought, ToolCall};

use super::sealed::Sealed;

/// An object of a kind.
pub(super) fn typed<'a>(kind: Text<'a>, spec: Object<'a>) -> Object<'a> {
    let kind = (Text::Borrowed("type"), Json::Text(kind));
    std::iter::once(kind).chain(spec.into_entries()).collect()
}

/// An item that has no id yet.
pub(super) fn named(id: String, item: Object<'_>) -> Object<'_> {
    let id = (Text::Borrowed("id"), Json::from(id));
    std::iter::once(id).chain(item.into_entries()).collect()
}

/// The id of an item, which nobody is asked for again.
pub(super) fn id(prefix: &str, asked: &Asked, index: usize) -> String {
    format!("{prefix}_{}_{index}", asked.id)
}

/// The id of a call whose provider gives none: never the same twice in a conversation.
pub(super) fn call_id<'a>(own: Text<'a>, asked: &Asked, index: usize) -> Text<'a> {
    if own.is_empty() { Text::Owned(id("call", asked, index)) } else { own }
}

pub(super) fn text_part<'a>(
    text: impl Into<Json<'a>>,
    annotations: Vec<Object<'a>>,
    probabilities: Vec<Json<'a>>,
) -> Object<'a> {
    object! {
        "type": "output_text", "text": text, "annotations": annotations, "logprobs": probabilities,
    }
}

pub(super) fn refusal_part<'a>(refusal: impl Into<Json<'a>>) -> Object<'a> {
    object! { "type": "refusal", "refusal": refusal }
}

pub(super) fn message<'a>(id: String, status: &'static str, content: Vec<Object<'a>>) -> Object<'a> {
    object! { "id": id, "type": "message", "status": status, "role": "assistant", "content": content }
}

/// The arguments of a call that has none.
pub(super) const NOTHING: &str = "{}";

pub(super) fn call<'a>(id: String, status: &'static str, call: ToolCall<'a>) -> Object<'a> {
    let ToolCall { id: call_id, name, arguments, signature: _ } = call;
    let arguments = if arguments.is_empty() && status == "completed" { NOTHING.into() } else { arguments };
    object! {
        "id": id, "type": "function_call", "status": status,
        "call_id": call_id, "name": name, "arguments": arguments,
    }
}

/// A thought of which only words are told.
pub(super) fn thought(text: Text<'_>) -> Object<'_> {
    object! { "type": "reasoning", "summary": summary(text) }
}

fn summary(text: Text<'_>) -> Vec<Object<'_>> {
    if text.is_empty() { Vec::new() } else { vec![summary_part(text)] }
}

pub(super) fn summary_part<'a>(text: impl Into<Json<'a>>) -> Object<'a> {
    object! { "type": "summary_text", "text": text }
}

/// A thought, with what its provider wants back.
pub(super) fn reasoning<'a>(id: String, thought: Thought<'a>) -> Object<'a> {
    let Thought { text, signature, redacted } = thought;
    let signature = signature.filter(|signature| !signature.is_empty()).map(Sealed::Signature);
    let sealed = redacted.map(Sealed::Redacted).or(signature);
    sealed_reasoning(id, text, sealed)
}

/// What a provider wants back with the call behind it.
pub(super) fn signature<'a>(id: String, signature: Text<'a>) -> Object<'a> {
    sealed_reasoning(id, Text::Borrowed(""), Some(Sealed::Call(signature)))
}

fn sealed_reasoning<'a>(id: String, text: Text<'a>, sealed: Option<Sealed<'a>>) -> Object<'a> {
    let mut item = object! { "id": id, "type": "reasoning", "summary": summary(text) };
    item.set_some("encrypted_content", sealed.map(Sealed::seal));
    item
}
