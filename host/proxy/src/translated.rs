//! Requests in the words of a provider that the client does not speak, and their answers in the client's.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue, Response};
use http_body::{Body, Frame, SizeHint};
use tidegate_contract::Usage;
use tidegate_providers::{Ask, JSON, Question, StreamTranslation, Task, Translated, Translation};

use crate::decoded::{Arriving, BodyError};
use crate::fault::Fault;
use crate::headers::{EVENT_STREAM, media_type};
use crate::inbound::Held;
use crate::ledger::Ledger;
use crate::snapshot::Backend;

/// How many tokens of a request Bedrock has counted.
const INPUT_TOKENS: HeaderName = HeaderName::from_static("x-amzn-bedrock-input-token-count");

/// Flags of Anthropic's; one field or several, with commas.
const BETA: HeaderName = HeaderName::from_static("anthropic-beta");

/// What tells one vendor's servers something, beside what every client sends.
const VENDOR: [&str; 6] = ["anthropic-", "openai-", "x-goog-", "x-stainless-", "x-amz-", "amz-sdk-"];

/// Writes a held request in the words of a backend's provider.
pub(crate) fn request(
    backend: &Backend,
    task: Task,
    (held, headers): (&Held, &mut HeaderMap),
    ledger: &Ledger,
) -> Result<Translated, Fault> {
    let unknown = || Fault::Internal("a request is translated that nobody can ask in another API".into());
    let client = Question::of_client(ledger.dialect, ledger.operation).ok_or_else(unknown)?;
    let flags: Vec<String> = headers.get_all(BETA).iter().flat_map(flags).collect();
    let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
    let ask = Ask {
        client,
        body: &held.bytes,
        model: held.model.as_ref().map(|model| &*model.name),
        stream: held.stream,
        rename: backend.model.as_deref(),
        betas: &flags,
        id: &id(&ledger.request_id),
        now: SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs(),
        drops: backend.cluster.drops_unsupported,
        rewrites: false,
    };
    let translated = ask.translate(task).map_err(Fault::Untranslatable)?;
    if client.api() != task.api() {
        let is_vendors = |name: &&HeaderName| VENDOR.iter().any(|start| name.as_str().starts_with(start));
        let names: Vec<HeaderName> = headers.keys().filter(is_vendors).cloned().collect();
        names.iter().for_each(|name| drop(headers.remove(name)));
    }
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(JSON));
    headers.insert(ACCEPT, HeaderValue::from_static(if held.stream { "*/*" } else { JSON }));
    Ok(translated)
}

fn flags(value: &HeaderValue) -> Vec<String> {
    let text = value.to_str().unwrap_or_default();
    text.split(',').map(|flag| flag.trim().to_owned()).filter(|flag| !flag.is_empty()).collect()
}

/// The request id as far as every dialect takes it for an id.
fn id(request_id: &str) -> String {
    let fits = |char: &char| char.is_ascii_alphanumeric() || matches!(char, '-' | '_');
    request_id.chars().filter(fits).take(64).collect()
}

/// The body of an upstream's answer.
pub(crate) enum UpstreamBody {
    /// As it comes.
    Plain(Arriving),
    /// A stream of events, in the client's words.
    Translated(Box<Stream>),
    /// One whose beginning was read already.
    Begun(Box<Begun>),
}

/// What was read of a body, and the rest.
pub(crate) struct Begun {
    beginning: Bytes,
    rest: UpstreamBody,
}

/// A stream of events on its way into the client's words.
pub(crate) struct Stream {
    incoming: Arriving,
    words: StreamTranslation,
    /// What is wrong with the rest, once what came before it has left.
    unreadable: Option<String>,
    ended: bool,
}

/// Has a stream of events translated as it comes. What is no stream stays as it is, for [`whole`].
pub(crate) fn response(
    response: Response<Arriving>,
    translation: Option<&Translation>,
) -> Response<UpstreamBody> {
    let streams = |translation: &&Translation| {
        let kind = media_type(response.headers());
        response.status().is_success() && translation.reads(&kind)
    };
    let Some(translation) = translation.filter(streams) else { return response.map(UpstreamBody::Plain) };
    let words = translation.stream();
    let mut response = response.map(|incoming| {
        UpstreamBody::Translated(Box::new(Stream { incoming, words, unreadable: None, ended: false }))
    });
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(EVENT_STREAM));
    headers.remove(CONTENT_LENGTH);
    response
}

/// Has what was used taken out of a stream that was asked for it in the client's place.
pub(crate) fn counted(response: Response<Arriving>) -> Response<UpstreamBody> {
    if !response.status().is_success() || media_type(response.headers()) != EVENT_STREAM {
        return response.map(UpstreamBody::Plain);
    }
    let mut response = response.map(|incoming| {
        let words = StreamTranslation::with_usage_taken_out();
        UpstreamBody::Translated(Box::new(Stream { incoming, words, unreadable: None, ended: false }))
    });
    response.headers_mut().remove(CONTENT_LENGTH);
    response
}

/// The whole body of an answer in the client's words.
pub(crate) fn whole(
    translation: &Translation,
    (status, headers): (u16, &mut HeaderMap),
    body: Bytes,
) -> Result<Bytes, String> {
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(JSON));
    if status >= 400 {
        if let Some((name, kind)) = translation.error_field(status) {
            headers.insert(name, HeaderValue::from_static(kind));
        }
        return Ok(translation.failure(status, body));
    }
    let tokens = headers.get(INPUT_TOKENS).and_then(|value| value.to_str().ok()?.parse().ok());
    translation.answer(body, tokens).map_err(|unreadable| unreadable.to_string())
}

impl UpstreamBody {
    /// What the provider said was used, where its words were others than the client's, and whether it said all.
    pub(crate) fn usage(&self) -> Option<(Usage, bool)> {
        match self {
            Self::Plain(_) => None,
            Self::Translated(stream) => stream.words.usage(),
            Self::Begun(begun) => begun.rest.usage(),
        }
    }

    /// The same body with what was read of it before it again.
    pub(crate) fn behind(self, beginning: Bytes) -> Self {
        if beginning.is_empty() { self } else { Self::Begun(Box::new(Begun { beginning, rest: self })) }
    }
}

impl Stream {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, BodyError>>> {
        loop {
            if let Some(cause) = self.unreadable.take() {
                return Poll::Ready(Some(Err(BodyError::Unreadable(cause))));
            }
            if self.ended {
                return Poll::Ready(None);
            }
            let mut out = Vec::new();
            let read = match ready!(self.incoming.poll(cx)) {
                Some(Ok(data)) => self.words.feed(&data, &mut out),
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => {
                    self.ended = true;
                    self.words.close(&mut out)
                }
            };
            if let Err(unreadable) = read {
                self.ended = true;
                self.unreadable = Some(unreadable.to_string());
            }
            if !out.is_empty() {
                return Poll::Ready(Some(Ok(out.into())));
            }
        }
    }
}

/// The size of a body with so many more bytes before it.
fn behind(rest: SizeHint, more: u64) -> SizeHint {
    let mut size = SizeHint::new();
    if let Some(upper) = rest.upper() {
        size.set_upper(upper.saturating_add(more));
    }
    size.set_lower(rest.lower().saturating_add(more));
    size
}

impl Body for UpstreamBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let piece = match self.get_mut() {
            Self::Plain(arriving) => arriving.poll(cx),
            Self::Translated(stream) => stream.poll(cx),
            Self::Begun(begun) if begun.beginning.is_empty() => {
                return Pin::new(&mut begun.rest).poll_frame(cx);
            }
            Self::Begun(begun) => Poll::Ready(Some(Ok(std::mem::take(&mut begun.beginning)))),
        };
        piece.map(|piece| piece.map(|data| data.map(Frame::data)))
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Plain(arriving) => arriving.has_ended(),
            Self::Translated(stream) => stream.ended,
            Self::Begun(begun) => begun.beginning.is_empty() && begun.rest.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Plain(arriving) => arriving.size(),
            Self::Translated(_) => SizeHint::default(),
            Self::Begun(begun) => behind(begun.rest.size_hint(), begun.beginning.len() as u64),
        }
    }
}
