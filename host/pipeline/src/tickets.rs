//! What was admitted and is to be settled: exactly once, whatever becomes of the request.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use futures_util::FutureExt;
use tidegate_contract::{Hook, Outcome, Usage};
use tokio_util::task::TaskTracker;

use crate::chain::Chain;
use crate::guard::Link;
use crate::plugin::Call;
use crate::scope::Scope;
use crate::session::Session;

/// Tickets of one exchange. Dropped unsettled they are taken back.
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

    /// Tells every filter that gave a ticket what was used, off the path of the exchange; `None` where the gateway refused
    /// the request before it was sent.
    pub fn settle(&mut self, actual: Option<Usage>) {
        for ticket in self.open.drain(..) {
            let Ok(runtime) = tokio::runtime::Handle::try_current() else { continue };
            let settles_at_once = ticket.link.settles_at_once();
            let mut closing = Box::pin(ticket.close(actual));
            // A count in memory is made sooner than a task for it.
            let is_closed = settles_at_once && closing.as_mut().now_or_never().is_some();
            if !is_closed {
                UNDERWAY.spawn_on(closing, &runtime);
            }
        }
    }

    /// Has every filter take its ticket back, and waits until they did: nobody else is to be refused for what this one holds.
    pub(crate) async fn withdraw(&mut self) {
        // Those that are still open where nobody waits any more are taken back as they are dropped.
        while let Some(ticket) = self.open.pop() {
            ticket.close(None).await;
        }
    }
}

impl Ticket {
    /// A failure is counted and logged by the call itself.
    async fn close(self, actual: Option<Usage>) {
        let Self { link, scope, ticket, facts } = &self;
        let closed = link.ask(Hook::Settle, facts.call(scope), |plugin, call| {
            Ok(match actual {
                Some(actual) => plugin.settle(call, ticket, actual),
                None => plugin.withdraw(call, ticket),
            })
        });
        let _ = closed.await;
    }
}

impl Drop for Tickets {
    fn drop(&mut self) {
        self.settle(None);
    }
}

/// What is told off the path of exchanges.
static UNDERWAY: LazyLock<TaskTracker> = LazyLock::new(TaskTracker::new);

/// Runs something that no exchange waits for; the end of the process does, as long as [`told`] is patient.
pub fn tell_beside(telling: impl Future<Output = ()> + Send + 'static) {
    if let Ok(runtime) = tokio::runtime::Handle::try_current() {
        UNDERWAY.spawn_on(telling, &runtime);
    }
}

/// Waits until every filter was told of the exchanges that have ended, for so long at most; for the end of the process.
pub async fn told(patience: Duration) {
    UNDERWAY.close();
    if tokio::time::timeout(patience, UNDERWAY.wait()).await.is_err() {
        tracing::warn!(left = UNDERWAY.len(), "filters were not told of the last exchanges in time");
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
            let telling = async move {
                let call = facts.call(&scope);
                let told =
                    link.ask(Hook::Completed, call, |plugin, call| Ok(plugin.completed(call, &outcome)));
                let _ = told.await;
                drop(place);
            };
            UNDERWAY.spawn_on(telling, &runtime);
        }
    }
}

#[cfg(test)]
#[path = "tickets_tests.rs"]
mod tests;
