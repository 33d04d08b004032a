//! Puts two APIs together: what a client asks in one is asked of a provider in another, and its answer comes back.

use bytes::Bytes;

use super::answer::Failure;
use super::api::{Api, Speech};
use super::codec::{Asked, Head, failure_body};
use super::envelope;
use super::json::{Json, Object, Text};
use super::refused::{Refused, Unreadable};
use super::request::Request;
use super::streamed::StreamTranslation;

/// A conversation between a client and a provider that has words of its own.
#[derive(Debug, Clone)]
pub struct Translation {
    pub(super) client: Api,
    pub(super) provider: Speech,
    pub(super) asked: Asked,
    streams: bool,
    /// Whether both sides speak the same API, so that whole answers pass as they are.
    pub(super) keeps: bool,
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
    /// Whether fields of the body that the provider cannot be told are left out instead of refused.
    pub drops: bool,
    /// Whether a body in the provider's own API is read and written anew, too, so that nothing is left that nobody knows.
    pub rewrites: bool,
}

/// A request in the words of a provider.
#[derive(Debug)]
pub struct Translated {
    /// The body to send.
    pub body: Bytes,
    /// The model, as the provider calls it.
    pub model: String,
    /// How the answer comes back.
    pub translation: Translation,
}

impl<'a> Ask<'a> {
    /// Writes the request in the words of a provider.
    ///
    /// # Errors
    /// Where the body is none of the client's API, or says what the provider cannot be told.
    pub fn translate(&self, provider: Speech) -> Result<Translated, Refused> {
        let body = Json::read(self.body).map_err(not_json)?;
        let Asks { model, asked, streams, mut body } =
            if self.keeps(provider) { self.keep(body)? } else { self.encode_or_drop(body, provider)? };
        envelope::put(provider.envelope, &mut body, self.betas);
        // As large as the request, and a little: what is written anew is seldom more.
        let mut bytes = Vec::with_capacity(self.body.len() + self.body.len() / 8 + 256);
        crate::text::push(&mut bytes, &body);
        let translation =
            Translation { client: self.client, provider, asked, streams, keeps: self.keeps(provider) };
        Ok(Translated { body: bytes.into(), model, translation })
    }

    fn keeps(&self, provider: Speech) -> bool {
        self.client.is_kept_by(provider.api) && !self.rewrites
    }

    /// Where both sides speak the same API nothing is read but the model, and what nobody here knows stays.
    fn keep(&self, body: Json<'a>) -> Result<Asks<'a>, Refused> {
        let Json::Object(mut body) = body else {
            return Err(Refused::invalid(&super::place::Place::BODY, "must be an object"));
        };
        let named = self.model.or(body.get("model").and_then(Json::as_str)).unwrap_or_default().to_owned();
        let model = self.rename.map_or_else(|| named.clone(), str::to_owned);
        if body.get("model").is_some() {
            body.set("model", model.clone());
        }
        let streams = self.stream || matches!(body.get("stream"), Some(Json::Bool(true)));
        Ok(Asks { model, asked: self.asked(named, true), streams, body })
    }

    /// Where `drops` says so, takes out of the body what is refused until nothing is.
    fn encode_or_drop(&self, mut body: Json<'a>, provider: Speech) -> Result<Asks<'a>, Refused> {
        loop {
            let kept = self.drops.then(|| body.clone());
            let refused = match self.encode(body, provider) {
                Ok(asks) => return Ok(asks),
                Err(refused) => refused,
            };
            let Some(Json::Object(mut fields)) = kept.filter(|_| refused.unsupported) else {
                return Err(refused);
            };
            let dropped = refused.param.as_deref().and_then(|param| fields.take(param));
            if dropped.is_none() {
                return Err(refused);
            }
            body = fields.into();
        }
    }

    fn encode(&self, body: Json<'a>, provider: Speech) -> Result<Asks<'a>, Refused> {
        let head = Head { model: self.model, stream: self.stream };
        let repeated = self.client.codec().repeated(&body);
        let mut request = self.client.codec().decode_request(body, &head)?;
        check_unknown(&mut request, provider.api)?;
        request.betas.extend(self.betas.iter().map(|beta| Text::Borrowed(*beta)));
        let mut asked = self.asked(request.model.clone().into_owned(), request.stream_usage.unwrap_or(true));
        asked.request = repeated;
        // The gateway counts by it; the client is told only where it wants to be.
        request.stream_usage = Some(true);
        if let Some(name) = self.rename {
            request.model = name.into();
        }
        let (model, streams) = (request.model.clone().into_owned(), request.stream);
        let body = provider.api.codec().encode_request(request)?;
        Ok(Asks { model, asked, streams, body })
    }

    fn asked(&self, model: String, stream_usage: bool) -> Asked {
        Asked { id: self.id.to_owned(), now: self.now, model, stream_usage, request: None }
    }
}

/// What became of a request.
struct Asks<'a> {
    model: String,
    asked: Asked,
    streams: bool,
    body: Object<'a>,
}

fn check_unknown(request: &mut Request<'_>, provider: Api) -> Result<(), Refused> {
    match std::mem::take(&mut request.unknown).into_iter().next() {
        Some(field) => Err(Refused::unsupported(field, provider.codec().name())),
        None => Ok(()),
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

    /// Whether an answer of this media type is a stream of events of the provider's.
    pub fn reads(&self, media_type: &str) -> bool {
        matches!(media_type, "text/event-stream" | "application/vnd.amazon.eventstream")
    }

    /// Writes a whole answer in the client's words.
    ///
    /// # Errors
    /// Where it is none of the provider's API.
    pub fn answer(&self, body: Bytes) -> Result<Bytes, Unreadable> {
        if self.keeps {
            return Ok(body);
        }
        let answer = self.provider.api.codec().decode_answer(Json::read(&body)?)?;
        let body = self.client.codec().encode_answer(answer, &self.asked);
        Ok(crate::text::bytes(&body))
    }

    /// Writes the body of an error in the client's words. What is no JSON is said as it is, up to a bound.
    pub fn failure(&self, status: u16, body: Bytes) -> Bytes {
        if self.keeps {
            return body;
        }
        let read = Json::read(&body).ok();
        let said = read.and_then(|body| self.provider.api.codec().decode_failure(status, &body));
        let failure = said.unwrap_or_else(|| Failure::new(status, plain(status, &body)));
        failure_body(self.client.dialect(), &failure)
    }

    /// The header field in which the client looks for the kind of an error.
    pub fn error_field(&self, status: u16) -> Option<(&'static str, &'static str)> {
        crate::dialect::error_field(self.client.dialect(), status)
    }

    /// Reads a stream of the provider's, and writes it in the client's words.
    pub fn stream(&self) -> StreamTranslation {
        StreamTranslation::new(self)
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
