//! The events of streamGenerateContent, each of which is an answer with what is new.

mod end;

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use tidegate_contract::Event;

use super::edited::{Touched, forget_in_candidate};
use super::gather::{index_of, is_finished, is_named};
use super::scatter::event as unnamed;
use super::texts::{self, Said, listed};
use crate::stream::numbers::Numbers;
use crate::stream::places::Way;
use crate::stream::{Change, EditStream, Extent, Piece, Reading, StreamText};
use crate::texts::FoundText;

/// For a new stream.
pub(crate) fn editor() -> Box<dyn EditStream> {
    Box::new(ContentStream::default())
}

/// A text that goes on from event to event: its candidate, and what of it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    candidate: u64,
    of: Of,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Of {
    Words(Said),
    /// A string of a call's arguments, by its path in them.
    Argument(String),
}

impl Of {
    fn kind(&self) -> &'static str {
        match self {
            Self::Words(said) => said.kind(),
            Self::Argument(_) => "tool-arguments",
        }
    }
}

/// What every event says of its answer.
const HEAD: [&str; 3] = ["responseId", "modelVersion", "createTime"];

#[derive(Default)]
struct ContentStream {
    numbers: Numbers<Key>,
    /// How each text that goes on from event to event is brought, and by which candidate.
    ways: BTreeMap<u32, (Key, Way)>,
    head: Map<String, Value>,
    touched: BTreeMap<u64, Touched>,
    written: end::Written,
}

/// The texts of an event that go on, by their places in it.
type Going = BTreeMap<String, Key>;

impl EditStream for ContentStream {
    fn read(&mut self, event: &Value) -> Reading {
        for key in HEAD.iter().filter(|key| event[**key].is_string()) {
            self.head.insert((*key).to_owned(), event[*key].clone());
        }
        let mut reading = Reading::default();
        let mut inside: BTreeMap<String, Vec<FoundText>> = BTreeMap::new();
        for text in texts::answer(event) {
            inside.entry(place_of_part(&text.pointer).unwrap_or_default()).or_default().push(text);
        }
        for (position, candidate) in event["candidates"].as_array().into_iter().flatten().enumerate() {
            let index = index_of(candidate, position);
            for (place, part) in listed(&candidate["content"]) {
                let place = format!("/candidates/{position}/content{place}");
                let mut going = self.begin(index, part, &place, &mut reading);
                for text in inside.remove(&place).into_iter().flatten() {
                    match going.remove(&text.pointer) {
                        Some(key) => self.part(event, text.pointer, key, &mut reading),
                        None => self.found(event, text, &mut reading),
                    }
                }
                self.end_arguments(index, part, &mut reading);
            }
            if is_finished(candidate) {
                reading.ends.extend(self.numbers.end(|key| key.candidate == index));
            }
        }
        for text in inside.into_values().flatten() {
            self.found(event, text, &mut reading);
        }
        reading
    }

    fn text(&self, text: u32) -> StreamText {
        self.numbers.text(text)
    }

    fn clean(&mut self, event: &mut Value, reading: &Reading, change: &dyn Fn(u32) -> Change) -> bool {
        self.note_changes(event, reading, change);
        let was_empty = end::is_empty(event);
        let edited: Vec<&str> = reading
            .pieces
            .iter()
            .filter(|piece| change(piece.text) == Change::Edited)
            .map(|piece| piece.pointer.as_str())
            .collect();
        let candidates = event.get_mut("candidates").and_then(Value::as_array_mut);
        for (position, candidate) in candidates.into_iter().flatten().enumerate() {
            let touched = self.touched.get(&index_of(candidate, position)).copied().unwrap_or_default();
            let at = format!("/candidates/{position}/content");
            let is_edited = |part: &str| edited.iter().any(|text| is_below(text, &format!("{at}{part}")));
            forget_in_candidate(candidate, touched, &is_edited);
        }
        let lost_all = !was_empty && end::is_empty(event);
        let stays = !lost_all && !end::fell_silent(event, reading);
        if stays {
            self.written.note(event);
        }
        stays
    }

    fn carrier(&mut self, text: u32, content: &str) -> Event {
        let mut event = Value::Object(self.head.clone());
        let (index, way) = match self.ways.get(&text) {
            Some((key, way)) => (key.candidate, way.filled(content.into())),
            None => {
                let said = json!({"parts": [{"text": content}], "role": "model"});
                (0, json!({"candidates": [{"content": said}]}))
            }
        };
        event["candidates"] = way["candidates"].clone();
        if let Some(candidate) = event.pointer_mut("/candidates/0") {
            candidate["index"] = index.into();
        }
        unnamed(&event)
    }

    fn blocked(&mut self, reason: &str) -> Vec<Event> {
        self.written.blocked(&self.head, reason)
    }
}

impl ContentStream {
    /// Ends what a part does not go on with, and says which of its texts are parts of longer ones.
    fn begin(&mut self, candidate: u64, part: &Value, at: &str, reading: &mut Reading) -> Going {
        let said = Said::of(part);
        let is_other = |key: &Key| matches!(key.of, Of::Words(other) if Some(other) != said);
        let is_over = |key: &Key| key.candidate == candidate && is_other(key);
        reading.ends.extend(self.numbers.end(is_over));
        let of_said = said.map(|said| (format!("{at}/text"), Key { candidate, of: Of::Words(said) }));
        let call = &part["functionCall"];
        if is_named(call) {
            reading.ends.extend(self.end_all_arguments(candidate));
        }
        let arguments = call["partialArgs"].as_array().into_iter().flatten().enumerate();
        let of_arguments = arguments.filter_map(|(position, argument)| {
            let of = Of::Argument(argument["jsonPath"].as_str()?.to_owned());
            let place = format!("{at}/functionCall/partialArgs/{position}/stringValue");
            Some((place, Key { candidate, of }))
        });
        of_arguments.chain(of_said).collect()
    }

    /// Ends the strings of a call that are whole with this part of it.
    fn end_arguments(&mut self, candidate: u64, part: &Value, reading: &mut Reading) {
        let call = &part["functionCall"];
        if call.is_object() && call["willContinue"] != true {
            reading.ends.extend(self.end_all_arguments(candidate));
        }
        for argument in call["partialArgs"].as_array().into_iter().flatten() {
            let Some(path) = argument["jsonPath"].as_str().filter(|_| argument["willContinue"] != true)
            else {
                continue;
            };
            let of = Of::Argument(path.to_owned());
            reading.ends.extend(self.numbers.end(|key| key.candidate == candidate && key.of == of));
        }
    }

    fn end_all_arguments(&mut self, candidate: u64) -> Vec<u32> {
        self.numbers.end(|key| key.candidate == candidate && matches!(key.of, Of::Argument(_)))
    }

    fn part(&mut self, event: &Value, pointer: String, key: Key, reading: &mut Reading) {
        let Some(content) = event.pointer(&pointer).and_then(Value::as_str).map(str::to_owned) else {
            return;
        };
        let text = self.numbers.part(key.clone(), StreamText::of_model(key.of.kind()));
        self.ways.entry(text).or_insert_with(|| (key, Way::to(event, &pointer, &stays)));
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

    /// Remembers whose words are not as they came: what repeats them may come much later.
    fn note_changes(&mut self, event: &Value, reading: &Reading, change: &dyn Fn(u32) -> Change) {
        let in_event = reading.pieces.iter().filter_map(|piece| {
            let mut tokens = piece.pointer.strip_prefix("/candidates/")?.split('/');
            let position: usize = tokens.next()?.parse().ok()?;
            let candidate = event["candidates"].get(position)?;
            (tokens.next() == Some("content")).then_some((piece.text, index_of(candidate, position)))
        });
        let ended = reading.ends.iter().filter_map(|text| Some((*text, self.ways.get(text)?.0.candidate)));
        for (text, candidate) in in_event.chain(ended) {
            let change = change(text);
            if change == Change::Same {
                continue;
            }
            let kind = self.numbers.text(text).kind;
            let touched = self.touched.entry(candidate).or_default();
            touched.moved = true;
            touched.text |= change == Change::Edited && kind == Said::Text.kind();
            touched.thought |= change == Change::Edited && kind == Said::Thought.kind();
        }
    }
}

/// The part of a candidate in which a text stands.
fn place_of_part(pointer: &str) -> Option<String> {
    let mut tokens = pointer.strip_prefix("/candidates/")?.split('/');
    let (position, content, parts) = (tokens.next()?, tokens.next()?, tokens.next()?);
    if (content, parts) != ("content", "parts") {
        return None;
    }
    let index = tokens.next().filter(|token| token.parse::<usize>().is_ok());
    let index = index.map(|index| format!("/{index}")).unwrap_or_default();
    Some(format!("/candidates/{position}/content/parts{index}"))
}

/// Whether a place is that one, or within it.
fn is_below(pointer: &str, place: &str) -> bool {
    pointer.strip_prefix(place).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// What a carrier repeats beside its text. A call's name and a signature are said once.
fn stays(path: &[&str], key: &str) -> bool {
    match path {
        [.., "content"] => key == "role",
        [.., "parts", _] | [.., "parts"] => key == "thought",
        [.., "functionCall"] => key == "willContinue",
        [.., "partialArgs", _] => matches!(key, "jsonPath" | "willContinue"),
        _ => false,
    }
}

#[cfg(test)]
#[path = "stream/stream_tests.rs"]
pub(crate) mod tests;
