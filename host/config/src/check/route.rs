//! Routes: conditions that can hold, backends that exist and get traffic.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use indexmap::IndexMap;
use regex::{Regex, RegexBuilder};

use crate::check::edge::positive;
use crate::check::{filter, headers};
use crate::checked::{Backend, Match, Retry, Route, TextMatch};
use crate::raw::service as raw;
use crate::scope::At;
use crate::words::hint;

/// Bytes of a compiled expression.
const MAX_REGEX: usize = 1 << 20;

pub(crate) fn routes(raw: Vec<raw::Route>, at: At<'_>) -> Vec<Route> {
    let mut routes: Vec<Route> = Vec::with_capacity(raw.len());
    let mut names = HashSet::with_capacity(raw.len());
    for (index, raw) in raw.into_iter().enumerate() {
        let at = at.item(index);
        let route = route(raw, index, at);
        if !names.insert(Arc::clone(&route.name)) {
            let shown = at.key("name");
            let name = if shown.is_set() { shown.quoted() } else { format!("{:?}", &*route.name) };
            shown.report(format!("another route of this virtual service has the name {name} already"));
        }
        routes.push(route);
    }
    routes
}

fn route(raw: raw::Route, index: usize, at: At<'_>) -> Route {
    let backends = raw.backends.into_iter().enumerate();
    let backends: Vec<Backend> =
        backends.map(|(index, raw)| backend(raw, at.key("backends").item(index))).collect();
    weights(&backends, at.key("backends"));
    Route {
        name: raw.name.unwrap_or_else(|| format!("route-{}", index + 1)).into(),
        matches: matches(raw.matches, at.key("match")),
        backends,
        retry: raw.retry.map(retry),
        timeout: raw.timeout.map(|timeout| positive(timeout, "timeout", at)),
        filters: filter::filters(raw.filters, at.key("filters")),
    }
}

fn backend(raw: raw::Backend, at: At<'_>) -> Backend {
    let place = at.key("cluster");
    let clusters = at.scope.clusters();
    if !clusters.contains(raw.cluster.as_str()) {
        // What was interpolated is neither shown nor compared, because a guess would give it away.
        let guessed = if place.node().is_some_and(|node| node.is_interpolated()) { "" } else { &raw.cluster };
        let hint = hint("clusters", guessed, clusters.iter().copied());
        place.report(format!("unknown cluster {}; {hint}", place.quoted()));
    }
    Backend {
        cluster: raw.cluster.into(),
        weight: raw.weight,
        priority: raw.priority,
        model: raw.model,
        restores_model: raw.restore_model,
        headers: headers::edits(raw.headers, at.key("headers")),
        filters: filter::filters(raw.filters, at.key("filters")),
    }
}

/// A priority whose weights are all 0 is never used.
fn weights(backends: &[Backend], at: At<'_>) {
    let mut sums: BTreeMap<u32, (usize, u64)> = BTreeMap::new();
    for (index, backend) in backends.iter().enumerate() {
        sums.entry(backend.priority).or_insert((index, 0)).1 += u64::from(backend.weight);
    }
    for (priority, (index, sum)) in sums {
        if sum == 0 && at.is_whole() {
            at.item(index).key("weight").report(format!(
                "every backend of priority {priority} has the weight 0, so none is ever used; raise one"
            ));
        }
    }
}

fn retry(raw: raw::Retry) -> Retry {
    let on: Vec<_> = match raw.on {
        Some(on) => on.into_iter().map(|failure| failure.0).collect(),
        None => raw::Failure::ALL.iter().map(|(_, failure)| *failure).collect(),
    };
    Retry { attempts: raw.attempts, on }
}

fn matches(raw: raw::Match, at: At<'_>) -> Match {
    Match {
        path: raw.path.and_then(|path| path_match(path, at.key("path"))),
        model: raw.model.map(|globs| match globs {
            raw::Globs::One(glob) => vec![glob],
            raw::Globs::Many(globs) => globs,
        }),
        headers: header_matches(raw.headers, at.key("headers")),
        query: text_matches(raw.query, at.key("query")),
        methods: methods(raw.methods, at.key("methods")),
    }
}

fn path_match(raw: raw::PathMatch, at: At<'_>) -> Option<TextMatch> {
    for (key, path) in [("exact", &raw.exact), ("prefix", &raw.prefix)] {
        match path {
            Some(path) if !path.starts_with('/') => {
                at.key(key).report(format!("{key:?} must begin with \"/\", not {}", at.key(key).quoted()));
            }
            Some(path) if path.contains(['?', '#']) => {
                at.key(key).report(format!(
                    "{key:?} is compared with the path alone; match the query under \"query\""
                ));
            }
            _ => {}
        }
    }
    condition(raw::Condition { exact: raw.exact, prefix: raw.prefix, regex: raw.regex, present: None }, at)
}

fn header_matches(raw: IndexMap<String, raw::TextMatch>, at: At<'_>) -> Vec<(String, TextMatch)> {
    let named = raw.into_iter().filter_map(|(name, raw)| {
        let condition = text_match(raw, at.key(&name));
        Some((headers::name(&name, at.key(&name))?, condition?))
    });
    named.collect()
}

fn text_matches(raw: IndexMap<String, raw::TextMatch>, at: At<'_>) -> Vec<(String, TextMatch)> {
    let named = raw.into_iter().filter_map(|(name, raw)| {
        let condition = text_match(raw, at.key(&name))?;
        Some((name, condition))
    });
    named.collect()
}

fn text_match(raw: raw::TextMatch, at: At<'_>) -> Option<TextMatch> {
    match raw {
        raw::TextMatch::Exact(text) => Some(TextMatch::Exact(text)),
        raw::TextMatch::Condition(raw) => condition(raw, at),
    }
}

fn condition(raw: raw::Condition, at: At<'_>) -> Option<TextMatch> {
    if let Some(text) = raw.exact {
        return Some(TextMatch::Exact(text));
    }
    if let Some(text) = raw.prefix {
        return Some(TextMatch::Prefix(text));
    }
    match (raw.regex, raw.present) {
        (Some(text), _) => regex(&text, at.key("regex")).map(TextMatch::Regex),
        (None, present) => present.map(TextMatch::Present),
    }
}

/// An expression for the whole text.
fn regex(text: &str, at: At<'_>) -> Option<Regex> {
    // Compiled alone first: "a)|(b" is only whole in the company of our own brackets.
    let alone = RegexBuilder::new(text).size_limit(MAX_REGEX).build();
    let whole = alone.and_then(|_| RegexBuilder::new(&format!("^(?:{text})$")).size_limit(MAX_REGEX).build());
    let refused =
        |error| at.report(format!("{} is not a regular expression: {}", at.quoted(), cause(&error)));
    whole.map_err(refused).ok()
}

/// The last line of the library's message; those before it draw the pattern, which may hold what was interpolated.
fn cause(error: &regex::Error) -> String {
    match error {
        regex::Error::CompiledTooBig(_) => "it is too large".to_owned(),
        other => {
            let text = other.to_string();
            let last = text.lines().last().unwrap_or_default();
            last.strip_prefix("error: ").unwrap_or("it cannot be parsed").to_owned()
        }
    }
}

fn methods(raw: Vec<String>, at: At<'_>) -> Vec<String> {
    for (index, method) in raw.iter().enumerate() {
        let at = at.item(index);
        let upper = method.to_ascii_uppercase();
        if http::Method::from_bytes(method.as_bytes()).is_err() {
            at.report(format!("{} is not a method; write one such as \"POST\"", at.quoted()));
        } else if upper != *method {
            at.report(format!("methods are written in capitals, not as {}", at.quoted()));
        }
    }
    raw
}
