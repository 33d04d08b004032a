//! The values of one owner: shards, each with a lock of its own, and the owner's share of the store.

use std::array;
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tidegate_pipeline::Entry;
use tokio::time::Instant;

use crate::room::{Bounds, Refused, Room, Share};
use crate::shard::{Changed, Due, Shard, Slot, cost};

/// Locks of one owner.
const SHARDS: usize = 16;

/// Expired values that a change removes in passing.
const IN_PASSING: usize = 16;

/// Expired values of a shard that are removed where there is no room.
const IN_NEED: usize = 1024;

/// The values of one owner.
#[derive(Debug)]
pub(crate) struct Space {
    shards: [Mutex<Shard>; SHARDS],
    hasher: RandomState,
    versions: Arc<AtomicU64>,
    share: Share,
}

impl Space {
    pub(crate) fn new(bounds: Bounds, store: Arc<Room>, versions: Arc<AtomicU64>) -> Self {
        let shards = array::from_fn(|_| Mutex::default());
        Self { shards, hasher: RandomState::new(), versions, share: Share::new(bounds, store) }
    }

    /// Whether it can be forgotten: it holds nothing, and every removal is saved.
    pub(crate) fn is_empty(&self) -> bool {
        self.share.is_empty() && !self.shards.iter().any(|shard| lock(shard).has_gone())
    }

    pub(crate) fn get(&self, key: &str) -> Option<Entry> {
        let shard = self.shard(key);
        let slot = shard.live(key, Instant::now())?;
        Some(Entry { value: slot.value.clone(), version: slot.version })
    }

    pub(crate) fn set(
        &self,
        key: &str,
        value: &[u8],
        ttl: Option<Duration>,
        if_version: Option<u64>,
    ) -> Result<Option<u64>, Refused> {
        let now = Instant::now();
        let mut shard = self.shard(key);
        let stands = shard.live(key, now).map_or(0, |slot| slot.version);
        if if_version.is_some_and(|wanted| wanted != stands) {
            return Ok(None);
        }
        let version = self.version();
        self.put(&mut shard, key, value, (version, due(now, ttl, version)))?;
        self.tidy(&mut shard, now, IN_PASSING);
        Ok(Some(version))
    }

    pub(crate) fn delete(&self, key: &str) -> bool {
        let now = Instant::now();
        let mut shard = self.shard(key);
        let there = shard.live(key, now).is_some();
        if let Some(slot) = shard.remove(key) {
            self.share.give(1, cost(key, &slot.value));
        }
        there
    }

    pub(crate) fn increment(&self, key: &str, by: i64, ttl: Option<Duration>) -> Result<i64, Refused> {
        let now = Instant::now();
        let mut shard = self.shard(key);
        let version = self.version();
        let (number, due) = match shard.live(key, now) {
            None => (0, due(now, ttl, version)),
            Some(slot) => (number(&slot.value).ok_or(Refused::NoNumber)?, slot.due),
        };
        let sum = number.checked_add(by).ok_or(Refused::Overflow)?;
        self.put(&mut shard, key, sum.to_string().as_bytes(), (version, due))?;
        self.tidy(&mut shard, now, IN_PASSING);
        Ok(sum)
    }

    /// Removes expired values of all shards; bounded, and each value is removed once only.
    pub(crate) fn sweep(&self) {
        let now = Instant::now();
        for shard in &self.shards {
            self.tidy(&mut lock(shard), now, IN_NEED);
        }
    }

    /// Takes over a value as it was saved, if there is room for it.
    pub(crate) fn restore(&self, key: &str, slot: Slot) -> Result<(), Refused> {
        self.share.replace(None, cost(key, &slot.value))?;
        self.shard(key).restore(key, slot);
        Ok(())
    }

    /// What has changed in each shard since the last time; from now on it counts as saved.
    pub(crate) fn changes(&self) -> impl Iterator<Item = Changed> {
        self.shards.iter().map(|shard| lock(shard).changes())
    }

    /// The value is copied: it may be a slice of something much larger, which would then be kept uncounted.
    fn put(
        &self,
        shard: &mut Shard,
        key: &str,
        value: &[u8],
        (version, due): (u64, Option<Due>),
    ) -> Result<(), Refused> {
        self.share.replace(shard.cost(key), cost(key, value))?;
        shard.put(key, Slot { value: Bytes::copy_from_slice(value), version, due });
        Ok(())
    }

    fn tidy(&self, shard: &mut Shard, now: Instant, most: usize) {
        let (keys, bytes) = shard.expire(now, most);
        self.share.give(keys, bytes);
    }

    /// Taken under the lock of the key's shard, so that the versions of a key only rise.
    fn version(&self) -> u64 {
        self.versions.fetch_add(1, Ordering::Relaxed) + 1
    }

    fn shard(&self, key: &str) -> MutexGuard<'_, Shard> {
        let hash = self.hasher.hash_one(key);
        // The remainder is below SHARDS, so neither the index nor the conversion can fail.
        lock(&self.shards[(hash % SHARDS as u64) as usize])
    }
}

fn lock(shard: &Mutex<Shard>) -> MutexGuard<'_, Shard> {
    // Nothing that runs under these locks can panic half-way through a change.
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A time that no clock reaches is none.
fn due(now: Instant, ttl: Option<Duration>, version: u64) -> Option<Due> {
    Some((now.checked_add(ttl?)?, version))
}

fn number(value: &[u8]) -> Option<i64> {
    std::str::from_utf8(value).ok()?.parse().ok()
}
