//! Reads model and usage out of an answer while its bytes pass by unchanged.

use tidegate_contract::Usage;

use super::events::EventScan;
use super::json::JsonFields;
use crate::openai::answer;
use crate::text::json_text;

/// A `usage` or `model` larger than this is nobody's.
const MAX_FIELD: usize = 16 * 1024;

/// Of the model and of the usage, as OpenAI and as Gemini call them.
const KEYS: [&str; 4] = ["model", "modelVersion", "usage", "usageMetadata"];
const MODELS: [usize; 2] = [0, 1];
const USAGES: [usize; 2] = [2, 3];

/// Looks at the bytes of one answer in order, in pieces of any size.
#[derive(Debug)]
pub struct AnswerScan(Kind);

#[derive(Debug)]
enum Kind {
    Plain(Plain),
    Events(EventScan),
}

#[derive(Debug)]
struct Plain {
    fields: JsonFields<4>,
    model: Option<String>,
    usage: Option<Usage>,
}

/// What one piece brought.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Seen {
    /// The first part of the answer itself was in this piece: content, reasoning, a tool call, text. Only in streams.
    pub first_token: bool,
}

impl AnswerScan {
    /// For a JSON body.
    pub fn plain() -> Self {
        Self(Kind::Plain(Plain { fields: JsonFields::new(KEYS, MAX_FIELD), model: None, usage: None }))
    }

    /// For a body of type `text/event-stream`.
    pub fn events() -> Self {
        Self(Kind::Events(EventScan::default()))
    }

    /// For such a body where it matters how much of an answer came that never says what it used.
    pub fn counted_events() -> Self {
        Self(Kind::Events(EventScan::counting()))
    }

    /// Looks at the next piece.
    pub fn feed(&mut self, piece: &[u8]) -> Seen {
        match &mut self.0 {
            Kind::Plain(plain) => {
                plain.feed(piece);
                Seen::default()
            }
            Kind::Events(events) => {
                let before = events.known().token;
                events.feed(piece);
                Seen { first_token: events.known().token && !before }
            }
        }
    }

    /// What the answer says it used; of several reports the last.
    pub fn usage(&self) -> Option<Usage> {
        match &self.0 {
            Kind::Plain(plain) => plain.usage,
            Kind::Events(events) => events.known().usage(),
        }
    }

    /// Bytes of the text that came, where they are counted and the answer does not say what all of it used.
    pub fn unreported_text(&self) -> Option<u64> {
        let Kind::Events(events) = &self.0 else { return None };
        let is_told = self.finished() && self.usage().is_some();
        events.known().text_bytes.filter(|bytes| *bytes > 0 && !is_told)
    }

    /// The model that answered, as the provider names it.
    pub fn model(&self) -> Option<&str> {
        match &self.0 {
            Kind::Plain(plain) => plain.model.as_deref(),
            Kind::Events(events) => events.known().model.as_deref(),
        }
    }

    /// Whether the answer was whole: the closing brace of a JSON body, a finish or `[DONE]` in a stream.
    ///
    /// Where the upstream's connection ends before that, it was cut in the middle.
    pub fn finished(&self) -> bool {
        match &self.0 {
            Kind::Plain(plain) => plain.fields.is_complete(),
            Kind::Events(events) => events.known().done || events.known().finish,
        }
    }

    /// Whether an event of the stream was an error.
    pub fn error_in_stream(&self) -> bool {
        matches!(&self.0, Kind::Events(events) if events.known().error)
    }

    /// Whether a line or an event of the stream was too long to be looked at (1 MiB), so that facts may be missing.
    pub fn overlong(&self) -> bool {
        matches!(&self.0, Kind::Events(events) if events.overlong())
    }
}

impl Plain {
    fn feed(&mut self, piece: &[u8]) {
        self.fields.feed(piece);
        for raw in MODELS.into_iter().filter_map(|key| self.fields.take(key)) {
            self.model = json_text(&raw);
        }
        for raw in USAGES.into_iter().filter_map(|key| self.fields.take(key)) {
            self.usage = answer::usage(&raw);
        }
    }
}
