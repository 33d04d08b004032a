//! The events of streamed messages.

mod end;

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tidegate_contract::Event;

use super::texts;
use crate::openai::texts::finder::{Finder, Voice};
use crate::openai::texts::media;
use crate::stream::numbers::Numbers;
use crate::stream::places;
use crate::stream::{Change, EditStream, Extent, Piece, Reading, StreamText, named};
use crate::texts::FoundText;

/// For a new stream.
pub(crate) fn editor() -> Box<dyn EditStream> {
    Box::new(MessageStream::default())
}

/// A text of a block: the block's index, and the key under which its deltas bring it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    block: u64,
    field: String,
}

#[derive(Default)]
struct MessageStream {
    numbers: Numbers<Key>,
    /// How each text that goes on from event to event is brought: the type of its deltas.
    deltas: BTreeMap<u32, (Key, String)>,
    written: end::Written,
}

const DELTA: &str = "content_block_delta";

const ASSISTANT: Voice = Voice { role: "assistant", new_turn: true };

impl EditStream for MessageStream {
    fn read(&mut self, event: &Value) -> Reading {
        let mut reading = Reading::default();
        let name = event["type"].as_str().unwrap_or_default();
        match name {
            "content_block_start" => self.start(event, &mut reading),
            DELTA => self.delta(event, &mut reading),
            "content_block_stop" => {
                let block = index(event);
                reading.ends.extend(self.numbers.end(|key| key.block == block));
            }
            "message_start" => {
                for found in texts::answer(&event["message"]) {
                    let pointer = format!("/message{}", found.pointer);
                    self.found(event, FoundText { pointer, ..found }, &mut reading);
                }
            }
            "message_delta" | "message_stop" => reading.ends.extend(self.numbers.end(|_| true)),
            _ => {}
        }
        self.others(event, &mut reading);
        reading.over = name == "message_stop";
        reading
    }

    fn text(&self, text: u32) -> StreamText {
        self.numbers.text(text)
    }

    fn clean(&mut self, event: &mut Value, reading: &Reading, change: &dyn Fn(u32) -> Change) -> bool {
        let thought = Key { block: index(event), field: "thinking".to_owned() };
        let edited = self.numbers.known(&thought).is_some_and(|text| change(text) == Change::Edited);
        if edited && event["delta"]["type"] == "signature_delta" {
            return false;
        }
        if let Some(signature) = event.pointer_mut("/content_block/signature").filter(|_| edited) {
            *signature = "".into();
        }
        forget_encrypted(event, reading, change);
        let stays = event["type"] != DELTA || !fell_silent(event, reading);
        if stays {
            self.written.note(event);
        }
        stays
    }

    fn carrier(&mut self, text: u32, content: &str) -> Event {
        let unknown = (Key { block: 0, field: "text".to_owned() }, "text_delta".to_owned());
        let (Key { block, field }, delta) = self.deltas.get(&text).unwrap_or(&unknown);
        let mut event = json!({"type": DELTA, "index": block, "delta": {"type": delta}});
        event["delta"][field] = content.into();
        named(&event)
    }

    fn blocked(&mut self, reason: &str) -> Vec<Event> {
        self.written.blocked(reason)
    }
}

impl MessageStream {
    /// A block begins: text and thoughts go on in deltas, anything else is said whole.
    fn start(&mut self, event: &Value, reading: &mut Reading) {
        let block = index(event);
        // A block under an index that was used before is another one.
        reading.ends.extend(self.numbers.end(|key| key.block == block));
        let mut finder = Finder::default();
        texts::block(&mut finder, &"/content_block", &event["content_block"], ("text", ASSISTANT));
        for found in finder.found {
            let goes_on = match found.pointer.as_str() {
                "/content_block/text" => Some(("text", "text_delta")),
                "/content_block/thinking" => Some(("thinking", "thinking_delta")),
                _ => None,
            };
            match goes_on {
                Some((field, delta)) => {
                    let key = Key { block, field: field.to_owned() };
                    self.part(event, (found.pointer, found.kind), (key, delta.to_owned()), reading);
                }
                None => self.found(event, found, reading),
            }
        }
    }

    fn delta(&mut self, event: &Value, reading: &mut Reading) {
        let delta = event["delta"]["type"].as_str().unwrap_or_default();
        if delta == "signature_delta" {
            let thought = Key { block: index(event), field: "thinking".to_owned() };
            reading.ends.extend(self.numbers.end(|key| *key == thought));
        }
        for (field, value) in event["delta"].as_object().into_iter().flatten() {
            let is_data = texts::is_structural(field) && !is_text_of(delta, field);
            if is_data && field == "data" && media::holds_bytes(value) {
                self.numbers.media("/delta/data".to_owned(), media::encoded(delta), reading);
            }
            if !value.is_string() || is_data || field.contains(['~', '/']) {
                continue;
            }
            let kind = match field.as_str() {
                "thinking" => "reasoning",
                "partial_json" => "tool-arguments",
                _ => "text",
            };
            let key = Key { block: index(event), field: field.clone() };
            self.part(event, (format!("/delta/{field}"), kind), (key, delta.to_owned()), reading);
        }
    }

    /// Strings at places that nobody knows: each is a text of its own.
    fn others(&mut self, event: &Value, reading: &mut Reading) {
        let known: Vec<String> = reading.pieces.iter().map(|piece| piece.pointer.clone()).collect();
        let strings = places::strings(event, &|at, key, value| {
            let is_usage = at == "/usage" || at == "/message/usage";
            is_usage
                || (value.is_string() && texts::is_structural(key))
                || known.iter().any(|known| known == at)
        });
        for (pointer, _) in strings {
            self.numbers.alone(event, pointer, ("assistant", "text"), reading);
        }
    }

    fn part(
        &mut self,
        event: &Value,
        (pointer, kind): (String, &'static str),
        (key, delta): (Key, String),
        reading: &mut Reading,
    ) {
        let Some(content) = event.pointer(&pointer).and_then(Value::as_str).map(str::to_owned) else {
            return;
        };
        let text = self.numbers.part(key.clone(), StreamText::of_model(kind));
        self.deltas.entry(text).or_insert((key, delta));
        reading.pieces.push(Piece { text, pointer, content, extent: Extent::Part });
    }

    /// A text or media of this event and no other.
    fn found(&mut self, event: &Value, found: FoundText, reading: &mut Reading) {
        let FoundText { pointer, role, kind, shown, .. } = found;
        match shown {
            Some(shown) => self.numbers.media(pointer, shown, reading),
            None => self.numbers.alone(event, pointer, (role, kind), reading),
        }
    }
}

fn index(event: &Value) -> u64 {
    event["index"].as_u64().unwrap_or(0)
}

/// The field that a type of delta is named after holds its text.
fn is_text_of(delta: &str, field: &str) -> bool {
    delta.strip_suffix("_delta") == Some(field) && field != "signature"
}

/// What only the provider can read beside a text says what the text said before.
fn forget_encrypted(event: &mut Value, reading: &Reading, change: &dyn Fn(u32) -> Change) {
    for piece in reading.pieces.iter().filter(|piece| change(piece.text) == Change::Edited) {
        let beside = piece.pointer.rsplit_once('/').map_or("", |(beside, _)| beside);
        if let Some(encrypted) = event.pointer_mut(&format!("{beside}/encrypted_content")) {
            *encrypted = Value::Null;
        }
    }
}

/// Whether a delta brings nothing any more.
fn fell_silent(event: &Value, reading: &Reading) -> bool {
    let said = reading.pieces.iter().any(|piece| !piece.content.is_empty());
    let silent = |piece: &Piece| event.pointer(&piece.pointer).is_none_or(|left| left == "");
    let fields = event["delta"].as_object().into_iter().flatten();
    let is_bare = fields.into_iter().all(|(key, field)| key == "type" || field.is_null() || field == "");
    said && is_bare && reading.pieces.iter().all(silent)
}

#[cfg(test)]
#[path = "stream/stream_tests.rs"]
mod tests;
