//! What was found out about a credential, for a while: by a whole digest, never by the credential or a part of it.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::keys::Digest;

/// Entries of a generation; there are two.
const GENERATION: usize = 10_000;

/// Values by the digest of a credential, each with its end.
///
/// Bounded by generations: when the young one is full, it becomes the old one, whose entries go unless somebody asked for
/// them. So whoever sends many credentials pushes out only what nobody uses, and nothing is ever searched.
pub(super) struct Cache<V> {
    generations: Mutex<Generations<V>>,
}

struct Generations<V> {
    young: HashMap<Digest, Entry<V>>,
    old: HashMap<Digest, Entry<V>>,
}

#[derive(Clone)]
struct Entry<V> {
    value: V,
    /// Seconds since 1970.
    until: u64,
}

impl<V: Clone> Cache<V> {
    pub(super) fn new() -> Self {
        let generations = Generations { young: HashMap::new(), old: HashMap::new() };
        Self { generations: Mutex::new(generations) }
    }

    /// What was put there and has not ended.
    pub(super) fn get(&self, digest: &Digest, now: u64) -> Option<V> {
        let mut generations = self.generations.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(entry) = generations.young.get(digest) {
            return (now < entry.until).then(|| entry.value.clone());
        }
        let entry = generations.old.remove(digest).filter(|entry| now < entry.until)?;
        let value = entry.value.clone();
        generations.put(*digest, entry);
        Some(value)
    }

    /// Keeps a value until that second.
    pub(super) fn put(&self, digest: Digest, value: V, until: u64) {
        let mut generations = self.generations.lock().unwrap_or_else(PoisonError::into_inner);
        generations.put(digest, Entry { value, until });
    }
}

impl<V> Generations<V> {
    fn put(&mut self, digest: Digest, entry: Entry<V>) {
        if self.young.len() >= GENERATION && !self.young.contains_key(&digest) {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(digest, entry);
    }
}

/// Seconds since 1970.
pub(super) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs()
}

#[cfg(test)]
#[path = "cache_tests.rs"]
mod tests;
