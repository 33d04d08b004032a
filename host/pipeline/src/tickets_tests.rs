use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use http::HeaderMap;
use tidegate_contract::{AdmissionVerdict, Hook, Hooks, Need, Refusal, Subscription, Usage};
use tidegate_telemetry::Metrics;

use crate::chain::{AuthMode, Chain, Denied};
use crate::guard::Link;
use crate::plugin::{Answer, Call, Plugin};
use crate::quotas::{Allowance, Counted, Standing};
use crate::session::Session;
use crate::tickets::Tickets;

static SUBSCRIPTION: LazyLock<Subscription> = LazyLock::new(|| Subscription {
    headers: Need::Fields(vec!["x-team".into()]),
    ..Subscription::to(Hooks::NONE.with(Hook::Admit).with(Hook::Settle))
});

/// Admits or refuses, and keeps what it was told.
struct Gate {
    admits: bool,
    /// Whether it settles where an exchange ends.
    at_once: bool,
    /// Whether it waits before it settles.
    waits: bool,
    told: Told,
}

impl Gate {
    fn tell<'a>(&'a self, text: String) -> Answer<'a, ()> {
        Box::pin(async move {
            // Once is not enough: a call is polled a second time when its deadline begins.
            for _ in 0..if self.waits { 3 } else { 0 } {
                tokio::task::yield_now().await;
            }
            self.told.lock().unwrap().push(text);
            Ok(())
        })
    }
}

impl Plugin for Gate {
    fn subscription(&self) -> &Subscription {
        &SUBSCRIPTION
    }

    fn admit<'a>(&'a self, call: Call<'a>, _: Usage) -> Answer<'a, AdmissionVerdict> {
        let team = call.scope.fields().and_then(|fields| fields.get("x-team").cloned());
        let team = team.map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default();
        let standing = Standing { remaining: 1, reset: Duration::ZERO };
        call.scope.tell_allowances([Allowance { counted: Counted::Requests, limit: 2, standing }]);
        let verdict = match self.admits {
            true => AdmissionVerdict::Admitted(Some(team)),
            false => AdmissionVerdict::Refused(Refusal::new(429, "full", "full")),
        };
        Box::pin(std::future::ready(Ok(verdict)))
    }

    fn settle<'a>(&'a self, _: Call<'a>, ticket: &'a str, actual: Usage) -> Answer<'a, ()> {
        self.tell(format!("settled {ticket} with {}", actual.input))
    }

    fn withdraw<'a>(&'a self, _: Call<'a>, ticket: &'a str) -> Answer<'a, ()> {
        self.tell(format!("withdrawn {ticket}"))
    }

    fn settles_at_once(&self) -> bool {
        self.at_once
    }
}

/// What gates were told.
type Told = Arc<Mutex<Vec<String>>>;

/// A chain of gates, each admitting or not, and a shadow or not.
fn chain(gates: &[(bool, bool)]) -> (Chain, Told) {
    let (told, metrics) = (Told::default(), Metrics::new().unwrap());
    let link = |(admits, shadow): &(bool, bool)| {
        let gate = Gate { admits: *admits, at_once: false, waits: false, told: Arc::clone(&told) };
        Arc::new(Link::new("gate".into(), Arc::new(gate), &metrics).shadow(*shadow))
    };
    (Chain::new(gates.iter().map(link).collect(), AuthMode::Any), told)
}

/// A chain of one gate that admits, and settles where an exchange ends.
fn at_once(waits: bool) -> (Chain, Told) {
    let told = Told::default();
    let gate = Gate { admits: true, at_once: true, waits, told: Arc::clone(&told) };
    let link = Link::new("gate".into(), Arc::new(gate), &Metrics::new().unwrap());
    (Chain::new(vec![Arc::new(link)], AuthMode::Any), told)
}

async fn admit(chain: &Chain) -> (Result<Tickets, Denied>, Session) {
    let mut headers = HeaderMap::new();
    headers.insert("x-team", "a".parse().unwrap());
    headers.insert("x-other", "b".parse().unwrap());
    let mut session = Session::default();
    (chain.admit(&mut session, &headers, Usage::default()).await, session)
}

/// Lets what was spawned run.
async fn told(told: &Told) -> Vec<String> {
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
    told.lock().unwrap().clone()
}

#[tokio::test]
async fn what_was_used_is_settled_once() {
    let (chain, log) = chain(&[(true, false)]);
    let (tickets, session) = admit(&chain).await;
    let mut tickets = tickets.unwrap();
    tickets.settle(Some(Usage { input: 5, ..Usage::default() }));
    tickets.settle(Some(Usage { input: 6, ..Usage::default() }));
    drop(tickets);
    assert_eq!(told(&log).await, ["settled a with 5"]);
    assert_eq!(session.allowances.len(), 1);
}

#[tokio::test]
async fn a_refusal_takes_back_what_others_admitted_before_it_is_told() {
    let (chain, log) = chain(&[(true, false), (false, false), (true, false)]);
    let (refused, session) = admit(&chain).await;
    assert!(matches!(refused, Err(Denied::Refused { .. })));
    assert_eq!(*log.lock().unwrap(), ["withdrawn a"]);
    assert_eq!(session.allowances.len(), 2);
}

#[tokio::test]
async fn a_shadow_refuses_nobody_and_is_settled_like_any_other() {
    let (chain, log) = chain(&[(false, true), (true, true)]);
    let (tickets, session) = admit(&chain).await;
    tickets.unwrap().settle(Some(Usage { input: 5, ..Usage::default() }));
    assert_eq!(told(&log).await, ["settled a with 5"]);
    assert!(session.allowances.is_empty());
}

#[tokio::test]
async fn tickets_that_nobody_settled_are_taken_back() {
    let (chain, log) = chain(&[(true, false)]);
    let (tickets, _) = admit(&chain).await;
    drop(tickets);
    assert_eq!(told(&log).await, ["withdrawn a"]);
}

#[tokio::test]
async fn what_only_counts_is_settled_where_the_exchange_ends() {
    let (chain, log) = at_once(false);
    let (tickets, _) = admit(&chain).await;
    tickets.unwrap().settle(Some(Usage { input: 5, ..Usage::default() }));
    assert_eq!(*log.lock().unwrap(), ["settled a with 5"]);
    assert_eq!(told(&log).await, ["settled a with 5"], "and not again");
}

#[tokio::test]
async fn what_waits_for_a_store_is_settled_beside_the_exchange() {
    let (chain, log) = at_once(true);
    let (tickets, _) = admit(&chain).await;
    drop(tickets);
    assert!(log.lock().unwrap().is_empty());
    assert_eq!(told(&log).await, ["withdrawn a"]);
}
