use std::net::IpAddr;
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde_json::{Value, json};
use tidegate_contract::{AdmissionVerdict, Context, Principal, Refusal, Usage};
use tidegate_pipeline::{
    Attributes, Call, Count, FilterFactory, Plugin, Quotas, Reserved, Scope, StoreError, Want, World,
};

use super::RateLimitFactory;
use crate::testing::{Network, NoFiles, filter, filter_in, now, problems, world};

/// One who asks.
#[derive(Clone)]
struct Caller {
    principal: Option<Principal>,
    model: &'static str,
    address: &'static str,
    operation: &'static str,
}

const NOBODY: Caller = Caller { principal: None, model: "m", address: "192.0.2.1", operation: "chat" };

impl Caller {
    fn named(id: &str, tenant: Option<&str>) -> Self {
        let principal = Principal { tenant: tenant.map(str::to_owned), ..Principal::named(id) };
        Self { principal: Some(principal), ..NOBODY }
    }

    fn with<T>(&self, then: impl FnOnce(Call<'_>) -> T) -> T {
        let client = Some(self.address.parse::<IpAddr>().unwrap());
        let scope = Scope::new("r", Arc::new(Attributes { client, ..Attributes::default() }));
        let (model, principal) = (Some(self.model), self.principal.as_ref());
        let context = Context { operation: self.operation, model, principal, ..Context::new("r") };
        then(Call { context, scope: &scope })
    }

    fn admit(&self, filter: &dyn Plugin, input: u64, output: u64) -> Result<String, Refusal> {
        let estimate = Usage { input, output, estimated: true, ..Usage::default() };
        match self.with(|call| now(filter.admit(call, estimate))) {
            AdmissionVerdict::Admitted(ticket) => Ok(ticket.unwrap()),
            AdmissionVerdict::Refused(refusal) => Err(refusal),
        }
    }

    fn settle(&self, filter: &dyn Plugin, ticket: &str, input: u64, output: u64) {
        let actual = Usage { input, output, ..Usage::default() };
        self.with(|call| now(filter.settle(call, ticket, actual)));
    }

    /// How many requests come through.
    fn through(&self, filter: &dyn Plugin) -> usize {
        (0..10).take_while(|_| self.admit(filter, 1, 1).is_ok()).count()
    }
}

fn limit(settings: Value) -> Arc<dyn Plugin> {
    filter(&RateLimitFactory, &settings)
}

#[test]
fn as_many_come_through_as_may() {
    let filter = limit(json!({"requests_per_hour": 3}));
    assert_eq!(NOBODY.through(&*filter), 3);
    let refusal = NOBODY.admit(&*filter, 1, 1).unwrap_err();
    assert_eq!((refusal.status, &*refusal.code), (429, "rate_limit_exceeded"));
    let (name, value) = (&*refusal.headers[0].name, &refusal.headers[0].value);
    let seconds: u64 = String::from_utf8(value.clone()).unwrap().parse().unwrap();
    assert_eq!(name, "retry-after");
    assert!((3600..=3661).contains(&seconds), "{seconds}");
    let wanted = format!("the limit of 3 requests an hour is reached; try again in {seconds} s");
    assert_eq!(refusal.message, wanted);
}

#[test]
fn keys_do_not_mix() {
    let (alice, bob) = (Caller::named("alice", Some("shore")), Caller::named("bob", Some("shore")));
    let other = Caller { model: "other", ..alice.clone() };
    let far = Caller { address: "192.0.2.2", ..alice.clone() };
    // Of each key, who is still let in after alice used all of hers.
    for (key, bobs, others, fars, nobodys) in [
        (json!("principal"), 2, 0, 0, 2),
        (json!("tenant"), 0, 0, 0, 2),
        (json!("model"), 0, 2, 0, 0),
        (json!("address"), 0, 0, 2, 0),
        (json!(["principal", "model"]), 2, 2, 0, 2),
        (json!({"header": "x-team"}), 0, 0, 0, 0),
    ] {
        let filter = limit(json!({"key": key, "requests_per_day": 2}));
        assert_eq!(alice.through(&*filter), 2);
        let left = [&other, &far, &bob, &NOBODY].map(|caller| caller.through(&*filter));
        assert_eq!(left, [others, fars, bobs, nobodys], "{key}");
    }
}

#[test]
fn parts_of_a_key_run_into_each_other_nowhere() {
    let filter = limit(json!({"key": ["principal", "model"], "requests_per_day": 1}));
    for (principal, model) in [("a", "bc"), ("ab", "c"), ("1:a1", "b"), ("a1:b", "1")] {
        assert_eq!(Caller { model, ..Caller::named(principal, None) }.through(&*filter), 1, "{principal}");
    }
}

#[test]
fn whoever_has_a_network_of_ipv6_has_one_key() {
    let filter = limit(json!({"key": "address", "requests_per_day": 1}));
    let through = |address| Caller { address, ..NOBODY }.through(&*filter);
    assert_eq!(through("2001:db8::1"), 1);
    assert_eq!(through("2001:db8::ffff:1"), 0);
    assert_eq!(through("2001:db8:0:1::1"), 1);
    assert_eq!((through("::ffff:192.0.2.7"), through("192.0.2.7")), (1, 0));
}

#[test]
fn tokens_are_settled_by_what_was_used() {
    let filter = limit(json!({"tokens_per_hour": 100, "output_tokens_per_hour": 60}));
    let ticket = NOBODY.admit(&*filter, 10, 50).unwrap();
    let refusal = NOBODY.admit(&*filter, 1, 20).unwrap_err();
    assert!(refusal.message.contains("60 output tokens an hour"), "{}", refusal.message);
    NOBODY.settle(&*filter, &ticket, 12, 8);
    NOBODY.settle(&*filter, &ticket, 12, 8);
    // 80 and 52 are left.
    assert!(NOBODY.admit(&*filter, 1, 53).is_err());
    assert!(NOBODY.admit(&*filter, 1, 52).is_ok());
}

#[test]
fn what_was_refused_before_it_was_sent_counts_for_nothing() {
    let filter = limit(json!({"requests_per_hour": 1, "tokens_per_hour": 100}));
    let ticket = NOBODY.admit(&*filter, 10, 50).unwrap();
    assert!(NOBODY.admit(&*filter, 10, 50).is_err());
    NOBODY.with(|call| now(filter.withdraw(call, &ticket)));
    assert!(NOBODY.admit(&*filter, 10, 90).is_ok());
}

#[test]
fn a_request_that_used_nothing_is_a_request_all_the_same() {
    let filter = limit(json!({"requests_per_hour": 1}));
    let ticket = NOBODY.admit(&*filter, 10, 50).unwrap();
    NOBODY.settle(&*filter, &ticket, 0, 0);
    assert!(NOBODY.admit(&*filter, 10, 50).is_err());
}

#[test]
fn a_request_larger_than_the_limit_waits_until_all_of_it_is_free() {
    let filter = limit(json!({"tokens_per_hour": 100}));
    let ticket = NOBODY.admit(&*filter, 10, 4096).unwrap();
    assert!(NOBODY.admit(&*filter, 1, 1).is_err());
    NOBODY.settle(&*filter, &ticket, 0, 0);
    assert!(NOBODY.admit(&*filter, 10, 4096).is_ok());
}

#[test]
fn estimates_go_by_what_models_used_before() {
    let filter = limit(json!({"tokens_per_hour": 100_000}));
    let other = Caller { model: "other", ..NOBODY };
    // Each costs 200 for its 100, and answers with 30: as many fit as that lets expect.
    for _ in 0..30 {
        let ticket = NOBODY.admit(&*filter, 100, 0).unwrap();
        NOBODY.settle(&*filter, &ticket, 200, 30);
    }
    let fitting = (0..1000).take_while(|_| NOBODY.admit(&*filter, 100, 0).is_ok()).count();
    assert_eq!(fitting, (100_000 - 30 * 230) / 230);
    // Nothing is known of another model, so the estimate is what it was: 100 and 256.
    assert!(other.admit(&*filter, 100, 0).is_err());
}

/// Admits a request that is expected to cost so much, in millionths of a dollar; `None` where nobody knows the price.
fn admit_at(caller: &Caller, filter: &dyn Plugin, cost_micro_usd: Option<u64>) -> Result<String, Refusal> {
    let estimate = Usage { input: 10, output: 10, cost_micro_usd, estimated: true, ..Usage::default() };
    match caller.with(|call| now(filter.admit(call, estimate))) {
        AdmissionVerdict::Admitted(ticket) => Ok(ticket.unwrap()),
        AdmissionVerdict::Refused(refusal) => Err(refusal),
    }
}

fn settle_at(caller: &Caller, filter: &dyn Plugin, ticket: &str, cost: u64) {
    let actual = Usage { input: 10, output: 10, cost_micro_usd: Some(cost), ..Usage::default() };
    caller.with(|call| now(filter.settle(call, ticket, actual)));
}

#[test]
fn a_budget_is_settled_by_what_was_paid() {
    let filter = limit(json!({"cost_per_day": 0.001, "window": "calendar"}));
    let ticket = admit_at(&NOBODY, &*filter, Some(900)).unwrap();
    let refusal = admit_at(&NOBODY, &*filter, Some(200)).unwrap_err();
    assert_eq!((refusal.status, &*refusal.code), (429, "insufficient_quota"));
    assert!(refusal.message.starts_with("the budget of $0.001 a day is reached"), "{}", refusal.message);
    settle_at(&NOBODY, &*filter, &ticket, 100);
    settle_at(&NOBODY, &*filter, &ticket, 100);
    // 900 are left, and a ninth of what is expected is what is paid.
    let tickets = (0..100).take_while(|_| admit_at(&NOBODY, &*filter, Some(900)).is_ok()).count();
    assert_eq!(tickets, 9);
}

#[test]
fn clients_are_told_not_to_wait_for_another_month() {
    let header = |settings: Value| {
        let filter = limit(settings);
        admit_at(&NOBODY, &*filter, Some(1_000_000)).unwrap();
        let refusal = admit_at(&NOBODY, &*filter, Some(1_000_000)).unwrap_err();
        refusal.headers.iter().any(|field| &*field.name == "x-should-retry" && field.value == b"false")
    };
    assert!(header(json!({"cost_per_month": 1})));
    assert!(!header(json!({"cost_per_minute": 1, "window": "calendar"})));
    assert!(!header(json!({"requests_per_month": 1})));
}

#[test]
fn a_model_without_a_price_costs_nothing_or_is_refused() {
    let open = limit(json!({"cost_per_day": 1}));
    assert!((0..10).all(|_| admit_at(&NOBODY, &*open, None).is_ok()));
    let closed = limit(json!({"cost_per_day": 1, "on_missing_price": "deny"}));
    let refusal = admit_at(&NOBODY, &*closed, None).unwrap_err();
    assert_eq!((refusal.status, &*refusal.code), (403, "model_price_unknown"));
    assert!(refusal.message.contains("\"m\""), "{}", refusal.message);
    assert!(admit_at(&NOBODY, &*closed, Some(0)).is_ok());
    let other = limit(json!({"tokens_per_day": 100, "on_missing_price": "deny"}));
    assert!(admit_at(&NOBODY, &*other, None).is_ok(), "no cost is limited");
}

#[test]
fn single_values_of_the_key_may_have_limits_of_their_own() {
    let overrides = json!({"shore": {"requests_per_day": 5}, "deep": {"tokens_per_day": 4}});
    let filter = limit(json!({"key": "tenant", "requests_per_day": 1, "overrides": overrides}));
    let of = |tenant| Caller::named("a", tenant).through(&*filter);
    assert_eq!((of(Some("shore")), of(Some("deep")), of(Some("reef")), of(None)), (5, 2, 1, 1));
}

/// Each alert so far, after everything that is on its way: whose, which part, and how much of it all.
async fn told(network: &Network) -> Vec<String> {
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    let seen = network.seen.lock().unwrap();
    let told = |(_, body): &(String, Value)| {
        let whose = body["principal"].as_str().unwrap_or("nobody");
        format!("{whose}: {}, {} of {}", body["part"], body["used"], body["most"])
    };
    seen.iter().map(told).collect()
}

/// A server that takes every alert.
fn listening() -> Arc<Network> {
    Network::of(&[const { Value::Null }; 16])
}

fn alerted(network: &Arc<Network>, settings: Value) -> Arc<dyn Plugin> {
    let mut settings = settings;
    settings["alert"] = json!({"at": [0.5, 1.0], "webhook": {"url": "https://example.com/alert"}});
    filter_in(network, &RateLimitFactory, &settings)
}

#[tokio::test(start_paused = true)]
async fn a_settlement_tells_of_the_part_that_it_reaches() {
    let network = listening();
    let settings = json!({"key": ["principal", "model"], "requests_per_day": 100, "tokens_per_day": 100});
    let filter = alerted(&network, settings);
    let alice = Caller::named("alice", None);
    let tickets = [(); 3].map(|()| alice.admit(&*filter, 5, 5).unwrap());
    assert!(told(&network).await.is_empty());
    alice.settle(&*filter, &tickets[0], 30, 5);
    let half = "alice: 0.5, 55 of 100";
    assert_eq!(told(&network).await, [half]);
    // Neither a settlement that comes twice nor one that reaches no other part tells it again.
    alice.settle(&*filter, &tickets[0], 30, 5);
    alice.settle(&*filter, &tickets[1], 8, 5);
    assert_eq!(told(&network).await, [half]);
    alice.settle(&*filter, &tickets[2], 60, 50);
    let whole = "alice: 1.0, 158 of 100";
    assert_eq!(told(&network).await, [half, whole]);
    alice.admit(&*filter, 5, 5).unwrap_err();
    assert_eq!(told(&network).await, [half, whole]);
}

#[tokio::test(start_paused = true)]
async fn what_a_reservation_told_no_settlement_tells_again() {
    let network = listening();
    let filter =
        alerted(&network, json!({"tokens_per_day": 100, "overrides": {"alice": {"tokens_per_day": 20}}}));
    let alice = Caller::named("alice", None);
    let ticket = alice.admit(&*filter, 5, 5).unwrap();
    let half = "alice: 0.5, 10 of 20";
    assert_eq!(told(&network).await, [half]);
    alice.settle(&*filter, &ticket, 10, 5);
    assert_eq!(told(&network).await, [half]);
}

#[tokio::test(start_paused = true)]
async fn a_settlement_tells_of_soft_limits_too() {
    let network = listening();
    let filter = alerted(&network, json!({"tokens_per_day": 100, "soft": true}));
    let ticket = NOBODY.admit(&*filter, 5, 5).unwrap();
    NOBODY.settle(&*filter, &ticket, 100, 30);
    assert_eq!(told(&network).await, ["nobody: 1.0, 130 of 100"]);
}

#[tokio::test(start_paused = true)]
async fn an_alert_is_told_once_for_each_key_and_part() {
    let network = listening();
    let alert = json!({"at": [0.5, 1.0], "webhook": {"url": "https://example.com/alert", "secret": "s"}});
    let filter = filter_in(&network, &RateLimitFactory, &json!({"requests_per_day": 4, "alert": alert}));
    let alice = Caller::named("alice", None);
    alice.admit(&*filter, 1, 1).unwrap();
    assert!(told(&network).await.is_empty());
    (0..10).for_each(|_| drop(alice.admit(&*filter, 1, 1)));
    Caller::named("bob", None).through(&*filter);
    let mut told = told(&network).await;
    told.sort();
    assert_eq!(told, ["alice: 0.5, 2 of 4", "alice: 1.0, 4 of 4", "bob: 0.5, 2 of 4", "bob: 1.0, 4 of 4"]);
    let request = network.request.lock().unwrap();
    let signature = request.headers.iter().find(|field| &*field.name == "x-tidegate-signature").unwrap();
    assert!(signature.value.starts_with(b"sha256=") && signature.value.len() == 7 + 64);
}

#[tokio::test(start_paused = true)]
async fn a_soft_limit_refuses_nobody() {
    let network = Network::of(&[]);
    let filter = filter_in(
        &network,
        &RateLimitFactory,
        &json!({"requests_per_day": 2, "soft": true, "alert": {"at": [1.0]}}),
    );
    assert_eq!(NOBODY.through(&*filter), 10);
}

/// A store that never answers.
struct Down;

impl Quotas for Down {
    fn reserve<'a>(&'a self, _: &'a str, _: &'a [Want]) -> BoxFuture<'a, Result<Reserved, StoreError>> {
        Box::pin(std::future::ready(Err(StoreError::Unavailable("down".into()))))
    }

    fn settle<'a>(&'a self, _: &'a str, _: &'a [u64]) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(std::future::ready(Err(StoreError::Unavailable("down".into()))))
    }

    fn settle_and_tell<'a>(
        &'a self,
        _: &'a str,
        _: &'a [u64],
    ) -> BoxFuture<'a, Result<Vec<Count>, StoreError>> {
        Box::pin(std::future::ready(Err(StoreError::Unavailable("down".into()))))
    }
}

#[test]
fn without_its_store_a_limit_does_what_its_settings_say() {
    let filter = |settings: Value| {
        let network = Arc::default();
        let world = World { quotas: Arc::new(Down), ..world(&NoFiles, &network) };
        RateLimitFactory.build(&settings, &world).unwrap()
    };
    let asked = |filter: Arc<dyn Plugin>| {
        NOBODY.with(|call| filter.admit(call, Usage::default()).now_or_never().unwrap())
    };
    assert!(asked(filter(json!({"requests_per_day": 1}))).is_err(), "the entry decides");
    let open = asked(filter(json!({"requests_per_day": 1, "on_store_error": "open"})));
    assert!(matches!(open, Ok(AdmissionVerdict::Admitted(None))));
    let closed = asked(filter(json!({"requests_per_day": 1, "on_store_error": "closed"})));
    let Ok(AdmissionVerdict::Refused(refusal)) = closed else { panic!("refused") };
    assert_eq!((refusal.status, &*refusal.code), (503, "limits_unavailable"));
}

#[test]
fn files_are_no_tokens() {
    let filter = limit(json!({"tokens_per_hour": 100}));
    let upload = Caller { operation: "transcription", ..NOBODY };
    assert_eq!((0..10).filter(|_| upload.admit(&*filter, 1_000_000, 0).is_ok()).count(), 10);
}

#[test]
fn wrong_settings_are_told_with_their_place() {
    let said = |settings: Value| -> Vec<(String, String)> {
        let found = problems(&RateLimitFactory, &settings);
        found.into_iter().map(|problem| (problem.pointer, problem.message)).collect()
    };
    let none = "it sets no limit; give one such as \"requests_per_minute\" or \"tokens_per_day\"";
    assert_eq!(said(json!({})), [(String::new(), none.to_owned())]);
    let with_key = |key: Value| said(json!({"key": key, "requests_per_day": 1})).remove(0);
    let (place, text) = with_key(json!({"header": "x team"}));
    assert_eq!(place, "/key/header");
    assert!(text.contains("\"x team\" is no name of a header field"), "{text}");
    let (place, text) = with_key(json!(["principal", {"header": "Authorization"}]));
    assert_eq!(place, "/key/1/header");
    assert!(text.contains("\"authorization\" ends at the gateway"), "{text}");
    let (place, text) = with_key(json!(["principal", "principal"]));
    assert_eq!((&*place, text.contains("twice")), ("/key/1", true));
}

#[test]
fn the_schema_knows_every_limit() {
    let schema = RateLimitFactory.schema();
    let properties = schema["properties"].as_object().unwrap();
    assert_eq!(properties.len(), 7 + 5 * 5);
    assert_eq!(
        properties["overrides"]["additionalProperties"]["properties"].as_object().unwrap().len(),
        5 * 5
    );
    assert_eq!(properties["input_tokens_per_month"]["minimum"], 1);
    assert_eq!(schema["additionalProperties"], false);
}
