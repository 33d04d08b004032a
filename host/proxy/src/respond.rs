//! The hooks on an answer: a whole one is held and judged, a stream passes its filters event by event.

use std::borrow::Cow;

use bytes::{Bytes, BytesMut};
use http::header::CONTENT_LENGTH;
use http::{HeaderMap, Response, StatusCode};
use http_body_util::BodyExt;
use tidegate_contract::Usage;
use tidegate_pipeline::{Body, Denied, Document, Message};
use tidegate_providers::{AnswerScan, covers, forget_repeats, gather, rename_answer, scatter};

use crate::decoded::BodyError;
use crate::fault::Fault;
use crate::filtered::{Events, Filters};
use crate::headers::{EVENT_STREAM, is_encoded, media_type, strip_answer};
use crate::hooks::{NO_OTHER, as_body, replied};
use crate::ledger::Ledger;
use crate::snapshot::{Route, Snapshot};
use crate::texts::Texts;
use crate::translated::{self, UpstreamBody};
use crate::upstream::{Answered, cause_of};

/// What becomes of an answer that filters see.
pub(crate) enum Filtered {
    /// Its events are to pass these filters as they come.
    Events(Box<Answered>, Filters),
    /// All of it.
    Whole(Response<Bytes>),
}

/// Whether the hooks of a route leave an answer as it is.
pub(crate) fn passes_unseen(route: &Route) -> bool {
    !route.hooks.reads_answer() && !route.hooks.reads_events()
}

/// Whether the model of an answer that is no stream gets the name by which the client calls it.
pub(crate) fn is_renamed(answered: &Answered, ledger: &Ledger) -> bool {
    ledger.restored_model.is_some() && media_type(answered.response.headers()) != EVENT_STREAM
}

/// Runs the hooks of a route on an answer.
pub(crate) async fn answer(
    snapshot: &Snapshot,
    route: &Route,
    mut answered: Box<Answered>,
    ledger: &mut Ledger,
) -> Result<Filtered, Fault> {
    strip_answer(answered.response.headers_mut());
    let headers = answered.response.headers();
    ledger.session.streaming = media_type(headers) == EVENT_STREAM;
    if is_encoded(headers) {
        return Err(bad(ledger, "it has a \"content-encoding\" that cannot be read here"));
    }
    // What is no model's stream has no answer that could be put together.
    let as_one = route.hooks.needs_whole_answers() && ledger.operation.streams();
    if ledger.session.streaming && !as_one {
        return stream(snapshot, route, answered, ledger).await;
    }
    let limit = snapshot.limits.body;
    let idle = snapshot.timeouts.idle;
    let Answered { response, lease, translation, .. } = *answered;
    let (mut parts, incoming) = response.into_parts();
    let (mut bytes, told) = collect(incoming, (limit, idle), ledger).await?;
    lease.give_back();
    if let Some(translation) = &translation {
        let head = (parts.status.as_u16(), &mut parts.headers);
        bytes = translated::whole(translation, head, bytes).map_err(|cause| bad(ledger, cause))?;
    }
    parts.headers.remove(CONTENT_LENGTH);
    parts.version = http::Version::default();
    parts.extensions.clear();
    let response = Response::from_parts(parts, bytes);
    if ledger.session.streaming {
        return buffered(snapshot, route, (response, told), ledger).await.map(Filtered::Whole);
    }
    whole(route, response, ledger).await.map(Filtered::Whole)
}

/// A stream that is held, since a filter transforms whole answers only: put together, judged and changed as one answer, and
/// sent as a stream again.
async fn buffered(
    snapshot: &Snapshot,
    route: &Route,
    (response, told): (Response<Bytes>, Told),
    ledger: &mut Ledger,
) -> Result<Response<Bytes>, Fault> {
    let (mut parts, bytes) = response.into_parts();
    let mut scan = ledger.event_scan();
    if scan.feed(&bytes).first_token {
        ledger.first_token = Some(ledger.clock.elapsed());
    }
    ledger.note_scan(&scan, told);
    if !scan.finished() && !scan.error_in_stream() {
        let cluster = ledger.cluster_name();
        return Err(Fault::Reset { cluster, cause: "the stream ended in the middle".into() });
    }
    let unknown = || Fault::Internal("nobody knows how to put streams of this kind together".into());
    let (dialect, operation) = (ledger.dialect, ledger.operation);
    let read = Events::read(&bytes).map_err(|_| bad(ledger, "it has an event that is too large"))?;
    let answer = gather(dialect, operation, &read.data()).ok_or_else(unknown)?;
    let before = route.hooks.judges_answers().then(|| answer.clone());
    let mut body = Body::Json(Document::from_tree(answer));
    let texts = Texts::of(ledger);
    let status = parts.status.as_u16();
    let mut message =
        Message { headers: &mut parts.headers, body: &mut body, texts: &texts, clusters: &NO_OTHER };
    if let Some(reply) = route.hooks.outbound(&mut ledger.session, status, &mut message).await? {
        return Ok(replied(&reply));
    }
    ledger.pass();
    let document = body.document_mut().ok_or_else(unknown)?;
    if let Some(before) = before.as_ref().filter(|_| document.is_changed()) {
        document.change(|tree| forget_repeats(before, tree)).map_err(Denied::from)?;
    }
    let answer = document.tree().map_err(Denied::from)?;
    // What was judged is the answer: events leave as they came only where they say no more than that.
    let is_judged = || covers(dialect, operation, answer, &read.data());
    let passes = !document.is_changed() && (before.is_none() || is_judged());
    let events =
        if passes { read } else { Events::made(scatter(dialect, operation, answer).ok_or_else(unknown)?) };
    let stages = route.hooks.stages(&mut ledger.session, &parts.headers, snapshot.limits.body)?;
    let out = events.transformed(stages, &mut ledger.session).await?;
    Ok(Response::from_parts(parts, out.into()))
}

async fn stream(
    snapshot: &Snapshot,
    route: &Route,
    mut answered: Box<Answered>,
    ledger: &mut Ledger,
) -> Result<Filtered, Fault> {
    let status = answered.response.status();
    let headers = answered.response.headers_mut();
    if let Some(reply) = head(route, status, headers, ledger).await? {
        return Ok(Filtered::Whole(reply));
    }
    let most = snapshot.limits.body;
    let stages = route.hooks.stages(&mut ledger.session, headers, most)?;
    let filters = Filters::new(stages, most, ledger)?;
    Ok(Filtered::Events(answered, filters))
}

fn bad(ledger: &Ledger, cause: impl Into<Cow<'static, str>>) -> Fault {
    Fault::BadAnswer { cluster: ledger.cluster_name(), cause: cause.into() }
}

pub(crate) fn broke_off(error: BodyError, ledger: &Ledger) -> Fault {
    match error {
        BodyError::Broken(error) => Fault::Reset { cluster: ledger.cluster_name(), cause: cause_of(&error) },
        BodyError::Unreadable(cause) => bad(ledger, cause),
    }
}

/// What a provider said was used, and whether that was all.
type Told = Option<(Usage, bool)>;

/// The whole body, within the limit and with no longer pause than `idle`.
async fn collect(
    mut incoming: UpstreamBody,
    (limit, idle): (usize, std::time::Duration),
    ledger: &Ledger,
) -> Result<(Bytes, Told), Fault> {
    let mut whole = BytesMut::new();
    loop {
        let phase = "send more of its answer";
        let late = || Fault::UpstreamTimeout { cluster: ledger.cluster_name(), phase, after: idle };
        let Some(frame) = ledger.clock.phase(idle, late, incoming.frame()).await? else { break };
        let frame = frame.map_err(|error| broke_off(error, ledger))?;
        let Ok(data) = frame.into_data() else { continue };
        if whole.len() + data.len() > limit {
            return Err(bad(
                ledger,
                "it is larger than \"limits.body\", which filters that see it are held to",
            ));
        }
        whole.extend_from_slice(&data);
    }
    Ok((whole.freeze(), incoming.usage()))
}

async fn whole(
    route: &Route,
    response: Response<Bytes>,
    ledger: &mut Ledger,
) -> Result<Response<Bytes>, Fault> {
    let (mut parts, bytes) = response.into_parts();
    let calls_model = ledger.operation.names_a_model();
    if calls_model {
        let mut scan = AnswerScan::plain();
        scan.feed(&bytes);
        ledger.note_scan(&scan, None);
    }
    let texts = Texts::of(ledger);
    let mut body = as_body(&bytes, &parts.headers, false);
    let status = parts.status.as_u16();
    let mut message =
        Message { headers: &mut parts.headers, body: &mut body, texts: &texts, clusters: &NO_OTHER };
    if let Some(reply) = route.hooks.outbound(&mut ledger.session, status, &mut message).await? {
        return Ok(replied(&reply));
    }
    ledger.pass();
    let bytes = match &mut body {
        Body::Json(document) if document.is_changed() => {
            if route.hooks.judges_answers() {
                forget(&bytes, document)?;
            }
            document.text()
        }
        _ => bytes,
    };
    Ok(Response::from_parts(parts, restored(bytes, ledger)))
}

/// An answer whose model has the name by which the client calls it, where that is wanted.
fn restored(bytes: Bytes, ledger: &Ledger) -> Bytes {
    let Some(name) = &ledger.restored_model else { return bytes };
    let renamed = std::str::from_utf8(&bytes).ok().and_then(|text| rename_answer(text, name));
    renamed.map_or(bytes, Bytes::from)
}

/// Takes away what repeats a text that filters changed, such as its log probabilities.
fn forget(original: &Bytes, document: &mut Document) -> Result<(), Denied> {
    let before = Document::new(original.clone());
    let before = before.tree()?;
    document.change(|tree| forget_repeats(before, tree))?;
    Ok(())
}

/// Runs the transforms of a route on the head of a stream. `Some` is a filter's own answer.
async fn head(
    route: &Route,
    status: StatusCode,
    headers: &mut HeaderMap,
    ledger: &mut Ledger,
) -> Result<Option<Response<Bytes>>, Denied> {
    let texts = Texts::of(ledger);
    let mut nothing = Body::Empty;
    let mut message = Message { headers, body: &mut nothing, texts: &texts, clusters: &NO_OTHER };
    let reply = route.hooks.stream_head(&mut ledger.session, status.as_u16(), &mut message).await?;
    Ok(reply.map(|reply| replied(&reply)))
}
