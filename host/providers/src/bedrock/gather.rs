//! The whole answer that the events of a stream add up to.
//!
//! The data of an event does not name it, but no two have the same fields.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::texts::is_padding;

/// The answer of these events, by the data of each. What is no JSON object is left out.
///
/// An exception that comes before anything else is the answer itself; after that it is the answer's `error`.
pub(crate) fn gather(events: &[&str]) -> Value {
    let mut gathered = Gathered::default();
    for data in events {
        if let Ok(Value::Object(event)) = serde_json::from_str(data) {
            gathered.note(event);
        }
    }
    gathered.answer()
}

/// What a block is, and a delta a part of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Text,
    Thought,
    Call,
    Result,
    Image,
}

impl Kind {
    /// By what stands in a delta or in the beginning of a block.
    pub(super) fn of(delta: &Value) -> Option<Self> {
        let kinds = [
            ("text", Self::Text),
            ("citation", Self::Text),
            ("reasoningContent", Self::Thought),
            ("toolUse", Self::Call),
            ("toolResult", Self::Result),
            ("image", Self::Image),
        ];
        kinds.iter().find(|(key, _)| !delta[*key].is_null()).map(|(_, kind)| *kind)
    }
}

pub(super) fn index_of(event: &Value) -> u64 {
    event["contentBlockIndex"].as_u64().unwrap_or(0)
}

/// The only text in a piece of a tool's result.
pub(super) fn only_text(delta: &Value) -> Option<&str> {
    match delta["toolResult"].as_array().map(Vec::as_slice) {
        Some([Value::Object(one)]) if one.len() == 1 => one.get("text")?.as_str(),
        _ => None,
    }
}

/// What was said so far.
#[derive(Default)]
struct Gathered {
    fields: Map<String, Value>,
    message: Map<String, Value>,
    blocks: Vec<Block>,
    /// Which block goes on under an index.
    open: BTreeMap<u64, usize>,
    begun: bool,
    failed: bool,
}

#[derive(Default)]
struct Block {
    kind: Option<Kind>,
    value: Value,
    /// The parts of a call's input.
    input: String,
    citations: Vec<Value>,
    /// The last that came of a tool's result was a text and nothing else.
    result_goes_on: bool,
}

impl Gathered {
    fn note(&mut self, mut event: Map<String, Value>) {
        event.retain(|key, value| !is_padding(key, value));
        let has = |key: &str| event.contains_key(key);
        if has("contentBlockIndex") || has("start") || has("delta") {
            self.begun = true;
            self.of_block(Value::Object(event));
        } else if has("role") {
            self.begun = true;
            self.message.extend(event);
        } else if !has("message") || has("stopReason") || has("usage") {
            self.begun = true;
            self.fields.extend(event);
        } else if self.begun {
            self.fields.insert("error".to_owned(), event.into());
        } else {
            (self.begun, self.failed) = (true, true);
            self.fields = event;
        }
    }

    fn of_block(&mut self, mut event: Value) {
        let index = index_of(&event);
        let (start, delta) = (event["start"].take(), event["delta"].take());
        if start.is_null() && delta.is_null() {
            self.open.remove(&index);
            return;
        }
        if !start.is_null() {
            self.open.insert(index, self.blocks.len());
            self.blocks.push(Block { kind: Kind::of(&start), value: start, ..Block::default() });
        }
        if !delta.is_null() {
            let kind = Kind::of(&delta);
            let open = self.open.get(&index).copied();
            let open =
                open.filter(|at| kind.is_none() || self.blocks[*at].kind.is_none_or(|of| Some(of) == kind));
            let at = open.unwrap_or(self.blocks.len());
            if at == self.blocks.len() {
                self.open.insert(index, at);
                self.blocks.push(Block::default());
            }
            self.blocks[at].kind = self.blocks[at].kind.or(kind);
            self.blocks[at].add(delta);
        }
    }

    fn answer(self) -> Value {
        let Self { fields, mut message, blocks, failed, .. } = self;
        if failed {
            return Value::Object(fields);
        }
        let content: Vec<Value> = blocks.into_iter().map(Block::whole).collect();
        message.insert("content".to_owned(), content.into());
        let mut answer = Map::new();
        answer.insert("output".to_owned(), json!({ "message": message }));
        answer.extend(fields);
        Value::Object(answer)
    }
}

impl Block {
    fn add(&mut self, delta: Value) {
        if let Some(text) = only_text(&delta).filter(|_| self.result_goes_on) {
            let content = self.value["toolResult"]["content"].as_array_mut();
            if let Some(Value::String(known)) = content.and_then(|list| list.last_mut()?.get_mut("text")) {
                known.push_str(text);
                return;
            }
        }
        self.result_goes_on = only_text(&delta).is_some();
        let Value::Object(fields) = delta else {
            self.value = delta;
            return;
        };
        for (key, value) in fields {
            match (key.as_str(), value) {
                ("citation", citation) => self.citations.push(citation),
                ("toolUse", Value::Object(call)) => self.add_call(call),
                ("toolResult", Value::Array(more)) => {
                    let content = reach(&mut self.value, &["toolResult", "content"]);
                    match content {
                        Value::Array(content) => content.extend(more),
                        content => *content = more.into(),
                    }
                }
                ("reasoningContent", Value::Object(thought)) => self.add_thought(thought),
                ("image", Value::Object(image)) => self.add_image(image),
                (key, value) => add(reach(&mut self.value, &[key]), value),
            }
        }
    }

    fn add_call(&mut self, call: Map<String, Value>) {
        reach(&mut self.value, &["toolUse"]);
        for (key, value) in call {
            match (key.as_str(), value) {
                ("input", Value::String(part)) => self.input.push_str(&part),
                (key, value) => *reach(&mut self.value, &["toolUse", key]) = value,
            }
        }
    }

    fn add_thought(&mut self, thought: Map<String, Value>) {
        for (key, value) in thought {
            match (key.as_str(), value) {
                ("text", value) => {
                    add(reach(&mut self.value, &["reasoningContent", "reasoningText", "text"]), value)
                }
                ("signature", value) => {
                    *reach(&mut self.value, &["reasoningContent", "reasoningText", "signature"]) = value;
                }
                ("redactedContent", value) => {
                    add_bytes(reach(&mut self.value, &["reasoningContent", "redactedContent"]), value);
                }
                (key, value) => *reach(&mut self.value, &["reasoningContent", key]) = value,
            }
        }
    }

    fn add_image(&mut self, image: Map<String, Value>) {
        for (key, value) in image {
            match value {
                Value::Object(source) if key == "source" => {
                    for (key, value) in source {
                        let place = reach(&mut self.value, &["image", "source", &key]);
                        if key == "bytes" { add_bytes(place, value) } else { *place = value }
                    }
                }
                value => *reach(&mut self.value, &["image", &key]) = value,
            }
        }
    }

    /// An input that is no JSON stays the text that it is. Words that rest on something are another kind of block.
    fn whole(self) -> Value {
        let Self { mut value, input, citations, .. } = self;
        if value["toolUse"].is_object() && (!input.is_empty() || value["toolUse"]["input"].is_null()) {
            let read = if input.is_empty() { Ok(json!({})) } else { serde_json::from_str(&input) };
            value["toolUse"]["input"] = read.unwrap_or(Value::String(input));
        }
        if !citations.is_empty() {
            let text = value.as_object_mut().and_then(|fields| fields.shift_remove("text"));
            let content: Vec<Value> = text.into_iter().map(|text| json!({ "text": text })).collect();
            *reach(&mut value, &["citationsContent"]) = json!({"content": content, "citations": citations});
        }
        value
    }
}

/// A string goes on; anything else is what was told last.
fn add(known: &mut Value, value: Value) {
    match (known, value) {
        (Value::String(text), Value::String(more)) => text.push_str(&more),
        (known, value) => *known = value,
    }
}

/// The same of bytes in base64, each piece of which has an end of its own.
fn add_bytes(known: &mut Value, value: Value) {
    let decoded = |value: &Value| STANDARD.decode(value.as_str()?).ok();
    match decoded(known).zip(decoded(&value)) {
        Some((first, second)) => *known = STANDARD.encode([first, second].concat()).into(),
        None => add(known, value),
    }
}

/// What stands below these keys; what is missing on the way is made.
fn reach<'v>(value: &'v mut Value, keys: &[&str]) -> &'v mut Value {
    keys.iter().fold(value, |at, key| {
        if !at.is_object() {
            *at = json!({});
        }
        &mut at[*key]
    })
}
