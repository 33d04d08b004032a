//! Server-sent events as values (WHATWG HTML, section 9.2): read in pieces of any size, written as they are meant.

use bytes::BufMut;

use crate::scan::lines::{Lines, MAX_LINE};

/// An event.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SseEvent {
    /// The field `event`.
    pub name: Option<String>,
    /// The field `id`, where this event has one.
    pub id: Option<String>,
    /// The field `retry`, in milliseconds.
    pub retry: Option<u64>,
    /// The lines of `data`, joined by line feeds.
    pub data: String,
}

/// What stands in a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Frame {
    /// An event with data.
    Event(SseEvent),
    /// A comment, without its colon; servers send them to keep a connection open.
    Comment(String),
    /// A block without data: an id or a retry for the client alone.
    Fields(SseEvent),
}

/// A line or an event is larger than anybody's should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an event of the stream is larger than {} KiB", MAX_LINE / 1024)]
pub struct TooLong;

/// Reads a stream. Bytes that are no UTF-8 are replaced, as every client does.
#[derive(Debug, Default)]
pub struct Decoder {
    lines: Lines,
    block: Block,
}

/// The event that is arriving.
#[derive(Debug, Default)]
struct Block {
    event: SseEvent,
    has_data: bool,
    begun: bool,
    overlong: bool,
}

impl Decoder {
    /// Takes the next piece, and adds what is whole by now to `frames`.
    ///
    /// # Errors
    /// Where an event is too long to be held; the stream cannot be read on.
    pub fn feed(&mut self, piece: &[u8], frames: &mut Vec<Frame>) -> Result<(), TooLong> {
        let Self { lines, block } = self;
        lines.feed(piece, |line| block.line(line, frames));
        if self.lines.overlong() || self.block.overlong { Err(TooLong) } else { Ok(()) }
    }

    /// The stream is over. Not every server sends the empty line after its last event, so what has come of it counts.
    ///
    /// # Errors
    /// As for [`Decoder::feed`].
    pub fn finish(&mut self, frames: &mut Vec<Frame>) -> Result<(), TooLong> {
        self.feed(b"\n\n", frames)
    }
}

impl Block {
    fn line(&mut self, line: &[u8], frames: &mut Vec<Frame>) {
        if line.is_empty() {
            self.dispatch(frames);
            return;
        }
        let text = String::from_utf8_lossy(line);
        let (field, value) = text.split_once(':').unwrap_or((&text, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "" => frames.push(Frame::Comment(value.to_owned())),
            "data" => self.data(value),
            "event" => self.event.name = Some(value.to_owned()),
            "id" if !value.contains('\0') => self.event.id = Some(value.to_owned()),
            "retry" => self.event.retry = value.parse().ok().or(self.event.retry),
            _ => return,
        }
        self.begun |= !field.is_empty();
    }

    fn data(&mut self, value: &str) {
        if self.event.data.len() + value.len() >= MAX_LINE {
            self.overlong = true;
            return;
        }
        if self.has_data {
            self.event.data.push('\n');
        }
        self.has_data = true;
        self.event.data.push_str(value);
    }

    fn dispatch(&mut self, frames: &mut Vec<Frame>) {
        if !std::mem::take(&mut self.begun) {
            return;
        }
        let event = std::mem::take(&mut self.event);
        let has_data = std::mem::take(&mut self.has_data);
        frames.push(if has_data { Frame::Event(event) } else { Frame::Fields(event) });
    }
}

impl SseEvent {
    /// Appends the event, ready to be sent.
    pub fn write(&self, out: &mut Vec<u8>) {
        let mut field = |name: &str, value: &str| {
            out.put_slice(name.as_bytes());
            out.put_slice(b": ");
            out.put_slice(value.as_bytes());
            out.put_u8(b'\n');
        };
        if let Some(name) = &self.name {
            field("event", name);
        }
        if let Some(id) = &self.id {
            field("id", id);
        }
        if let Some(retry) = self.retry {
            field("retry", &retry.to_string());
        }
        if !self.data.is_empty() || (self.name.is_none() && self.id.is_none() && self.retry.is_none()) {
            self.data.split('\n').for_each(|line| field("data", line));
        }
        out.put_u8(b'\n');
    }
}

impl Frame {
    /// Appends what it stands for, ready to be sent.
    pub fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Event(event) | Self::Fields(event) => event.write(out),
            Self::Comment(text) => {
                out.put_u8(b':');
                if !text.is_empty() {
                    out.put_u8(b' ');
                    out.put_slice(text.as_bytes());
                }
                out.put_slice(b"\n\n");
            }
        }
    }
}

#[cfg(test)]
#[path = "sse_tests.rs"]
mod tests;
