use std::sync::Arc;

use http::{HeaderMap, HeaderName, HeaderValue, Method};
use tidegate_config::checked::{self, TextMatch};
use tidegate_pipeline::{AuthMode, Chain};

use super::{Choice, Hosts, Matcher, Model, View, choose};
use crate::snapshot::{Retry, Route, Service, Tries};

fn service(name: &str) -> Arc<Service> {
    let chain = Chain::new(Vec::new(), AuthMode::Any);
    Arc::new(Service {
        name: name.into(),
        chain,
        guards_routes: false,
        digests: false,
        routes: Vec::new(),
        models: Vec::new(),
    })
}

fn route(name: &str, matches: &checked::Match) -> Arc<Route> {
    Arc::new(Route {
        name: name.into(),
        name_header: HeaderValue::from_static("r"),
        matcher: Matcher::new(matches),
        chain: Chain::new(Vec::new(), AuthMode::Any),
        hooks: Chain::new(Vec::new(), AuthMode::Any),
        backends: Vec::new(),
        retry: Retry { tries: Tries::EachPriority, on: Vec::new() },
        timeout: None,
    })
}

fn view<'a>(headers: &'a HeaderMap, model: Model<'a>) -> View<'a> {
    View { method: &Method::POST, path: "/v1/chat/completions", query: "a=1&b", headers, model }
}

fn chosen(routes: &[Arc<Route>], headers: &HeaderMap, model: Model<'_>) -> String {
    match choose(routes, &view(headers, model)) {
        Choice::Route(route) => route.name.to_string(),
        Choice::NeedsModel => "needs model".into(),
        Choice::NoModel => "no model".into(),
        Choice::Nothing => "nothing".into(),
    }
}

fn by_model(globs: &[&str]) -> checked::Match {
    let model = Some(globs.iter().map(ToString::to_string).collect());
    checked::Match { model, ..checked::Match::default() }
}

fn by_header(value: TextMatch) -> checked::Match {
    checked::Match { headers: vec![("x-tenant".into(), value)], ..checked::Match::default() }
}

#[test]
fn hosts_go_by_exact_name_then_the_longest_wildcard_then_any() {
    let mut hosts = Hosts::default();
    for host in ["*", "*.example.com", "*.eu.example.com", "api.example.com"] {
        hosts.add(host, &service(host));
    }
    let found = |host: &str| hosts.find(host).map(|service| service.name.to_string()).unwrap();
    assert_eq!(found("api.example.com"), "api.example.com");
    assert_eq!(found("x.example.com"), "*.example.com");
    assert_eq!(found("x.eu.example.com"), "*.eu.example.com");
    assert_eq!(found("example.com"), "*");
    assert_eq!(found(".example.com"), "*");
    assert_eq!(found("other"), "*");
}

#[test]
fn no_service_takes_a_host_that_nobody_names() {
    let mut hosts = Hosts::default();
    hosts.add("a", &service("a"));
    assert!(hosts.find("b").is_none());
}

#[test]
fn the_first_match_wins() {
    let routes = [route("a", &checked::Match::default()), route("b", &checked::Match::default())];
    assert_eq!(chosen(&routes, &HeaderMap::new(), Model::None), "a");
}

#[test]
fn the_model_is_asked_for_only_where_a_route_hangs_on_it() {
    let prefix = checked::Match { path: Some(TextMatch::Prefix("/other".into())), ..by_model(&["gpt-*"]) };
    let routes = [route("other", &prefix), route("all", &checked::Match::default())];
    assert_eq!(chosen(&routes, &HeaderMap::new(), Model::Unread), "all");
    let routes = [route("gpt", &by_model(&["gpt-*", "o1"])), route("claude", &by_model(&["claude-*"]))];
    let headers = HeaderMap::new();
    assert_eq!(chosen(&routes, &headers, Model::Unread), "needs model");
    assert_eq!(chosen(&routes, &headers, Model::Named("o1")), "gpt");
    assert_eq!(chosen(&routes, &headers, Model::Named("claude-3")), "claude");
    assert_eq!(chosen(&routes, &headers, Model::Named("o1-mini")), "no model");
    assert_eq!(chosen(&routes, &headers, Model::None), "no model");
}

#[test]
fn t_hdr_2_a_repeated_field_matches_only_with_all_its_values() {
    let routes = [route("a", &by_header(TextMatch::Exact("a".into())))];
    let mut headers = HeaderMap::new();
    let name = HeaderName::from_static("x-tenant");
    assert_eq!(chosen(&routes, &headers, Model::None), "nothing");
    headers.append(&name, HeaderValue::from_static("a"));
    assert_eq!(chosen(&routes, &headers, Model::None), "a");
    headers.append(&name, HeaderValue::from_static("b"));
    assert_eq!(chosen(&routes, &headers, Model::None), "nothing");
}

#[test]
fn presence_and_absence_are_conditions() {
    let headers = HeaderMap::new();
    let routes = [route("absent", &by_header(TextMatch::Present(false)))];
    assert_eq!(chosen(&routes, &headers, Model::None), "absent");
    let routes = [route("present", &by_header(TextMatch::Present(true)))];
    assert_eq!(chosen(&routes, &headers, Model::None), "nothing");
}

#[test]
fn t_hdr_2_a_parameter_matches_decoded_and_with_all_its_values() {
    let text = |text: &str| TextMatch::Exact(text.into());
    let query = |condition: TextMatch| checked::Match {
        query: vec![("a b".into(), condition)],
        ..checked::Match::default()
    };
    let headers = HeaderMap::new();
    let holds = |condition: TextMatch, sent: &str| {
        let routes = [route("r", &query(condition))];
        let view = View { query: sent, ..view(&headers, Model::None) };
        matches!(choose(&routes, &view), Choice::Route(_))
    };
    for sent in ["a+b=x%2Fy+z", "a%20b=%78/y%20z", "c=1&%61+b=x/y+z&&d", "a+b=x/y+z&a%20b=x/y+z"] {
        assert!(holds(text("x/y z"), sent), "{sent}");
    }
    for sent in ["", "a+b", "a+b=x/y+z&a+b=1", "a+b=1&a+b=x/y+z", "a+b=x%252Fy+z", "A+b=x/y+z"] {
        assert!(!holds(text("x/y z"), sent), "{sent}");
    }
    assert!(holds(TextMatch::Present(true), "a+b"));
    assert!(!holds(TextMatch::Present(false), "a%20b=1"));
    assert!(holds(TextMatch::Present(false), "ab=1"));
    assert!(!holds(TextMatch::Prefix(String::new()), "a+b=%ff"), "no text");
    assert!(holds(text("%"), "a+b=%"), "no escape");
}

#[test]
fn query_and_method_are_conditions() {
    let query = |name: &str, text: TextMatch| checked::Match {
        query: vec![(name.into(), text)],
        ..checked::Match::default()
    };
    let headers = HeaderMap::new();
    let holds = |matches: &checked::Match| chosen(&[route("r", matches)], &headers, Model::None) == "r";
    assert!(holds(&query("a", TextMatch::Exact("1".into()))));
    assert!(holds(&query("b", TextMatch::Present(true))));
    assert!(!holds(&query("c", TextMatch::Present(true))));
    assert!(holds(&checked::Match { methods: vec!["POST".into()], ..checked::Match::default() }));
    assert!(!holds(&checked::Match { methods: vec!["GET".into()], ..checked::Match::default() }));
}
