//! The head of what the client gets.

use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http::response::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Response};
use tidegate_pipeline::{ModerationOutcome, Tally};
use tidegate_providers::{AnswerScan, Framer, Framing};

use crate::filtered::{self, Filters};
use crate::headers::{EVENT_STREAM, is_encoded, media_type, strip_answer};
use crate::ledger::Ledger;
use crate::limits;
use crate::stream::{AnswerBody, Framed, Passing, Reading, Source};
use crate::upstream::Answered;

static REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
static ROUTE: HeaderName = HeaderName::from_static("x-tidegate-route");
static MODERATION: HeaderName = HeaderName::from_static("x-tidegate-moderation");
static CLUSTER: HeaderName = HeaderName::from_static("x-tidegate-cluster");

/// An upstream's answer, with its body on the way.
pub(crate) fn upstream(answered: Answered, idle: Duration, ledger: Box<Ledger>) -> Response<AnswerBody> {
    let (parts, source, ledger) = opened(answered, idle, ledger);
    Response::from_parts(parts, AnswerBody::upstream(source, ledger))
}

/// An upstream's stream, its events on their way through filters.
pub(crate) fn filtered(
    answered: Answered,
    filters: Filters,
    idle: Duration,
    ledger: Box<Ledger>,
) -> Response<AnswerBody> {
    let (parts, source, ledger) = opened(answered, idle, ledger);
    let pieces = filtered::pieces(Passing::new(source, ledger), filters);
    Response::from_parts(parts, AnswerBody::Filtered(pieces))
}

fn opened(answered: Answered, idle: Duration, mut ledger: Box<Ledger>) -> (Parts, Source, Box<Ledger>) {
    let Answered { response, lease, .. } = answered;
    let (mut parts, incoming) = response.into_parts();
    let reading = reading(&parts.headers, &ledger);
    ledger.pass();
    ledger.streaming = matches!(reading, Reading::Events { .. });
    ledger.status = parts.status;
    strip_answer(&mut parts.headers);
    if ledger.streaming {
        // An error event may have to be added to what the upstream announced.
        parts.headers.remove(CONTENT_LENGTH);
    }
    mark(&mut parts.headers, &ledger);
    parts.version = http::Version::default();
    parts.extensions.clear();
    (parts, Source { incoming, lease, reading, idle }, ledger)
}

/// An answer that the gateway made itself.
pub(crate) fn own(mut response: Response<Bytes>, mut ledger: Box<Ledger>) -> Response<AnswerBody> {
    ledger.status = response.status();
    ledger.streaming = ledger.session.streaming && response.status().is_success();
    mark(response.headers_mut(), &ledger);
    let head_only = ledger.method == Method::HEAD;
    response.map(|bytes| AnswerBody::Own((!head_only).then_some(bytes), ledger))
}

/// The stream of an answer as the client's API has it, with the model by the name that it shall have.
pub(crate) fn framed(
    response: Response<AnswerBody>,
    (framing, model): (Framing, Option<String>),
) -> Response<AnswerBody> {
    let is_as_it_should = framing == Framing::Sse && model.is_none();
    if is_as_it_should || media_type(response.headers()) != EVENT_STREAM {
        return response;
    }
    let framer = Framer::new(framing).renamed(model);
    let mut response = response.map(|body| AnswerBody::Framed(Framed::new(body, framer)));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(framing.media_type()));
    response.headers_mut().remove(CONTENT_LENGTH);
    response
}

fn mark(headers: &mut HeaderMap, ledger: &Ledger) {
    if let Ok(id) = HeaderValue::from_str(&ledger.request_id) {
        headers.insert(REQUEST_ID.clone(), id);
    }
    if let Some(route) = &ledger.route {
        headers.insert(ROUTE.clone(), route.name_header.clone());
    }
    if let Some(cluster) = &ledger.cluster {
        headers.insert(CLUSTER.clone(), cluster.name_header.clone());
    }
    if let Some(said) = moderation(ledger) {
        headers.insert(MODERATION.clone(), said);
    }
    limits::tell(&ledger.session.allowances, ledger.dialect, headers);
}

/// What moderation did so far, as a dictionary (RFC 9651, section 3.2); of a stream that is judged as it passes, that it is.
fn moderation(ledger: &Ledger) -> Option<HeaderValue> {
    let Tally { input, output, .. } = ledger.session.moderation;
    let judges = ledger.streaming && ledger.route.as_ref().is_some_and(|route| route.hooks.judges_answers());
    let output = if judges { Some("stream") } else { output.map(ModerationOutcome::as_str) };
    let said = [("input", input.map(ModerationOutcome::as_str)), ("output", output)];
    let said: Vec<String> =
        said.into_iter().filter_map(|(side, word)| Some(format!("{side}={}", word?))).collect();
    HeaderValue::from_str(&said.join(", ")).ok().filter(|value| !value.is_empty())
}

/// What is read of an answer while it passes: nothing where no model was called, or the bytes are compressed.
fn reading(headers: &HeaderMap, ledger: &Ledger) -> Reading {
    if is_encoded(headers) {
        return Reading::Opaque;
    }
    if media_type(headers) == EVENT_STREAM {
        let has_an_end = ledger.operation.streams();
        return Reading::Events { scan: ledger.event_scan(), has_an_end, partial: bytes::BytesMut::new() };
    }
    if ledger.operation.names_a_model() { Reading::Plain(AnswerScan::plain()) } else { Reading::Opaque }
}
