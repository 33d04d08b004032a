//! Walks the shapes in which texts stand in messages, tools and prompts.

use std::fmt::{self, Display};

use serde_json::Value;

use super::{media, schema};
use crate::texts::FoundText;

/// Who says a text, and whether it is new in the conversation.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Voice {
    pub(crate) role: &'static str,
    pub(crate) new_turn: bool,
}

/// Says of a field, by its key and value, that nothing at or below it is words.
pub(crate) type Skips<'s> = &'s dyn Fn(&str, &Value) -> bool;

/// Collects texts in the order in which it meets them.
#[derive(Debug, Default)]
pub(crate) struct Finder {
    pub(crate) found: Vec<FoundText>,
}

/// Under these names vendors tell what a model thought.
const REASONING: [&str; 3] = ["reasoning_content", "reasoning", "thinking"];

/// Lists of parts of what a model thought, and the keys of their texts.
const REASONING_LISTS: [(&str, &[&str]); 2] =
    [("reasoning_details", &["text", "summary"]), ("thinking_blocks", &["thinking"])];

/// Parts of these types are texts, also where they are empty.
const TEXT_PARTS: [&str; 5] = ["text", "input_text", "output_text", "refusal", "thinking"];

impl Finder {
    /// A string that is not empty; anything else is no text.
    pub(crate) fn text(&mut self, at: &dyn Display, value: &Value, kind: &'static str, voice: Voice) {
        if value.as_str().is_some_and(|text| !text.is_empty()) {
            self.push(at, kind, voice, None);
        }
    }

    /// What is no text, by what may be told of it.
    pub(crate) fn media(&mut self, at: &dyn Display, shown: String, voice: Voice) {
        self.push(at, "media", voice, Some(shown));
    }

    fn push(&mut self, at: &dyn Display, kind: &'static str, voice: Voice, shown: Option<String>) {
        let Voice { role, new_turn } = voice;
        self.found.push(FoundText { pointer: at.to_string(), role, kind, new_turn, shown });
    }

    /// Every string in a value, however deep.
    pub(crate) fn strings(&mut self, at: &dyn Display, value: &Value, kind: &'static str, voice: Voice) {
        match value {
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.strings(&format_args!("{at}/{index}"), item, kind, voice);
                }
            }
            Value::Object(entries) => {
                for (key, entry) in entries {
                    self.strings(&below(at, key), entry, kind, voice);
                }
            }
            _ => self.text(at, value, kind, voice),
        }
    }

    /// Every string in a value but those under a key that `skips`.
    pub(crate) fn words(
        &mut self,
        at: &dyn Display,
        value: &Value,
        kind: &'static str,
        (voice, skips): (Voice, &dyn Fn(&str) -> bool),
    ) {
        self.words_but(at, value, kind, (voice, &|key, field| field.is_string() && skips(key)));
    }

    /// Every string in a value but those at and below fields that `skips`.
    pub(crate) fn words_but(
        &mut self,
        at: &dyn Display,
        value: &Value,
        kind: &'static str,
        (voice, skips): (Voice, Skips<'_>),
    ) {
        match value {
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.words_but(&format_args!("{at}/{index}"), item, kind, (voice, skips));
                }
            }
            Value::Object(fields) => {
                for (key, field) in fields.iter().filter(|(key, field)| !skips(key, field)) {
                    self.words_but(&below(at, key), field, kind, (voice, skips));
                }
            }
            _ => self.text(at, value, kind, voice),
        }
    }

    /// A message of a request or of an answer.
    pub(crate) fn message(&mut self, at: &dyn Display, message: &Value, voice: Voice) {
        let kind = if voice.role == "tool" { "tool-result" } else { "text" };
        if voice.role != "tool" {
            // Of a tool it is the name of a function; of a person it is told to the model.
            self.text(&below(at, "name"), &message["name"], "text", voice);
        }
        for key in REASONING {
            self.content(&below(at, key), &message[key], "reasoning", voice);
        }
        for (list, keys) in REASONING_LISTS {
            for (index, entry) in message[list].as_array().into_iter().flatten().enumerate() {
                for key in keys {
                    self.text(&format_args!("{at}/{list}/{index}/{key}"), &entry[key], "reasoning", voice);
                }
            }
        }
        self.content(&below(at, "content"), &message["content"], kind, voice);
        self.text(&below(at, "refusal"), &message["refusal"], "refusal", voice);
        self.text(
            &format_args!("{at}/audio/transcript"),
            &message["audio"]["transcript"],
            "transcript",
            voice,
        );
        for (place, shown) in media::beside_content(message) {
            self.media(&format_args!("{at}{place}"), shown, voice);
        }
        self.calls(at, message, voice);
    }

    fn calls(&mut self, at: &dyn Display, message: &Value, voice: Voice) {
        let kind = "tool-arguments";
        for (index, call) in message["tool_calls"].as_array().into_iter().flatten().enumerate() {
            let at = format!("{at}/tool_calls/{index}");
            self.strings(
                &format_args!("{at}/function/arguments"),
                &call["function"]["arguments"],
                kind,
                voice,
            );
            self.strings(&format_args!("{at}/custom/input"), &call["custom"]["input"], kind, voice);
        }
        let arguments = &message["function_call"]["arguments"];
        self.strings(&format_args!("{at}/function_call/arguments"), arguments, kind, voice);
    }

    /// The content of a message: a string, one part or a list of them.
    pub(crate) fn content(&mut self, at: &dyn Display, content: &Value, kind: &'static str, voice: Voice) {
        match content {
            Value::Array(parts) => {
                for (index, part) in parts.iter().enumerate() {
                    self.content(&format_args!("{at}/{index}"), part, kind, voice);
                }
            }
            Value::Object(_) => self.part(at, content, kind, voice),
            _ => self.text(at, content, kind, voice),
        }
    }

    fn part(&mut self, at: &dyn Display, part: &Value, kind: &'static str, voice: Voice) {
        let before = self.found.len();
        self.text(&below(at, "text"), &part["text"], kind, voice);
        self.text(&below(at, "refusal"), &part["refusal"], "refusal", voice);
        self.content(&below(at, "thinking"), &part["thinking"], "reasoning", voice);
        self.content(&below(at, "content"), &part["content"], kind, voice);
        let told = media::named(part);
        let name = part["type"].as_str().unwrap_or("part without a type");
        match told {
            Some(shown) => self.media(at, shown, voice),
            // Whatever it is: nobody shall take it for judged.
            None if self.found.len() == before && !TEXT_PARTS.contains(&name) => {
                self.media(at, media::cut(name), voice);
            }
            None => {}
        }
    }

    /// Tools of every type that carry words for the model.
    pub(crate) fn tools(&mut self, at: &dyn Display, tools: &Value, voice: Voice) {
        for (index, tool) in tools.as_array().into_iter().flatten().enumerate() {
            let at = format!("{at}/{index}");
            self.function(&below(&at, "function"), &tool["function"], voice);
            let custom = &tool["custom"];
            self.text(&format_args!("{at}/custom/description"), &custom["description"], "text", voice);
            let grammar = &custom["format"]["grammar"]["definition"];
            self.text(&format_args!("{at}/custom/format/grammar/definition"), grammar, "text", voice);
        }
    }

    /// The list that was there before tools were.
    pub(crate) fn functions(&mut self, at: &dyn Display, functions: &Value, voice: Voice) {
        for (index, function) in functions.as_array().into_iter().flatten().enumerate() {
            self.function(&format_args!("{at}/{index}"), function, voice);
        }
    }

    fn function(&mut self, at: &dyn Display, function: &Value, voice: Voice) {
        self.text(&below(at, "description"), &function["description"], "text", voice);
        self.schema(&below(at, "parameters"), &function["parameters"], voice);
    }

    /// The words of a JSON Schema.
    pub(crate) fn schema(&mut self, at: &dyn Display, value: &Value, voice: Voice) {
        schema::words(at, value, &mut |at, value| self.strings(at, value, "text", voice));
    }

    /// A text, an object with texts under keys of the caller's own and media under those that parts have, or a list of them.
    pub(crate) fn document(&mut self, at: &dyn Display, document: &Value, voice: Voice) {
        match document {
            Value::Array(list) => {
                for (index, one) in list.iter().enumerate() {
                    self.document(&format_args!("{at}/{index}"), one, voice);
                }
            }
            Value::Object(fields) => {
                let shown = media::named(document);
                let is_part = shown.is_some() || TEXT_PARTS.iter().any(|part| document["type"] == **part);
                for (key, field) in fields {
                    let is_told = (shown.is_some() && media::holds(key)) || (is_part && key == "type");
                    if !is_told {
                        self.document(&below(at, key), field, voice);
                    }
                }
                if let Some(shown) = shown {
                    self.media(at, shown, voice);
                }
            }
            _ => self.text(at, document, "text", voice),
        }
    }

    /// A prompt: a string, a list of them, or tokens, which nobody can judge without the model's vocabulary.
    pub(crate) fn prompt(&mut self, at: &dyn Display, prompt: &Value, voice: Voice) {
        match prompt {
            Value::Array(items) if items.iter().any(Value::is_number) => {
                self.media(at, format!("tokens {}", items.len()), voice);
            }
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.prompt(&format_args!("{at}/{index}"), item, voice);
                }
            }
            _ => self.content(at, prompt, "text", voice),
        }
    }
}

/// The pointer to a key (RFC 6901, section 3), written only where something was found.
pub(crate) fn below<'a>(at: &'a dyn Display, key: &'a str) -> impl Display {
    fmt::from_fn(move |f| {
        if key.contains(['~', '/']) {
            write!(f, "{at}/{}", key.replace('~', "~0").replace('/', "~1"))
        } else {
            write!(f, "{at}/{key}")
        }
    })
}

/// Whether a value is a string, or a list of nothing else: such fields can be names and types by their keys.
pub(crate) fn is_bare(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.iter().all(Value::is_string),
        value => value.is_string(),
    }
}
