//! Finds what a model reads and writes in Converse's bodies.

mod asked;
mod media;

use std::fmt::Display;

use serde_json::Value;

use crate::openai::texts as shared;
use crate::openai::texts::finder::{Finder, Voice, below, is_bare};
use crate::openai::texts::media::cut;
use crate::texts::FoundText;
pub(crate) use asked::request;
pub(super) use media::told;

/// Keys whose strings are no words: names, ids, reasons, types, what is encoded or signed.
const STRUCTURAL: [&str; 19] = [
    "__type",
    "bucketOwner",
    "bytes",
    "effort",
    "format",
    "latency",
    "modelId",
    "name",
    "qualifiers",
    "redactedContent",
    "role",
    "serverName",
    "signature",
    "status",
    "stopReason",
    "stop_sequence",
    "toolUseId",
    "ttl",
    "type",
];

/// Those of what a guardrail tells of its work besides.
const OF_TRACE: [&str; 12] = [
    "action",
    "confidence",
    "filterStrength",
    "guardrailArn",
    "guardrailId",
    "guardrailOrigin",
    "guardrailOwnership",
    "guardrailVersion",
    "identifier",
    "invokedModelId",
    "policyVersionArn",
    "regex",
];

/// What a block may be; of those that are none of it nobody knows what they say.
const KNOWN: [&str; 16] = [
    "text",
    "json",
    "image",
    "document",
    "video",
    "audio",
    "toolUse",
    "toolResult",
    "guardContent",
    "cachePoint",
    "reasoningContent",
    "citationsContent",
    "citation",
    "searchResult",
    "toolAddition",
    "toolRemoval",
];

/// What the padding of events is cut from.
const PADDING: &str = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

/// Whether a field of an event only hides how long the event's text is.
pub(super) fn is_padding(key: &str, value: &Value) -> bool {
    key == "p" && value.as_str().is_some_and(|text| PADDING.starts_with(text))
}

/// Every text of an answer, or of the error in its place.
pub(crate) fn answer(body: &Value) -> Vec<FoundText> {
    let assistant = Voice { role: "assistant", new_turn: true };
    let mut finder = Finder::default();
    said(&mut finder, &"", body, assistant);
    finder.found
}

/// What an answer, or one event of a stream, says.
fn said(finder: &mut Finder, at: &dyn Display, answer: &Value, voice: Voice) {
    let Value::Object(fields) = answer else { return words(finder, at, answer, "text", voice) };
    for (key, field) in fields {
        let at = below(at, key);
        match (key.as_str(), field) {
            ("output", Value::Object(_)) => said(finder, &at, field, voice),
            ("message", Value::Object(_)) => message(finder, &at, field, voice),
            ("delta" | "start", Value::Object(_)) => block(finder, &at, field, ("text", voice)),
            ("trace", Value::Object(_)) => {
                let is_traced = |key: &str, field: &Value| OF_TRACE.contains(&key) && is_bare(field);
                let skips = |key: &str, field: &Value| is_traced(key, field) || is_no_word(key, field);
                finder.words_but(&at, field, "text", (voice, &skips));
            }
            ("usage", Value::Object(_)) => {}
            (key, field) if is_padding(key, field) || is_no_word(key, field) => {}
            _ => words(finder, &at, field, "text", voice),
        }
    }
}

fn message(finder: &mut Finder, at: &dyn Display, message: &Value, voice: Voice) {
    let Value::Object(fields) = message else { return words(finder, at, message, "text", voice) };
    for (key, field) in fields {
        let at = below(at, key);
        match key.as_str() {
            "content" => blocks(finder, &at, field, ("text", voice)),
            key if is_no_word(key, field) => {}
            _ => words(finder, &at, field, "text", voice),
        }
    }
}

/// A block or a list of them.
fn blocks(finder: &mut Finder, at: &dyn Display, value: &Value, (kind, voice): (&'static str, Voice)) {
    let Value::Array(list) = value else { return block(finder, at, value, (kind, voice)) };
    for (index, one) in list.iter().enumerate() {
        block(finder, &format_args!("{at}/{index}"), one, (kind, voice));
    }
}

/// A block of content, or what of it begins or goes on in an event.
fn block(finder: &mut Finder, at: &dyn Display, block: &Value, (kind, voice): (&'static str, Voice)) {
    let Value::Object(fields) = block else { return words(finder, at, block, kind, voice) };
    let before = finder.found.len();
    for (key, field) in fields {
        let at = below(at, key);
        match (key.as_str(), field) {
            ("reasoningContent", _) => words(finder, &at, field, "reasoning", voice),
            ("toolUse", Value::Object(_)) => call(finder, &at, field, voice),
            ("toolResult", _) => result(finder, &at, field, Voice { role: "tool", ..voice }),
            // Its keys are the caller's own.
            ("json", _) => finder.strings(&at, field, kind, voice),
            ("guardContent", Value::Object(_)) => self::block(finder, &at, field, (kind, voice)),
            ("image" | "document" | "video" | "audio", Value::Object(_)) => {
                media::find(finder, (key, &at), field, (kind, voice));
            }
            (key, field) if is_no_word(key, field) => {}
            _ => words(finder, &at, field, kind, voice),
        }
    }
    // Whatever it is: nobody shall take it for judged.
    if finder.found.len() == before && !fields.keys().any(|key| KNOWN.contains(&&**key)) {
        fields.keys().take(1).for_each(|key| finder.media(at, cut(key), voice));
    }
}

/// `{name, input}`; the keys of the input are the caller's own.
fn call(finder: &mut Finder, at: &dyn Display, call: &Value, voice: Voice) {
    for (key, field) in call.as_object().into_iter().flatten() {
        let at = below(at, key);
        match key.as_str() {
            "input" => finder.strings(&at, field, "tool-arguments", voice),
            key if is_no_word(key, field) => {}
            _ => words(finder, &at, field, "tool-arguments", voice),
        }
    }
}

/// `{content}`, or in an event the content alone.
fn result(finder: &mut Finder, at: &dyn Display, result: &Value, voice: Voice) {
    let kind = "tool-result";
    let Value::Object(fields) = result else { return blocks(finder, at, result, (kind, voice)) };
    for (key, field) in fields {
        let at = below(at, key);
        match key.as_str() {
            "content" => blocks(finder, &at, field, (kind, voice)),
            key if is_no_word(key, field) => {}
            _ => words(finder, &at, field, kind, voice),
        }
    }
}

/// Every string in a value but those under keys that are structural.
fn words(finder: &mut Finder, at: &dyn Display, value: &Value, kind: &'static str, voice: Voice) {
    finder.words_but(at, value, kind, (voice, &is_no_word));
}

/// Whether a string, or a list of them, is no words by its key.
fn is_no_word(key: &str, value: &Value) -> bool {
    STRUCTURAL.contains(&key) && is_bare(value)
}

#[cfg(test)]
#[path = "texts_tests.rs"]
mod tests;
