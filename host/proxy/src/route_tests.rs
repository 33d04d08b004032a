use std::sync::Arc;

use http::{HeaderMap, HeaderName, HeaderValue, Method};
use proptest::prelude::*;
use tidegate_config::checked::{self, TextMatch};
use tidegate_pipeline::{AuthMode, Chain};

use super::{Choice, Hosts, Look, Matcher, Model, Routes, View};
use crate::snapshot::{Retry, Route, Service, Tries};

fn service(name: &str) -> Arc<Service> {
    serving(name, Vec::new())
}

fn serving(name: &str, routes: Vec<Arc<Route>>) -> Arc<Service> {
    let chain = Chain::new(Vec::new(), AuthMode::Any);
    Arc::new(Service {
        name: name.into(),
        chain,
        guards_routes: false,
        digests: false,
        routes: Routes::new(routes),
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
    said(&Routes::new(routes.to_vec()).choose(&view(headers, model)))
}

fn said(choice: &Choice<'_>) -> String {
    match choice {
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
fn a_name_belongs_to_the_first_service_that_has_it() {
    let mut hosts = Hosts::default();
    let all = || checked::Match::default();
    for (name, routes) in [("a", ["x", "y"]), ("b", ["y", "z"])] {
        let routes = routes.map(|name| route(name, &all())).to_vec();
        hosts.add_names(&serving(name, routes));
    }
    let found =
        |name: &str| hosts.route(name).map(|(service, route)| format!("{}/{}", service.name, route.name));
    assert_eq!([found("x"), found("y"), found("z")].map(Option::unwrap), ["a/x", "a/y", "b/z"]);
    assert_eq!(found("nobody"), None);
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
        matches!(Routes::new(routes.to_vec()).choose(&view), Choice::Route(_))
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

/// One route after the other, as the configuration has them.
fn one_by_one(routes: &[Arc<Route>], view: &View<'_>) -> String {
    let mut missed_by_model = false;
    for route in routes {
        match route.look(view) {
            Look::Matches => return route.name.to_string(),
            Look::NeedsModel => return "needs model".into(),
            Look::MissesModel => missed_by_model = true,
            Look::Misses => {}
        }
    }
    if missed_by_model { "no model".into() } else { "nothing".into() }
}

const PATHS: [&str; 6] = ["/", "/a", "/a/b", "/ab", "/é", "/v1/chat/completions"];
const MODELS: [&str; 4] = ["gpt-4o", "gpt-*", "o1", "o?"];

fn any_match() -> impl Strategy<Value = checked::Match> {
    let path = (0_usize..PATHS.len(), 0..4).prop_map(|(path, kind)| match kind {
        0 => None,
        1 => Some(TextMatch::Exact(PATHS[path].into())),
        2 => Some(TextMatch::Prefix(PATHS[path].into())),
        _ => Some(TextMatch::Regex(regex::Regex::new(&format!("^(?:{}.*)$", PATHS[path])).unwrap())),
    });
    let models = prop::option::of(prop::collection::vec(prop::sample::select(&MODELS[..]), 1..3));
    let tenant = prop::option::weighted(0.3, prop::sample::select(&["a", "b"][..]));
    (path, models, tenant, any::<bool>()).prop_map(|(path, models, tenant, posts)| checked::Match {
        path,
        model: models.map(|models| models.into_iter().map(str::to_owned).collect()),
        headers: tenant
            .map(|tenant| ("x-tenant".into(), TextMatch::Exact(tenant.into())))
            .into_iter()
            .collect(),
        methods: if posts { vec!["POST".into()] } else { Vec::new() },
        ..checked::Match::default()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// Whatever the routes and the request: the index finds what a look at one route after the other finds.
    #[test]
    fn the_index_keeps_the_order(
        matches in prop::collection::vec(any_match(), 0..12),
        path in prop::sample::select(&["/", "/a", "/a/b/c", "/ab", "/abc", "/é", "/éa", "/v1/chat/completions", "/x"][..]),
        model in prop::sample::select(&["unread", "none", "gpt-4o", "gpt-5", "o1", "o3", "claude"][..]),
        tenant in prop::sample::select(&["a", "b", "c"][..]),
        posts in any::<bool>(),
    ) {
        let routes: Vec<_> =
            matches.iter().enumerate().map(|(number, matches)| route(&number.to_string(), matches)).collect();
        let mut headers = HeaderMap::new();
        headers.insert("x-tenant", HeaderValue::from_static(tenant));
        let model = match model {
            "unread" => Model::Unread,
            "none" => Model::None,
            named => Model::Named(named),
        };
        let method = if posts { Method::POST } else { Method::GET };
        let view = View { method: &method, path, query: "", headers: &headers, model };
        let expected = one_by_one(&routes, &view);
        prop_assert_eq!(said(&Routes::new(routes).choose(&view)), expected);
    }
}

/// What the route of each number matches.
type Matches<'a> = &'a dyn Fn(usize) -> checked::Match;

/// How many routes are looked at, at most, of so many that are told apart by this.
fn looked_at(count: usize, matches: Matches<'_>, (path, model): (&str, Model<'_>)) -> usize {
    let all: Vec<_> = (0..count).map(|number| route(&number.to_string(), &matches(number))).collect();
    let headers = HeaderMap::new();
    let view = View { path, ..view(&headers, model) };
    Routes::new(all).index.lists(&view).map(<[usize]>::len).sum()
}

#[test]
fn of_ten_thousand_routes_no_more_are_looked_at_than_of_ten() {
    let path = |path: TextMatch| checked::Match { path: Some(path), ..checked::Match::default() };
    let exact = |number: usize| path(TextMatch::Exact(format!("/{number}")));
    let prefix = |number: usize| path(TextMatch::Prefix(format!("/{number}/")));
    let model = |number: usize| by_model(&[&format!("m-{number}")]);
    let both = |number: usize| checked::Match {
        path: Some(TextMatch::Prefix("/v1/".into())),
        ..by_model(&[&format!("m-{number}"), &format!("n-{number}")])
    };
    let named = Model::Named("m-7");
    let kinds: [(Matches<'_>, (&str, Model<'_>)); 6] = [
        (&exact, ("/7", Model::None)),
        (&prefix, ("/7/x", Model::None)),
        (&model, ("/v1/chat/completions", named)),
        (&model, ("/v1/chat/completions", Model::Unread)),
        (&both, ("/v1/chat/completions", Model::Named("n-7"))),
        (&both, ("/v1/chat/completions", Model::Unread)),
    ];
    for (matches, asked) in kinds {
        assert_eq!(looked_at(10, matches, asked), 1, "{}", asked.0);
        assert_eq!(looked_at(10_000, matches, asked), 1, "{}", asked.0);
    }
}
