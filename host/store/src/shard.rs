//! A part of one owner's values, under one lock: the values by key, and those that expire by their time.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use bytes::Bytes;
use tokio::time::Instant;

use crate::room::OVERHEAD;

/// When a value expires; the number tells apart those of one moment.
pub(crate) type Due = (Instant, u64);

/// A value as it is kept.
#[derive(Debug, Clone)]
pub(crate) struct Slot {
    pub(crate) value: Bytes,
    pub(crate) version: u64,
    pub(crate) due: Option<Due>,
}

/// A value, and what of it is saved.
#[derive(Debug)]
struct Held {
    slot: Slot,
    saved: bool,
    /// Whether it is another one than the saved one, if any.
    changed: bool,
}

impl Slot {
    fn is_live(&self, now: Instant) -> bool {
        self.due.is_none_or(|(at, _)| at > now)
    }
}

/// What a value costs.
pub(crate) fn cost(key: &str, value: &[u8]) -> usize {
    key.len() + value.len() + OVERHEAD
}

/// Every slot with a time has exactly one entry in `due`, and every entry of `due` has its slot.
#[derive(Debug, Default)]
pub(crate) struct Shard {
    slots: HashMap<Arc<str>, Held>,
    due: BTreeMap<Due, Arc<str>>,
    /// Keys of saved values that were removed.
    gone: Vec<Arc<str>>,
}

/// What is different from what was saved before: keys that are gone, and values that came.
pub(crate) type Changed = (Vec<Arc<str>>, Vec<(Arc<str>, Slot)>);

impl Shard {
    /// What is there and has not expired.
    pub(crate) fn live(&self, key: &str, now: Instant) -> Option<&Slot> {
        self.slots.get(key).map(|held| &held.slot).filter(|slot| slot.is_live(now))
    }

    /// What the value under this key costs, expired or not.
    pub(crate) fn cost(&self, key: &str) -> Option<usize> {
        self.slots.get(key).map(|held| cost(key, &held.slot.value))
    }

    pub(crate) fn put(&mut self, key: &str, slot: Slot) {
        let (name, saved) = match self.slots.get_key_value(key) {
            Some((name, old)) => {
                if let Some(due) = old.slot.due {
                    self.due.remove(&due);
                }
                (Arc::clone(name), old.saved)
            }
            None => (Arc::from(key), false),
        };
        self.hold(name, Held { slot, saved, changed: true });
    }

    /// Puts a value that is saved as it is.
    pub(crate) fn restore(&mut self, key: &str, slot: Slot) {
        self.hold(key.into(), Held { slot, saved: true, changed: false });
    }

    fn hold(&mut self, name: Arc<str>, held: Held) {
        if let Some(due) = held.slot.due {
            self.due.insert(due, Arc::clone(&name));
        }
        self.slots.insert(name, held);
    }

    pub(crate) fn remove(&mut self, key: &str) -> Option<Slot> {
        let (name, held) = self.slots.remove_entry(key)?;
        if held.saved {
            self.gone.push(name);
        }
        if let Some(due) = held.slot.due {
            self.due.remove(&due);
        }
        Some(held.slot)
    }

    /// Removes at most `most` expired values; how many went, and what they cost.
    pub(crate) fn expire(&mut self, now: Instant, most: usize) -> (usize, usize) {
        let (mut keys, mut bytes) = (0, 0);
        while keys < most {
            let Some(first) = self.due.first_entry().filter(|first| first.key().0 <= now) else { break };
            let key = first.remove();
            if let Some(slot) = self.remove(&key) {
                bytes += cost(&key, &slot.value);
                keys += 1;
            }
        }
        (keys, bytes)
    }

    /// Whether a removal is not saved yet.
    pub(crate) fn has_gone(&self) -> bool {
        !self.gone.is_empty()
    }

    /// What has changed since the last time; from now on it counts as saved.
    pub(crate) fn changes(&mut self) -> Changed {
        let changed = self.slots.iter_mut().filter(|(_, held)| held.changed);
        let came = changed.map(|(key, held)| {
            (held.saved, held.changed) = (true, false);
            (Arc::clone(key), held.slot.clone())
        });
        let came = came.collect();
        (std::mem::take(&mut self.gone), came)
    }
}

#[cfg(test)]
#[path = "shard_tests.rs"]
mod tests;
