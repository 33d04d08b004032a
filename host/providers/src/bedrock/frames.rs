//! The frames in which AWS streams (`application/vnd.amazon.eventstream`), read in pieces of any size and written.
//!
//! Each has a length, header fields that say what it is, a payload, and checksums over all of it.

use aws_smithy_eventstream::error::Error;
use aws_smithy_eventstream::frame::{read_message_from, write_message_to};
use aws_smithy_types::event_stream::{Header, HeaderValue, Message};
use aws_smithy_types::str_bytes::StrBytes;
use bytes::{Bytes, BytesMut};

use crate::bedrock::codec::failure::is_error;
use crate::exchange::json::{Json, object};
use crate::sse::SseEvent;

pub(crate) mod chunks;

/// The media type of such a stream.
pub(crate) const MEDIA_TYPE: &str = "application/vnd.amazon.eventstream";

/// Largest frame: there may be an image in it.
const MAX_FRAME: usize = 16 << 20;

/// Smallest frame: two lengths and two checksums.
const MIN_FRAME: usize = 16;

/// A stream that cannot be read on, or an event that cannot be written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the stream is no AWS event stream: {0}")]
pub(crate) struct BadFrame(String);

impl From<Error> for BadFrame {
    fn from(error: Error) -> Self {
        Self(error.to_string())
    }
}

/// Reads a stream of frames. After an error nothing more comes.
#[derive(Debug, Default)]
pub(crate) struct Decoder {
    buffer: BytesMut,
    failed: bool,
}

impl Decoder {
    /// Takes the next piece, and adds the events that are whole by now.
    ///
    /// # Errors
    /// Where a frame is too large or damaged.
    pub(crate) fn feed(&mut self, piece: &[u8], events: &mut Vec<SseEvent>) -> Result<(), BadFrame> {
        if self.failed {
            return Ok(());
        }
        self.buffer.extend_from_slice(piece);
        let read = self.read(events);
        self.failed = read.is_err();
        read
    }

    /// Whether the stream breaks off within a frame.
    pub(crate) fn is_cut(&self) -> bool {
        !self.buffer.is_empty()
    }

    fn read(&mut self, events: &mut Vec<SseEvent>) -> Result<(), BadFrame> {
        while let Some(frame) = self.frame()? {
            events.push(event(&read_message_from(frame)?)?);
        }
        Ok(())
    }

    /// The next frame as it is; the first four bytes are its length, themselves included.
    fn frame(&mut self) -> Result<Option<Bytes>, BadFrame> {
        let Some(length) = self.buffer.first_chunk() else { return Ok(None) };
        let length = u32::from_be_bytes(*length) as usize;
        if !(MIN_FRAME..=MAX_FRAME).contains(&length) {
            return Err(BadFrame(format!("no frame has {length} bytes")));
        }
        if self.buffer.len() < length {
            return Ok(None);
        }
        Ok(Some(self.buffer.split_to(length).freeze()))
    }
}

/// The kind of an event is its name. Of an error that is in no model of the service only a code and a message are told.
fn event(message: &Message) -> Result<SseEvent, BadFrame> {
    let field = |name: &str| {
        let header = message.headers().iter().find(|header| header.name().as_str() == name)?;
        header.value().as_string().ok().map(StrBytes::as_str)
    };
    let need = |name: &str| field(name).ok_or_else(|| BadFrame(format!("a frame without \"{name}\"")));
    if field(":message-type") == Some("error") {
        let code = field(":error-code").filter(|code| is_error(code)).unwrap_or("internalServerException");
        let message = field(":error-message").unwrap_or(code);
        let data = Json::from(object! { "message": message.to_owned() }).to_text();
        return Ok(named(code, data));
    }
    let kind = if field(":message-type") == Some("exception") { ":exception-type" } else { ":event-type" };
    let data = std::str::from_utf8(message.payload());
    let data = data.map_err(|_| BadFrame("a payload that is no text".to_owned()))?;
    Ok(named(need(kind)?, data.to_owned()))
}

fn named(name: &str, data: String) -> SseEvent {
    SseEvent { name: Some(name.to_owned()), data, ..SseEvent::default() }
}

/// Appends an event as a frame.
///
/// # Errors
/// Where its name is longer than any field may be.
pub(crate) fn write(event: &SseEvent, out: &mut Vec<u8>) -> Result<(), BadFrame> {
    let name = event.name.as_deref().unwrap_or("message");
    let (of_message, of_kind) =
        if is_error(name) { ("exception", ":exception-type") } else { ("event", ":event-type") };
    let text = |text: &str| HeaderValue::String(StrBytes::copy_from_str(text));
    let message = Message::new(Bytes::copy_from_slice(event.data.as_bytes()))
        .add_header(Header::new(of_kind, text(name)))
        .add_header(Header::new(":content-type", text("application/json")))
        .add_header(Header::new(":message-type", text(of_message)));
    write_message_to(&message, out)?;
    Ok(())
}

#[cfg(test)]
#[path = "frames_tests.rs"]
mod tests;
