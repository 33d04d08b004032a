//! Which virtual service and which route a request belongs to, from tables made once a snapshot.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use http::{HeaderMap, HeaderName, Method};
use percent_encoding::percent_decode_str;
use regex::Regex;
use tidegate_config::checked;
use tidegate_contract::ModelNames;

use crate::route_index::{Index, Key};
use crate::snapshot::{Route, Service};

/// Services by host: exact name, then the longest wildcard, then `*`.
#[derive(Default)]
pub(crate) struct Hosts {
    exact: HashMap<String, Arc<Service>>,
    /// By what follows the `*`, such as `.example.com`.
    suffixes: HashMap<String, Arc<Service>>,
    any: Option<Arc<Service>>,
    /// Routes by name, with their services.
    names: HashMap<Arc<str>, (Arc<Service>, Arc<Route>)>,
}

impl Hosts {
    /// The first service that names a host keeps it.
    pub(crate) fn add(&mut self, host: &str, service: &Arc<Service>) {
        if host == "*" {
            self.any.get_or_insert_with(|| Arc::clone(service));
        } else if let Some(suffix) = host.strip_prefix('*') {
            self.suffixes.entry(suffix.to_owned()).or_insert_with(|| Arc::clone(service));
        } else {
            self.exact.entry(host.to_owned()).or_insert_with(|| Arc::clone(service));
        }
    }

    /// Has the routes of a service found by their names; the first service that has a name keeps it.
    pub(crate) fn add_names(&mut self, service: &Arc<Service>) {
        for route in service.routes.iter() {
            let found = || (Arc::clone(service), Arc::clone(route));
            self.names.entry(Arc::clone(&route.name)).or_insert_with(found);
        }
    }

    /// The first route of a name, and its service.
    pub(crate) fn route(&self, name: &str) -> Option<(&Arc<Service>, &Arc<Route>)> {
        self.names.get(name).map(|(service, route)| (service, route))
    }

    /// The service of a lower-case host without port.
    pub(crate) fn find(&self, host: &str) -> Option<&Arc<Service>> {
        if let Some(service) = self.exact.get(host) {
            return Some(service);
        }
        // The longest first; something must stand in place of the `*`.
        let suffixes = host.match_indices('.').filter(|(at, _)| *at > 0).map(|(at, _)| &host[at..]);
        suffixes.filter_map(|suffix| self.suffixes.get(suffix)).next().or(self.any.as_ref())
    }
}

/// What routes look at.
pub(crate) struct View<'a> {
    pub(crate) method: &'a Method,
    pub(crate) path: &'a str,
    pub(crate) query: &'a str,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) model: Model<'a>,
}

/// What is known of the client's model name.
#[derive(Clone, Copy)]
pub(crate) enum Model<'a> {
    /// The body was not read; it may name one.
    Unread,
    /// The request names none.
    None,
    Named(&'a str),
}

/// The outcome of a look at the routes.
pub(crate) enum Choice<'a> {
    Route(&'a Arc<Route>),
    /// A route that fits in all else depends on the model: read the body and ask again.
    NeedsModel,
    /// Some route would fit if the model were another.
    NoModel,
    Nothing,
}

/// The routes of a service, in their order.
pub(crate) struct Routes {
    all: Vec<Arc<Route>>,
    index: Index,
}

impl Routes {
    pub(crate) fn new(all: Vec<Arc<Route>>) -> Self {
        let index = Index::new(all.iter().map(|route| &route.matcher));
        Self { all, index }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Arc<Route>> {
        self.all.iter()
    }

    /// The first route that matches.
    pub(crate) fn choose(&self, view: &View<'_>) -> Choice<'_> {
        let mut found: Option<(usize, Choice<'_>)> = None;
        let mut missed_by_model = false;
        for list in self.index.lists(view) {
            // What stands behind a route that matches is not looked at.
            let end = found.as_ref().map_or(usize::MAX, |(place, _)| *place);
            for place in list.iter().copied().take_while(|place| *place < end) {
                match self.all[place].look(view) {
                    Look::Matches => found = Some((place, Choice::Route(&self.all[place]))),
                    Look::NeedsModel => found = Some((place, Choice::NeedsModel)),
                    Look::MissesModel => {
                        missed_by_model = true;
                        continue;
                    }
                    Look::Misses => continue,
                }
                break;
            }
        }
        let head_matches = |place: &usize| self.all[*place].matcher.head_matches(view);
        match found {
            Some((_, choice)) => choice,
            None if missed_by_model || self.index.heads.iter().any(head_matches) => Choice::NoModel,
            None => Choice::Nothing,
        }
    }
}

/// What a route says to a request.
enum Look {
    Matches,
    NeedsModel,
    /// Only the model is another.
    MissesModel,
    Misses,
}

impl Route {
    fn look(&self, view: &View<'_>) -> Look {
        match (&self.matcher.model, view.model) {
            _ if !self.matcher.head_matches(view) => Look::Misses,
            (None, _) => Look::Matches,
            (Some(_), Model::Unread) => Look::NeedsModel,
            (Some(globs), Model::Named(model)) if globs.allow(model) => Look::Matches,
            (Some(_), Model::None | Model::Named(_)) => Look::MissesModel,
        }
    }
}

/// The conditions of one route.
#[derive(Clone)]
pub(crate) struct Matcher {
    path: Option<Condition>,
    /// Globs; one of them must match.
    model: Option<ModelNames>,
    /// The same where each stands for itself alone.
    names: Option<Vec<String>>,
    headers: Vec<(HeaderName, Condition)>,
    query: Vec<(String, Condition)>,
    methods: Vec<Method>,
}

impl Matcher {
    pub(crate) fn new(matches: &checked::Match) -> Self {
        let header = |(name, condition): &(String, checked::TextMatch)| {
            Some((name.parse::<HeaderName>().ok()?, Condition::new(condition)))
        };
        Self {
            path: matches.path.as_ref().map(Condition::new),
            model: matches.model.clone().map(ModelNames::new),
            names: matches.model.clone().filter(|globs| !globs.iter().any(|glob| glob.contains(['*', '?']))),
            headers: matches.headers.iter().filter_map(header).collect(),
            query: matches.query.iter().map(|(name, text)| (name.clone(), Condition::new(text))).collect(),
            methods: matches.methods.iter().filter_map(|method| method.parse().ok()).collect(),
        }
    }

    /// What may be looked up of it: a whole path, the beginning of one, or whole names of models.
    pub(crate) fn keys(&self) -> [Vec<Key<'_>>; 2] {
        let path = match &self.path {
            Some(Condition::Exact(path)) => vec![Key::Path(path)],
            Some(Condition::Prefix(prefix)) => vec![Key::Prefix(prefix)],
            _ => Vec::new(),
        };
        [path, self.names.iter().flatten().map(|name| Key::Model(name)).collect()]
    }

    /// All but the model, in words that are the same only for the same conditions.
    pub(crate) fn head(&self) -> String {
        format!("{:?}", (&self.path, &self.headers, &self.query, &self.methods))
    }

    fn head_matches(&self, view: &View<'_>) -> bool {
        let path_matches = self.path.as_ref().is_none_or(|path| path.holds(Some(view.path)));
        path_matches
            && (self.methods.is_empty() || self.methods.contains(view.method))
            && self.headers.iter().all(|(name, condition)| condition.holds_for_all(view.headers, name))
            && self.query.iter().all(|(name, condition)| condition.holds_for_parameter(view.query, name))
    }
}

/// The decoded values of a parameter, by its decoded name; `None` for one that is no UTF-8.
fn values<'a>(query: &'a str, name: &'a str) -> impl Iterator<Item = Option<Cow<'a, str>>> {
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    let pairs = pairs.map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    pairs.filter(move |(key, _)| decoded(key).is_some_and(|key| key == name)).map(|(_, value)| decoded(value))
}

/// As forms are encoded: `+` is a space.
fn decoded(text: &str) -> Option<Cow<'_, str>> {
    if !text.contains('+') {
        return percent_decode_str(text).decode_utf8().ok();
    }
    let spaced = text.replace('+', " ");
    let decoded = percent_decode_str(&spaced).decode_utf8().ok()?;
    Some(Cow::Owned(decoded.into_owned()))
}

#[derive(Debug, Clone)]
enum Condition {
    Exact(String),
    Prefix(String),
    Regex(Regex),
    Present(bool),
}

impl Condition {
    fn new(text: &checked::TextMatch) -> Self {
        match text {
            checked::TextMatch::Exact(exact) => Self::Exact(exact.clone()),
            checked::TextMatch::Prefix(prefix) => Self::Prefix(prefix.clone()),
            checked::TextMatch::Regex(regex) => Self::Regex(regex.clone()),
            checked::TextMatch::Present(present) => Self::Present(*present),
        }
    }

    fn holds(&self, text: Option<&str>) -> bool {
        match (self, text) {
            (Self::Present(wanted), text) => text.is_some() == *wanted,
            (_, None) => false,
            (Self::Exact(exact), Some(text)) => text == exact,
            (Self::Prefix(prefix), Some(text)) => text.starts_with(prefix.as_str()),
            (Self::Regex(regex), Some(text)) => regex.is_match(text),
        }
    }

    /// A repeated field matches only where each of its values does: policy must not hang on which one is read.
    fn holds_for_all(&self, headers: &HeaderMap, name: &HeaderName) -> bool {
        let mut values = headers.get_all(name).iter().peekable();
        if values.peek().is_none() {
            return self.holds(None);
        }
        values.all(|value| value.to_str().is_ok_and(|text| self.holds(Some(text))))
    }

    /// The same for a repeated parameter.
    fn holds_for_parameter(&self, query: &str, name: &str) -> bool {
        let mut values = values(query, name).peekable();
        if values.peek().is_none() {
            return self.holds(None);
        }
        values.all(|value| value.is_some_and(|text| self.holds(Some(&text))))
    }
}

#[cfg(test)]
#[path = "route_tests.rs"]
mod tests;
