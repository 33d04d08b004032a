//! What was admitted and is to be settled: exactly once, whatever becomes of the request.

use std::sync::Arc;

use tidegate_contract::{Hook, Outcome, Usage};

use crate::chain::Chain;
use crate::guard::Link;
use crate::plugin::Call;
use crate::scope::Scope;
use crate::session::Session;

/// Tickets of one exchange. Dropped unsettled they are settled with nothing used.
#[derive(Default)]
pub struct Tickets {
    open: Vec<Ticket>,
}

struct Ticket {
    link: Arc<Link>,
    scope: Arc<Scope>,
    ticket: String,
    facts: Facts,
}

/// What a later call is told of the request, beyond its end.
#[derive(Clone)]
struct Facts {
    route: Arc<str>,
    dialect: &'static str,
    operation: &'static str,
    model: Option<String>,
    principal: Option<Arc<tidegate_contract::Principal>>,
    streaming: bool,
}

impl Facts {
    fn of(session: &Session) -> Self {
        Self {
            route: Arc::clone(&session.route),
            dialect: session.dialect,
            operation: session.operation,
            model: session.model.clone(),
            principal: session.principal.clone(),
            streaming: session.streaming,
        }
    }

    fn call<'a>(&'a self, scope: &'a Arc<Scope>) -> Call<'a> {
        let context = tidegate_contract::Context {
            route: &self.route,
            dialect: self.dialect,
            operation: self.operation,
            model: self.model.as_deref(),
            principal: self.principal.as_deref(),
            streaming: self.streaming,
            ..tidegate_contract::Context::new(scope.request_id())
        };
        Call { context, scope }
    }
}

impl Tickets {
    pub(crate) fn add(&mut self, link: &Arc<Link>, scope: Arc<Scope>, ticket: String, session: &Session) {
        self.open.push(Ticket { link: Arc::clone(link), scope, ticket, facts: Facts::of(session) });
    }

    /// Tells every filter that gave a ticket what was used, off the path of the exchange.
    pub fn settle(&mut self, actual: Usage) {
        for ticket in self.open.drain(..) {
            let settling = async move {
                let Ticket { link, scope, ticket, facts } = &ticket;
                let call = facts.call(scope);
                // A failure is counted and logged by the call itself.
                let _ = link
                    .ask(Hook::Settle, call, |plugin, call| Ok(plugin.settle(call, ticket, actual)))
                    .await;
            };
            if let Ok(runtime) = tokio::runtime::Handle::try_current() {
                runtime.spawn(settling);
            }
        }
    }
}

impl Drop for Tickets {
    fn drop(&mut self) {
        self.settle(Usage::default());
    }
}

/// Finished exchanges that may wait to be told; beyond it they are dropped and counted.
const WAITING: usize = 1024;

static PLACES: tokio::sync::Semaphore = tokio::sync::Semaphore::const_new(WAITING);

impl Chain {
    /// Tells the filters that want to know of a finished exchange, off its path.
    pub fn completed(&self, session: &mut Session, outcome: &Outcome) {
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        let nothing = http::HeaderMap::new();
        let links: Vec<_> = self.with(Hook::Completed).map(Arc::clone).collect();
        for link in links {
            let Ok(Some(scope)) = session.scope(&link, &nothing) else { continue };
            let Ok(place) = PLACES.try_acquire() else {
                link.count(Hook::Completed, "dropped");
                continue;
            };
            let (facts, outcome) = (Facts::of(session), outcome.clone());
            runtime.spawn(async move {
                let call = facts.call(&scope);
                let told =
                    link.ask(Hook::Completed, call, |plugin, call| Ok(plugin.completed(call, &outcome)));
                let _ = told.await;
                drop(place);
            });
        }
    }
}
