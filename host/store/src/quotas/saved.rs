//! What of the counters is saved, so that it outlives the process.

use std::sync::Arc;

use tidegate_pipeline::Window;

use super::clock::Now;
use super::counter::{Counter, Place};
use super::{MemoryQuotas, Open, Part, lock};
use crate::room::OVERHEAD;

/// How far the wall clock is from the steady one, in microseconds.
///
/// It follows only what is more than a correction by and by, so that a time that is saved twice is the same both times.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Drift(i64);

/// Microseconds of a correction that is not followed.
const CORRECTION: u64 = 50_000;

impl Drift {
    pub(super) fn follow(&mut self, now: Now) {
        let is = now.wall.checked_signed_diff(now.steady).unwrap_or(self.0);
        if is.abs_diff(self.0) > CORRECTION {
            self.0 = is;
        }
    }

    pub(super) fn wall(self, steady: u64) -> u64 {
        steady.saturating_add_signed(self.0)
    }
}

/// What is different from what was saved before; what is gone goes before what comes.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    pub(crate) counters_gone: Vec<Arc<str>>,
    pub(crate) counters: Vec<SavedCounter>,
    pub(crate) open_gone: Vec<Arc<str>>,
    pub(crate) open: Vec<SavedOpen>,
}

/// A counter. Times are microseconds since 1970.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SavedCounter {
    pub(crate) key: Arc<str>,
    pub(crate) window: Window,
    pub(crate) used: u64,
    pub(crate) last: u64,
    pub(crate) begins: u64,
    pub(crate) ends: u64,
    /// Beginnings of the parts of a sliding window, and what was used in each.
    pub(crate) parts: Vec<(u64, u64)>,
}

/// A reservation that is not settled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SavedOpen {
    pub(crate) id: Arc<str>,
    pub(crate) until: u64,
    pub(crate) parts: Vec<SavedPart>,
}

/// What was reserved on one counter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SavedPart {
    pub(crate) key: Arc<str>,
    pub(crate) window: Window,
    pub(crate) at: u64,
    pub(crate) amount: u64,
}

impl Changes {
    pub(crate) fn is_empty(&self) -> bool {
        let gone = [&self.counters_gone, &self.open_gone].into_iter().all(Vec::is_empty);
        gone && self.counters.is_empty() && self.open.is_empty()
    }
}

impl MemoryQuotas {
    /// What has changed since the last time; from now on it counts as saved.
    ///
    /// Reservations are looked at before counters: of what changes meanwhile, too much is counted rather than too little.
    pub(crate) fn changes(&self, drift: &mut Drift) -> Changes {
        drift.follow(self.clock.now());
        let mut changes = Changes::default();
        for shard in &self.open {
            let mut shard = lock(shard);
            let (all, gone) = shard.changes();
            changes.open_gone.extend(gone);
            changes.open.extend(all.filter_map(|(id, open)| open.save(id, *drift)));
        }
        for shard in &self.counters {
            let mut shard = lock(shard);
            let (all, gone) = shard.changes();
            changes.counters_gone.extend(gone);
            changes.counters.extend(all.filter_map(|(key, counter)| counter.save(key, *drift)));
        }
        changes
    }

    /// Takes over what was saved, before anything is counted. It is all kept, also where it exceeds the most.
    pub(crate) fn restore(&self, counters: &[SavedCounter], open: Vec<SavedOpen>) {
        let now = self.clock.now();
        for saved in counters {
            let counter = Counter::restore(saved, now);
            self.room.note(0, OVERHEAD + saved.key.len() + counter.cost());
            lock(&self.counters[self.shard(&saved.key)]).insert(Arc::clone(&saved.key), counter);
        }
        for SavedOpen { id, until, parts } in open {
            let parts = parts.into_iter().map(|part| Part::restore(part, now)).collect();
            let open = Open { parts, until, saved: true };
            self.room.note(0, open.cost(&id));
            lock(&self.open[self.shard(&id)]).insert(id, open);
        }
    }
}

impl Open {
    fn save(&mut self, id: &Arc<str>, drift: Drift) -> Option<SavedOpen> {
        if std::mem::replace(&mut self.saved, true) {
            return None;
        }
        let parts = self.parts.iter().map(|part| part.save(drift)).collect();
        Some(SavedOpen { id: Arc::clone(id), until: drift.wall(self.until), parts })
    }
}

impl Part {
    fn save(&self, drift: Drift) -> SavedPart {
        let at = self.place.wall(drift);
        SavedPart { key: Arc::clone(&self.key), window: self.place.window, at, amount: self.amount }
    }

    fn restore(saved: SavedPart, now: Now) -> Self {
        Self { key: saved.key, place: Place::restore(saved.window, saved.at, now), amount: saved.amount }
    }
}

#[cfg(test)]
#[path = "saved_tests.rs"]
mod tests;
