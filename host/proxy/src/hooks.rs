//! The hooks on a request: limits first, then the filters of the route in order, then once an attempt those of a backend.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, Response, StatusCode};
use tidegate_contract::{Hook, Operation, Reply, Usage};
use tidegate_pipeline::{Body, Detour, Document, Flow, Message};
use tidegate_providers::output_bound;

use crate::account;
use crate::exchange::check_model;
use crate::fault::Fault;
use crate::headers::{add_fields, media_type};
use crate::inbound::{Held, is_form, says_json};
use crate::ledger::Ledger;
use crate::route::{Choice, Model, View};
use crate::snapshot::{Backend, Route, Service, Snapshot};
use crate::texts::Texts;
use crate::upstream::{Draft, DraftBody};

/// What the hooks of a route made of a request.
pub(crate) enum Passed {
    /// It goes on, perhaps by another route.
    On(Box<Draft>, Arc<Route>),
    /// A filter answers.
    Reply(Response<Bytes>),
}

/// Runs the hooks of a route on a request that is about to be sent.
pub(crate) async fn request(
    snapshot: &Snapshot,
    service: &Service,
    route: Arc<Route>,
    mut draft: Draft,
    ledger: &mut Ledger,
) -> Result<Passed, Fault> {
    ledger.session.streaming = draft.streams();
    let estimate =
        priced(Usage { output: bound(&route, &draft), ..ledger.expected() }, &route, &draft, ledger);
    ledger.tickets = route.hooks.admit(&mut ledger.session, &draft.headers, estimate).await?;
    let mut detour = match pass(snapshot, &route.hooks, &mut draft, ledger).await? {
        Flow::On(detour) => detour,
        Flow::Reply(reply) => return Ok(Passed::Reply(replied(&reply))),
    };
    let mut route = route;
    if detour.reroute {
        route = again(service, &draft, ledger)?;
        // The filters of the service have run; those of the new route have not.
        match pass(snapshot, &route.chain, &mut draft, ledger).await? {
            Flow::On(second) => detour.cluster = second.cluster.or(detour.cluster),
            Flow::Reply(reply) => return Ok(Passed::Reply(replied(&reply))),
        }
    }
    if let Some(name) = detour.cluster {
        // The chain has asked for it; a snapshot does not change.
        let cluster = snapshot
            .clusters
            .get(name.as_str())
            .ok_or_else(|| Fault::Internal(format!("there is no cluster \"{name}\"")))?;
        route = Arc::new(route.to(cluster));
        ledger.note_route(&route);
    }
    Ok(Passed::On(Box::new(draft), route))
}

/// The most tokens of the answer, where somebody wants to know and the request says it; else 0.
fn bound(route: &Route, draft: &Draft) -> u64 {
    let held = draft.held().filter(|_| route.hooks.has(Hook::Admit));
    // Of a body whose model stands in the path nothing was read so far.
    let unread = draft.heading.in_path.is_some();
    let said = |held: &Held| if unread { output_bound(&held.bytes) } else { held.output_bound };
    held.and_then(said).unwrap_or(0)
}

/// Tokens of an answer that the request does not bound, for its cost.
const UNBOUNDED_OUTPUT: u64 = 256;

/// With what it costs at the dearest of the backends, where somebody wants to know and all of them have a price.
fn priced(estimate: Usage, route: &Route, draft: &Draft, ledger: &Ledger) -> Usage {
    if !route.hooks.has(Hook::Admit) || !ledger.operation.names_a_model() {
        return estimate;
    }
    let output = if estimate.output == 0 { UNBOUNDED_OUTPUT } else { estimate.output };
    let prices = &ledger.observers().prices;
    let cost = |backend: &Backend| {
        let model = backend.model.as_deref().or_else(|| draft.model());
        let mut names = account::sold(&backend.cluster, [model, None]);
        names.find_map(|sold| prices.quote(sold, &Usage { output, ..estimate }))
    };
    let shares = route.backends.iter().filter(|backend| backend.weight > 0);
    let costs: Option<Vec<u64>> = shares.map(cost).collect();
    Usage { cost_micro_usd: costs.and_then(|costs| costs.into_iter().max()), ..estimate }
}

/// Runs a chain on the draft, and reads again what it may have changed.
async fn pass(
    snapshot: &Snapshot,
    chain: &tidegate_pipeline::Chain,
    draft: &mut Draft,
    ledger: &mut Ledger,
) -> Result<Flow, Fault> {
    if !chain.reads_request() {
        return Ok(Flow::On(Detour::default()));
    }
    let texts = Texts::of(ledger);
    let mut body = body_of(draft);
    let clusters = |name: &str| snapshot.clusters.contains_key(name);
    let mut message =
        Message { headers: &mut draft.headers, body: &mut body, texts: &texts, clusters: &clusters };
    let flow = chain.inbound(&mut ledger.session, &mut message).await?;
    if let Some(document) = body.document().filter(|document| document.is_changed()) {
        let bytes = document.text();
        let read = Held::read(bytes, &draft.headers, &draft.heading)?;
        let held = Held { decoded: draft.held().is_some_and(|held| held.decoded), ..read };
        check_model(held.model.as_ref().map(|model| &*model.name), ledger)?;
        draft.body = DraftBody::Held(held);
    }
    Ok(flow)
}

fn body_of(draft: &Draft) -> Body {
    let Some(held) = draft.held().filter(|held| !held.bytes.is_empty()) else { return Body::Empty };
    as_body(&held.bytes, &draft.headers, must_be_json(draft.heading.operation, &draft.headers))
}

fn must_be_json(operation: Operation, headers: &HeaderMap) -> bool {
    operation.names_a_model() && !is_form(operation, headers)
}

/// A body as the chain sees it; JSON where the path promises it or the head says so.
pub(crate) fn as_body(bytes: &Bytes, headers: &HeaderMap, json: bool) -> Body {
    if bytes.is_empty() {
        return Body::Empty;
    }
    if json || says_json(headers) {
        return Body::Json(Document::new(bytes.clone()));
    }
    Body::Opaque { media_type: media_type(headers).into_owned(), bytes: bytes.clone() }
}

/// Picks the route anew, with what the filters changed.
fn again(service: &Service, draft: &Draft, ledger: &mut Ledger) -> Result<Arc<Route>, Fault> {
    let model = draft.model().map_or(Model::None, Model::Named);
    let view = View {
        method: &draft.method,
        path: &draft.path,
        query: &draft.query,
        headers: &draft.headers,
        model,
    };
    let Choice::Route(route) = service.routes.choose(&view) else {
        return Err(Fault::NoRoute { method: draft.method.clone(), path: draft.path.clone() });
    };
    let other = ledger.route.as_ref().is_none_or(|old| !Arc::ptr_eq(old, route));
    if other && route.chain.has_auth() {
        // Credentials are gone from the headers by now, so its auth filters could not allow anybody.
        let name = &route.name;
        return Err(Fault::Internal(format!(
            "a filter rerouted to \"{name}\", which has auth filters of its own"
        )));
    }
    ledger.note_route(route);
    Ok(Arc::clone(route))
}

/// Where an answer or an attempt is filtered, no other cluster can be picked any more.
pub(crate) const NO_OTHER: fn(&str) -> bool = |_| true;

/// Runs the filters of a backend on one attempt. `Some` is a filter's answer in place of the upstream's.
pub(crate) async fn attempt(
    chain: &tidegate_pipeline::Chain,
    headers: &mut HeaderMap,
    bytes: &mut Bytes,
    ledger: &mut Ledger,
) -> Result<Option<Response<Bytes>>, Fault> {
    let texts = Texts::of(ledger);
    let mut body = as_body(bytes, headers, must_be_json(ledger.operation, headers));
    ledger.session.attempt = ledger.attempts;
    let mut message = Message { headers, body: &mut body, texts: &texts, clusters: &NO_OTHER };
    let flow = chain.upstream(&mut ledger.session, &mut message).await?;
    if let Some(document) = body.document().filter(|document| document.is_changed()) {
        *bytes = document.text();
    }
    Ok(match flow {
        Flow::On(_) => None,
        Flow::Reply(reply) => Some(replied(&reply)),
    })
}

/// A filter's own answer; the chain has checked that it can be sent.
pub(crate) fn replied(reply: &Reply) -> Response<Bytes> {
    let mut response = Response::new(Bytes::copy_from_slice(&reply.body));
    *response.status_mut() = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::OK);
    add_fields(&reply.headers, response.headers_mut());
    response
}
