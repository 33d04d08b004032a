//! What of the values is saved, so that it outlives the process.

use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use tokio::time::Instant;

use super::{MemoryStore, split};
use crate::shard::Slot;

/// A value. Its key is whole, with its owner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SavedValue {
    pub(crate) key: String,
    pub(crate) value: Bytes,
    pub(crate) version: u64,
    /// When it expires, in microseconds since 1970.
    pub(crate) due: Option<u64>,
}

/// What is different from what was saved before; what is gone goes before what comes.
#[derive(Debug, Default)]
pub(crate) struct ValueChanges {
    pub(crate) gone: Vec<String>,
    pub(crate) came: Vec<SavedValue>,
}

impl MemoryStore {
    /// What has changed since the last time; from now on it counts as saved.
    pub(crate) fn changes(&self) -> ValueChanges {
        let owners = self.owners.read().unwrap_or_else(PoisonError::into_inner);
        let spaces: Vec<_> =
            owners.spaces.iter().map(|(owner, space)| (owner.clone(), Arc::clone(space))).collect();
        drop(owners);
        let now = (Instant::now(), wall());
        let mut changes = ValueChanges::default();
        for (owner, space) in spaces {
            let whole = |key: Arc<str>| format!("{owner}{key}");
            for (gone, came) in space.changes() {
                changes.gone.extend(gone.into_iter().map(whole));
                changes.came.extend(came.into_iter().map(|(key, slot)| save(whole(key), slot, now)));
            }
        }
        changes
    }

    /// Takes over what was saved, before anything is stored; the keys for which there is no room.
    ///
    /// Versions go on from the time in microseconds, so that none comes twice that was not saved any more.
    pub(crate) fn restore(&self, values: Vec<SavedValue>) -> Vec<String> {
        let (now, now_wall) = (Instant::now(), wall());
        let newest = values.iter().map(|value| value.version).max().unwrap_or(0);
        self.versions.store(newest.max(now_wall), Ordering::Relaxed);
        let mut refused = Vec::new();
        for SavedValue { key, value, version, due } in values {
            let left = due.map(|due| Duration::from_micros(due.saturating_sub(now_wall)));
            let due = left.and_then(|left| Some((now.checked_add(left)?, version)));
            let (owner, name) = split(&key);
            if self.space_or_new(owner).restore(name, Slot { value, version, due }).is_err() {
                refused.push(key);
            }
        }
        refused
    }
}

fn save(key: String, slot: Slot, (now, now_wall): (Instant, u64)) -> SavedValue {
    let left = |(due, _): (Instant, u64)| microseconds(due.saturating_duration_since(now));
    let due = slot.due.map(|due| now_wall.saturating_add(left(due)));
    SavedValue { key, value: slot.value, version: slot.version, due }
}

fn wall() -> u64 {
    microseconds(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default())
}

fn microseconds(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}
