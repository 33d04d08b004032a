//! Where texts stand in requests, answers and their items.

use std::fmt::Display;

use serde_json::Value;

use crate::openai::texts::finder::{Finder, Voice, below};
use crate::openai::texts::{self, media};
use crate::texts::FoundText;

/// Keys whose strings are no words: names, ids, states, what is encoded or encrypted.
const STRUCTURAL: [&str; 32] = [
    "id",
    "type",
    "object",
    "status",
    "model",
    "role",
    "phase",
    "name",
    "namespace",
    "item_id",
    "response_id",
    "call_id",
    "approval_request_id",
    "file_id",
    "container_id",
    "vector_store_id",
    "connector_id",
    "server_label",
    "encrypted_content",
    "signature",
    "data",
    "detail",
    "format",
    "obfuscation",
    "partial_image_b64",
    "quality",
    "size",
    "output_format",
    "created_by",
    "caller_id",
    "fingerprint",
    "skill_id",
];

/// What an answer repeats of the settings of its request.
const SETTINGS: [&str; 14] = [
    "previous_response_id",
    "incomplete_details",
    "conversation",
    "tool_choice",
    "truncation",
    "service_tier",
    "user",
    "safety_identifier",
    "prompt_cache_key",
    "prompt_cache_retention",
    "usage",
    "background",
    "billing",
    "include",
];

/// Parts of these types are texts, also where they are empty.
const TEXT_PARTS: [&str; 7] =
    ["text", "input_text", "output_text", "refusal", "reasoning_text", "summary_text", "output_audio"];

/// Whether strings under this key are no words.
pub(crate) fn is_structural(key: &str) -> bool {
    STRUCTURAL.contains(&key)
}

fn is_structural_in_error(key: &str) -> bool {
    is_structural(key) || matches!(key, "code" | "param" | "error_type" | "review_target")
}

/// Every text of a request.
pub(crate) fn request(body: &Value) -> Vec<FoundText> {
    let input = body["input"].as_array().map(Vec::as_slice).unwrap_or_default();
    let answered = texts::last_answer(&input.iter().map(role).collect::<Vec<_>>());
    let system = Voice { role: "system", new_turn: answered.is_none() };
    let user = Voice { role: "user", new_turn: true };
    let mut finder = Finder::default();
    list_or_text(&mut finder, &"/instructions", &body["instructions"], system);
    finder.text(&"/input", &body["input"], "text", user);
    for (index, entry) in input.iter().enumerate() {
        let new_turn = answered.is_none_or(|last| index > last);
        item(&mut finder, &format_args!("/input/{index}"), entry, Voice { role: role(entry), new_turn });
    }
    told(&mut finder, body, system);
    for (name, value) in body["prompt"]["variables"].as_object().into_iter().flatten() {
        let name = below(&"", name).to_string();
        part(&mut finder, &format_args!("/prompt/variables{name}"), value, ("text", user));
    }
    finder.found
}

/// Every text of an answer, also those that it repeats of its request.
pub(crate) fn response(body: &Value) -> Vec<FoundText> {
    let assistant = Voice { role: "assistant", new_turn: true };
    let system = Voice { role: "system", new_turn: true };
    let mut finder = Finder::default();
    for (index, entry) in body["output"].as_array().into_iter().flatten().enumerate() {
        item(&mut finder, &format_args!("/output/{index}"), entry, assistant);
    }
    list_or_text(&mut finder, &"/instructions", &body["instructions"], system);
    tools(&mut finder, &"/tools", &body["tools"], system);
    let is_asked = matches!(body["reasoning"]["summary"].as_str(), Some("auto" | "concise" | "detailed"));
    let is_setting = |key: &str| {
        is_structural(key) || matches!(key, "verbosity" | "effort" | "mode") || (key == "summary" && is_asked)
    };
    finder.words(&"/text", &body["text"], "text", (system, &is_setting));
    finder.words(&"/reasoning", &body["reasoning"], "text", (system, &is_setting));
    finder.words(&"/error", &body["error"], "text", (assistant, &is_structural_in_error));
    finder.strings(&"/detail", &body["detail"], "text", assistant);
    const KNOWN: [&str; 6] = ["instructions", "text", "reasoning", "error", "detail", "metadata"];
    for (key, value) in body.as_object().into_iter().flatten() {
        let is_list = matches!(&**key, "output" | "tools") && value.is_array();
        let is_named = value.is_string() && is_structural(key);
        if !(is_list || is_named || KNOWN.contains(&&**key) || SETTINGS.contains(&&**key)) {
            finder.words(&below(&"", key), value, "text", (assistant, &is_structural));
        }
    }
    finder.words(&"/metadata", &body["metadata"], "text", (Voice { role: "user", ..system }, &|_| false));
    finder.found
}

/// What the model is told beside the conversation.
fn told(finder: &mut Finder, body: &Value, voice: Voice) {
    tools(finder, &"/tools", &body["tools"], voice);
    let format = &body["text"]["format"];
    finder.text(&"/text/format/description", &format["description"], "text", voice);
    finder.schema(&"/text/format/schema", &format["schema"], voice);
}

fn list_or_text(finder: &mut Finder, at: &dyn Display, value: &Value, voice: Voice) {
    if value.is_string() || value.is_object() {
        item(finder, at, value, voice);
    }
    for (index, entry) in value.as_array().into_iter().flatten().enumerate() {
        item(finder, &format_args!("{at}/{index}"), entry, voice);
    }
}

/// The words of tools; a tool may hold others.
fn tools(finder: &mut Finder, at: &dyn Display, list: &Value, voice: Voice) {
    for (index, tool) in list.as_array().into_iter().flatten().enumerate() {
        let at = format!("{at}/{index}");
        for key in ["description", "server_description"] {
            finder.text(&below(&at, key), &tool[key], "text", voice);
        }
        for key in ["parameters", "input_schema"] {
            finder.schema(&below(&at, key), &tool[key], voice);
        }
        let grammar = &tool["format"]["definition"];
        finder.text(&format_args!("{at}/format/definition"), grammar, "text", voice);
        if tool["tools"].is_array() {
            tools(finder, &format!("{at}/tools"), &tool["tools"], voice);
        }
    }
}

/// An item of a conversation.
pub(crate) fn item(finder: &mut Finder, at: &dyn Display, item: &Value, voice: Voice) {
    let Value::Object(fields) = item else { return finder.strings(at, item, "text", voice) };
    let name = item["type"].as_str().unwrap_or_default();
    for (key, field) in fields {
        let at = below(at, key).to_string();
        let kind = kind(name, key);
        let voice = Voice { role: if kind == "tool-result" { "tool" } else { voice.role }, ..voice };
        match key.as_str() {
            "data" if media::holds_bytes(field) => finder.media(&at, media::encoded(name), voice),
            key if field.is_string() && is_structural(key) => {}
            "result" if name == "image_generation_call" && field.is_string() => {
                finder.media(&at, name.to_owned(), voice);
            }
            // What a server says of its tools, not what the caller set.
            "tools" if name == "mcp_list_tools" => {
                finder.words(&at, field, "text", (voice, &is_structural));
            }
            "tools" => tools(finder, &at, field, voice),
            "content" | "output" | "summary" | "outputs" if field.is_array() => {
                for (index, entry) in field.as_array().into_iter().flatten().enumerate() {
                    part(finder, &format_args!("{at}/{index}"), entry, (kind, voice));
                }
            }
            "output" if field.is_object() => part(finder, &at, field, (kind, voice)),
            _ => finder.words(&at, field, kind, (voice, &is_structural)),
        }
    }
}

/// A part of an item.
pub(crate) fn part(
    finder: &mut Finder,
    at: &dyn Display,
    part: &Value,
    (kind, voice): (&'static str, Voice),
) {
    let Value::Object(fields) = part else { return finder.text(at, part, kind, voice) };
    let before = finder.found.len();
    let name = part["type"].as_str().unwrap_or_default();
    for (key, field) in fields {
        let kind = match key.as_str() {
            "logprobs" => continue,
            "data" if media::holds_bytes(field) => {
                finder.media(&below(at, key), media::encoded(name), voice);
                continue;
            }
            key if media::holds(key) || (field.is_string() && is_structural(key)) => continue,
            "refusal" => "refusal",
            "transcript" => "transcript",
            _ if matches!(name, "reasoning_text" | "summary_text") => "reasoning",
            _ => kind,
        };
        finder.words(&below(at, key), field, kind, (voice, &is_structural));
    }
    match media::named(part) {
        Some(shown) => finder.media(at, shown, voice),
        // Whatever it is: nobody shall take it for judged.
        None if finder.found.len() == before && !name.is_empty() && !TEXT_PARTS.contains(&name) => {
            finder.media(at, media::cut(name), voice);
        }
        None => {}
    }
}

/// What the words are that an item of this type has under this key.
fn kind(name: &str, key: &str) -> &'static str {
    match key {
        "arguments" | "input" | "code" | "action" | "actions" | "operation" | "queries" => "tool-arguments",
        "output" | "outputs" | "results" | "result" => "tool-result",
        "summary" => "reasoning",
        "content" if name == "reasoning" => "reasoning",
        _ => "text",
    }
}

/// Who says an item.
fn role(item: &Value) -> &'static str {
    match item["type"].as_str() {
        None | Some("message") => texts::role(item),
        Some("item_reference" | "mcp_approval_response") => "user",
        Some(name) if name.ends_with("_output") => "tool",
        Some(_) => "assistant",
    }
}

#[cfg(test)]
#[path = "items_tests.rs"]
mod tests;
