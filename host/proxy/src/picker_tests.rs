use std::collections::HashMap;
use std::sync::Arc;

use http::{HeaderMap, HeaderValue, StatusCode};
use tidegate_config::{FilterKinds, Source, load};
use tidegate_contract::{Dialect, Operation};
use tidegate_pipeline::{AuthMode, Chain, Traces};
use tidegate_telemetry::Metrics;

use super::Picker;
use crate::build::{RouteChains, ServiceChains};
use crate::ledger::Observers;
use crate::snapshot::{Route, Snapshot};

const CLIENT: (Dialect, Operation) = (Dialect::OpenAi, Operation::Chat);

struct NoFilters;

impl FilterKinds for NoFilters {
    fn kinds(&self) -> Vec<String> {
        Vec::new()
    }

    fn schema(&self, _: &str) -> Option<serde_json::Value> {
        None
    }
}

/// A snapshot of mock clusters called `a`, `b` and `c`, each with these keys, and of one route.
fn snapshot(keys: &str, route: &str, previous: Option<&Snapshot>) -> Snapshot {
    let cluster = |name: &str| format!("  {name}: {{provider: mock{keys}}}\n");
    let clusters: String = ["a", "b", "c"].iter().map(|name| cluster(name)).collect();
    let text =
        format!("clusters:\n{clusters}virtual_services: [{{name: s, routes: [{{name: r, {route}}}]}}]");
    let source = Source { name: "test.yaml".into(), text, base: ".".into() };
    let config = load(&source, &|_| None, &NoFilters).map_err(|refused| refused.problems).unwrap().config;
    let none = || Chain::new(Vec::new(), AuthMode::Any);
    let backends = config.virtual_services[0].routes[0].backends.iter().map(|_| none()).collect();
    let chains = vec![ServiceChains { own: none(), routes: vec![RouteChains { own: none(), backends }] }];
    let (metrics, traces) = (Metrics::new().unwrap(), Arc::new(Traces::default()));
    let observers = Observers { metrics, access_log: None, traces, prices: Arc::default(), usage: None };
    Snapshot::build(&config, previous, chains, observers).unwrap()
}

fn route(snapshot: &Snapshot) -> Arc<Route> {
    Arc::clone(snapshot.hosts.route("r").unwrap().1)
}

/// The clusters in the order in which they are tried.
fn order(route: &Route, model: &str) -> Vec<String> {
    let mut picker = Picker::new(route, None, CLIENT).unwrap();
    let mut tried = Vec::new();
    while !picker.is_done() {
        tried.push(picker.next(model).cluster.name.to_string());
    }
    tried
}

fn first(route: &Route) -> String {
    order(route, "m").swap_remove(0)
}

fn fail(snapshot: &Snapshot, cluster: &str, times: usize) {
    (0..times).for_each(|_| snapshot.clusters[cluster].health.tried(true));
}

fn is_busy(snapshot: &Snapshot, cluster: &str, model: &str) {
    let headers: HeaderMap =
        [("retry-after".parse().unwrap(), HeaderValue::from_static("9"))].into_iter().collect();
    snapshot.clusters[cluster].health.heed(model, StatusCode::TOO_MANY_REQUESTS, &headers);
}

const ALL: &str =
    "backends: [{cluster: a}, {cluster: b, model: other, priority: 1}, {cluster: c, priority: 2}]";
const EJECTS: &str = ", outlier_detection: {consecutive_5xx: 2}";

#[tokio::test]
async fn weights_hold_within_a_hundredth() {
    const PICKS: usize = 100_000;
    let shares = [("a", 70), ("b", 29), ("c", 1)];
    let backends =
        shares.map(|(cluster, weight)| format!("{{cluster: {cluster}, weight: {weight}}}")).join(", ");
    let route = route(&snapshot("", &format!("backends: [{backends}]"), None));
    fastrand::seed(7);
    let mut picked: HashMap<String, usize> = HashMap::new();
    (0..PICKS).for_each(|_| *picked.entry(first(&route)).or_default() += 1);
    for (cluster, weight) in shares {
        let off = picked[cluster].abs_diff(PICKS * weight / 100);
        assert!(off < PICKS / 100, "{cluster} is off by {off}");
    }
}

#[tokio::test]
async fn a_cluster_that_is_busy_with_a_model_is_asked_last_for_that_model() {
    let snapshot = snapshot("", ALL, None);
    let route = route(&snapshot);
    assert_eq!(order(&route, "m"), ["a", "b", "c"]);
    is_busy(&snapshot, "a", "m");
    assert_eq!(order(&route, "m"), ["b", "c", "a"]);
    assert_eq!(order(&route, "another"), ["a", "b", "c"]);
    is_busy(&snapshot, "b", "other");
    assert_eq!(order(&route, "m"), ["c", "a", "b"], "the name that the backend sends is what counts");
}

#[tokio::test]
async fn without_cooldown_nobody_is_set_aside() {
    let snapshot = snapshot(", max_cooldown: 0s", ALL, None);
    is_busy(&snapshot, "a", "m");
    assert_eq!(order(&route(&snapshot), "m"), ["a", "b", "c"]);
}

#[tokio::test]
async fn what_is_known_of_a_cluster_outlives_a_reload_as_its_connections_do() {
    let before = snapshot("", ALL, None);
    is_busy(&before, "a", "m");
    assert_eq!(first(&route(&snapshot("", ALL, Some(&before)))), "b");
    assert_eq!(first(&route(&snapshot(", reply: changed", ALL, Some(&before)))), "a");
}

#[tokio::test]
async fn an_ejected_cluster_is_asked_last_until_it_answers() {
    let snapshot = snapshot(EJECTS, ALL, None);
    let route = route(&snapshot);
    fail(&snapshot, "a", 1);
    assert_eq!(order(&route, "m"), ["a", "b", "c"]);
    fail(&snapshot, "a", 1);
    assert_eq!(order(&route, "m"), ["b", "c", "a"]);
    snapshot.clusters["a"].health.tried(false);
    assert_eq!(order(&route, "m"), ["a", "b", "c"]);
}

#[tokio::test]
async fn nobody_is_ejected_unless_that_is_wanted() {
    let snapshot = snapshot("", ALL, None);
    fail(&snapshot, "a", 100);
    assert_eq!(first(&route(&snapshot)), "a");
}

#[tokio::test]
async fn the_last_backend_stays_whatever_it_does() {
    let snapshot = snapshot(EJECTS, "backends: [{cluster: a}]", None);
    fail(&snapshot, "a", 9);
    assert_eq!(order(&route(&snapshot), "m"), ["a"]);
}

#[tokio::test]
async fn no_more_are_ejected_of_a_route_than_the_share() {
    let snapshot = snapshot(", outlier_detection: {consecutive_5xx: 1, max_ejection_percent: 50}", ALL, None);
    ["a", "b", "c"].iter().for_each(|cluster| fail(&snapshot, cluster, 1));
    assert_eq!(
        order(&route(&snapshot), "m"),
        ["b", "c", "a"],
        "one of three is, two would be more than half"
    );
}
