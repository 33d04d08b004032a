//! Puts two APIs together: what a client asks in one is asked of a provider in another, and its answer comes back.

use bytes::Bytes;

use super::answer::{Event, Failure};
use super::api::Api;
use super::codec::{Asked, DecodeEvents, EncodeEvents, Head, failure_body};
use super::json::{Json, Object, Text};
use super::refused::{Refused, Unreadable};
use super::request::Request;
use crate::sse::SseEvent;

/// A conversation between a client and a provider of another API.
#[derive(Debug, Clone)]
pub struct Translation {
    client: Api,
    provider: Api,
    asked: Asked,
    streams: bool,
}

/// A client's request, as it came.
#[derive(Debug, Clone, Copy)]
pub struct Ask<'a> {
    /// The API that it is written in.
    pub client: Api,
    /// The whole body.
    pub body: &'a [u8],
    /// The model, in APIs that have it in the path.
    pub model: Option<&'a str>,
    /// Whether a stream is asked for, in APIs that say so in the path.
    pub stream: bool,
    /// What the provider calls the model, where that is another name.
    pub rename: Option<&'a str>,
    /// The flags of Anthropic's, from the head.
    pub betas: &'a [&'a str],
    /// What the answer is called where the provider gives it no id; letters, digits, `-` and `_`.
    pub id: &'a str,
    /// Seconds since the beginning of 1970.
    pub now: u64,
    /// Whether fields that cannot be translated are left out instead of refused.
    pub drops_unknown: bool,
}

impl Ask<'_> {
    /// Writes the request in the words of a provider.
    ///
    /// # Errors
    /// Where the body is none of the client's API, or says what the provider cannot be told.
    pub fn translate(&self, provider: Api) -> Result<(Bytes, Translation), Refused> {
        let (body, translation) = self.encode(provider)?;
        // As large as the request, and a little: what is written anew is seldom more.
        let mut bytes = Vec::with_capacity(self.body.len() + self.body.len() / 8 + 256);
        crate::text::push(&mut bytes, &body);
        Ok((bytes.into(), translation))
    }

    fn encode(&self, provider: Api) -> Result<(Object<'_>, Translation), Refused> {
        let body = Json::read(self.body).map_err(not_json)?;
        let head = Head { model: self.model, stream: self.stream };
        let mut request = self.client.codec().decode_request(body, &head)?;
        self.check_unknown(&mut request, provider)?;
        request.betas.extend(self.betas.iter().map(|beta| Text::Borrowed(*beta)));
        let asked = Asked {
            id: self.id.to_owned(),
            now: self.now,
            model: request.model.clone().into_owned(),
            stream_usage: request.stream_usage.unwrap_or(true),
            request: None,
        };
        // What its clients are always told, or the gateway counts by.
        request.stream_usage = Some(true);
        if let Some(name) = self.rename {
            request.model = name.into();
        }
        let streams = request.stream;
        let body = provider.codec().encode_request(request)?;
        Ok((body, Translation { client: self.client, provider, asked, streams }))
    }

    fn check_unknown(&self, request: &mut Request<'_>, provider: Api) -> Result<(), Refused> {
        let unknown = std::mem::take(&mut request.unknown);
        match unknown.into_iter().next().filter(|_| !self.drops_unknown) {
            Some(field) => Err(Refused::unsupported(field, provider.codec().name())),
            None => Ok(()),
        }
    }
}

fn not_json(error: serde_json::Error) -> Refused {
    Refused { param: None, unsupported: false, message: format!("the body is no JSON: {error}") }
}

impl Translation {
    /// Whether a stream was asked for.
    pub fn streams(&self) -> bool {
        self.streams
    }

    /// Writes a whole answer in the client's words.
    ///
    /// # Errors
    /// Where it is none of the provider's API.
    pub fn answer(&self, body: &[u8]) -> Result<Bytes, Unreadable> {
        let answer = self.provider.codec().decode_answer(Json::read(body)?)?;
        let body = self.client.codec().encode_answer(answer, &self.asked);
        Ok(crate::text::bytes(&body))
    }

    /// Writes the body of an error in the client's words. What is no JSON is said as it is, up to a bound.
    pub fn failure(&self, status: u16, body: &[u8]) -> Bytes {
        let read = Json::read(body).ok();
        let failure = read.and_then(|body| self.provider.codec().decode_failure(status, &body));
        let failure = failure.unwrap_or_else(|| Failure::new(status, plain(status, body)));
        failure_body(self.client.dialect(), &failure)
    }

    /// Reads a stream of the provider's, and writes it in the client's words.
    pub fn stream(&self) -> StreamTranslation {
        StreamTranslation {
            decoder: self.provider.codec().decode_events(),
            encoder: self.client.codec().encode_events(&self.asked),
            events: Vec::new(),
            ended: false,
        }
    }
}

/// Characters of a text that is no JSON which a client is told.
const SHOWN: usize = 512;

/// What a body says that is none of the API, such as the page of a proxy in between: only plain text is for clients.
fn plain(status: u16, body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    let text = text.trim();
    if text.is_empty() || text.starts_with(['<', '{', '[']) {
        return format!("the provider answered with status {status} and no message");
    }
    text.chars().take(SHOWN).collect()
}

/// A stream on its way from one API to another.
pub struct StreamTranslation {
    decoder: Box<dyn DecodeEvents>,
    encoder: Box<dyn EncodeEvents>,
    events: Vec<Event>,
    ended: bool,
}

impl StreamTranslation {
    /// Takes the next event of the provider's, and adds what it means for the client.
    ///
    /// # Errors
    /// Where it is none of the provider's API.
    pub fn event(&mut self, event: &SseEvent, out: &mut Vec<SseEvent>) -> Result<(), Unreadable> {
        if self.ended {
            return Ok(());
        }
        let mut events = std::mem::take(&mut self.events);
        let read = self.decoder.decode(event, &mut events);
        self.write(&mut events, out);
        self.events = events;
        read
    }

    /// The provider has closed the stream. `false` where the answer is not whole.
    pub fn close(&mut self, out: &mut Vec<SseEvent>) -> bool {
        if !self.ended {
            let mut events = std::mem::take(&mut self.events);
            self.decoder.close(&mut events);
            self.write(&mut events, out);
        }
        self.ended
    }

    fn write(&mut self, events: &mut Vec<Event>, out: &mut Vec<SseEvent>) {
        for event in events.drain(..) {
            if self.ended {
                return;
            }
            self.ended = matches!(event, Event::End | Event::Error(_));
            self.encoder.encode(event, out);
        }
    }
}
