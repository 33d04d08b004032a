//! How much may be stored, and the counters that hold to it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tidegate_pipeline::StoreError;

/// What a stored value costs besides its bytes and those of its key: table, order of expiry, allocations.
pub(crate) const OVERHEAD: usize = 192;

/// How much a store may hold. Bytes are those of keys and values and 192 for each of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Of all owners.
    pub bytes: usize,
    /// Of one owner.
    pub owner_bytes: usize,
    /// Of one owner.
    pub owner_keys: usize,
}

impl Default for Bounds {
    /// 64 MiB; for each owner 16 MiB and 65,536 keys.
    fn default() -> Self {
        Self { bytes: 64 << 20, owner_bytes: 16 << 20, owner_keys: 1 << 16 }
    }
}

/// Why a change was not made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refused {
    /// The owner has too many keys.
    Keys(usize),
    /// The owner holds too many bytes.
    Share(usize),
    /// All owners together hold too many bytes.
    Store(usize),
    /// Not a decimal number.
    NoNumber,
    /// The sum is beyond 64 bits.
    Overflow,
}

impl Refused {
    /// Whether the removal of expired values may help.
    pub(crate) fn is_full(self) -> bool {
        matches!(self, Self::Keys(_) | Self::Share(_) | Self::Store(_))
    }

    /// The sentence for a plugin's author; `key` is the owner's own name of it.
    pub(crate) fn told(self, key: &str) -> StoreError {
        StoreError::Unavailable(match self {
            Self::Keys(most) => {
                format!("this plugin has {most} keys, its most; delete some, or give them a ttl")
            }
            Self::Share(most) => {
                format!("this plugin holds {most} bytes, its most; delete some, or give them a ttl")
            }
            Self::Store(most) => {
                format!("the store holds {most} bytes of all plugins, its most; try again later")
            }
            Self::NoNumber => format!("the value of \"{}\" is no number", key.escape_debug()),
            Self::Overflow => format!("the sum for \"{}\" does not fit into 64 bits", key.escape_debug()),
        })
    }
}

/// A counter with a bound.
#[derive(Debug)]
pub(crate) struct Room {
    used: AtomicUsize,
    most: usize,
}

impl Room {
    pub(crate) fn new(most: usize) -> Self {
        Self { used: AtomicUsize::new(0), most }
    }

    pub(crate) fn used(&self) -> usize {
        self.used.load(Ordering::Relaxed)
    }

    pub(crate) fn take(&self, more: usize) -> bool {
        let fits = |used: usize| used.checked_add(more).filter(|sum| *sum <= self.most);
        self.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, fits).is_ok()
    }

    /// Only what was taken comes back, so this never wraps.
    pub(crate) fn give(&self, less: usize) {
        self.used.fetch_sub(less, Ordering::Relaxed);
    }

    /// Notes that something of cost `old` costs `new` now, which is not asked for: the bound may be exceeded.
    pub(crate) fn note(&self, old: usize, new: usize) {
        if new > old {
            self.used.fetch_add(new - old, Ordering::Relaxed);
        } else {
            self.give(old - new);
        }
    }
}

/// What one owner uses, of its share and of the whole.
#[derive(Debug)]
pub(crate) struct Share {
    keys: Room,
    bytes: Room,
    store: Arc<Room>,
}

impl Share {
    pub(crate) fn new(bounds: Bounds, store: Arc<Room>) -> Self {
        Self { keys: Room::new(bounds.owner_keys), bytes: Room::new(bounds.owner_bytes), store }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.keys.used() == 0
    }

    /// Makes room for a value of cost `new` in the place of one of cost `old`, or for a further one; all or nothing.
    pub(crate) fn replace(&self, old: Option<usize>, new: usize) -> Result<(), Refused> {
        let growth = new.saturating_sub(old.unwrap_or(0));
        if old.is_none() && !self.keys.take(1) {
            return Err(Refused::Keys(self.keys.most));
        }
        let refused = if !self.bytes.take(growth) {
            Refused::Share(self.bytes.most)
        } else if !self.store.take(growth) {
            self.bytes.give(growth);
            Refused::Store(self.store.most)
        } else {
            self.give(0, old.unwrap_or(0).saturating_sub(new));
            return Ok(());
        };
        self.keys.give(usize::from(old.is_none()));
        Err(refused)
    }

    /// Takes note of values that are gone.
    pub(crate) fn give(&self, keys: usize, bytes: usize) {
        self.keys.give(keys);
        self.bytes.give(bytes);
        self.store.give(bytes);
    }
}
