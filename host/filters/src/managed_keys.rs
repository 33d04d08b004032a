//! API keys that the admin API makes: kept in a table of records, looked up in memory.

mod key;
mod live;
mod wanted;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use serde_json::{Value, json};
use tidegate_pipeline::{KeyDirectory, KeyHolder, Records, StoreError};
use tokio::sync::Mutex;

use crate::auth_filter::Digest;
use key::{Key, Secret};
use live::{Edit, Live};
use wanted::{Change, Listing, New, Rotation};

/// The table of the records.
const TABLE: &str = "api_keys";

/// How often it is asked whether another gateway changed the table.
const LOOK: Duration = Duration::from_millis(250);

/// Keys that are read beside what threads of traffic do.
const MANY: usize = 1000;

/// Tries to change a record that others change, too.
const TRIES: usize = 8;

/// Why a key was not made or changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// There is none of that id.
    #[error("there is no key \"{0}\"; list them with GET /v1/keys")]
    NotFound(String),
    /// The request asks for what cannot be.
    #[error("{0}")]
    Invalid(String),
    /// The store gives no answer, or others change the key all the time.
    #[error("{0}")]
    Unavailable(String),
}

impl From<StoreError> for KeyError {
    fn from(error: StoreError) -> Self {
        Self::Unavailable(error.to_string())
    }
}

/// The keys, and those among them that hold now.
pub struct ManagedKeys {
    records: Arc<dyn Records>,
    /// Held for moments only: requests wait for it.
    live: RwLock<Live>,
    revision: AtomicU64,
    is_loaded: AtomicBool,
    /// Held while the table is read: what was read earlier never takes the place of what was read later.
    reading: Mutex<()>,
}

impl ManagedKeys {
    /// The keys of these records, read by [`Self::follow`].
    pub fn new(records: Arc<dyn Records>) -> Arc<Self> {
        Arc::new(Self {
            records,
            live: RwLock::default(),
            revision: AtomicU64::new(0),
            is_loaded: AtomicBool::new(false),
            reading: Mutex::new(()),
        })
    }

    /// Reads the keys, and reads them again whenever somebody changed them, for ever.
    pub async fn follow(self: Arc<Self>) {
        let mut failing = false;
        loop {
            let looked = self.look().await;
            match &looked {
                Ok(()) if failing && self.matters() => tracing::info!("the store of API keys answers again"),
                Err(error) if !failing && self.matters() => {
                    tracing::warn!(%error, "API keys are those that were known last: the store gives no answer");
                }
                Ok(()) | Err(_) => {}
            }
            failing = looked.is_err();
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Whether there are keys, or nobody knows yet whether there are.
    fn matters(&self) -> bool {
        !self.is_loaded.load(Ordering::Acquire) || self.live().count() > 0
    }

    /// Reads what was changed, or all where that is not known.
    ///
    /// # Errors
    /// Where the store gives no answer; what was known stays.
    pub async fn look(&self) -> Result<(), StoreError> {
        let _reading = self.reading.lock().await;
        let revision = self.records.revision(TABLE).await?;
        if !self.is_loaded.load(Ordering::Acquire) {
            return self.load(revision).await;
        }
        let known = self.revision.load(Ordering::Acquire);
        if revision == known {
            return Ok(());
        }
        let Some(changes) = self.records.changes(TABLE, known).await? else {
            return self.load(revision).await;
        };
        let (revision, edit) = (changes.revision, Edit::of(changes));
        self.live_mut().edit(edit);
        self.revision.store(revision, Ordering::Release);
        Ok(())
    }

    /// Reads all keys. What is changed meanwhile makes another revision, so that it is looked at again.
    async fn load(&self, revision: u64) -> Result<(), StoreError> {
        let records = self.records.all(TABLE).await?;
        let live = if records.len() < MANY {
            Live::of(&records)
        } else {
            // Takes a part of a second, which no thread that carries streams has.
            let reading = tokio::task::spawn_blocking(move || Live::of(&records)).await;
            reading.map_err(|error| StoreError::Unavailable(format!("the keys cannot be read: {error}")))?
        };
        let before = std::mem::replace(&mut *self.live_mut(), live);
        if before.count() >= MANY {
            tokio::task::spawn_blocking(move || drop(before));
        }
        self.revision.store(revision, Ordering::Release);
        self.is_loaded.store(true, Ordering::Release);
        Ok(())
    }

    fn live(&self) -> RwLockReadGuard<'_, Live> {
        // Nothing under this lock can panic half-way through a change.
        self.live.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn live_mut(&self) -> RwLockWriteGuard<'_, Live> {
        self.live.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes a key; its secret is in the answer and nowhere else.
    ///
    /// # Errors
    /// Where the body asks for what cannot be, or the store gives no answer.
    pub async fn create(&self, wanted: &Value) -> Result<Value, KeyError> {
        let secret = Secret::new()?;
        let key = New::read(wanted)?.key(&secret)?;
        self.records.put(TABLE, &key.id, key.bytes(), Some(0)).await?;
        self.look().await?;
        Ok(with_secret(key.shown(), secret))
    }

    /// Some keys, by prefix, principal or tenant.
    ///
    /// # Errors
    /// Where the query asks for what cannot be, or the store gives no answer.
    pub async fn list(&self, query: &[(String, String)]) -> Result<Value, KeyError> {
        let listing = Listing::read(query)?;
        self.look().await?;
        let (mut found, mut after) = (Vec::new(), listing.after.clone());
        while found.len() <= listing.limit {
            let keys = self.live().after(after.as_deref());
            let Some(last) = keys.last() else { break };
            after = Some(last.id.clone());
            found.extend(keys.into_iter().filter(|key| listing.has(key)));
        }
        let (has_more, page) = (found.len() > listing.limit, &found[..found.len().min(listing.limit)]);
        let next = page.last().filter(|_| has_more).map(|last| &last.id);
        let shown: Vec<Value> = page.iter().map(|key| key.shown()).collect();
        Ok(json!({"keys": shown, "next": next}))
    }

    /// One key.
    ///
    /// # Errors
    /// Where there is none of that id, or the store gives no answer.
    pub async fn get(&self, id: &str) -> Result<Value, KeyError> {
        self.look().await?;
        Ok(self.find(id)?.shown())
    }

    fn find(&self, id: &str) -> Result<Key, KeyError> {
        self.live().get(id).cloned().ok_or_else(|| KeyError::NotFound(id.to_owned()))
    }

    /// Gives a key another secret; the one before stays good for a while.
    ///
    /// # Errors
    /// As of [`Self::create`], or where there is none of that id.
    pub async fn rotate(&self, id: &str, wanted: &Value) -> Result<Value, KeyError> {
        let (rotation, secret) = (Rotation::read(wanted)?, Secret::new()?);
        let key = self.change(id, |key| rotation.apply(key, &secret)).await?;
        Ok(with_secret(key.shown(), secret))
    }

    /// Changes what a key may do, and until when.
    ///
    /// # Errors
    /// As of [`Self::rotate`].
    pub async fn update(&self, id: &str, wanted: &Value) -> Result<Value, KeyError> {
        let change = Change::read(wanted)?;
        Ok(self.change(id, |key| change.apply(key)).await?.shown())
    }

    async fn change(
        &self,
        id: &str,
        apply: impl Fn(&mut Key) -> Result<(), KeyError>,
    ) -> Result<Key, KeyError> {
        for _ in 0..TRIES {
            self.look().await?;
            let mut key = self.find(id)?;
            let version = key.version;
            apply(&mut key)?;
            if self.records.put(TABLE, id, key.bytes(), Some(version)).await?.is_some() {
                self.look().await?;
                return Ok(key);
            }
        }
        Err(KeyError::Unavailable(format!("others change the key \"{id}\" all the time; try again")))
    }

    /// Ends a key at once, its earlier secrets included.
    ///
    /// # Errors
    /// Where there is none of that id, or the store gives no answer.
    pub async fn revoke(&self, id: &str) -> Result<(), KeyError> {
        let was_there = self.records.remove(TABLE, id).await?;
        self.look().await?;
        if was_there { Ok(()) } else { Err(KeyError::NotFound(id.to_owned())) }
    }
}

fn with_secret(mut shown: Value, secret: Secret) -> Value {
    shown["key"] = secret.text().into();
    shown
}

impl KeyDirectory for ManagedKeys {
    fn holder(&self, sha256: &Digest) -> Result<Option<Arc<KeyHolder>>, StoreError> {
        if !self.is_loaded.load(Ordering::Acquire) {
            return Err(StoreError::Unavailable("it has not told yet which API keys there are".into()));
        }
        Ok(self.live().holder(sha256))
    }
}

#[cfg(test)]
#[path = "managed_keys/managed_keys_tests.rs"]
mod tests;
