//! Keeps the number of model names on `/metrics` bounded, since clients and upstreams choose them.

use std::sync::{Mutex, PoisonError};

use hashbrown::HashSet;

/// The longest name that is shown, in bytes.
pub(crate) const LONGEST: usize = 128;
/// Distinct names that the process shows.
pub(crate) const NAMES: usize = 1000;
/// Distinct sets of (original, request, response) that the process shows; names alone would allow 10⁹ sets.
pub(crate) const SETS: usize = 2000;
/// What stands for all further ones.
pub(crate) const OTHER: &str = "_other";

/// The original, the requested and the answering model.
pub(crate) type Models<'a> = [&'a str; 3];

/// The names and sets of names seen so far.
#[derive(Debug, Default)]
pub(crate) struct Cap(Mutex<Seen>);

#[derive(Debug, Default)]
struct Seen {
    names: HashSet<Box<str>>,
    sets: HashSet<[Box<str>; 3]>,
}

impl Cap {
    /// The labels for these models: as they are while there is room, `_other` from then on.
    pub(crate) fn fold<'a>(&self, models: Models<'a>) -> Models<'a> {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let named = models.map(|name| seen.name(name));
        if seen.admits(named) { named } else { [OTHER; 3] }
    }
}

impl Seen {
    fn name<'a>(&mut self, name: &'a str) -> &'a str {
        if name.is_empty() || self.names.contains(name) {
            return name;
        }
        if self.names.len() == NAMES {
            return OTHER;
        }
        self.names.insert(name.into());
        name
    }

    fn admits(&mut self, models: Models<'_>) -> bool {
        let key = models.map(Box::from);
        if self.sets.contains(&key) {
            return true;
        }
        let room = self.sets.len() < SETS;
        if room {
            self.sets.insert(key);
        }
        room
    }
}

/// The name as a label: at most [`LONGEST`] bytes, cut between two characters.
pub(crate) fn short(name: Option<&str>) -> &str {
    let name = name.unwrap_or_default();
    &name[..name.floor_char_boundary(LONGEST)]
}

#[cfg(test)]
#[path = "models_tests.rs"]
mod tests;
