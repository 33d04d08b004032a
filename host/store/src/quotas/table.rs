//! A table from which what matters no more is removed bit by bit.

use std::hash::RandomState;
use std::sync::Arc;

use indexmap::IndexMap;

/// What may also stand in a database.
pub(super) trait Saved {
    /// Whether it does, in this form or an older one.
    fn is_saved(&self) -> bool;
}

/// Values by key, with a hand that goes round them.
pub(super) struct Table<V> {
    entries: IndexMap<Arc<str>, V, RandomState>,
    hand: usize,
    /// Keys of saved values that were removed.
    gone: Vec<Arc<str>>,
}

impl<V: Saved> Table<V> {
    pub(super) fn new(hasher: RandomState) -> Self {
        Self { entries: IndexMap::with_hasher(hasher), hand: 0, gone: Vec::new() }
    }

    /// Where the value of a key stands until something is removed.
    pub(super) fn place(&self, key: &str) -> Option<usize> {
        self.entries.get_index_of(key)
    }

    /// The value at a place.
    pub(super) fn at(&mut self, place: usize) -> &mut V {
        &mut self.entries[place]
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.entries.contains_key(key)
    }

    pub(super) fn get(&mut self, key: &str) -> Option<&mut V> {
        self.entries.get_mut(key)
    }

    /// Puts a value that is not there yet; its place.
    pub(super) fn insert(&mut self, key: Arc<str>, value: V) -> usize {
        self.entries.insert_full(key, value).0
    }

    pub(super) fn remove(&mut self, key: &str) -> Option<V> {
        let index = self.entries.get_index_of(key)?;
        let removed = self.remove_at(index);
        self.shrink();
        removed
    }

    /// The last one comes into its place.
    fn remove_at(&mut self, index: usize) -> Option<V> {
        let (key, value) = self.entries.swap_remove_index(index)?;
        if value.is_saved() {
            self.gone.push(key);
        }
        Some(value)
    }

    /// All values, and the keys of saved ones that were removed since the last time.
    pub(super) fn changes(&mut self) -> (impl Iterator<Item = (&Arc<str>, &mut V)>, Vec<Arc<str>>) {
        (self.entries.iter_mut(), std::mem::take(&mut self.gone))
    }

    /// Looks at `most` values and removes those of which `freed` tells what their removal gives back; the sum.
    pub(super) fn sweep(&mut self, most: usize, freed: impl Fn(&str, &V) -> Option<usize>) -> usize {
        let mut sum = 0;
        for _ in 0..most.min(self.entries.len()) {
            if self.hand >= self.entries.len() {
                self.hand = 0;
            }
            let Some((key, value)) = self.entries.get_index(self.hand) else { break };
            match freed(key, value) {
                // The one that comes into its place is looked at next.
                Some(bytes) => {
                    sum += bytes;
                    self.remove_at(self.hand);
                }
                None => self.hand += 1,
            }
        }
        self.shrink();
        sum
    }

    /// Gives memory back after a rush.
    fn shrink(&mut self) {
        let (held, room) = (self.entries.len(), self.entries.capacity());
        if room > 64 && held < room / 8 {
            self.entries.shrink_to(held * 2);
        }
    }
}
