//! How the events of a stream reach a client whose API has no server-sent events.

use tidegate_contract::Dialect;

use crate::bedrock::frames;
use crate::scan::rename_answer;
use crate::sse::{Decoder, Frame, TooLong};

/// What a client's API puts its events into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    /// Server-sent events.
    Sse,
    /// One JSON list, an event an entry: Google's streams without `alt=sse`.
    List,
    /// AWS's frames.
    Aws,
}

/// Writes the server-sent events of a stream as its client wants them.
#[derive(Debug)]
pub struct Framer {
    framing: Framing,
    decoder: Decoder,
    frames: Vec<Frame>,
    begun: bool,
    model: Option<String>,
}

impl Framing {
    /// What a client of a dialect wants that asks with this query.
    pub fn of(dialect: Dialect, query: &str) -> Self {
        match dialect {
            Dialect::Bedrock => Self::Aws,
            Dialect::Gemini if !query.split('&').any(|pair| pair == "alt=sse") => Self::List,
            _ => Self::Sse,
        }
    }

    /// The media type of such a stream.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Sse => "text/event-stream",
            Self::List => "application/json",
            Self::Aws => frames::MEDIA_TYPE,
        }
    }
}

impl Framer {
    /// Of a new stream.
    pub fn new(framing: Framing) -> Self {
        Self { framing, decoder: Decoder::default(), frames: Vec::new(), begun: false, model: None }
    }

    /// Has its events say that they come from this model.
    #[must_use]
    pub fn renamed(self, model: Option<String>) -> Self {
        Self { model, ..self }
    }

    /// Takes more of the stream, and adds what is whole by now to `out`.
    ///
    /// # Errors
    /// Where an event is larger than any may be.
    pub fn feed(&mut self, piece: &[u8], out: &mut Vec<u8>) -> Result<(), TooLong> {
        let read = self.decoder.feed(piece, &mut self.frames);
        self.write(out);
        read
    }

    /// Ends the stream.
    ///
    /// # Errors
    /// As for [`Framer::feed`].
    pub fn close(&mut self, out: &mut Vec<u8>) -> Result<(), TooLong> {
        let read = self.decoder.finish(&mut self.frames);
        self.write(out);
        if self.framing == Framing::List {
            out.extend_from_slice(if self.begun { b"]" } else { b"[]" });
        }
        read
    }

    fn write(&mut self, out: &mut Vec<u8>) {
        for mut frame in self.frames.drain(..) {
            if let (Frame::Event(event), Some(model)) = (&mut frame, &self.model)
                && let Some(renamed) = rename_answer(&event.data, model)
            {
                event.data = renamed;
            }
            match (self.framing, frame) {
                (Framing::Sse, frame) => frame.write(out),
                (Framing::List, Frame::Event(event)) => {
                    out.extend_from_slice(if self.begun { b",\r\n" } else { b"[" });
                    self.begun = true;
                    out.extend_from_slice(event.data.as_bytes());
                }
                // A name that no field can hold is none of this API's events.
                (Framing::Aws, Frame::Event(event)) => drop(frames::write(&event, out)),
                (Framing::List | Framing::Aws, Frame::Comment(_) | Frame::Fields(_)) => {}
            }
        }
    }
}

#[cfg(test)]
#[path = "framing_tests.rs"]
mod tests;
