//! The events of chat and completion streams.

mod end;
mod silence;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};
use tidegate_contract::{Event, Operation};

use super::stream_texts::pieces::{Place, Reader, index_of};
use super::stream_texts::repeats::{Touched, forget_in_choice};
use super::texts::media;
use crate::stream::numbers::Numbers;
use crate::stream::places::{self, Way};
use crate::stream::{Change, EditStream, Extent, Piece, Reading, StreamText};

/// For a new stream of this operation.
pub(crate) fn editor(operation: Operation) -> Box<dyn EditStream> {
    Box::new(ChatStream {
        completion: operation == Operation::Completion,
        reader: Reader::default(),
        numbers: Numbers::default(),
        ways: BTreeMap::new(),
        head: Map::new(),
        opened: BTreeSet::new(),
        finished: BTreeSet::new(),
    })
}

struct ChatStream {
    completion: bool,
    reader: Reader,
    numbers: Numbers<Place>,
    /// How each text that goes on from event to event is brought.
    ways: BTreeMap<u32, Way>,
    /// What every event begins with.
    head: Map<String, Value>,
    /// Choices whose role was written.
    opened: BTreeSet<u64>,
    /// Choices whose end was written.
    finished: BTreeSet<u64>,
}

/// What every event of a stream says of its answer.
const HEAD: [&str; 6] = ["id", "object", "created", "model", "system_fingerprint", "service_tier"];

/// Keys whose strings are no words: names, ids, reasons, what is encoded or encrypted.
const STRUCTURAL: [&str; 24] = [
    "id",
    "object",
    "created",
    "model",
    "system_fingerprint",
    "service_tier",
    "role",
    "type",
    "name",
    "index",
    "format",
    "signature",
    "data",
    "encrypted_content",
    "finish_reason",
    "native_finish_reason",
    "stop_reason",
    "provider",
    "code",
    "param",
    "status",
    "severity",
    "obfuscation",
    "tool_call_id",
];

/// Those of them that stand in a delta by themselves.
const STRUCTURAL_IN_DELTA: [&str; 8] =
    ["id", "object", "model", "role", "type", "name", "signature", "tool_call_id"];

/// Lists that an event says whole, so that nothing of them goes on in the next.
const WHOLE: [&str; 4] = ["annotations", "citations", "search_results", "sources"];

impl EditStream for ChatStream {
    fn read(&mut self, event: &Value) -> Reading {
        self.note_head(event);
        let mut reading = Reading::default();
        for piece in self.reader.read(event).pieces {
            let what = StreamText::of_model(kind(&piece.place));
            let place = piece.place.choice.is_some().then_some(piece.place);
            self.add(event, (piece.pointer, piece.text), (place, what), &mut reading);
        }
        let media = media_of(event);
        self.read_others(event, &media, &mut reading);
        for (pointer, shown) in media {
            self.add(event, (pointer, shown), (None, StreamText::of_model("media")), &mut reading);
        }
        for (position, choice) in event["choices"].as_array().into_iter().flatten().enumerate() {
            if is_finished(choice) {
                let index = Some(index_of(choice, position));
                reading.ends.extend(self.numbers.end(|place| place.choice == index));
            }
        }
        reading
    }

    fn text(&self, text: u32) -> StreamText {
        self.numbers.text(text)
    }

    fn clean(&mut self, event: &mut Value, reading: &Reading, change: &dyn Fn(u32) -> Change) -> bool {
        let choices = event.get_mut("choices").and_then(Value::as_array_mut);
        for (position, choice) in choices.into_iter().flatten().enumerate() {
            let index = index_of(choice, position);
            if let Some(touched) = self.touched(index, position, reading, change) {
                forget_in_choice(choice, touched);
            }
            if choice["delta"]["role"].is_string() {
                self.opened.insert(index);
            }
            if is_finished(choice) {
                self.finished.insert(index);
            }
        }
        let changed = reading.pieces.iter().any(|piece| change(piece.text) != Change::Same);
        if let Some(fields) = event.as_object_mut().filter(|_| changed) {
            fields.shift_remove("obfuscation");
        }
        !silence::fell(event, reading)
    }

    fn carrier(&mut self, text: u32, content: &str) -> Event {
        let mut event = Value::Object(self.head.clone());
        if let Some(Value::Object(fields)) = self.ways.get(&text).map(|way| way.filled(content.into())) {
            fields.into_iter().for_each(|(key, value)| event[key] = value);
        }
        if let Some(choice) = event.pointer_mut("/choices/0") {
            choice["finish_reason"] = Value::Null;
        }
        Event { name: None, data: event.to_string() }
    }

    fn blocked(&mut self, reason: &str) -> Vec<Event> {
        end::blocked(self, reason)
    }
}

impl ChatStream {
    /// Some servers leave the fields of the first event empty.
    fn note_head(&mut self, event: &Value) {
        for key in HEAD {
            let value = &event[key];
            let says_something = !(value.is_null() || value == "" || value == 0);
            if says_something && self.head.get(key) != Some(value) {
                self.head.insert(key.to_owned(), value.clone());
            }
        }
    }

    /// Adds a piece; a text without a place is one of this event alone.
    fn add(
        &mut self,
        event: &Value,
        (pointer, content): (String, String),
        (place, what): (Option<Place>, StreamText),
        reading: &mut Reading,
    ) {
        let text = match place {
            Some(place) => {
                let text = self.numbers.part(place, what);
                self.ways.entry(text).or_insert_with(|| Way::to(event, &pointer, &stays));
                text
            }
            None => {
                let text = self.numbers.once(what);
                reading.ends.push(text);
                text
            }
        };
        reading.pieces.push(Piece { text, pointer, content, extent: Extent::Part });
    }

    /// Whatever else is said: vendors have many fields of their own.
    fn read_others(&mut self, event: &Value, media: &[(String, String)], reading: &mut Reading) {
        let taken: BTreeSet<String> = reading.pieces.iter().map(|piece| piece.pointer.clone()).collect();
        let others = places::strings(event, &|at, key, value| {
            let is_word = || !value.as_str().is_some_and(|text| is_encoded(media, (at, key), text));
            taken.contains(at) || (value.is_string() && is_structural(at, key)) || is_count(at) || !is_word()
        });
        for (pointer, text) in others {
            let place = place_of(event, &pointer);
            self.add(event, (pointer, text.to_owned()), (place, StreamText::SAID), reading);
        }
    }

    /// What of a choice is no longer as it came.
    fn touched(
        &self,
        index: u64,
        position: usize,
        reading: &Reading,
        change: &dyn Fn(u32) -> Change,
    ) -> Option<Touched> {
        let here = format!("/choices/{position}/");
        let in_event = reading.pieces.iter().filter(|piece| piece.pointer.starts_with(&here));
        let texts = self.numbers.all(|place| place.choice == Some(index));
        let changed = texts.chain(in_event.map(|piece| piece.text)).filter_map(|text| {
            let change = change(text);
            (change != Change::Same).then(|| (self.text(text).kind, change))
        });
        changed.fold(None, |touched: Option<Touched>, (kind, change)| {
            let so_far = touched.unwrap_or(Touched { thought: false, transcript: false });
            Some(Touched {
                thought: so_far.thought || (kind == "reasoning" && change == Change::Edited),
                transcript: so_far.transcript || kind == "transcript",
            })
        })
    }
}

/// The media in an event: where they stand, and what may be told of them.
fn media_of(event: &Value) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for (position, choice) in event["choices"].as_array().into_iter().flatten().enumerate() {
        for key in ["delta", "message"] {
            let at = format!("/choices/{position}/{key}");
            let message = &choice[key];
            let beside = media::beside_content(message).into_iter();
            found.extend(beside.map(|(place, shown)| (format!("{at}{place}"), shown)));
            let among = media::among_parts(&message["content"]).into_iter();
            found.extend(among.map(|(place, shown)| (format!("{at}/content{place}"), shown)));
        }
    }
    found
}

/// Whether a string is the bytes of media, so that it is no words.
fn is_encoded(media: &[(String, String)], (at, key): (&str, &str), text: &str) -> bool {
    let below =
        |place: &str| at.strip_prefix(place).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    let is_bare = |place: &str| at == place && !text.contains("://") && place.contains("/images/");
    media.iter().any(|(place, _)| below(place) && (media::is_bytes(key, text) || is_bare(place)))
}

fn is_finished(choice: &Value) -> bool {
    !choice["finish_reason"].is_null() && choice["finish_reason"] != ""
}

fn kind(place: &Place) -> &'static str {
    match place.path.as_str() {
        _ if place.call.is_some() => "tool-arguments",
        "message/function_call/arguments" => "tool-arguments",
        "message/refusal" => "refusal",
        "message/audio/transcript" => "transcript",
        path if path.contains("reasoning") || path.contains("thinking") => "reasoning",
        _ => "text",
    }
}

/// Whether a string is no words by its key. What stands in a delta by itself may be a vendor's own.
pub(super) fn is_structural(pointer: &str, key: &str) -> bool {
    let mut above = pointer.rsplit('/').skip(1);
    let is_direct = matches!(above.next(), Some("delta" | "message"));
    STRUCTURAL.contains(&key) && (!is_direct || STRUCTURAL_IN_DELTA.contains(&key))
}

/// What a carrier repeats beside its text. A call's name and id are said once.
fn stays(path: &[&str], key: &str) -> bool {
    match path {
        ["choices", _] | [.., "tool_calls", _] => key == "index",
        [.., list, _]
            if matches!(*list, "content" | "thinking" | "reasoning_details" | "thinking_blocks") =>
        {
            matches!(key, "type" | "index" | "format")
        }
        _ => false,
    }
}

/// Usage and log probabilities have no words of their own.
pub(super) fn is_count(pointer: &str) -> bool {
    let mut tokens = pointer.split('/').skip(1);
    match (tokens.next(), tokens.next(), tokens.next(), tokens.next()) {
        (Some("usage"), None, None, None) => true,
        (Some("choices"), Some(_), Some(key), None) => matches!(key, "usage" | "logprobs"),
        _ => false,
    }
}

/// Under what a string goes on in later events that nobody knows; `None` where it does not.
fn place_of(event: &Value, pointer: &str) -> Option<Place> {
    let mut tokens = pointer.split('/').skip(1);
    let ("choices", position) = (tokens.next()?, tokens.next()?.parse::<usize>().ok()?) else { return None };
    let choice = event["choices"].get(position)?;
    let mut path: Vec<String> = tokens.map(str::to_owned).collect();
    let repeated = choice["delta"].is_object() && path.first().is_some_and(|key| key == "message");
    if repeated || path.iter().any(|key| WHOLE.contains(&key.as_str())) {
        return None;
    }
    if let [_, calls, position, ..] = path.as_mut_slice()
        && calls == "tool_calls"
    {
        let at: usize = position.parse().ok()?;
        let call = event.pointer(&format!("/choices/{}", pointer.split('/').nth(2)?))?;
        let calls = call.get("delta").or_else(|| call.get("message"))?;
        *position = index_of(&calls["tool_calls"][at], at).to_string();
    }
    let path = format!("/{}", path.join("/"));
    Some(Place { choice: Some(index_of(choice, position)), call: None, path })
}

#[cfg(test)]
#[path = "chat_stream/chat_stream_tests.rs"]
mod tests;
