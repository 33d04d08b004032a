//! What of a streamed answer is no text: names, roles, ids, reasons, usage.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::pieces::{self, Reader};

/// Keys of an event that are not copied: they are made anew, or are texts, or padding.
const OWN: [&str; 7] = ["choices", "object", "usage", "error", "message", "detail", "obfuscation"];

/// What all events together say besides texts.
#[derive(Debug, Default)]
pub(super) struct Frame {
    top: Map<String, Value>,
    usage: Option<Value>,
    completion: bool,
    choices: BTreeMap<u64, Choice>,
}

#[derive(Debug, Default)]
struct Choice {
    role: Option<Value>,
    finish_reason: Value,
    has_text: bool,
    function: Option<Value>,
    audio: Option<Value>,
    calls: BTreeMap<usize, Value>,
}

impl Frame {
    /// Takes over what an event says; `calls` are the numbers of its tool calls.
    pub(super) fn note(&mut self, event: &Value, mut calls: impl Iterator<Item = usize>) {
        for (key, value) in event.as_object().into_iter().flatten() {
            let says_nothing = |value: &Value| matches!(value, Value::Null) || *value == "" || *value == 0;
            if !OWN.contains(&key.as_str()) && self.top.get(key).is_none_or(says_nothing) {
                self.top.insert(key.clone(), value.clone());
            }
        }
        if !event["usage"].is_null() {
            self.usage = Some(event["usage"].clone());
        }
        self.completion |= event["object"] == "text_completion";
        for (position, choice) in event["choices"].as_array().into_iter().flatten().enumerate() {
            let index = pieces::index_of(choice, position);
            self.choices.entry(index).or_default().note(choice, &mut calls);
        }
    }

    /// The answer, with every text still missing. Call it when all events are read.
    pub(super) fn answer(&self, reader: &Reader) -> Value {
        let completion = self.completion || self.choices.values().any(|choice| choice.has_text);
        let object = if completion { "text_completion" } else { "chat.completion" };
        let mut answer = Value::Object(self.top.clone());
        answer["object"] = object.into();
        answer["choices"] =
            self.choices.iter().map(|(index, choice)| choice.shape(*index, completion)).collect();
        for (index, choice) in &self.choices {
            for (number, call) in &choice.calls {
                *reach(&mut answer, &reader.call_pointer(*index, *number)) = call.clone();
            }
        }
        if let Some(usage) = &self.usage {
            answer["usage"] = usage.clone();
        }
        answer
    }
}

impl Choice {
    fn note(&mut self, choice: &Value, calls: &mut dyn Iterator<Item = usize>) {
        if !choice["finish_reason"].is_null() {
            self.finish_reason = choice["finish_reason"].clone();
        }
        self.has_text |= choice["text"].is_string();
        let (_, message) = pieces::message_of(choice);
        first(&mut self.role, &message["role"]);
        first(&mut self.function, &message["function_call"]["name"]);
        first(&mut self.audio, &message["audio"]["id"]);
        for (call, number) in message["tool_calls"].as_array().into_iter().flatten().zip(calls) {
            let known = self.calls.entry(number).or_insert_with(|| json!({}));
            for pointer in ["/id", "/type", "/function/name", "/custom/name"] {
                let value = call.pointer(pointer).filter(|value| says_something(value));
                if let Some(value) = value.filter(|_| known.pointer(pointer).is_none()) {
                    *reach(known, pointer) = value.clone();
                }
            }
        }
    }

    fn shape(&self, index: u64, completion: bool) -> Value {
        let finish_reason = &self.finish_reason;
        if completion {
            return json!({"index": index, "text": "", "finish_reason": finish_reason});
        }
        let role = self.role.clone().unwrap_or_else(|| "assistant".into());
        let mut message = json!({"role": role, "content": null});
        if let Some(name) = &self.function {
            message["function_call"] = json!({"name": name, "arguments": ""});
        }
        if let Some(id) = &self.audio {
            message["audio"] = json!({"id": id});
        }
        json!({"index": index, "message": message, "finish_reason": finish_reason})
    }
}

fn first(known: &mut Option<Value>, value: &Value) {
    if known.is_none() && says_something(value) {
        *known = Some(value.clone());
    }
}

fn says_something(value: &Value) -> bool {
    !value.is_null() && *value != ""
}

/// What stands at a pointer; what is missing on its way is made, a list where the key is a number.
pub(super) fn reach<'v>(value: &'v mut Value, pointer: &str) -> &'v mut Value {
    let mut at = value;
    for token in pointer.split('/').skip(1) {
        at = match token.parse::<usize>() {
            Ok(index) => {
                let mut items = match at.take() {
                    Value::Array(items) => items,
                    _ => Vec::new(),
                };
                items.resize(items.len().max(index + 1), Value::Null);
                *at = Value::Array(items);
                &mut at[index]
            }
            Err(_) => {
                if !at.is_object() {
                    *at = Value::Object(Map::new());
                }
                &mut at[token]
            }
        };
    }
    at
}
