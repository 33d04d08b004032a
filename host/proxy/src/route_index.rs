//! Which routes a request may match at all, so that thousands of others need not be looked at.

use std::collections::{HashMap, HashSet};

use crate::route::{Matcher, Model, View};

/// Something by which routes are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Key<'a> {
    /// A whole path.
    Path(&'a str),
    /// The beginning of a path.
    Prefix(&'a str),
    /// A whole name of a model.
    Model(&'a str),
}

/// Places of routes, each list in their order. A route stands under the key that it shares with the fewest others.
#[derive(Default)]
pub(crate) struct Index {
    paths: Places,
    prefixes: Places,
    /// Lengths of the prefixes, the shortest first.
    lengths: Vec<usize>,
    models: Places,
    /// Of the routes under models, the first of all that are the same but for the model.
    pub(crate) heads: Vec<usize>,
    /// Routes without a key.
    rest: Vec<usize>,
}

type Places = HashMap<String, Vec<usize>>;

impl Index {
    pub(crate) fn new<'a>(matchers: impl Iterator<Item = &'a Matcher> + Clone) -> Self {
        let mut sharing: HashMap<Key<'_>, usize> = HashMap::new();
        for key in matchers.clone().flat_map(Matcher::keys).flatten() {
            *sharing.entry(key).or_default() += 1;
        }
        let shared_by = |keys: &Vec<Key<'_>>| keys.iter().map(|key| sharing[key]).max();
        let (mut index, mut heads) = (Self::default(), HashSet::new());
        for (place, matcher) in matchers.enumerate() {
            let keys = matcher.keys().into_iter().filter(|keys| !keys.is_empty()).min_by_key(shared_by);
            if matches!(keys.as_deref(), Some([Key::Model(_), ..])) && heads.insert(matcher.head()) {
                index.heads.push(place);
            }
            match keys {
                Some(keys) => keys.into_iter().for_each(|key| index.add(key, place)),
                None => index.rest.push(place),
            }
        }
        index.lengths = index.prefixes.keys().map(String::len).collect::<HashSet<_>>().into_iter().collect();
        index.lengths.sort_unstable();
        index
    }

    fn add(&mut self, key: Key<'_>, place: usize) {
        let (places, key) = match key {
            Key::Path(path) => (&mut self.paths, path),
            Key::Prefix(prefix) => (&mut self.prefixes, prefix),
            Key::Model(model) => (&mut self.models, model),
        };
        let places = places.entry(key.to_owned()).or_default();
        // A route may name one model twice.
        if places.last() != Some(&place) {
            places.push(place);
        }
    }

    /// The lists of all routes that may match; of those under models, where the model is not known yet, one of each kind.
    pub(crate) fn lists<'s>(&'s self, view: &'s View<'_>) -> impl Iterator<Item = &'s [usize]> {
        let by_model = match view.model {
            Model::Named(model) => self.models.get(model),
            Model::Unread => Some(&self.heads),
            Model::None => None,
        };
        let beginnings = self.lengths.iter().map_while(|length| view.path.as_bytes().get(..*length));
        let beginnings = beginnings.filter_map(|bytes| std::str::from_utf8(bytes).ok());
        let by_prefix = beginnings.filter_map(|beginning| self.prefixes.get(beginning));
        let others = [self.paths.get(view.path), by_model, Some(&self.rest)];
        others.into_iter().flatten().chain(by_prefix).map(Vec::as_slice)
    }
}
