//! The events of ConverseStream. Their data does not name them, but no two have the same fields.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tidegate_contract::Event;

use super::edited::forget_trace;
use super::gather::{Kind, index_of, only_text};
use super::scatter::named;
use super::texts::{self, is_padding, told};
use crate::stream::numbers::Numbers;
use crate::stream::{Change, EditStream, Extent, Piece, Reading, StreamText};
use crate::texts::FoundText;

/// For a new stream.
pub(crate) fn editor() -> Box<dyn EditStream> {
    Box::new(ConverseStream::default())
}

/// A text that goes on from event to event: its block, and what of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    block: u64,
    kind: Kind,
}

#[derive(Default)]
struct ConverseStream {
    numbers: Numbers<Key>,
    keys: BTreeMap<u32, Key>,
    /// The formats of images, which only their beginnings tell.
    formats: BTreeMap<u64, String>,
    /// Words were edited.
    edited: bool,
}

impl EditStream for ConverseStream {
    fn read(&mut self, event: &Value) -> Reading {
        let mut reading = Reading::default();
        let (block, delta) = (index_of(event), &event["delta"]);
        let going = if event["contentBlockIndex"].is_null() && event["start"].is_null() && delta.is_null() {
            None
        } else {
            self.of_block(block, event, &mut reading)
        };
        for found in texts::answer(event) {
            match &going {
                Some((pointer, key)) if *pointer == found.pointer => {
                    self.part(event, found, *key, &mut reading)
                }
                _ => self.found(event, found, &mut reading),
            }
        }
        if delta["reasoningContent"]["signature"].is_string() {
            reading.ends.extend(self.numbers.end(|key| *key == Key { block, kind: Kind::Thought }));
        }
        let has = |key: &str| !event[key].is_null();
        if has("stopReason") || has("usage") || has("metrics") {
            reading.ends.extend(self.numbers.end(|_| true));
        }
        reading.over = event["usage"].is_object() || event["metrics"].is_object();
        reading
    }

    fn text(&self, text: u32) -> StreamText {
        self.numbers.text(text)
    }

    fn clean(&mut self, event: &mut Value, reading: &Reading, change: &dyn Fn(u32) -> Change) -> bool {
        let mut of_event = reading.pieces.iter().map(|piece| piece.text).chain(reading.ends.iter().copied());
        let changed = reading.pieces.iter().any(|piece| change(piece.text) != Change::Same);
        self.edited |= of_event.any(|text| change(text) == Change::Edited);
        if let Some(fields) = event.as_object_mut().filter(|_| changed) {
            fields.retain(|key, field| !is_padding(key, field));
        }
        if self.edited {
            forget_trace(event);
        }
        let signed = self.forget_signature(event, change);
        let said = signed || reading.pieces.iter().any(|piece| !piece.content.is_empty());
        let silent = |piece: &Piece| event.pointer(&piece.pointer).is_none_or(|left| left == "");
        let fell_silent = said && reading.pieces.iter().all(silent) && says_nothing("", event);
        !(event["delta"].is_object() && fell_silent)
    }

    fn carrier(&mut self, text: u32, content: &str) -> Event {
        let unknown = Key { block: 0, kind: Kind::Text };
        let Key { block, kind } = *self.keys.get(&text).unwrap_or(&unknown);
        let delta = match kind {
            Kind::Thought => json!({"reasoningContent": {"text": content}}),
            Kind::Call => json!({"toolUse": {"input": content}}),
            Kind::Result => json!({"toolResult": [{"text": content}]}),
            Kind::Text | Kind::Image => json!({ "text": content }),
        };
        named("contentBlockDelta", &json!({"delta": delta, "contentBlockIndex": block}))
    }

    /// A stream of this API that is not whole ends with an exception.
    fn blocked(&mut self, reason: &str) -> Vec<Event> {
        vec![named("validationException", &json!({ "message": reason }))]
    }
}

impl ConverseStream {
    /// Ends what a block does not go on with, and says which text of the event is a part of a longer one.
    fn of_block(&mut self, block: u64, event: &Value, reading: &mut Reading) -> Option<(String, Key)> {
        let (start, delta) = (&event["start"], &event["delta"]);
        if let Some(format) = start["image"]["format"].as_str() {
            self.formats.insert(block, format.to_owned());
        }
        if delta.is_null() || !start.is_null() {
            // A block under an index that was used before is another one.
            reading.ends.extend(self.numbers.end(|key| key.block == block));
        }
        let kind = Kind::of(delta)?;
        let goes_on = |key: &Key| key.kind == kind && (kind != Kind::Result || only_text(delta).is_some());
        reading.ends.extend(self.numbers.end(|key| key.block == block && !goes_on(key)));
        let key = Key { block, kind };
        let pointer = match kind {
            Kind::Text => "/delta/text",
            Kind::Thought => "/delta/reasoningContent/text",
            Kind::Call => "/delta/toolUse/input",
            Kind::Result => "/delta/toolResult/0/text",
            Kind::Image => return None,
        };
        goes_on(&key).then(|| (pointer.to_owned(), key))
    }

    fn part(&mut self, event: &Value, found: FoundText, key: Key, reading: &mut Reading) {
        let FoundText { pointer, role, kind, .. } = found;
        let Some(content) = event.pointer(&pointer).and_then(Value::as_str).map(str::to_owned) else {
            return;
        };
        let text = self.numbers.part(key, StreamText { role, kind });
        self.keys.insert(text, key);
        reading.pieces.push(Piece { text, pointer, content, extent: Extent::Part });
    }

    /// A text or media of this event and no other.
    fn found(&mut self, event: &Value, found: FoundText, reading: &mut Reading) {
        let FoundText { pointer, role, kind, shown, .. } = found;
        match shown {
            // Its beginning brings nothing to be seen.
            Some(_) if pointer == "/start/image" => {}
            Some(shown) if shown == "image" => {
                let format = self.formats.get(&index_of(event)).map(String::as_str).unwrap_or_default();
                self.numbers.media(pointer, told("image", format), reading);
            }
            Some(shown) => self.numbers.media(pointer, shown, reading),
            None => self.numbers.alone(event, pointer, (role, kind), reading),
        }
    }

    /// Takes the signature of an edited thought away; whether there was one.
    fn forget_signature(&self, event: &mut Value, change: &dyn Fn(u32) -> Change) -> bool {
        let thought = Key { block: index_of(event), kind: Kind::Thought };
        let edited = self.numbers.known(&thought).is_some_and(|text| change(text) == Change::Edited);
        let told = event.pointer_mut("/delta/reasoningContent").and_then(Value::as_object_mut);
        told.filter(|_| edited).and_then(|told| told.shift_remove("signature")).is_some()
    }
}

/// Whether nothing is left of a delta.
fn says_nothing(key: &str, value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(_) => false,
        Value::Number(_) => key == "contentBlockIndex",
        Value::String(text) => text.is_empty() || is_padding(key, value),
        Value::Array(items) => items.iter().all(|item| says_nothing("", item)),
        Value::Object(fields) => fields.iter().all(|(key, field)| says_nothing(key, field)),
    }
}

#[cfg(test)]
#[path = "stream/stream_tests.rs"]
pub(crate) mod tests;
