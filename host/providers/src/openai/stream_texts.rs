//! What the events of a chat or completion stream add up to.

mod frame;
pub(crate) mod pieces;
pub(crate) mod repeats;

use std::collections::BTreeMap;

use serde_json::Value;

use frame::Frame;
use pieces::{Place, Reader, Reading};

#[cfg(test)]
use repeats::forget_repeats;

/// The answer that events add up to, in the shape of one that is not streamed.
///
/// `events` are the data of each event. What is no JSON object is left out. An error event becomes the answer's `error`.
pub(crate) fn assemble(events: &[&str]) -> Value {
    let (mut reader, mut frame) = (Reader::default(), Frame::default());
    let mut texts: BTreeMap<Place, String> = BTreeMap::new();
    for data in events {
        let Ok(event @ Value::Object(_)) = serde_json::from_str(data) else { continue };
        let Reading { pieces, calls } = reader.read(&event);
        frame.note(&event, calls.into_iter());
        for piece in pieces {
            texts.entry(piece.place).or_default().push_str(&piece.text);
        }
    }
    let mut answer = frame.answer(&reader);
    for (place, text) in texts {
        *frame::reach(&mut answer, &reader.pointer(&place)) = Value::String(text);
    }
    answer
}

#[cfg(test)]
#[path = "stream_texts/stream_texts_tests.rs"]
pub(crate) mod tests;
