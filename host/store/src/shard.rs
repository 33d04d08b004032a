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
    slots: HashMap<Arc<str>, Slot>,
    due: BTreeMap<Due, Arc<str>>,
}

impl Shard {
    /// What is there and has not expired.
    pub(crate) fn live(&self, key: &str, now: Instant) -> Option<&Slot> {
        self.slots.get(key).filter(|slot| slot.is_live(now))
    }

    /// What the value under this key costs, expired or not.
    pub(crate) fn cost(&self, key: &str) -> Option<usize> {
        self.slots.get(key).map(|slot| cost(key, &slot.value))
    }

    pub(crate) fn put(&mut self, key: &str, slot: Slot) {
        let name = match self.slots.get_key_value(key) {
            Some((name, old)) => {
                if let Some(due) = old.due {
                    self.due.remove(&due);
                }
                Arc::clone(name)
            }
            None => Arc::from(key),
        };
        if let Some(due) = slot.due {
            self.due.insert(due, Arc::clone(&name));
        }
        self.slots.insert(name, slot);
    }

    pub(crate) fn remove(&mut self, key: &str) -> Option<Slot> {
        let slot = self.slots.remove(key)?;
        if let Some(due) = slot.due {
            self.due.remove(&due);
        }
        Some(slot)
    }

    /// Removes at most `most` expired values; how many went, and what they cost.
    pub(crate) fn expire(&mut self, now: Instant, most: usize) -> (usize, usize) {
        let (mut keys, mut bytes) = (0, 0);
        while keys < most {
            let Some(first) = self.due.first_entry().filter(|first| first.key().0 <= now) else { break };
            let key = first.remove();
            if let Some(slot) = self.slots.remove(&key) {
                bytes += cost(&key, &slot.value);
                keys += 1;
            }
        }
        (keys, bytes)
    }
}

#[cfg(test)]
#[path = "shard_tests.rs"]
mod tests;
