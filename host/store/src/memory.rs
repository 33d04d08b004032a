//! The store in the memory of the process.

mod saved;

use std::collections::HashMap;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use tidegate_pipeline::{Entry, KeyValue, StoreError};

use crate::room::{Bounds, Refused, Room};
use crate::space::Space;

pub(crate) use saved::{SavedValue, ValueChanges};

/// Stands twice in a key: after the kind of its owner and after the owner's name.
const SEPARATOR: char = '\u{1f}';

/// Owners at which the first look is taken for those who hold nothing any more.
const FEW: usize = 64;

/// Values in the memory of this process; gone when it ends.
///
/// An expired value is never seen again. It is removed when something near it changes or when there is no room, so that the
/// store needs no task of its own; until then it counts as held.
#[derive(Debug)]
pub struct MemoryStore {
    owners: RwLock<Owners>,
    bounds: Bounds,
    held: Arc<Room>,
    versions: Arc<AtomicU64>,
}

#[derive(Debug, Default)]
struct Owners {
    spaces: HashMap<Box<str>, Arc<Space>>,
    /// How many there may be before those without values are removed.
    before_look: usize,
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new(Bounds::default())
    }
}

impl MemoryStore {
    /// An empty store.
    pub fn new(bounds: Bounds) -> Self {
        let held = Arc::new(Room::new(bounds.bytes));
        Self { owners: RwLock::default(), bounds, held, versions: Arc::default() }
    }

    /// Bytes held at the moment, as [`Bounds`] counts them.
    pub fn held(&self) -> usize {
        self.held.used()
    }

    fn space(&self, owner: &str) -> Option<Arc<Space>> {
        self.owners.read().unwrap_or_else(PoisonError::into_inner).spaces.get(owner).cloned()
    }

    fn space_or_new(&self, owner: &str) -> Arc<Space> {
        if let Some(space) = self.space(owner) {
            return space;
        }
        let mut owners = self.owners.write().unwrap_or_else(PoisonError::into_inner);
        owners.look();
        let new = || Arc::new(Space::new(self.bounds, Arc::clone(&self.held), Arc::clone(&self.versions)));
        Arc::clone(owners.spaces.entry(owner.into()).or_insert_with(new))
    }

    /// Makes a change; where there is no room, once more after what has expired is gone.
    fn change<T>(
        &self,
        key: &str,
        attempt: impl Fn(&Space, &str) -> Result<T, Refused>,
    ) -> Result<T, StoreError> {
        let (owner, key) = split(key);
        let space = self.space_or_new(owner);
        let mut made = attempt(&space, key);
        if let Err(refused) = &made
            && refused.is_full()
        {
            self.sweep(*refused, &space);
            made = attempt(&space, key);
        }
        made.map_err(|refused| refused.told(key))
    }

    fn sweep(&self, refused: Refused, space: &Space) {
        if !matches!(refused, Refused::Store(_)) {
            return space.sweep();
        }
        let owners = self.owners.read().unwrap_or_else(PoisonError::into_inner);
        let spaces: Vec<_> = owners.spaces.values().cloned().collect();
        drop(owners);
        spaces.iter().for_each(|space| space.sweep());
    }
}

impl Owners {
    /// Forgets owners without values now and then. Under the lock nobody can take a space that only the table holds.
    fn look(&mut self) {
        if self.spaces.len() < self.before_look.max(FEW) {
            return;
        }
        self.spaces.retain(|_, space| {
            space.sweep();
            Arc::strong_count(space) > 1 || !space.is_empty()
        });
        self.before_look = 2 * self.spaces.len();
    }
}

/// The owner and its own name of the key. Keys without both separators belong to one nameless owner.
fn split(key: &str) -> (&str, &str) {
    let second = key.match_indices(SEPARATOR).nth(1);
    second.map_or(("", key), |(at, separator)| key.split_at(at + separator.len()))
}

impl KeyValue for MemoryStore {
    fn get<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<Entry>, StoreError>> {
        Box::pin(async move {
            let (owner, key) = split(key);
            Ok(self.space(owner).and_then(|space| space.get(key)))
        })
    }

    fn set<'a>(
        &'a self,
        key: &'a str,
        value: Bytes,
        ttl: Option<Duration>,
        if_version: Option<u64>,
    ) -> BoxFuture<'a, Result<Option<u64>, StoreError>> {
        let set = move |space: &Space, key: &str| space.set(key, &value, ttl, if_version);
        Box::pin(async move { self.change(key, set) })
    }

    fn delete<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(async move {
            let (owner, key) = split(key);
            Ok(self.space(owner).is_some_and(|space| space.delete(key)))
        })
    }

    fn increment<'a>(
        &'a self,
        key: &'a str,
        by: i64,
        ttl: Option<Duration>,
    ) -> BoxFuture<'a, Result<i64, StoreError>> {
        Box::pin(async move { self.change(key, |space, key| space.increment(key, by, ttl)) })
    }
}

#[cfg(test)]
#[path = "memory_tests.rs"]
mod tests;
