//! The tries on upstreams: which backend, what is sent, and whether its answer is the one to pass on.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, HOST};
use http::{HeaderMap, Method, Request, Response, Uri};
use hyper::body::Incoming;
use tidegate_config::checked::{RetryOn, Timeouts};
use tidegate_contract::{Dialect, Hook, ModelNames, Operation};
use tidegate_providers::{Serving, Target, Translated, Translation, ask_for_usage};
use tokio::time::Instant;

use crate::breakers::Full;
use crate::connect::ConnectError;
use crate::decoded::{self, Arriving};
use crate::fault::Fault;
use crate::health::Health;
use crate::hooks;
use crate::identity::authorize;
use crate::inbound::{Heading, Held};
use crate::ledger::Ledger;
use crate::opening;
use crate::picker::{self, Client, Picker};
use crate::pool::{Lease, Unanswered};
use crate::snapshot::{Backend, Cluster, Route};
use crate::translated::{self, UpstreamBody};
use crate::upload::{Passing, Upload, lock};

/// A request ready to be sent to whichever backend is tried.
pub(crate) struct Draft {
    pub(crate) method: Method,
    pub(crate) heading: Heading,
    pub(crate) path: String,
    pub(crate) query: String,
    /// Without what ends at the gateway.
    pub(crate) headers: HeaderMap,
    /// Keys that the client sent along for whichever cluster takes them.
    pub(crate) given: HeaderMap,
    pub(crate) body: DraftBody,
}

/// The body of a draft; one that passes can be sent once.
pub(crate) enum DraftBody {
    Held(Held),
    Passing(Option<Box<Passing>>),
}

/// The answer to pass on, and the connection that it comes on.
pub(crate) struct Answered {
    pub(crate) response: Response<UpstreamBody>,
    pub(crate) lease: Lease,
    /// Of an answer that is no stream: how it comes to be in the client's words.
    pub(crate) translation: Option<Translation>,
    /// Whether its stream begins with an error, as far as its beginning was read.
    pub(crate) failed: bool,
}

/// What a request came to upstream.
pub(crate) enum Sent {
    /// An upstream answered. On the heap, since every step of the way has room for it.
    Answered(Box<Answered>),
    /// A filter of the backend answered in its place.
    Reply(Response<Bytes>),
}

/// Tries backends until one answers, the failure is none that the route retries, or the tries are used up.
pub(crate) async fn send(
    route: &Route,
    allowed: Option<&ModelNames>,
    mut draft: Draft,
    timeouts: &Timeouts,
    ledger: &mut Ledger,
) -> Result<Sent, Fault> {
    let client = (ledger.dialect, draft.heading.operation);
    let mut picker = Picker::new(route, allowed, client).ok_or_else(|| draft.not_served(route, client))?;
    loop {
        let backend = picker.next(draft.model().unwrap_or_default());
        let health = &backend.cluster.health;
        let mut tried = attempt(backend, &mut draft, timeouts, ledger).await;
        let may_try_again = !picker.is_done() && draft.can_be_sent();
        if let Ok(Sent::Answered(answered)) = tried {
            let model = ledger.request_model.as_deref().unwrap_or_default();
            health.heed(model, answered.response.status(), answered.response.headers());
            tried = match may_try_again && opening::matters(route, ledger) {
                true => opening::wait(answered, timeouts, ledger).await.map(Sent::Answered),
                false => Ok(Sent::Answered(answered)),
            };
        }
        let cause = judge(&tried, health);
        let Some(cause) = cause.filter(|cause| may_try_again && route.retry.on.contains(cause)) else {
            return tried;
        };
        ledger.observers().metrics.retried(&backend.cluster.name, retry_name(cause));
        tracing::debug!(cluster = %backend.cluster.name, cause = retry_name(cause), request_id = &*ledger.request_id, "trying again");
    }
}

/// Has the cluster's health take note of a try; gives the failure, where it is one that another try may mend.
fn judge(tried: &Result<Sent, Fault>, health: &Health) -> Option<RetryOn> {
    let cause = match tried {
        Ok(Sent::Answered(answered)) => answered_badly(answered),
        Ok(Sent::Reply(_)) => return None,
        Err(fault) if fault.is_of_cluster() => fault.retry_class(),
        Err(fault) => return fault.retry_class(),
    };
    health.tried(cause.is_some_and(|cause| cause != RetryOn::TooManyRequests));
    cause
}

fn answered_badly(answered: &Answered) -> Option<RetryOn> {
    match answered.response.status().as_u16() {
        429 => Some(RetryOn::TooManyRequests),
        500..=599 => Some(RetryOn::ServerError),
        _ => answered.failed.then_some(RetryOn::ServerError),
    }
}

fn retry_name(cause: RetryOn) -> &'static str {
    match cause {
        RetryOn::Connect => "connect",
        RetryOn::Reset => "reset",
        RetryOn::Timeout => "timeout",
        RetryOn::ServerError => "5xx",
        RetryOn::TooManyRequests => "429",
    }
}

impl Draft {
    fn can_be_sent(&self) -> bool {
        !matches!(self.body, DraftBody::Passing(None))
    }

    /// The fault where the principal may use none of the backends, or none has what is asked for.
    fn not_served(&self, route: &Route, client: Client) -> Fault {
        if let Some((cluster, lacks)) = picker::refusal(route, client) {
            return Fault::NotServed { cluster: Arc::clone(&cluster.name), lacks };
        }
        Fault::ModelNotAllowed { model: self.model().unwrap_or_default().to_owned() }
    }

    /// The body, where it is held.
    pub(crate) fn held(&self) -> Option<&Held> {
        match &self.body {
            DraftBody::Held(held) => Some(held),
            DraftBody::Passing(_) => None,
        }
    }

    /// Bytes of the body; what the client announced where it is not held.
    pub(crate) fn size(&self) -> u64 {
        match &self.body {
            DraftBody::Held(held) => held.bytes.len() as u64,
            DraftBody::Passing(passing) => passing.as_ref().and_then(|body| body.announced()).unwrap_or(0),
        }
    }

    /// Whether the body asks for a stream; `false` where it is not held.
    pub(crate) fn streams(&self) -> bool {
        let in_path = self.heading.in_path.as_ref().is_some_and(|in_path| in_path.stream);
        in_path || self.held().is_some_and(|held| held.stream)
    }

    /// The model that the request names; of JSON that passes, nobody knows yet.
    pub(crate) fn model(&self) -> Option<&str> {
        let in_body = match &self.body {
            DraftBody::Held(held) => held.model.as_ref().map(|model| &*model.name),
            DraftBody::Passing(passing) => passing.as_ref().and_then(|passing| passing.model()),
        };
        in_body.or_else(|| self.heading.in_path.as_ref().map(|in_path| &*in_path.model))
    }
}

async fn attempt(
    backend: &Backend,
    draft: &mut Draft,
    timeouts: &Timeouts,
    ledger: &mut Ledger,
) -> Result<Sent, Fault> {
    let cluster = &backend.cluster;
    ledger.attempts += 1;
    ledger.cluster = Some(Arc::clone(cluster));
    if let Some(model) = draft.model() {
        ledger.request_model = Some(backend.model.as_deref().unwrap_or(model).to_owned());
    }
    ledger.restored_model = ledger.original_model.clone().filter(|_| backend.restores_model);
    let permit = cluster.health.enter(ledger.attempts > 1).map_err(|Full(limit)| overflow(cluster, limit))?;
    let bound = cluster.timeout.unwrap_or(Duration::MAX);
    let clock = ledger.clock;
    let late = || timed_out(cluster, "answer", bound.min(timeouts.first_byte));
    let mut sent = clock.phase(bound, late, exchange(backend, draft, timeouts, ledger)).await??;
    if let Sent::Answered(answered) = &mut sent {
        answered.lease.keep(permit);
    }
    Ok(sent)
}

fn overflow(cluster: &Cluster, limit: &'static str) -> Fault {
    Fault::Overflow { cluster: Arc::clone(&cluster.name), limit }
}

fn timed_out(cluster: &Cluster, phase: &'static str, after: Duration) -> Fault {
    Fault::UpstreamTimeout { cluster: Arc::clone(&cluster.name), phase, after }
}

/// One try: a connection, the request, the head of the answer.
async fn exchange(
    backend: &Backend,
    draft: &mut Draft,
    timeouts: &Timeouts,
    ledger: &mut Ledger,
) -> Result<Sent, Fault> {
    let cluster = &backend.cluster;
    let Prepared { mut headers, upload, place, translation, counted } = prepare(backend, draft, ledger)?;
    let upload = match filter(backend, &mut headers, upload, ledger).await? {
        Made::Upload(upload) => upload,
        Made::Reply(response) => return Ok(Sent::Reply(response)),
    };
    let mut lease = cluster.pool.lease().await.map_err(|error| not_connected(cluster, error))?;
    let path = place.path(cluster, &draft.query);
    let mut request = encode(cluster, (&draft.method, path), (headers, upload), &lease)?;
    let shown = authorize(cluster, &mut request, &draft.given).await?;
    loop {
        ledger.sent = true;
        let sent_at = std::time::Instant::now();
        let late = || timed_out(cluster, "answer", timeouts.first_byte);
        let since = upstream_since(ledger);
        let sent = ledger.clock.phase_since(timeouts.first_byte, since, late, lease.send(request)).await?;
        match sent {
            Ok(response) => {
                ledger.upstream = Some(sent_at.elapsed());
                cluster.login.heed(shown.as_ref(), &response);
                check_answer(cluster, &response)?;
                let response = arriving(response, ledger.operation);
                let response = if counted {
                    translated::counted(response)
                } else {
                    translated::response(response, translation.as_ref())
                };
                let is_whole = matches!(response.body(), UpstreamBody::Plain(_));
                let translation = translation.filter(|_| is_whole);
                let answered = Answered { response, lease, translation, failed: false };
                return Ok(Sent::Answered(Box::new(answered)));
            }
            // A warm connection that was closed before a byte was written is no failure of the upstream.
            Err(Unanswered { unsent: Some(unsent), .. }) if lease.reused() => {
                request = unsent;
                lease = cluster.pool.lease().await.map_err(|error| not_connected(cluster, error))?;
            }
            Err(Unanswered { error, .. }) => return Err(unanswered(cluster, &error, ledger)),
        }
    }
}

/// The answer to a model call without its coding, which was not asked for: usage is read from the bytes as they pass.
fn arriving(response: Response<Incoming>, operation: Operation) -> Response<Arriving> {
    if operation.names_a_model() { decoded::response(response) } else { response.map(Arriving::AsItCame) }
}

/// Since when it is the upstream that takes its time: from now on, but for a body that passes, which may wait for the
/// client meanwhile.
fn upstream_since(ledger: &Ledger) -> impl Fn() -> Option<Instant> + Send + use<> {
    let now = Instant::now();
    let progress = ledger.progress.clone();
    if let Some(progress) = &progress {
        lock(progress).upstream_since = Some(now);
    }
    move || progress.as_ref().map_or(Some(now), |progress| lock(progress).upstream_since)
}

fn not_connected(cluster: &Cluster, error: ConnectError) -> Fault {
    let name = Arc::clone(&cluster.name);
    match error {
        ConnectError::Exhausted => Fault::PoolExhausted { cluster: name },
        ConnectError::Overflow => {
            let limit = "max_pending_requests";
            cluster.health.overflowed(limit);
            overflow(cluster, limit)
        }
        ConnectError::Timeout(after) => timed_out(cluster, "connect", after),
        error => Fault::Connect { cluster: name, cause: error.to_string() },
    }
}

/// Where the client's own body broke off, that is the cause; the upstream only saw the end of it.
fn unanswered(cluster: &Cluster, error: &hyper::Error, ledger: &Ledger) -> Fault {
    let own = ledger.progress.as_ref().and_then(|progress| lock(progress).fault.take());
    own.unwrap_or_else(|| Fault::Reset { cluster: Arc::clone(&cluster.name), cause: cause_of(error) })
}

fn check_answer<B>(cluster: &Cluster, response: &Response<B>) -> Result<(), Fault> {
    if response.status().is_informational() {
        let cause = "it switched protocols, which no route asked for";
        return Err(Fault::BadAnswer { cluster: Arc::clone(&cluster.name), cause: cause.into() });
    }
    Ok(())
}

/// An error with the error behind it, which hyper's own text leaves out.
pub(crate) fn cause_of(error: &hyper::Error) -> String {
    match std::error::Error::source(error) {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}

/// One attempt, before the backend's filters and credentials.
struct Prepared {
    headers: HeaderMap,
    upload: Upload,
    place: Asked,
    translation: Option<Translation>,
    /// Whether the gateway asks for the usage of a stream in the client's place.
    counted: bool,
}

/// What is asked of a provider, as far as its path says it.
struct Asked {
    path: String,
    operation: Operation,
    model: String,
    stream: bool,
    /// Whether the query is still the client's.
    is_own: bool,
}

impl Asked {
    fn path(&self, cluster: &Cluster, query: &str) -> String {
        cluster.provider.path(&Target {
            base_path: &cluster.base_path,
            prefix: &cluster.prefix,
            path: &self.path,
            query: if self.is_own { query } else { "" },
            operation: self.operation,
            model: &self.model,
            stream: self.stream,
            site: &cluster.site,
        })
    }
}

/// The path of a request that is the gateway's own, in the words of the provider.
pub(crate) fn own_path(cluster: &Cluster, path: &str) -> String {
    let path = path.to_owned();
    Asked { path, operation: Operation::Other, model: String::new(), stream: false, is_own: false }
        .path(cluster, "")
}

fn prepare(backend: &Backend, draft: &mut Draft, ledger: &Ledger) -> Result<Prepared, Fault> {
    let mut headers = draft.headers.clone();
    if draft.heading.operation.names_a_model() {
        // Compressed answers would only have to be decompressed here.
        headers.remove(ACCEPT_ENCODING);
    }
    if matches!(&draft.body, DraftBody::Held(held) if held.decoded) {
        headers.remove(CONTENT_ENCODING);
    }
    let service = backend.cluster.provider.serves(ledger.dialect, draft.heading.operation);
    let mut counted = false;
    let (upload, place, translation) = match (service, &mut draft.body) {
        (Serving::Speaks(task), DraftBody::Held(held)) => {
            let Translated { body, path, operation, stream, model, translation } =
                translated::request(backend, task, (held, &mut headers), ledger)?;
            let place = Asked { path: path.to_owned(), operation, model, stream, is_own: false };
            (Upload::Held(Some(body)), place, Some(translation))
        }
        (Serving::Speaks(_), DraftBody::Passing(_)) => {
            return Err(Fault::Internal("a request is to be translated that was not read".into()));
        }
        (_, _) => {
            let named = draft.model().map(str::to_owned);
            let stream = draft.streams();
            let place = Asked {
                path: draft.path.clone(),
                operation: draft.heading.operation,
                model: backend.model.clone().or(named).unwrap_or_default(),
                stream,
                is_own: true,
            };
            let upload = match upload(backend, draft) {
                Upload::Held(Some(body)) if stream && counts_streams(backend, ledger) => {
                    let asked = ask_for_usage(&body);
                    counted = asked.is_some();
                    Upload::Held(Some(asked.unwrap_or(body)))
                }
                upload => upload,
            };
            (upload, place, None)
        }
    };
    backend.cluster.headers.apply(&mut headers);
    backend.headers.apply(&mut headers);
    Ok(Prepared { headers, upload, place, translation, counted })
}

/// Whether somebody counts what a stream used, and its provider says it only to those who ask.
fn counts_streams(backend: &Backend, ledger: &Ledger) -> bool {
    let is_asked = matches!(ledger.operation, Operation::Chat | Operation::Completion);
    let settles = ledger.route.as_ref().is_some_and(|route| route.hooks.has(Hook::Settle));
    let is_counted = settles || ledger.observers().usage.is_some();
    ledger.dialect == Dialect::OpenAi
        && is_asked
        && is_counted
        && backend.cluster.provider.takes_stream_options()
}

/// What the filters of a backend made of an attempt.
enum Made {
    Upload(Upload),
    Reply(Response<Bytes>),
}

async fn filter(
    backend: &Backend,
    headers: &mut HeaderMap,
    upload: Upload,
    ledger: &mut Ledger,
) -> Result<Made, Fault> {
    match upload {
        Upload::Held(held) if backend.chain.has(Hook::TransformUpstream) => {
            let mut bytes = held.unwrap_or_default();
            let reply = hooks::attempt(&backend.chain, headers, &mut bytes, ledger).await?;
            let upload = Upload::Held((!bytes.is_empty()).then_some(bytes));
            Ok(reply.map_or(Made::Upload(upload), Made::Reply))
        }
        upload => Ok(Made::Upload(upload)),
    }
}

/// The request as this backend's provider wants it.
pub(crate) fn encode(
    cluster: &Cluster,
    (method, path): (&Method, String),
    (mut headers, upload): (HeaderMap, Upload),
    lease: &Lease,
) -> Result<Request<Upload>, Fault> {
    let provider = &cluster.provider;
    provider.complete(&mut headers);
    let uri = target(cluster, path, lease.is_http2(), &mut headers)?;
    let mut request = Request::new(upload);
    *request.method_mut() = method.clone();
    *request.uri_mut() = uri;
    *request.headers_mut() = headers;
    Ok(request)
}

/// HTTP/2 names scheme and authority in the target (RFC 9113 §8.3.1), HTTP/1.1 the authority in `host`.
fn target(cluster: &Cluster, path: String, http2: bool, headers: &mut HeaderMap) -> Result<Uri, Fault> {
    let illegal =
        |_| Fault::Internal(format!("cluster \"{}\" makes no legal path of the request", cluster.name));
    if !http2 {
        headers.insert(HOST, cluster.authority.clone());
        return Uri::from_maybe_shared(Bytes::from(path)).map_err(illegal);
    }
    headers.remove(HOST);
    let scheme = if cluster.https { "https" } else { "http" };
    let authority = cluster.authority.to_str().unwrap_or_default();
    Uri::from_maybe_shared(Bytes::from(format!("{scheme}://{authority}{path}"))).map_err(illegal)
}

fn upload(backend: &Backend, draft: &mut Draft) -> Upload {
    match &mut draft.body {
        DraftBody::Passing(passing) => {
            let Some(mut passing) = passing.take() else { return Upload::Held(None) };
            if let Some(new) = &backend.model {
                passing.rename(new);
            }
            Upload::Passing(passing)
        }
        DraftBody::Held(held) => {
            let place = held.model.as_ref().and_then(|model| model.place.as_ref());
            let body = match (&backend.model, place) {
                (Some(new), Some(place)) => place.renamed(&held.bytes, new),
                _ => held.bytes.clone(),
            };
            Upload::Held((!body.is_empty()).then_some(body))
        }
    }
}
