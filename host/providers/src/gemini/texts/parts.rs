//! The parts of contents.

use std::fmt::Display;

use serde_json::{Value, json};

use super::{camel, is_no_word, words};
use crate::openai::texts::finder::{Finder, Voice, below};
use crate::openai::texts::media;

/// What a part may be; of those that are none of it nobody knows what they say.
const KNOWN: [&str; 10] = [
    "text",
    "functionCall",
    "functionResponse",
    "toolCall",
    "toolResponse",
    "executableCode",
    "codeExecutionResult",
    "inlineData",
    "fileData",
    "audioTranscription",
];

/// What stands beside that and has no words of its own where it is alone.
const BESIDE: [&str; 9] = [
    "thought",
    "thoughtSignature",
    "mediaResolution",
    "videoMetadata",
    "partMetadata",
    "mediaProcessing",
    "documentMetadata",
    "spreadsheetMetadata",
    "audioMetadata",
];

/// Words that parts say one after the other: those of one kind are one text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::gemini) enum Said {
    Text,
    Thought,
}

impl Said {
    /// What a part says; `None` where it is no text, or more than that.
    pub(in crate::gemini) fn of(part: &Value) -> Option<Self> {
        let fields = part.as_object()?;
        let is_more = |key: &String| key != "text" && KNOWN.contains(&&*camel(key));
        if !part["text"].is_string() || fields.keys().any(is_more) {
            return None;
        }
        Some(if part["thought"] == true { Self::Thought } else { Self::Text })
    }

    pub(in crate::gemini) fn kind(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Thought => "reasoning",
        }
    }
}

/// The parts of a content, and where they stand in it: in a list, or one in its place.
pub(in crate::gemini) fn listed(content: &Value) -> impl Iterator<Item = (String, &Value)> {
    let (list, alone) = match &content["parts"] {
        Value::Array(parts) => (&parts[..], None),
        part @ Value::Object(_) => (&[][..], Some(("/parts".to_owned(), part))),
        _ => (&[][..], None),
    };
    list.iter().enumerate().map(|(index, part)| (format!("/parts/{index}"), part)).chain(alone)
}

/// `{role, parts}`, or a text in its place.
pub(super) fn content(finder: &mut Finder, at: &dyn Display, content: &Value, voice: Voice) {
    let kind = if voice.role == "tool" { "tool-result" } else { "text" };
    let Value::Object(fields) = content else { return words(finder, at, content, kind, voice) };
    for (key, field) in fields {
        let at = below(at, key);
        match (&*camel(key), field) {
            ("parts", Value::Array(parts)) => {
                for (index, one) in parts.iter().enumerate() {
                    part(finder, &format_args!("{at}/{index}"), one, (kind, voice));
                }
            }
            ("parts", _) => part(finder, &at, field, (kind, voice)),
            (key, field) if is_no_word(key, field) => {}
            _ => words(finder, &at, field, kind, voice),
        }
    }
}

fn part(finder: &mut Finder, at: &dyn Display, part: &Value, (kind, voice): (&'static str, Voice)) {
    let Value::Object(fields) = part else { return words(finder, at, part, kind, voice) };
    let before = finder.found.len();
    let kind = if part["thought"] == true { "reasoning" } else { kind };
    let tool = Voice { role: "tool", ..voice };
    for (key, field) in fields {
        let at = below(at, key);
        match &*camel(key) {
            "functionCall" | "toolCall" => call(finder, &at, field, voice),
            "functionResponse" | "toolResponse" => result(finder, &at, field, tool),
            "executableCode" => words(finder, &at, field, "tool-arguments", voice),
            "codeExecutionResult" => words(finder, &at, field, "tool-result", tool),
            "audioTranscription" => words(finder, &at, field, "transcript", voice),
            "inlineData" | "fileData" => file(finder, &at, field, (kind, voice)),
            key if is_no_word(key, field) => {}
            _ => words(finder, &at, field, kind, voice),
        }
    }
    let is_known = |key: &&String| {
        let key = camel(key);
        KNOWN.contains(&&*key) || BESIDE.contains(&&*key)
    };
    // Whatever it is: nobody shall take it for judged.
    if finder.found.len() == before && !fields.keys().any(|key| KNOWN.contains(&&*camel(key))) {
        let unknown = fields.keys().find(|key| !is_known(key));
        unknown.into_iter().for_each(|key| finder.media(at, media::cut(key), voice));
    }
}

/// `{name, args}`; the keys of `args` are the caller's own.
fn call(finder: &mut Finder, at: &dyn Display, call: &Value, voice: Voice) {
    of_caller(finder, at, call, ("args", "tool-arguments", voice));
}

/// `{name, response, parts}`.
fn result(finder: &mut Finder, at: &dyn Display, result: &Value, voice: Voice) {
    of_caller(finder, at, result, ("response", "tool-result", voice));
}

/// The fields of a call or of its result. Below one of them every string is a word, whatever its key.
fn of_caller(
    finder: &mut Finder,
    at: &dyn Display,
    value: &Value,
    (own, kind, voice): (&str, &'static str, Voice),
) {
    let Value::Object(fields) = value else { return words(finder, at, value, kind, voice) };
    for (key, field) in fields {
        let at = below(at, key);
        match (&*camel(key), field) {
            (key, _) if key == own => finder.strings(&at, field, kind, voice),
            ("parts", Value::Array(parts)) => {
                for (index, one) in parts.iter().enumerate() {
                    part(finder, &format_args!("{at}/{index}"), one, (kind, voice));
                }
            }
            (key, field) if is_no_word(key, field) => {}
            _ => words(finder, &at, field, kind, voice),
        }
    }
}

/// `{mimeType, data}` or `{mimeType, fileUri}`.
fn file(finder: &mut Finder, at: &dyn Display, file: &Value, (kind, voice): (&'static str, Voice)) {
    let Value::Object(fields) = file else { return words(finder, at, file, kind, voice) };
    let of = |name: &str| fields.iter().find(|(key, field)| camel(key) == name && media::holds_bytes(field));
    let media_type = of("mimeType").and_then(|(_, field)| field.as_str()).unwrap_or_default();
    match of("data").or_else(|| of("fileUri")) {
        Some((key, field)) => finder.media(&below(at, key), told(media_type, (&camel(key), field)), voice),
        None => finder.media(at, told(media_type, ("data", &Value::Null)), voice),
    }
    words(finder, at, file, kind, voice);
}

/// Such as `image image/png` or `video https://host/path`.
fn told(media_type: &str, (key, field): (&str, &Value)) -> String {
    let name = media_type.split('/').next().unwrap_or_default();
    let name = if ["image", "audio", "video"].contains(&name) { name } else { "document" };
    let is_url = field.as_str().is_some_and(|uri| uri.contains("://"));
    match key {
        "fileUri" if is_url => media::sourced(name, &json!({"url": field})),
        "fileUri" => media::sourced(name, &json!({"file_id": field})),
        _ => media::sourced(name, &json!({"media_type": media_type})),
    }
}
