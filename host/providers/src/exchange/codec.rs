//! What every API must know how to do: N readers and M writers of one exchange, in place of N times M translators.

use bytes::Bytes;
use tidegate_contract::Dialect;

use super::answer::{Answer, Event, Failure};
use super::json::{Json, Object, Text};
use super::refused::{Refused, Unreadable};
use super::request::Request;
use crate::dialect::{self, ErrorBody};
use crate::sse::{Decoder, Frame, SseEvent};

/// How one API writes conversations.
pub(crate) trait Codec: Send + Sync {
    /// Whom an error names, such as `Anthropic`.
    fn name(&self) -> &'static str;

    /// What this API calls a field of the canonical request, where not as that does.
    fn own_name(&self, _field: &str) -> Option<&'static str> {
        None
    }

    /// What of a client's request its answer repeats; `None` in APIs that repeat nothing.
    fn repeated(&self, _body: &Json<'_>) -> Option<Json<'static>> {
        None
    }

    /// Reads what a client asks. Fields that the API does not have go to [`Request::unknown`].
    ///
    /// # Errors
    /// Where a field is not as the API has it.
    fn decode_request<'a>(&self, body: Json<'a>, head: &Head<'a>) -> Result<Request<'a>, Refused>;

    /// Writes a request as a client of this API would.
    ///
    /// # Errors
    /// Where it says something that the API has no words for.
    fn encode_request<'a>(&self, request: Request<'a>) -> Result<Object<'a>, Refused>;

    /// Reads a whole answer of a provider.
    ///
    /// # Errors
    /// Where it is none of this API.
    fn decode_answer<'a>(&self, body: Json<'a>) -> Result<Answer<'a>, Unreadable>;

    /// Writes a whole answer for a client of this API.
    fn encode_answer<'a>(&self, answer: Answer<'a>, asked: &'a Asked) -> Object<'a>;

    /// What the body of an error says; `None` where it is not as this API writes errors.
    fn decode_failure(&self, status: u16, body: &Json<'_>) -> Option<Failure>;

    /// Reads a stream of a provider.
    fn decode_events(&self) -> Box<dyn DecodeEvents>;

    /// Writes a stream for a client of this API.
    fn encode_events(&self, asked: &Asked) -> Box<dyn EncodeEvents>;
}

/// The name beside a field in a list of pairs.
pub(crate) fn listed(names: &[(&str, &'static str)], field: &str) -> Option<&'static str> {
    names.iter().find(|(canonical, _)| *canonical == field).map(|(_, own)| *own)
}

/// What the head of a request says of a conversation.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Head<'a> {
    /// The model, in APIs that have it in the path.
    pub(crate) model: Option<&'a str>,
    /// Whether a stream is asked for, in APIs that say so in the path.
    pub(crate) stream: bool,
}

/// What must be known of a request to write its answer.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Asked {
    /// The id of an answer whose provider gives none; letters, digits, `-` and `_`.
    pub(crate) id: String,
    /// Seconds since the beginning of 1970.
    pub(crate) now: u64,
    /// As the client calls it.
    pub(crate) model: String,
    /// Whether a stream is to say what was used.
    pub(crate) stream_usage: bool,
    /// The request, where the API repeats it in the answer.
    pub(crate) request: Option<Json<'static>>,
}

/// Reads the events of one stream.
pub(crate) trait DecodeEvents: Send + Sync {
    /// What the next event says. After [`Event::End`] nothing more comes.
    ///
    /// # Errors
    /// Where it is no event of this API.
    fn decode(&mut self, event: &SseEvent, out: &mut Vec<Event>) -> Result<(), Unreadable>;

    /// The provider has closed the stream. Adds what is still to be said; [`Event::End`] only where the answer is whole.
    fn close(&mut self, out: &mut Vec<Event>);
}

/// Writes the events of one stream.
pub(crate) trait EncodeEvents: Send + Sync {
    fn encode(&mut self, event: Event, out: &mut Vec<SseEvent>);
}

/// The media type and the data of a `data:` URL in base64 (RFC 2397); `None` where it is none.
pub(crate) fn data_url(url: &str) -> Option<(&str, &str)> {
    let (head, data) = url.strip_prefix("data:")?.split_once(',')?;
    let media_type = head.strip_suffix(";base64")?;
    let media_type = media_type.split_once(';').map_or(media_type, |(essence, _)| essence);
    Some((media_type, data))
}

/// Splits a borrowed string without a copy.
pub(crate) fn split_data_url<'a>(url: &Text<'a>) -> Option<(Text<'a>, Text<'a>)> {
    match url {
        Text::Borrowed(url) => data_url(url).map(|(media_type, data)| (media_type.into(), data.into())),
        Text::Owned(url) => {
            data_url(url).map(|(media_type, data)| (media_type.to_owned().into(), data.to_owned().into()))
        }
    }
}

fn error_of(dialect: Dialect, failure: &Failure) -> ErrorBody<'_> {
    ErrorBody {
        status: failure.status,
        kind: dialect::error_kind(dialect, failure.status),
        code: failure.code.as_deref(),
        param: failure.param.as_deref(),
        message: &failure.message,
    }
}

/// The body of an answer that is an error.
pub(crate) fn failure_body(dialect: Dialect, failure: &Failure) -> Bytes {
    dialect::error_body(dialect, &error_of(dialect, failure))
}

/// The event by which a stream of a dialect breaks off.
pub(crate) fn error_event(dialect: Dialect, failure: &Failure) -> SseEvent {
    let written = dialect::error_event(dialect, &error_of(dialect, failure));
    let (mut decoder, mut frames) = (Decoder::default(), Vec::new());
    let read = decoder.feed(&written, &mut frames);
    match (read, frames.pop()) {
        (Ok(()), Some(Frame::Event(event))) => event,
        _ => SseEvent::default(),
    }
}
