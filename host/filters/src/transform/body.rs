//! Edits of a JSON body by pointer, as settings name them.

use std::collections::BTreeMap;

use serde_json::Value;
use tidegate_contract::{JsonEdit, JsonSet};
use tidegate_pipeline::{Field, SettingsProblem};

use super::sketch::Sketch;
use crate::settings::{below, problem};

/// The settings of these edits; each filter has them among its own keys.
#[derive(Debug, Default)]
pub(crate) struct BodySettings {
    pub(crate) set: BTreeMap<String, Value>,
    pub(crate) default: BTreeMap<String, Value>,
    pub(crate) remove: Vec<String>,
    pub(crate) rename: BTreeMap<String, String>,
}

/// Edits in the order in which they are made: remove, rename, set, default. Each sees what those before it did; all
/// pointers of `remove` mean the body as it came, and so do all sources of `rename` once these are gone.
#[derive(Debug, Default)]
pub(crate) struct BodyEdits {
    remove: Vec<String>,
    rename: BTreeMap<String, String>,
    set: Vec<JsonSet>,
    default: Vec<JsonSet>,
}

impl BodySettings {
    /// The edits; pointers that are none go to `problems`.
    pub(crate) fn checked(self, problems: &mut Vec<SettingsProblem>) -> BodyEdits {
        let keys = |name: &'static str, map: &BTreeMap<String, Value>| -> Vec<(String, String)> {
            map.keys().map(|key| (below(&format!("/{name}"), key), key.clone())).collect()
        };
        let mut places = keys("set", &self.set);
        places.extend(keys("default", &self.default));
        let removed = self.remove.iter().enumerate();
        places.extend(removed.map(|(index, pointer)| (format!("/remove/{index}"), pointer.clone())));
        for (from, to) in &self.rename {
            places.push((below("/rename", from), from.clone()));
            places.push((below("/rename", from), to.clone()));
        }
        for (place, pointer) in places {
            if let Some(cause) = fault(&pointer) {
                let text =
                    format!("{pointer:?} is no JSON pointer: {cause}; write it such as \"/temperature\"");
                problems.push(problem(&place, &text));
            }
        }
        BodyEdits {
            remove: last_first(self.remove),
            rename: self.rename,
            set: sets(self.set),
            default: sets(self.default),
        }
    }
}

fn sets(values: BTreeMap<String, Value>) -> Vec<JsonSet> {
    values.into_iter().map(|(pointer, value)| JsonSet { pointer, value: value.to_string() }).collect()
}

/// RFC 6901; the empty pointer, the whole body, is none that can be edited here.
fn fault(pointer: &str) -> Option<&'static str> {
    if !pointer.starts_with('/') {
        return Some("it does not begin with \"/\"");
    }
    let escapes = pointer.split('~').skip(1);
    let legal = escapes.into_iter().all(|after| after.starts_with('0') || after.starts_with('1'));
    (!legal).then_some("after \"~\" stands neither 0 nor 1")
}

/// Of one list the later elements first: no removal moves what another one means.
fn last_first(mut pointers: Vec<String>) -> Vec<String> {
    let key = |pointer: &str| -> Vec<(Option<usize>, String)> {
        pointer.split('/').map(|token| (token.parse().ok(), token.to_owned())).collect()
    };
    pointers.sort_by_cached_key(|pointer| std::cmp::Reverse(key(pointer)));
    pointers.dedup();
    pointers
}

impl BodyEdits {
    /// Whether there is none.
    pub(crate) fn is_empty(&self) -> bool {
        self.remove.is_empty() && self.rename.is_empty() && self.set.is_empty() && self.default.is_empty()
    }

    /// The pointers that decide which edits are made.
    pub(crate) fn watched(&self) -> Vec<String> {
        let defaults = self.default.iter().map(|set| &set.pointer);
        self.remove.iter().chain(self.rename.keys()).chain(defaults).cloned().collect()
    }

    /// Whether a body without any of the watched fields is changed all the same.
    pub(crate) fn always_edit(&self) -> bool {
        !self.set.is_empty() || !self.default.is_empty()
    }

    /// The edits of a body with these fields, which are made in `sketch` too.
    pub(crate) fn plan(&self, fields: &[Field<'_>], sketch: &mut Sketch) -> Vec<JsonEdit> {
        let mut plan = Plan { sketch, edits: Vec::new() };
        let there = |pointer: &str| fields.iter().any(|field| field.pointer == pointer);
        for pointer in self.remove.iter().filter(|pointer| there(pointer)) {
            plan.make(JsonEdit::Remove(pointer.clone()));
        }
        let moved = self.rename.iter().filter_map(|(from, to)| {
            let value = plan.sketch.get(from)?.to_string();
            Some((from, JsonSet { pointer: to.clone(), value }))
        });
        let moved: Vec<(&String, JsonSet)> = moved.collect();
        for (from, _) in &moved {
            plan.make(JsonEdit::Remove((*from).clone()));
        }
        for set in moved.into_iter().map(|(_, set)| set).chain(self.set.iter().cloned()) {
            plan.make(JsonEdit::Set(set));
        }
        for set in &self.default {
            if plan.sketch.get(&set.pointer).is_none() {
                plan.make(JsonEdit::Set(set.clone()));
            }
        }
        plan.edits
    }
}

/// Edits so far.
struct Plan<'s> {
    sketch: &'s mut Sketch,
    edits: Vec<JsonEdit>,
}

impl Plan<'_> {
    fn make(&mut self, edit: JsonEdit) {
        self.sketch.attempt(&edit);
        self.edits.push(edit);
    }
}
