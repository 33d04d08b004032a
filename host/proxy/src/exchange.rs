//! One request, from its head to its answer, top to bottom.

use std::net::IpAddr;
use std::pin::pin;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Request, Response};
use hyper::body::{Body, Incoming};
use tidegate_contract::{Head, Hook, Operation, Peer};
use tidegate_pipeline::{Beside, Chain, Digest, JudgedBeside, apply_headers};
use tidegate_providers::{Claimed, Framing, JSON, claim, model_body, models_body};

use crate::account;
use crate::certificate::Certificate;
use crate::clock::Clock;
use crate::fault::Fault;
use crate::filtered::Filters;
use crate::given;
use crate::headers::{strip_query, strip_request};
use crate::hooks::{self, Passed};
use crate::inbound::{Bounds, ClientBody, Heading, Held, InPath, Limit, check_length};
use crate::ledger::{Ledger, Sender};
use crate::load::{Greedy, Place};
use crate::outbound;
use crate::preflight::{self, Target};
use crate::rescue;
use crate::respond::{self, Filtered};
use crate::route::{Choice, Model, View};
use crate::snapshot::{Route, Service, Snapshot};
use crate::stream::AnswerBody;
use crate::upload::Passing;
use crate::upstream::{self, Answered, Draft, DraftBody, Sent};
use crate::watch::Watch;

/// The other end of a connection, and what it is reported to.
pub(crate) struct Client {
    pub(crate) listener: Arc<str>,
    pub(crate) address: IpAddr,
    pub(crate) https: bool,
    pub(crate) watch: Arc<Watch>,
    /// What the client showed, once the handshake is over.
    pub(crate) certificate: OnceLock<Certificate>,
}

impl Client {
    fn peer(&self) -> Peer<'_> {
        let peer = Peer::at(self.address);
        match self.certificate.get() {
            Some(shown) => {
                Peer { certificate_sha256: Some(shown.sha256.as_bytes()), names: &shown.names, ..peer }
            }
            None => peer,
        }
    }
}

/// Of a request with this field its trace says to what values something was changed.
const TRACE: &str = "x-tidegate-trace";

/// A body of at most this many announced bytes is held where a route may have to send it twice.
const HELD_FOR_RETRY: u64 = 1024 * 1024;

/// Answers one request. Every way out ends in a response with the ledger in its body, which closes the account.
pub(crate) async fn serve(
    snapshot: Arc<Snapshot>,
    client: &Client,
    request: Request<Incoming>,
) -> Response<AnswerBody> {
    let (parts, body) = request.into_parts();
    let clock = Clock::start(snapshot.timeouts.request);
    let sender = Sender { listener: &client.listener, client: client.address, method: &parts.method };
    let mut ledger = Ledger::open(snapshot.observers.clone(), client.watch.begin(), &sender, clock);
    ledger.request_id = request_id(&parts.headers);
    let reply = run(&snapshot, client, parts, body, &mut ledger).await;
    let shape = (ledger.framing, ledger.restored_model.clone());
    outbound::framed(answered(&snapshot, reply, ledger), shape)
}

/// Sends a request that needs no more than its route: that of a plugin.
pub(crate) async fn carry_out(
    snapshot: &Snapshot,
    (service, route): (&Service, Arc<Route>),
    draft: Draft,
    mut ledger: Box<Ledger>,
) -> Response<AnswerBody> {
    let reply = pass(snapshot, service, route, draft, &mut ledger).await;
    answered(snapshot, reply, ledger)
}

fn answered(
    snapshot: &Snapshot,
    reply: Result<Reply, Fault>,
    mut ledger: Box<Ledger>,
) -> Response<AnswerBody> {
    match reply {
        Ok(Reply::Upstream(answered)) => outbound::upstream(*answered, snapshot.timeouts.idle, ledger),
        Ok(Reply::Filtered(answered, filters)) => {
            outbound::filtered(*answered, filters, snapshot.timeouts.idle, ledger)
        }
        Ok(Reply::Own(response)) => outbound::own(response, ledger),
        Err(fault) => {
            ledger.fail(&fault);
            tracing::debug!(error = %fault, blame = fault.blame().as_str(), request_id = &*ledger.request_id, "request failed");
            outbound::own(rescue::answer(&fault, ledger.dialect), ledger)
        }
    }
}

/// What becomes of a request that nothing ended early.
enum Reply {
    Upstream(Box<Answered>),
    /// A stream whose events pass filters.
    Filtered(Box<Answered>, Filters),
    Own(Response<Bytes>),
}

/// A request that was let in: what it names, and what was found out about it on the way.
struct Admitted<'a> {
    claimed: Claimed<'a>,
    query: &'a str,
    headers: HeaderMap,
    body: ClientBody,
    bounds: Bounds,
}

async fn run(
    snapshot: &Snapshot,
    client: &Client,
    parts: Parts,
    body: Incoming,
    ledger: &mut Ledger,
) -> Result<Reply, Fault> {
    let target = preflight::check(&parts)?;
    let claimed = claim(&parts.method, &target.path, &parts.headers);
    ledger.dialect = claimed.dialect;
    ledger.framing = Framing::of(claimed.dialect, &target.query);
    ledger.path = claimed.path.clone().into_owned();
    ledger.operation = claimed.operation;
    ledger.place = enter(snapshot)?;
    let limit = Limit::body(&snapshot.limits);
    check_length(&parts.headers, limit)?;
    let service =
        snapshot.hosts.find(&target.host()).ok_or_else(|| Fault::NoService(target.authority.clone()))?;
    ledger.service = Some(Arc::clone(service));
    ledger.begin_session(service, 0, parts.headers.contains_key(TRACE));

    let first = Limit::unauthenticated(&snapshot.limits);
    let bounds = Bounds { limit: first, wait: snapshot.timeouts.body, digest: service.digests };
    let body = ClientBody::Unread(body);
    let headers = parts.headers;
    let mut admitted = Admitted { claimed, query: &target.query, headers, body, bounds };
    let caller = Caller { client, target: &target };
    admitted.authenticate(&service.chain, caller, ledger).await?;
    // Where routes authenticate, nobody's share is known before that.
    if ledger.principal.is_some() || !service.guards_routes {
        share(ledger)?;
    }
    if admitted.claimed.operation == Operation::Models {
        return list_models(service, &admitted.claimed, ledger).map(Reply::Own);
    }

    if ledger.principal.is_some() || !service.guards_routes {
        admitted.bounds.limit = limit;
    }
    let route = admitted.route(service, ledger).await?;
    ledger.note_route(&route);
    ledger.clock = ledger.clock.bounded(route.timeout.unwrap_or(snapshot.timeouts.request));
    admitted.authenticate(&route.chain, caller, ledger).await?;
    share(ledger)?;

    admitted.bounds.limit = limit;
    admitted.read_where_needed(&route, ledger).await?;
    check_model(admitted.model(), ledger)?;
    let draft = admitted.draft(snapshot, ledger);
    pass(snapshot, service, route, draft, ledger).await
}

/// A place among the requests in flight, where their number is limited.
fn enter(snapshot: &Snapshot) -> Result<Option<Place>, Fault> {
    let Some(most) = snapshot.limits.requests else { return Ok(None) };
    let place = snapshot.load.enter(most);
    if place.is_none() {
        snapshot.observers.metrics.shed("overload");
    }
    place.map(Some).ok_or(Fault::Overloaded)
}

/// Holds the principal to its share of the requests in flight.
fn share(ledger: &mut Ledger) -> Result<(), Fault> {
    let Some(place) = &mut ledger.place else { return Ok(()) };
    place.hold(ledger.principal.as_deref()).map_err(|Greedy| {
        ledger.observers().metrics.shed("fair_share");
        Fault::OverShare
    })
}

/// Runs the hooks of a route on a request and sends it.
async fn pass(
    snapshot: &Snapshot,
    service: &Service,
    route: Arc<Route>,
    draft: Draft,
    ledger: &mut Ledger,
) -> Result<Reply, Fault> {
    ledger.expect(draft.size());
    if !route.acts_on_requests() {
        return send(snapshot, route, draft, ledger).await;
    }
    match hooks::request(snapshot, service, route, draft, ledger).await? {
        Passed::On(draft, route) => send(snapshot, route, *draft, ledger).await,
        Passed::Reply(response) => Ok(Reply::Own(response)),
    }
}

/// Sends the request, and passes the answer through the hooks of the route.
async fn send(
    snapshot: &Snapshot,
    route: Arc<Route>,
    draft: Draft,
    ledger: &mut Ledger,
) -> Result<Reply, Fault> {
    let principal = ledger.principal.clone();
    let allowed = principal.as_ref().and_then(|principal| principal.models.as_ref());
    let beside = std::mem::take(&mut ledger.session.beside);
    let sending = upstream::send(&route, allowed, draft, &snapshot.timeouts, ledger);
    let sent = if beside.is_empty() {
        sending.await?
    } else {
        let (sent, judged) = judged_beside(beside, sending).await?;
        judged.note(&mut ledger.session);
        sent
    };
    let answered = match sent {
        Sent::Answered(answered) => answered,
        Sent::Reply(response) => return Ok(Reply::Own(response)),
    };
    let is_rewritten = answered.translation.is_some() || respond::is_renamed(&answered, ledger);
    if !is_rewritten && respond::passes_unseen(&route) {
        return Ok(Reply::Upstream(answered));
    }
    Ok(match respond::answer(snapshot, &route, answered, ledger).await? {
        Filtered::Events(answered, filters) => Reply::Filtered(answered, filters),
        Filtered::Whole(response) => Reply::Own(response),
    })
}

/// Sends a request while filters judge it; a block ends the sending, and no answer passes before the verdict.
async fn judged_beside(
    beside: Beside,
    sending: impl Future<Output = Result<Sent, Fault>>,
) -> Result<(Sent, JudgedBeside), Fault> {
    let mut judging = pin!(beside.judge());
    let mut sending = pin!(sending);
    tokio::select! {
        biased;
        judged = &mut judging => {
            let judged = judged?;
            Ok((sending.await?, judged))
        }
        sent = &mut sending => {
            let sent = sent?;
            Ok((sent, judging.await?))
        }
    }
}

/// Who asks, and for what.
#[derive(Clone, Copy)]
struct Caller<'a> {
    client: &'a Client,
    target: &'a Target,
}

/// The models of the service, as far as the principal may use them.
fn list_models(service: &Service, claimed: &Claimed<'_>, ledger: &Ledger) -> Result<Response<Bytes>, Fault> {
    let allowed = ledger.principal.as_ref().and_then(|principal| principal.models.as_ref());
    let may_use = |name: &&str| allowed.is_none_or(|allowed| allowed.allow(name));
    let names: Vec<&str> = service.models.iter().map(String::as_str).filter(may_use).collect();
    let body = match claimed.requested_model() {
        None => models_body(claimed.dialect, &names),
        Some(name) if names.contains(&&*name) => model_body(claimed.dialect, &name),
        Some(name) => return Err(Fault::NoModel(name.into_owned())),
    };
    let mut response = Response::new(body);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(JSON));
    Ok(response)
}

impl Admitted<'_> {
    /// Runs the auth hooks of a chain; who the first chain found stays.
    async fn authenticate(
        &mut self,
        chain: &Chain,
        caller: Caller<'_>,
        ledger: &mut Ledger,
    ) -> Result<(), Fault> {
        if !chain.has_auth() {
            return Ok(());
        }
        if chain.wants_body_digest() {
            self.hold(ledger).await?;
        }
        let fields: Vec<(&str, &[u8])> =
            self.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect();
        let method = ledger.method.clone();
        let head = Head {
            method: method.as_str(),
            scheme: if caller.client.https { "https" } else { "http" },
            authority: &caller.target.authority,
            path: &self.claimed.path,
            query: &caller.target.query,
            headers: &fields,
            client: caller.client.peer(),
            body_sha256: self.body.digest().map(Digest::as_bytes),
        };
        let authenticated = chain.authenticate(&mut ledger.session, head, &self.headers).await?;
        if ledger.principal.is_none() {
            ledger.session.principal = authenticated.principal.clone();
            ledger.principal = authenticated.principal;
        }
        apply_headers(&authenticated.headers, &mut self.headers)
            .map_err(|error| Fault::Internal(format!("an auth filter edits headers: {error}")))
    }

    /// The route, reading the body where that is what decides.
    async fn route(&mut self, service: &Service, ledger: &mut Ledger) -> Result<Arc<Route>, Fault> {
        loop {
            let model = match &self.body {
                _ if self.claimed.model.is_some() => self.model().map_or(Model::None, Model::Named),
                ClientBody::Unread(incoming) if incoming.is_end_stream() => Model::None,
                ClientBody::Unread(_) => Model::Unread,
                body => body.model().map_or(Model::None, |model| Model::Named(&model.name)),
            };
            let view = View {
                method: &ledger.method,
                path: &self.claimed.path,
                query: self.query,
                headers: &self.headers,
                model,
            };
            match service.routes.choose(&view) {
                Choice::Route(route) => return Ok(Arc::clone(route)),
                Choice::NeedsModel => self.read_model(ledger).await?,
                Choice::NoModel => return Err(self.no_model(ledger)),
                Choice::Nothing => return Err(self.no_route(ledger)),
            }
        }
    }

    fn no_route(&self, ledger: &Ledger) -> Fault {
        Fault::NoRoute { method: ledger.method.clone(), path: self.claimed.path.clone().into_owned() }
    }

    fn no_model(&self, ledger: &Ledger) -> Fault {
        match self.model() {
            Some(model) => Fault::NoModel(model.to_owned()),
            None if self.claimed.operation.names_a_model() => {
                Fault::Body("the body names no \"model\", and the routes here go by it".into())
            }
            None => self.no_route(ledger),
        }
    }

    /// Holds the body where filters, another API or a second try need it; reads its model where the principal's models or
    /// another model name do.
    async fn read_where_needed(&mut self, route: &Route, ledger: &mut Ledger) -> Result<(), Fault> {
        let size = match &self.body {
            ClientBody::Unread(incoming) => incoming.size_hint(),
            ClientBody::Begun(begun) => begun.rest.size_hint(),
            ClientBody::Held(_) => return Ok(()),
        };
        let small = size.upper().is_some_and(|length| length <= HELD_FOR_RETRY);
        // What a request may cost is estimated from its size, which must be known.
        let weighed = route.hooks.has(Hook::Admit) && size.exact().is_none();
        let is_rewritten = route.rewrites(ledger.dialect, ledger.operation);
        // What the request says of itself stands in the account.
        let is_told = ledger.is_tagged();
        if weighed || route.reads_request() || is_rewritten || (small && (route.may_retry() || is_told)) {
            return self.hold(ledger).await;
        }
        let narrowed = ledger.principal.as_ref().is_some_and(|principal| principal.models.is_some());
        // What is admitted depends on the model.
        let limited = route.hooks.has(Hook::Admit) && ledger.operation.names_a_model();
        if narrowed || limited || route.needs_model(ledger.operation) {
            self.read_model(ledger).await?;
        }
        Ok(())
    }

    /// The model that is asked, as far as it is known by now.
    fn model(&self) -> Option<&str> {
        let in_body = || self.body.model().map(|model| &*model.name);
        self.claimed.model.as_deref().or_else(in_body)
    }

    fn heading(&self) -> Heading {
        let in_path = |model: &String| InPath { model: model.clone(), stream: self.claimed.stream };
        Heading { operation: self.claimed.operation, in_path: self.claimed.model.as_ref().map(in_path) }
    }

    /// The body, to be put back once more of it was read.
    fn take_body(&mut self) -> ClientBody {
        std::mem::replace(&mut self.body, ClientBody::Held(Held::empty()))
    }

    async fn hold(&mut self, ledger: &mut Ledger) -> Result<(), Fault> {
        if matches!(self.body, ClientBody::Held(_)) {
            return Ok(());
        }
        let unread = self.take_body();
        self.body = unread.hold(&self.headers, &self.heading(), (self.bounds, &ledger.clock)).await?;
        self.note_read(ledger);
        Ok(())
    }

    async fn read_model(&mut self, ledger: &mut Ledger) -> Result<(), Fault> {
        let ClientBody::Unread(_) = &self.body else { return Ok(()) };
        let unread = self.take_body();
        let heading = self.heading();
        let beginning = unread.begin(&self.headers, &heading, (self.bounds, &ledger.clock));
        self.body = Box::pin(beginning).await?;
        self.note_read(ledger);
        Ok(())
    }

    fn note_read(&self, ledger: &mut Ledger) {
        if let ClientBody::Held(held) = &self.body {
            ledger.bytes_received = held.bytes.len() as u64;
            if ledger.is_tagged() {
                ledger.tags = account::tags(&held.bytes);
            }
        }
        ledger.original_model = self.body.model().map(|model| model.name.clone());
        ledger.session.model.clone_from(&ledger.original_model);
    }

    /// What is sent upstream: nothing that is between the client and this gateway only.
    fn draft(self, snapshot: &Snapshot, ledger: &mut Ledger) -> Draft {
        let heading = self.heading();
        let Self { claimed, query, mut headers, body, bounds } = self;
        strip_request(&mut headers);
        for field in &snapshot.credential_fields {
            headers.remove(field);
        }
        let given = given::take(&snapshot.key_prefixes, &mut headers);
        if let Ok(id) = HeaderValue::from_str(&ledger.request_id) {
            headers.insert("x-request-id", id);
        }
        let body = match body {
            ClientBody::Held(held) => DraftBody::Held(held),
            ClientBody::Unread(incoming) if incoming.is_end_stream() => DraftBody::Held(Held::empty()),
            ClientBody::Unread(incoming) => {
                DraftBody::Passing(Some(Box::new(Passing::unread(incoming, bounds, ledger.follow_upload()))))
            }
            ClientBody::Begun(form) => {
                DraftBody::Passing(Some(Box::new(Passing::of_form(*form, bounds, ledger.follow_upload()))))
            }
        };
        Draft {
            method: ledger.method.clone(),
            heading,
            path: claimed.path.into_owned(),
            query: strip_query(query),
            headers,
            given,
            body,
        }
    }
}

/// Holds the model that the body names against the principal's list; a request that names none is none of the list.
pub(crate) fn check_model(named: Option<&str>, ledger: &Ledger) -> Result<(), Fault> {
    let Some(allowed) = ledger.principal.as_ref().and_then(|principal| principal.models.as_ref()) else {
        return Ok(());
    };
    match named {
        None => Err(Fault::ModelUnknown),
        Some(model) if allowed.allow(model) => Ok(()),
        Some(model) => Err(Fault::ModelNotAllowed { model: model.to_owned() }),
    }
}

/// The client's id where it is a safe one, else a new one.
fn request_id(headers: &HeaderMap) -> Box<str> {
    let sent = headers.get("x-request-id").and_then(|value| value.to_str().ok());
    let safe =
        |id: &&str| !id.is_empty() && id.len() <= 128 && id.bytes().all(|byte| byte.is_ascii_graphic());
    match sent.filter(safe) {
        Some(id) => id.into(),
        None => uuid::Uuid::new_v4().hyphenated().to_string().into(),
    }
}
