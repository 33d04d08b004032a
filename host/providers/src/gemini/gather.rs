//! The whole answer that the events of a stream add up to.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::texts::Said;

/// The answer of these events, by the data of each. What is no JSON object is left out.
///
/// An error event that comes before anything else is the answer itself; after that it is the answer's `error`.
pub(crate) fn gather(events: &[&str]) -> Value {
    let mut gathered = Gathered::default();
    for data in events {
        if let Ok(Value::Object(event)) = serde_json::from_str(data) {
            gathered.note(event);
        }
    }
    gathered.answer()
}

/// The index that a candidate says it has, or else its place in the list.
pub(super) fn index_of(candidate: &Value, position: usize) -> u64 {
    candidate["index"].as_u64().unwrap_or(position as u64)
}

/// Whether a candidate tells why it ends.
pub(super) fn is_finished(candidate: &Value) -> bool {
    let reason = candidate["finishReason"].as_str().unwrap_or_default();
    !matches!(reason, "" | "FINISH_REASON_UNSPECIFIED")
}

/// What was said so far.
#[derive(Default)]
struct Gathered {
    fields: Map<String, Value>,
    candidates: BTreeMap<u64, Candidate>,
}

#[derive(Default)]
struct Candidate {
    fields: Map<String, Value>,
    content: Option<Map<String, Value>>,
    parts: Option<Vec<Value>>,
    /// It has told why it ends: what it says after that is something else.
    closed: bool,
}

impl Gathered {
    fn note(&mut self, event: Map<String, Value>) {
        for (key, value) in event {
            match (key.as_str(), value) {
                ("candidates", Value::Array(candidates)) => {
                    self.fields.entry(key).or_insert_with(|| Value::Array(Vec::new()));
                    for (position, candidate) in candidates.into_iter().enumerate() {
                        let index = index_of(&candidate, position);
                        self.candidates.entry(index).or_default().note(candidate);
                    }
                }
                (_, value) => put(&mut self.fields, key, value),
            }
        }
    }

    fn answer(mut self) -> Value {
        if self.fields.contains_key("candidates") {
            let candidates = self.candidates.into_values().map(Candidate::whole).collect();
            self.fields.insert("candidates".to_owned(), Value::Array(candidates));
        }
        Value::Object(self.fields)
    }
}

impl Candidate {
    fn note(&mut self, candidate: Value) {
        let ends = is_finished(&candidate);
        let Value::Object(fields) = candidate else { return };
        for (key, value) in fields {
            match (key.as_str(), value) {
                ("content", Value::Object(content)) => self.add_content(content),
                ("groundingMetadata" | "logprobsResult", Value::Object(more)) => {
                    let known = self.fields.entry(key.clone()).or_insert_with(|| Map::new().into());
                    if let Value::Object(known) = known {
                        more.into_iter().for_each(|(field, value)| merge(&key, known, field, value));
                    }
                }
                (_, value) => put(&mut self.fields, key, value),
            }
        }
        self.closed |= ends;
    }

    fn add_content(&mut self, mut content: Map<String, Value>) {
        let parts = match content.shift_remove("parts") {
            Some(Value::Array(parts)) => Some(parts),
            Some(part @ Value::Object(_)) => Some(vec![part]),
            _ => None,
        };
        let known = self.content.get_or_insert_default();
        content.into_iter().for_each(|(key, value)| put(known, key, value));
        if let Some(parts) = parts {
            self.parts.get_or_insert_default();
            parts.into_iter().for_each(|part| self.add(part));
        }
    }

    /// Words of the same kind as before go on there, and so does a call that is told in pieces.
    fn add(&mut self, part: Value) {
        let closed = std::mem::take(&mut self.closed);
        let parts = self.parts.get_or_insert_default();
        match parts.last_mut().filter(|last| !closed && goes_on(last, &part)) {
            Some(last) => join(last, part),
            None => parts.push(part),
        }
    }

    fn whole(self) -> Value {
        let Self { mut fields, content, parts, closed: _ } = self;
        if let Some(mut content) = content {
            content.extend(parts.map(|parts| ("parts".to_owned(), Value::Array(parts))));
            fields.insert("content".to_owned(), content.into());
        }
        Value::Object(fields)
    }
}

/// Whether a part goes on with the last one.
fn goes_on(last: &Value, part: &Value) -> bool {
    let (begun, call) = (&last["functionCall"], &part["functionCall"]);
    let is_piece = call.is_object() && !is_named(call) && begun["willContinue"] == true;
    is_piece || Said::of(part).is_some_and(|said| Said::of(last) == Some(said))
}

/// Whether a call begins with it; what only goes on with one has no name.
pub(super) fn is_named(call: &Value) -> bool {
    call["name"].as_str().is_some_and(|name| !name.is_empty())
}

fn join(last: &mut Value, part: Value) {
    let (Value::Object(last), Value::Object(part)) = (last, part) else { return };
    for (key, value) in part {
        match (last.get_mut(&key), value) {
            (Some(Value::String(text)), Value::String(more)) if key == "text" => text.push_str(&more),
            (Some(Value::Object(call)), Value::Object(more)) if key == "functionCall" => {
                join_call(call, more)
            }
            (_, value) => put(last, key, value),
        }
    }
}

fn join_call(call: &mut Map<String, Value>, more: Map<String, Value>) {
    call.shift_remove("willContinue");
    for (key, value) in more {
        match (call.get_mut(&key), value) {
            (Some(Value::Array(known)), Value::Array(more)) if key == "partialArgs" => {
                more.into_iter().for_each(|piece| add_argument(known, piece));
            }
            (_, value) => put(call, key, value),
        }
    }
}

/// A string of the arguments goes on under its path.
fn add_argument(known: &mut Vec<Value>, piece: Value) {
    let is_begun = |one: &&mut Value| one["jsonPath"] == piece["jsonPath"] && one["willContinue"] == true;
    let begun = known.last_mut().filter(is_begun).and_then(Value::as_object_mut);
    let (Some(begun), Value::Object(fields)) = (begun, &piece) else { return known.push(piece) };
    begun.shift_remove("willContinue");
    for (key, value) in fields {
        match (begun.get_mut(key), value) {
            (Some(Value::String(text)), Value::String(more)) if key == "stringValue" => text.push_str(more),
            (_, value) => put(begun, key.clone(), value.clone()),
        }
    }
}

/// A field that is told once more counts anew, unless it says nothing.
fn put(fields: &mut Map<String, Value>, key: String, value: Value) {
    let says_something = match &value {
        Value::Null => false,
        Value::Array(items) => !items.is_empty(),
        Value::Object(fields) => !fields.is_empty(),
        _ => true,
    };
    if says_something || !fields.contains_key(&key) {
        fields.insert(key, value);
    }
}

/// Tokens follow each other; of what words rest on, the last list has all.
fn merge(name: &str, known: &mut Map<String, Value>, key: String, value: Value) {
    match (known.get_mut(&key), value) {
        (Some(Value::Array(known)), Value::Array(more)) if name == "logprobsResult" => known.extend(more),
        (_, value) => put(known, key, value),
    }
}
