//! What requests ask.

use std::fmt::Display;

use serde_json::Value;

use super::{camel, is_no_word, parts, words};
use crate::openai::texts as shared;
use crate::openai::texts::finder::{Finder, Voice, below};
use crate::texts::FoundText;

/// Settings that no model is told, some of which hold keys.
const SETTINGS: [&str; 5] = ["labels", "safetySettings", "toolConfig", "modelArmorConfig", "httpOptions"];

/// Settings of `generationConfig` that are none of words either.
const CONFIG: [&str; 14] = [
    "stopSequences",
    "responseMimeType",
    "responseModalities",
    "mediaResolution",
    "speechConfig",
    "thinkingConfig",
    "imageConfig",
    "routingConfig",
    "modelSelectionConfig",
    "modelConfig",
    "translationConfig",
    "generationOutputConfig",
    "languageAuto",
    "languageHints",
];

/// Tools of the provider's own, whose settings no model is told.
const OWN_TOOLS: [&str; 12] = [
    "retrieval",
    "computerUse",
    "fileSearch",
    "googleSearch",
    "googleSearchRetrieval",
    "googleMaps",
    "codeExecution",
    "enterpriseWebSearch",
    "parallelAiSearch",
    "exaAiSearch",
    "urlContext",
    "mcpServers",
];

/// Every text of a request to generate, to count tokens or to embed.
pub(crate) fn request(body: &Value) -> Vec<FoundText> {
    let mut finder = Finder::default();
    asked(&mut finder, &"", body);
    finder.found
}

fn asked(finder: &mut Finder, at: &dyn Display, body: &Value) {
    let contents = listed(&body["contents"]);
    let answered = shared::last_answer(&contents.iter().map(role).collect::<Vec<_>>());
    // They come with every request of a conversation; only in the first are they new.
    let system = Voice { role: "system", new_turn: answered.is_none() };
    let user = Voice { role: "user", new_turn: true };
    for (key, field) in body.as_object().into_iter().flatten() {
        let at = below(at, key);
        match &*camel(key) {
            "contents" => {
                for (index, content) in contents.iter().enumerate() {
                    let new_turn = answered.is_none_or(|last| index > last);
                    let voice = Voice { role: role(content), new_turn };
                    match field {
                        Value::Array(_) => {
                            parts::content(finder, &format_args!("{at}/{index}"), content, voice)
                        }
                        _ => parts::content(finder, &at, content, voice),
                    }
                }
            }
            "systemInstruction" => parts::content(finder, &at, field, system),
            "content" => parts::content(finder, &at, field, user),
            "title" => finder.text(&at, field, "text", user),
            "tools" => tools(finder, &at, field, system),
            "generationConfig" => config(finder, &at, field, system),
            "generateContentRequest" => asked(finder, &at, field),
            "requests" => batch(finder, &at, field),
            key if SETTINGS.contains(&key) || is_no_word(key, field) => {}
            _ => words(finder, &at, field, "text", system),
        }
    }
}

/// Requests to embed, each by itself.
fn batch(finder: &mut Finder, at: &dyn Display, requests: &Value) {
    match requests {
        Value::Array(list) => {
            for (index, one) in list.iter().enumerate() {
                batch(finder, &format_args!("{at}/{index}"), one);
            }
        }
        Value::Object(_) => asked(finder, at, requests),
        _ => words(finder, at, requests, "text", Voice { role: "user", new_turn: true }),
    }
}

/// The entries of a list, or what stands in its place.
fn listed(value: &Value) -> &[Value] {
    match value {
        Value::Array(list) => list,
        Value::Null => &[],
        value => std::slice::from_ref(value),
    }
}

fn role(content: &Value) -> &'static str {
    match content["role"].as_str() {
        Some("model" | "assistant") => "assistant",
        Some("system") => "system",
        Some("function" | "tool") => "tool",
        _ => "user",
    }
}

fn tools(finder: &mut Finder, at: &dyn Display, tools: &Value, voice: Voice) {
    match tools {
        Value::Array(list) => {
            for (index, one) in list.iter().enumerate() {
                self::tools(finder, &format_args!("{at}/{index}"), one, voice);
            }
        }
        Value::Object(tool) => {
            for (key, field) in tool {
                let at = below(at, key);
                match (&*camel(key), field) {
                    ("functionDeclarations", _) => functions(finder, &at, field, voice),
                    (key, field) if OWN_TOOLS.contains(&key) || is_no_word(key, field) => {}
                    _ => words(finder, &at, field, "text", voice),
                }
            }
        }
        _ => words(finder, at, tools, "text", voice),
    }
}

fn functions(finder: &mut Finder, at: &dyn Display, functions: &Value, voice: Voice) {
    match functions {
        Value::Array(list) => {
            for (index, one) in list.iter().enumerate() {
                self::functions(finder, &format_args!("{at}/{index}"), one, voice);
            }
        }
        Value::Object(function) => {
            for (key, field) in function {
                let at = below(at, key);
                match (&*camel(key), field) {
                    (key, Value::Object(_)) if is_schema(key) => finder.schema(&at, field, voice),
                    (key, field) if is_no_word(key, field) => {}
                    _ => words(finder, &at, field, "text", voice),
                }
            }
        }
        _ => words(finder, at, functions, "text", voice),
    }
}

/// How a model is to answer: few of its fields have words.
fn config(finder: &mut Finder, at: &dyn Display, config: &Value, voice: Voice) {
    let Value::Object(fields) = config else { return words(finder, at, config, "text", voice) };
    for (key, field) in fields {
        let at = below(at, key);
        match &*camel(key) {
            key if is_schema(key) || key == "responseFormat" => finder.schema(&at, field, voice),
            key if CONFIG.contains(&key) || is_no_word(key, field) => {}
            _ => words(finder, &at, field, "text", voice),
        }
    }
}

fn is_schema(key: &str) -> bool {
    let names = ["parameters", "response", "parametersJsonSchema", "responseJsonSchema", "responseSchema"];
    names.contains(&key.trim_start_matches('_'))
}
