//! A stream that is held until it is judged: one answer made of its events, and events again of what became of it.

mod frame;
pub(crate) mod pieces;
pub(crate) mod repeats;

use std::collections::BTreeMap;

use serde_json::Value;

use frame::Frame;
use pieces::{Piece, Place, Reader, Reading, Slot};
use repeats::Touched;

#[cfg(test)]
use repeats::forget_repeats;

/// The answer that the events of a chat or completion stream add up to, in the shape of one that is not streamed.
///
/// `events` are the data of each event. What is no JSON object is left out. An error event becomes the answer's `error`.
pub fn assemble(events: &[&str]) -> Value {
    let stream = Stream::read(events);
    let mut answer = stream.frame.answer(&stream.reader);
    for (place, text) in &stream.texts {
        *frame::reach(&mut answer, &stream.reader.pointer(place)) = Value::String(text.clone());
    }
    answer
}

/// The events again, after the texts of what [`assemble`] made of them were edited.
///
/// Events of choices whose texts are the same stay as they were, byte for byte. A text that changed stands whole where
/// its first part stood and the later parts are empty; whatever repeats it is gone: log probabilities, the audio of a
/// transcript, signatures of thoughts, whole messages beside their parts. A text that is no string in `edited` any
/// more is empty. Events that are no JSON objects are dropped, since no judge has seen them.
pub fn disassemble(original: &[&str], edited: &Value) -> Vec<String> {
    let Stream { reader, texts, events, .. } = Stream::read(original);
    let is_new = |place: &Place, text: &String| -> Option<String> {
        let new = edited.pointer(&reader.pointer(place)).and_then(Value::as_str).unwrap_or_default();
        (new != text).then(|| new.to_owned())
    };
    let changed = texts.iter().filter_map(|(place, text)| Some((place.clone(), is_new(place, text)?)));
    let mut changes = Changes { texts: changed.collect(), places: first_pieces(&events) };
    let events = events.into_iter().enumerate();
    events.map(|(number, event)| changes.carry_out(number, event)).collect()
}

/// A stream, read.
#[derive(Default)]
struct Stream<'s> {
    reader: Reader,
    frame: Frame,
    texts: BTreeMap<Place, String>,
    events: Vec<Event<'s>>,
}

/// One event and the parts of texts in it.
struct Event<'s> {
    data: &'s str,
    tree: Value,
    pieces: Vec<Piece>,
}

impl<'s> Stream<'s> {
    fn read(events: &[&'s str]) -> Self {
        let mut stream = Self::default();
        for data in events {
            let Ok(tree @ Value::Object(_)) = serde_json::from_str(data) else { continue };
            let Reading { pieces, calls } = stream.reader.read(&tree);
            stream.frame.note(&tree, calls.into_iter());
            for piece in &pieces {
                stream.texts.entry(piece.place.clone()).or_default().push_str(&piece.text);
            }
            stream.events.push(Event { data, tree, pieces });
        }
        stream
    }
}

/// Where each text goes when it changed: to its first part that is not empty, else to its first. Thus it stays behind
/// what came before it, such as reasoning.
fn first_pieces(events: &[Event<'_>]) -> BTreeMap<Place, (usize, usize)> {
    let mut first: BTreeMap<Place, (usize, usize)> = BTreeMap::new();
    let pieces = || {
        let numbered = |(number, event): (usize, &'_ Event<'_>)| -> Vec<(Place, (usize, usize), bool)> {
            let pieces = event.pieces.iter().enumerate();
            pieces.map(|(at, piece)| (piece.place.clone(), (number, at), piece.text.is_empty())).collect()
        };
        events.iter().enumerate().flat_map(numbered)
    };
    for (place, at, _) in pieces().filter(|(_, _, empty)| !empty).chain(pieces()) {
        first.entry(place).or_insert(at);
    }
    first
}

/// What changed, and which part takes it.
struct Changes {
    texts: BTreeMap<Place, String>,
    places: BTreeMap<Place, (usize, usize)>,
}

impl Changes {
    fn carry_out(&mut self, number: usize, event: Event<'_>) -> String {
        let mut tree = event.tree.clone();
        for (at, piece) in event.pieces.iter().enumerate() {
            let Some(text) = self.texts.get(&piece.place) else { continue };
            let takes_it = self.places.get(&piece.place) == Some(&(number, at));
            let text = if takes_it { text.as_str() } else { "" };
            if let Some(slot) = tree.pointer_mut(&piece.pointer) {
                *slot = piece.slot.filled(text);
            }
        }
        let choices = tree.get_mut("choices").and_then(Value::as_array_mut);
        for (position, choice) in choices.into_iter().flatten().enumerate() {
            let index = pieces::index_of(choice, position);
            let paths =
                self.texts.keys().filter(|place| place.choice == Some(index)).map(|place| &*place.path);
            if let Some(touched) = Touched::by(paths) {
                repeats::forget_in_choice(choice, touched);
            }
        }
        if tree == event.tree { event.data.to_owned() } else { tree.to_string() }
    }
}

impl Slot {
    /// The text in the shape in which it stood there.
    fn filled(self, text: &str) -> Value {
        let string = || Value::String(text.to_owned());
        match self {
            Self::Text => string(),
            Self::Tree if text.is_empty() => Value::Null,
            Self::Tree => serde_json::from_str(text).unwrap_or_else(|_| string()),
        }
    }
}

#[cfg(test)]
#[path = "stream_texts/stream_texts_tests.rs"]
pub(crate) mod tests;
