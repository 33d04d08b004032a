//! The events of a stream as values: which texts they bring, and how they say something else.
//!
//! A dialect's [`EditStream`] knows where texts stand in its events. It judges nothing and holds nothing: whoever uses it
//! decides how much of a text may leave, and asks it to write that.

mod covers;
pub(crate) mod numbers;
pub(crate) mod places;
#[cfg(test)]
pub(crate) mod replay;

use serde_json::Value;
use tidegate_contract::{Dialect, Event, Operation};

use crate::{anthropic, bedrock, gemini, openai};
pub use covers::covers;

/// What a text of a streamed answer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StreamText {
    /// One of the contract's roles.
    pub role: &'static str,
    /// One of the contract's kinds.
    pub kind: &'static str,
}

impl StreamText {
    /// Words of the model, of no special kind.
    pub(crate) const SAID: Self = Self::of_model("text");

    /// Words of the model.
    pub(crate) const fn of_model(kind: &'static str) -> Self {
        Self { role: "assistant", kind }
    }

    /// Whether it is no text: then only what is told of it is known, which stands nowhere.
    pub(crate) fn is_media(self) -> bool {
        self.kind == "media"
    }
}

/// How a place in an event belongs to its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// It goes on where the last part ended.
    Part,
    /// It says all of the text once more, from its beginning.
    Whole,
}

/// A place in an event where a text stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// Which text: its number in order of appearance.
    pub text: u32,
    /// RFC 6901, in the event.
    pub pointer: String,
    /// What stands there; of a value that is no string, its JSON. Of media only what may be told of them.
    pub content: String,
    /// A part, or the whole again.
    pub extent: Extent,
}

/// What an event says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reading {
    /// The places of texts in it, in order.
    pub pieces: Vec<Piece>,
    /// Texts of which nothing more comes after this event. What is held of them must leave before it, or in its pieces.
    pub ends: Vec<u32>,
    /// Whether it is the answer's own end.
    pub over: bool,
}

/// What became of a text so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Change {
    /// Each part left as it came.
    Same,
    /// Parts of it left later than they came.
    Held,
    /// It says something else.
    Edited,
}

/// Reads and writes the events of one stream, in their order. Several events may be read before the first is written.
pub trait EditStream: Send + Sync {
    /// What the next event says. Every string that a client may take for words of the model is in the reading.
    fn read(&mut self, event: &Value) -> Reading;

    /// What a text is that [`EditStream::read`] has named.
    fn text(&self, text: u32) -> StreamText;

    /// Whether events say texts again that they brought in parts ([`Extent::Whole`]), so that these must be remembered.
    fn repeats(&self) -> bool {
        false
    }

    /// Writes what is left of a piece of an event; of media nothing.
    fn put(&self, event: &mut Value, piece: &Piece, content: &str) {
        if self.text(piece.text).is_media() {
            return;
        }
        places::write(event, &piece.pointer, content);
    }

    /// Takes out of an event what would tell, or vouch for, texts as they were; `false` where the event says nothing more
    /// and is to be dropped. Called once for each event that was read, in their order, after its pieces were put.
    fn clean(&mut self, event: &mut Value, reading: &Reading, change: &dyn Fn(u32) -> Change) -> bool;

    /// An event that brings more of a text and nothing else; it stands before the event that is written next.
    fn carrier(&mut self, text: u32, content: &str) -> Event;

    /// The events that end the answer as one that was blocked, in the way the dialect's clients know.
    fn blocked(&mut self, reason: &str) -> Vec<Event>;
}

/// The editor of a new stream; `None` where nobody knows its events.
pub fn edit_stream(dialect: Dialect, operation: Operation) -> Option<Box<dyn EditStream>> {
    match (dialect, operation) {
        (Dialect::OpenAi, Operation::Chat | Operation::Completion) => {
            Some(openai::chat_stream::editor(operation))
        }
        (Dialect::OpenAi, Operation::Responses) => Some(openai::responses::stream::editor()),
        (Dialect::Anthropic, Operation::Messages) => Some(anthropic::stream::editor()),
        (Dialect::Gemini, Operation::GenerateContent) => Some(gemini::stream::editor()),
        (Dialect::Bedrock, Operation::Converse) => Some(bedrock::stream::editor()),
        _ => None,
    }
}

/// The whole answer that the events of a stream add up to, by the data of each; `None` where nobody knows the events.
pub fn gather(dialect: Dialect, operation: Operation, events: &[&str]) -> Option<Value> {
    match (dialect, operation) {
        (Dialect::OpenAi, Operation::Chat | Operation::Completion) => {
            Some(openai::stream_texts::assemble(events))
        }
        (Dialect::OpenAi, Operation::Responses) => Some(openai::responses::gather::gather(events)),
        (Dialect::Anthropic, Operation::Messages) => Some(anthropic::gather::gather(events)),
        (Dialect::Gemini, Operation::GenerateContent) => Some(gemini::gather::gather(events)),
        (Dialect::Bedrock, Operation::Converse) => Some(bedrock::gather::gather(events)),
        _ => None,
    }
}

/// The events of a stream that says a whole answer; `None` where nobody knows how.
pub fn scatter(dialect: Dialect, operation: Operation, answer: &Value) -> Option<Vec<Event>> {
    match (dialect, operation) {
        (Dialect::OpenAi, Operation::Chat | Operation::Completion) => {
            Some(openai::chat_events::events(operation, answer))
        }
        (Dialect::OpenAi, Operation::Responses) => Some(openai::responses::scatter::scatter(answer)),
        (Dialect::Anthropic, Operation::Messages) => Some(anthropic::scatter::scatter(answer)),
        (Dialect::Gemini, Operation::GenerateContent) => Some(gemini::scatter::scatter(answer)),
        (Dialect::Bedrock, Operation::Converse) => Some(bedrock::scatter::scatter(answer)),
        _ => None,
    }
}

/// An event under the name that its data has as type.
pub(crate) fn named(data: &Value) -> Event {
    Event { name: data["type"].as_str().map(str::to_owned), data: data.to_string() }
}

#[cfg(test)]
#[path = "stream_tests.rs"]
pub(crate) mod tests;
