//! The keys as they were read last: by id, and by the digests of their secrets.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;
use std::time::SystemTime;

use tidegate_pipeline::{Changes, KeyHolder, Record};

use super::key::Key;
use crate::auth_filter::{Digest, KeyTable};

/// Keys that are looked through at once, while nothing can be changed.
const AT_ONCE: usize = 1000;

/// Every key, and whom its secrets stand for.
#[derive(Default)]
pub(super) struct Live {
    keys: BTreeMap<String, Arc<Key>>,
    table: KeyTable<Held>,
}

/// A secret of a key.
struct Held {
    key: Arc<Key>,
    holder: Arc<KeyHolder>,
    until: Option<SystemTime>,
}

/// What is to be done to the keys, read already, so that doing it takes no time.
pub(super) struct Edit {
    /// Keys that stand there no more, or otherwise.
    gone: Vec<String>,
    put: Vec<(Arc<Key>, Arc<KeyHolder>)>,
}

impl Edit {
    pub(super) fn of(changes: Changes) -> Self {
        let put = changes.put.iter().filter_map(Key::read).map(shared).collect();
        let mut gone = changes.removed;
        gone.extend(changes.put.into_iter().map(|record| record.id));
        Self { gone, put }
    }
}

fn shared((key, holder): (Key, KeyHolder)) -> (Arc<Key>, Arc<KeyHolder>) {
    (Arc::new(key), Arc::new(holder))
}

impl Live {
    pub(super) fn of(records: &[Record]) -> Self {
        let mut keys: Vec<_> = records.iter().filter_map(Key::read).map(shared).collect();
        keys.sort_by(|(a, _), (b, _)| a.id.cmp(&b.id));
        let mut live = Self::default();
        for (key, holder) in keys {
            live.put(key, &holder);
        }
        live
    }

    pub(super) fn edit(&mut self, Edit { gone, put }: Edit) {
        for id in gone {
            self.remove(&id);
        }
        for (key, holder) in put {
            self.put(key, &holder);
        }
    }

    /// Puts a key that is not there.
    fn put(&mut self, key: Arc<Key>, holder: &Arc<KeyHolder>) {
        for (digest, until) in key.digests() {
            self.table.insert(digest, Held { key: Arc::clone(&key), holder: Arc::clone(holder), until });
        }
        self.keys.insert(key.id.clone(), key);
    }

    fn remove(&mut self, id: &str) {
        let Some(key) = self.keys.remove(id) else { return };
        for (digest, _) in key.digests() {
            self.table.remove(&digest, |held| Arc::ptr_eq(&held.key, &key));
        }
    }

    pub(super) fn count(&self) -> usize {
        self.keys.len()
    }

    pub(super) fn get(&self, id: &str) -> Option<&Key> {
        self.keys.get(id).map(|key| &**key)
    }

    /// Some keys after an id, the next ones first.
    pub(super) fn after(&self, id: Option<&str>) -> Vec<Arc<Key>> {
        let begin = id.map_or(Bound::Unbounded, Bound::Excluded);
        let next = self.keys.range::<str, _>((begin, Bound::Unbounded));
        next.take(AT_ONCE).map(|(_, key)| Arc::clone(key)).collect()
    }

    /// Whom a secret stands for at the moment.
    pub(super) fn holder(&self, sha256: &Digest) -> Option<Arc<KeyHolder>> {
        let held = self.table.holder(sha256)?;
        let holds = held.until.is_none_or(|until| SystemTime::now() < until);
        holds.then(|| Arc::clone(&held.holder))
    }
}
