//! Which records of a table were changed last.

use std::collections::{BTreeSet, VecDeque};

/// Changes of which it is known; whoever wants to know of older ones reads the whole table. The scripts of Redis have the
/// same number.
pub(crate) const KEPT: usize = 1024;

/// The revision of a table, and its newest changes.
#[derive(Debug, Default)]
pub(crate) struct Recent {
    revision: u64,
    /// The revision after which every change is known.
    known_from: u64,
    /// Revisions and whose change made each, the oldest first.
    changes: VecDeque<(u64, Box<str>)>,
}

impl Recent {
    pub(crate) fn revision(&self) -> u64 {
        self.revision
    }

    /// `revision` is larger than any before.
    pub(crate) fn note(&mut self, revision: u64, id: &str) {
        if self.changes.len() == KEPT
            && let Some((oldest, _)) = self.changes.pop_front()
        {
            self.known_from = oldest;
        }
        self.changes.push_back((revision, id.into()));
        self.revision = revision;
    }

    /// The records that were changed since a revision, each once; `None` where that is not known any more.
    pub(crate) fn since(&self, revision: u64) -> Option<BTreeSet<&str>> {
        if !(self.known_from..=self.revision).contains(&revision) {
            return None;
        }
        let newer = self.changes.iter().rev().take_while(|(at, _)| *at > revision);
        Some(newer.map(|(_, id)| &**id).collect())
    }
}
