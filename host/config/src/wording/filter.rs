//! The words for filter entries, whose shape is "the common keys and exactly one filter".

use jsonschema::ValidationError;

use crate::node::Node;
use crate::schema::FILTER;
use crate::words::{closest, hint, item_of};

use super::{Fault, Wording, keys, unknown_key};

impl Wording<'_> {
    /// Whether the refusal comes from the shape of a filter entry.
    pub(super) fn is_filter(&self, error: &ValidationError<'_>) -> bool {
        error.schema_path().as_str().rsplit_once('/').is_some_and(|(parent, _)| parent == FILTER)
    }

    /// An unknown key of an entry: a filter's name, unless the entry has one or a common key was meant.
    pub(super) fn unknown_filter_key(
        &self,
        entry: &Node,
        path: &[String],
        key: &str,
    ) -> (String, Option<String>) {
        let kinds = self.filter_kinds();
        let common: Vec<&str> = self.filter_keys().into_iter().filter(|key| !kinds.contains(key)).collect();
        let named = entry.entries().iter().find(|entry| kinds.contains(&entry.key.as_str()));
        match named {
            Some(named) => unknown_key(key, &format!("beside filter {:?}", named.key), common),
            None if closest(key, common.iter().copied()).is_some() => unknown_key(key, "in filter", common),
            None => {
                let owner = self.owner(path);
                (format!("unknown filter {key:?} in {owner}; {}", hint("filters", key, kinds)), None)
            }
        }
    }

    fn filter_keys(&self) -> Vec<&str> {
        self.schema.pointer(FILTER).map(keys).unwrap_or_default()
    }

    fn filter_kinds(&self) -> Vec<&str> {
        let branches = self.schema.pointer(FILTER).and_then(|filter| filter["oneOf"].as_array());
        branches.into_iter().flatten().filter_map(|branch| branch["required"][0].as_str()).collect()
    }

    /// A filter entry that names no filter, or more than one.
    pub(super) fn filter_kind(&self, error: &ValidationError<'_>) -> Option<Fault> {
        let (node, kinds) = (self.node(error), self.filter_kinds());
        if node.noun() != "a mapping" {
            return None;
        }
        let named: Vec<_> = node.entries().iter().filter(|e| kinds.contains(&e.key.as_str())).collect();
        let known = self.filter_keys();
        match named.as_slice() {
            [first, second, ..] => {
                let both = format!("the filter entry has two filters, {:?} and {:?}", first.key, second.key);
                let fault = self.fault(error, format!("{both}; make them two entries of the list"));
                Some(Fault { place: second.place, ..fault })
            }
            _ if node.entries().iter().any(|entry| !known.contains(&entry.key.as_str())) => None,
            _ => {
                let hint = hint("filters", "", kinds);
                Some(self.fault(error, format!("the filter entry names no filter; {hint}")))
            }
        }
    }

    /// The virtual service or route that a filter entry belongs to.
    fn owner(&self, path: &[String]) -> String {
        let Some([outer @ .., list, index]) = path.len().checked_sub(2).and_then(|end| path.get(..end))
        else {
            return "the file".to_owned();
        };
        let number = index.parse::<usize>().map_or(0, |index| index + 1);
        let mut keys = outer.iter().chain([list, index]);
        let owner = keys.try_fold(self.tree, |node, key| node.child(key));
        let thing = item_of(list).unwrap_or("item");
        match owner.and_then(|owner| owner.child("name")).filter(|name| name.text().is_some()) {
            Some(name) => format!("{thing} {}", name.quoted()),
            None => format!("{thing} {number}"),
        }
    }
}
