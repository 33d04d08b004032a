//! Models that plugins ask: a request of the gateway's own, through a route with all its filters but those that
//! authenticate, since the operator has granted the route to the plugin.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, OnceLock, Weak};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use tidegate_contract::{Operation, Principal};
use tidegate_pipeline::{Models, NoAnswer, Question};
use tidegate_providers::JSON;

use crate::calls::collected;
use crate::clock::Clock;
use crate::exchange;
use crate::fault::Fault;
use crate::inbound::{Heading, Held};
use crate::ledger::{Ledger, Sender};
use crate::server::Proxy;
use crate::snapshot::{Route, Service, Snapshot};
use crate::upstream::{Draft, DraftBody};
use crate::watch::{Bounds, Watch};

const PATH: &str = "/v1/chat/completions";

/// Asks through the routes that are live. There are none before [`ModelRoutes::bind`].
#[derive(Default)]
pub struct ModelRoutes(OnceLock<Weak<Proxy>>);

impl ModelRoutes {
    /// Takes the routes of a proxy.
    pub fn bind(&self, proxy: &Arc<Proxy>) {
        // A process has one.
        let _ = self.0.set(Arc::downgrade(proxy));
    }

    async fn answer(&self, question: Question<'_>) -> Result<String, NoAnswer> {
        let not_yet = || NoAnswer::Failed("the gateway has not started yet".into());
        let proxy = self.0.get().and_then(Weak::upgrade).ok_or_else(not_yet)?;
        let name = question.route;
        let told = |cause: &dyn std::fmt::Display| format!("route \"{name}\": {cause}");
        let failed = |cause: &dyn std::fmt::Display| NoAnswer::Failed(told(cause));
        let snapshot = proxy.current();
        let unknown = || NoAnswer::Denied(told(&"there is none of that name"));
        let (service, route) = snapshot.hosts.route(name).ok_or_else(unknown)?;
        let draft = draft(question).map_err(|fault| failed(&fault))?;
        let ledger = ledger(&snapshot, question, (service, route));
        let response = exchange::carry_out(&snapshot, (service, Arc::clone(route)), draft, ledger).await;
        let status = response.status();
        let body = collected(response.into_body(), &failed).await?;
        if status == StatusCode::GATEWAY_TIMEOUT {
            return Err(NoAnswer::Timeout);
        }
        if !status.is_success() {
            return Err(failed(&format_args!("it answers with status {}", status.as_u16())));
        }
        String::from_utf8(body.into()).map_err(|_| failed(&"its answer is no text"))
    }
}

impl Models for ModelRoutes {
    fn ask<'a>(&'a self, question: Question<'a>) -> BoxFuture<'a, Result<String, NoAnswer>> {
        Box::pin(self.answer(question))
    }
}

fn draft(question: Question<'_>) -> Result<Draft, Fault> {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(JSON));
    let heading = Heading { operation: Operation::Chat, in_path: None };
    let held = Held::read(Bytes::copy_from_slice(question.body.as_bytes()), &headers, &heading)?;
    if held.stream {
        return Err(Fault::Body(
            "a plugin cannot ask for a stream; take \"stream\" out of the question".into(),
        ));
    }
    Ok(Draft {
        method: Method::POST,
        heading,
        path: PATH.into(),
        query: String::new(),
        headers,
        given: HeaderMap::new(),
        body: DraftBody::Held(held),
    })
}

/// The account of the question: its own line in the log, under the id of the request that it is asked for.
fn ledger(
    snapshot: &Snapshot,
    question: Question<'_>,
    (service, route): (&Arc<Service>, &Arc<Route>),
) -> Box<Ledger> {
    let clock = Clock::start(route.timeout.unwrap_or(snapshot.timeouts.request));
    let bounds = Bounds { header: snapshot.timeouts.header, idle: snapshot.timeouts.idle };
    let listener: Arc<str> = "plugin".into();
    let client = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let sender = Sender { listener: &listener, client, method: &Method::POST };
    let mut ledger = Ledger::open(snapshot.observers.clone(), Watch::new(bounds).begin(), &sender, clock);
    ledger.request_id = question.request_id.into();
    ledger.operation = Operation::Chat;
    ledger.path = PATH.into();
    ledger.bytes_received = question.body.len() as u64;
    ledger.service = Some(Arc::clone(service));
    ledger.begin_session(service, question.depth + 1, false);
    let principal = Arc::new(Principal::named(format!("plugin/{}", question.plugin)));
    ledger.session.principal = Some(Arc::clone(&principal));
    ledger.principal = Some(principal);
    ledger.note_route(route);
    ledger
}
