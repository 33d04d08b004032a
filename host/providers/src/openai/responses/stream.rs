//! The events of streamed responses.

mod end;
pub(super) mod known;
mod repeats;

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tidegate_contract::Event;

use super::items;
use crate::openai::texts::finder::{Finder, Voice};
use crate::stream::numbers::Numbers;
use crate::stream::places::{self, Way};
use crate::stream::{Change, EditStream, Extent, Piece, Reading, StreamText};
use crate::texts::FoundText;
use known::{Delta, is_media};

/// For a new stream.
pub(crate) fn editor() -> Box<dyn EditStream> {
    Box::new(ResponseStream::default())
}

/// Where in the whole answer a text stands.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    /// Below an item.
    Item { output: u64, path: String },
    /// In deltas of a type that nobody knows: the type, the places that its events name, the pointer.
    Stray { name: String, place: String, pointer: String },
}

#[derive(Default)]
struct ResponseStream {
    numbers: Numbers<Key>,
    /// The place of each item in the output.
    outputs: BTreeMap<String, u64>,
    /// How each text that goes on from event to event is brought.
    carriers: BTreeMap<u32, Way>,
    written: end::Written,
}

/// What the event of a place says of its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Its beginning: more may come.
    Begins,
    /// All of it.
    Repeats,
}

const ASSISTANT: Voice = Voice { role: "assistant", new_turn: true };

impl EditStream for ResponseStream {
    fn read(&mut self, event: &Value) -> Reading {
        let mut reading = Reading::default();
        let name = event["type"].as_str().unwrap_or_default();
        match name.rsplit_once('.') {
            Some(("response.output_item", stage)) => self.item(event, stage_of(stage), &mut reading),
            Some(("response.content_part" | "response.reasoning_summary_part", stage)) => {
                self.part(event, stage_of(stage), &mut reading);
            }
            Some(("response.output_text.annotation", _)) => self.annotation(event, &mut reading),
            Some(("response", "created" | "queued" | "in_progress")) if event["response"].is_object() => {
                self.response(event, Stage::Begins, &mut reading);
            }
            Some(("response", _)) if event["response"].is_object() => {
                self.response(event, Stage::Repeats, &mut reading);
            }
            Some((prefix, "delta")) => self.delta(event, prefix, &mut reading),
            Some((prefix, "done")) => self.done(event, prefix, &mut reading),
            Some((prefix, "added")) => self.begin(event, prefix, &mut reading),
            _ => {}
        }
        if let Some((pointer, shown)) = known::media(event) {
            self.numbers.media(pointer.to_owned(), shown.to_owned(), &mut reading);
        }
        self.others(event, name, &mut reading);
        if is_final(name) {
            reading.ends.extend(self.numbers.end(|_| true));
            reading.over = true;
        }
        reading
    }

    fn text(&self, text: u32) -> StreamText {
        self.numbers.text(text)
    }

    fn repeats(&self) -> bool {
        true
    }

    fn clean(&mut self, event: &mut Value, reading: &Reading, change: &dyn Fn(u32) -> Change) -> bool {
        repeats::forget_beside(event, reading, change);
        let stays = self.clean_item(event, change) && !fell_silent(event, reading);
        if stays {
            self.written.note(event);
        } else {
            self.written.dropped();
        }
        stays
    }

    fn carrier(&mut self, text: u32, content: &str) -> Event {
        let mut event = self.carriers.get(&text).map_or_else(|| json!({}), |way| way.filled(content.into()));
        if event["type"] == "response.output_text.delta" {
            event["logprobs"] = json!([]);
        }
        self.written.inserted(event)
    }

    fn blocked(&mut self, reason: &str) -> Vec<Event> {
        self.written.blocked(reason)
    }
}

impl ResponseStream {
    fn delta(&mut self, event: &Value, prefix: &str, reading: &mut Reading) {
        let key = match Delta::of(prefix) {
            Some(delta) => Key::Item { output: self.output_of(event), path: delta.path(event) },
            None if is_media(event) => return,
            None => return self.stray(event, prefix, reading),
        };
        let kind = Delta::of(prefix).map_or("text", |delta| delta.kind);
        let content = match &event["delta"] {
            Value::String(text) => text.clone(),
            tree @ (Value::Object(_) | Value::Array(_)) => tree.to_string(),
            _ => return,
        };
        let text = self.numbers.part(key, StreamText::of_model(kind));
        self.carriers.entry(text).or_insert_with(|| known::bare(event, "/delta"));
        reading.pieces.push(Piece { text, pointer: "/delta".to_owned(), content, extent: Extent::Part });
    }

    /// The beginning of a text that has a kind of delta but no part of its own.
    fn begin(&mut self, event: &Value, prefix: &str, reading: &mut Reading) {
        let Some(delta) = Delta::of(prefix) else { return };
        let Some(content) = event[delta.done].as_str().filter(|content| !content.is_empty()) else { return };
        let key = Key::Item { output: self.output_of(event), path: delta.path(event) };
        let found = (format!("/{}", delta.done), content.to_owned());
        self.say(key, (found, StreamText::of_model(delta.kind)), (Stage::Begins, Some(event)), reading);
    }

    fn done(&mut self, event: &Value, prefix: &str, reading: &mut Reading) {
        let Some(delta) = Delta::of(prefix) else {
            let place = known::place(event);
            let is_it = |key: &Key| matches!(key, Key::Stray { name, place: at, .. } if name == prefix && *at == place);
            return reading.ends.extend(self.numbers.end(is_it));
        };
        let key = Key::Item { output: self.output_of(event), path: delta.path(event) };
        if let Some(content) = event[delta.done].as_str() {
            let found = (format!("/{}", delta.done), content.to_owned());
            let what = StreamText::of_model(delta.kind);
            self.say(key.clone(), (found, what), (Stage::Repeats, None), reading);
        }
        reading.ends.extend(self.numbers.end(|open| *open == key));
    }

    /// Deltas of a type that nobody knows.
    fn stray(&mut self, event: &Value, prefix: &str, reading: &mut Reading) {
        let strings = places::strings(&event["delta"], &|_, key, _| items::is_structural(key));
        for (below, content) in strings {
            let (name, place) = (prefix.to_owned(), known::place(event));
            let pointer = format!("/delta{below}");
            let key = Key::Stray { name, place, pointer: pointer.clone() };
            let text = self.numbers.part(key, StreamText::SAID);
            self.carriers.entry(text).or_insert_with(|| known::bare(event, &pointer));
            reading.pieces.push(Piece { text, pointer, content: content.to_owned(), extent: Extent::Part });
        }
    }

    fn item(&mut self, event: &Value, stage: Stage, reading: &mut Reading) {
        let output = self.output_of(event);
        if let Some(id) = event["item"]["id"].as_str() {
            self.outputs.insert(id.to_owned(), output);
        }
        let mut finder = Finder::default();
        items::item(&mut finder, &"/item", &event["item"], ASSISTANT);
        for found in finder.found {
            let path = found.pointer.strip_prefix("/item").unwrap_or_default().to_owned();
            self.found(event, found, (Key::Item { output, path }, stage), reading);
        }
        if stage == Stage::Repeats {
            let is_it = |key: &Key| matches!(key, Key::Item { output: at, .. } if *at == output);
            reading.ends.extend(self.numbers.end(is_it));
        }
    }

    fn part(&mut self, event: &Value, stage: Stage, reading: &mut Reading) {
        let output = self.output_of(event);
        let (list, kind) = match event["summary_index"].as_u64() {
            Some(index) => (format!("/summary/{index}"), "reasoning"),
            None => (format!("/content/{}", event["content_index"].as_u64().unwrap_or(0)), "text"),
        };
        let mut finder = Finder::default();
        items::part(&mut finder, &"/part", &event["part"], (kind, ASSISTANT));
        for found in finder.found {
            let below = found.pointer.strip_prefix("/part").unwrap_or_default();
            let path = format!("{list}{below}");
            self.found(event, found, (Key::Item { output, path }, stage), reading);
        }
        if stage == Stage::Repeats {
            let list = format!("{list}/");
            let is_it = |key: &Key| matches!(key, Key::Item { output: at, path } if *at == output && path.starts_with(&list));
            reading.ends.extend(self.numbers.end(is_it));
        }
    }

    fn annotation(&mut self, event: &Value, reading: &mut Reading) {
        let output = self.output_of(event);
        let index = |key: &str| event[key].as_u64().unwrap_or(0);
        let list = format!("/content/{}/annotations/{}", index("content_index"), index("annotation_index"));
        let strings = places::strings(&event["annotation"], &|_, key, _| items::is_structural(key));
        for (below, content) in strings {
            let key = Key::Item { output, path: format!("{list}{below}") };
            let found = (format!("/annotation{below}"), content.to_owned());
            self.say(key, (found, StreamText::SAID), (Stage::Repeats, None), reading);
        }
    }

    /// The whole answer, so far or at its end.
    fn response(&mut self, event: &Value, stage: Stage, reading: &mut Reading) {
        let response = &event["response"];
        for mut found in items::response(response) {
            let below = found.pointer.strip_prefix("/output/").and_then(|below| below.split_once('/'));
            let key = below.and_then(|(position, path)| {
                let position: u64 = position.parse().ok()?;
                let id = response["output"][usize::try_from(position).ok()?]["id"].as_str();
                let output = id.and_then(|id| self.outputs.get(id)).copied().unwrap_or(position);
                Some(Key::Item { output, path: format!("/{path}") })
            });
            found.pointer.insert_str(0, "/response");
            match key {
                Some(key) => self.found(event, found, (key, stage), reading),
                None => match found.shown {
                    Some(shown) => self.numbers.media(found.pointer, shown, reading),
                    None => self.numbers.alone(event, found.pointer, (found.role, found.kind), reading),
                },
            }
        }
    }

    /// Strings at places that nobody knows: each is a text of its own.
    fn others(&mut self, event: &Value, name: &str, reading: &mut Reading) {
        let taken = match name.rsplit_once('.').map(|(prefix, _)| prefix) {
            _ if is_media(event) => "/delta",
            Some("response") => "/response",
            Some("response.output_item") => "/item",
            Some("response.content_part" | "response.reasoning_summary_part") => "/part",
            Some("response.output_text.annotation") => "/annotation",
            _ => "/logprobs",
        };
        let pieces: Vec<String> = reading.pieces.iter().map(|piece| piece.pointer.clone()).collect();
        let strings = places::strings(event, &|at, key, value| {
            let is_known = at == taken && (value.is_object() || is_media(event));
            let is_code = value.is_string()
                && matches!(key, "code" | "param")
                && pieces.iter().all(|known| known != at);
            let is_named = value.is_string() && at != "/detail" && (items::is_structural(key) || is_code);
            is_known || is_named || at == "/logprobs" || pieces.iter().any(|known| known == at)
        });
        for (pointer, _) in strings {
            self.numbers.alone(event, pointer, ("assistant", "text"), reading);
        }
    }

    fn found(&mut self, event: &Value, found: FoundText, (key, stage): (Key, Stage), reading: &mut Reading) {
        let FoundText { pointer, role, kind, shown, .. } = found;
        let Some(value) = event.pointer(&pointer) else { return };
        match (value, shown) {
            (Value::String(content), None) => {
                let found = (pointer, content.to_owned());
                self.say(key, (found, StreamText { role, kind }), (stage, Some(event)), reading);
            }
            (value, Some(shown)) => {
                if value.is_object() {
                    self.of_media(event, &pointer, reading);
                }
                self.numbers.media(pointer, shown, reading);
            }
            _ => {}
        }
    }

    /// The addresses and names of media are words.
    fn of_media(&mut self, event: &Value, at: &str, reading: &mut Reading) {
        let part = event.pointer(at).unwrap_or(&Value::Null);
        let known: Vec<String> = reading.pieces.iter().map(|piece| piece.pointer.clone()).collect();
        let strings = places::strings(part, &|below, key, value| {
            let is_word = value.as_str().is_some_and(|text| !text.starts_with("data:")) || !value.is_string();
            !is_word
                || (value.is_string() && items::is_structural(key))
                || known.contains(&format!("{at}{below}"))
        });
        for (below, _) in strings {
            self.numbers.alone(event, format!("{at}{below}"), ("assistant", "text"), reading);
        }
    }

    /// A text that may have been said before: then it is said again, else for the first time. In the event of its
    /// beginning it goes on where deltas can bring more of it.
    fn say(
        &mut self,
        key: Key,
        ((pointer, content), what): ((String, String), StreamText),
        (stage, event): (Stage, Option<&Value>),
        reading: &mut Reading,
    ) {
        if let Some(text) = self.numbers.known(&key) {
            return reading.pieces.push(Piece { text, pointer, content, extent: Extent::Whole });
        }
        let carrier = event.filter(|_| stage == Stage::Begins).and_then(|event| match &key {
            Key::Item { output, path } => known::carrier(event, (*output, path), what.kind),
            Key::Stray { .. } => None,
        });
        let text = self.numbers.part(key.clone(), what);
        match carrier {
            Some(carrier) => drop(self.carriers.insert(text, carrier)),
            None => reading.ends.extend(self.numbers.end(|open| *open == key)),
        }
        reading.pieces.push(Piece { text, pointer, content, extent: Extent::Part });
    }

    /// The item that an event is about.
    fn output_of(&self, event: &Value) -> u64 {
        let by_id = || event["item_id"].as_str().and_then(|id| self.outputs.get(id)).copied();
        event["output_index"].as_u64().or_else(by_id).unwrap_or(0)
    }

    /// The strongest change of the texts of an item that are of this kind.
    fn changed(
        &self,
        output: u64,
        is_it: impl Fn(&str, &str) -> bool,
        change: &dyn Fn(u32) -> Change,
    ) -> Change {
        let texts = self.numbers.all(|key| match key {
            Key::Item { output: at, path } => {
                let kind = self.numbers.known(key).map_or("text", |text| self.text(text).kind);
                *at == output && is_it(path, kind)
            }
            Key::Stray { .. } => false,
        });
        texts.map(change).max().unwrap_or(Change::Same)
    }

    /// Takes out what vouches for an item's texts; `false` where the event is about nothing but them.
    fn clean_item(&self, event: &mut Value, change: &dyn Fn(u32) -> Change) -> bool {
        let output = self.output_of(event);
        let thought = |output| self.changed(output, |_, kind| kind == "reasoning", change) == Change::Edited;
        if event["item"]["type"] == "reasoning" && thought(output) {
            repeats::forget_encrypted(event.get_mut("item"));
        }
        let items = event.pointer_mut("/response/output").and_then(Value::as_array_mut);
        for (position, item) in items.into_iter().flatten().enumerate() {
            let output = item["id"].as_str().and_then(|id| self.outputs.get(id)).copied();
            if item["type"] == "reasoning" && thought(output.unwrap_or(position as u64)) {
                repeats::forget_encrypted(Some(item));
            }
        }
        if event["type"] == "response.output_text.annotation.added" {
            let path = format!("/content/{}/text", event["content_index"].as_u64().unwrap_or(0));
            return self.changed(output, |at, _| at == path, change) != Change::Edited;
        }
        !is_media(event) || self.changed(output, |_, kind| kind == "transcript", change) == Change::Same
    }
}

fn stage_of(name: &str) -> Stage {
    if name == "added" { Stage::Begins } else { Stage::Repeats }
}

fn is_final(name: &str) -> bool {
    matches!(name, "response.completed" | "response.incomplete" | "response.failed")
}

/// Whether a delta brings nothing any more.
fn fell_silent(event: &Value, reading: &Reading) -> bool {
    let said = reading.pieces.iter().any(|piece| !piece.content.is_empty());
    let is_delta = event["type"].as_str().is_some_and(|name| name.ends_with(".delta"));
    let silent =
        |piece: &Piece| event.pointer(&piece.pointer).is_none_or(|left| left == "" || left.is_null());
    is_delta && said && reading.pieces.iter().all(silent)
}

#[cfg(test)]
#[path = "stream/stream_tests.rs"]
mod tests;
