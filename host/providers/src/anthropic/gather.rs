//! The whole message that the events of a stream add up to.

use std::collections::BTreeMap;

use serde_json::{Value, json};

/// The answer of these events, by the data of each. What is no JSON object is left out.
///
/// An error event that comes before anything else is the answer itself; after that it is the message's `error`.
pub(crate) fn gather(events: &[&str]) -> Value {
    let mut gathered = Gathered::default();
    for data in events {
        if let Ok(event @ Value::Object(_)) = serde_json::from_str(data) {
            gathered.note(event);
        }
    }
    gathered.answer()
}

/// What was said so far.
#[derive(Default)]
struct Gathered {
    message: Value,
    blocks: Vec<Block>,
    /// Which block goes on under an index.
    open: BTreeMap<u64, usize>,
}

#[derive(Default)]
struct Block {
    value: Value,
    /// The parts of a tool's input.
    input: String,
}

impl Gathered {
    fn note(&mut self, mut event: Value) {
        match event["type"].as_str().unwrap_or_default() {
            "message_start" => self.message = event["message"].take(),
            "content_block_start" => {
                let value = event["content_block"].take();
                self.open.insert(index(&event), self.blocks.len());
                self.blocks.push(Block { value, input: String::new() });
            }
            "content_block_delta" => {
                let index = index(&event);
                let at = *self.open.entry(index).or_insert(self.blocks.len());
                if at == self.blocks.len() {
                    self.blocks.push(Block::default());
                }
                self.blocks[at].add(event["delta"].take());
            }
            "message_delta" => self.end(event),
            "error" if self.message.is_null() && self.blocks.is_empty() => self.message = event,
            "error" => set(&mut self.message, "error", event["error"].take()),
            _ => {}
        }
    }

    /// Takes over what is known at the end of the message.
    fn end(&mut self, event: Value) {
        let Value::Object(fields) = event else { return };
        for (key, value) in fields {
            match (key.as_str(), value) {
                ("type", _) => {}
                ("delta", Value::Object(delta)) => {
                    delta.into_iter().for_each(|(key, value)| set(&mut self.message, &key, value));
                }
                ("usage", Value::Object(usage)) => {
                    let mut known = self.message.get_mut("usage").map(Value::take).unwrap_or_default();
                    usage.into_iter().for_each(|(key, value)| set(&mut known, &key, value));
                    set(&mut self.message, "usage", known);
                }
                (key, value) => set(&mut self.message, key, value),
            }
        }
    }

    fn answer(self) -> Value {
        let Self { mut message, blocks, .. } = self;
        if message["type"] != "error" {
            let content: Vec<Value> = blocks.into_iter().map(Block::whole).collect();
            set(&mut message, "content", content.into());
        }
        message
    }
}

impl Block {
    fn add(&mut self, delta: Value) {
        let Value::Object(fields) = delta else { return };
        for (key, value) in fields {
            match (key.as_str(), value) {
                ("type", _) => {}
                ("partial_json", Value::String(part)) => self.input.push_str(&part),
                ("citation", citation) => match self.value.get_mut("citations") {
                    Some(Value::Array(citations)) => citations.push(citation),
                    _ => set(&mut self.value, "citations", json!([citation])),
                },
                ("signature", value) => set(&mut self.value, "signature", value),
                (key, Value::String(part)) => match self.value.get_mut(key) {
                    Some(Value::String(text)) => text.push_str(&part),
                    _ => set(&mut self.value, key, part.into()),
                },
                (key, value) => set(&mut self.value, key, value),
            }
        }
    }

    /// An input that is no JSON stays the text that it is.
    fn whole(self) -> Value {
        let Self { mut value, input } = self;
        if !input.is_empty() {
            let input = serde_json::from_str(&input).unwrap_or(Value::String(input));
            set(&mut value, "input", input);
        }
        value
    }
}

/// Puts a field into an object; what is none becomes one.
fn set(value: &mut Value, key: &str, field: Value) {
    if !value.is_object() {
        *value = json!({});
    }
    value[key] = field;
}

fn index(event: &Value) -> u64 {
    event["index"].as_u64().unwrap_or(0)
}
