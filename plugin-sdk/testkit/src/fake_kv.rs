//! A store in memory, with the versions of the contract and without a clock: nothing expires while a case is played.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use tidegate_pipeline::{Entry, KeyValue, StoreError};

use crate::services::ServicesShape;

/// The store of one case.
#[derive(Debug, Default)]
pub(crate) struct FakeKv {
    slots: Mutex<BTreeMap<String, Slot>>,
    error: Option<String>,
}

/// A key stays known once its value is gone, so that no version comes twice.
#[derive(Debug, Clone, Default)]
struct Slot {
    value: Option<Bytes>,
    version: u64,
    ttl: Option<Duration>,
}

impl Slot {
    fn put(&mut self, value: Bytes, ttl: Option<Duration>) -> u64 {
        self.version += 1;
        self.value = Some(value);
        self.ttl = ttl;
        self.version
    }
}

impl FakeKv {
    pub(crate) fn new(services: &ServicesShape) -> Self {
        let slot = |value: Vec<u8>| Slot { value: Some(value.into()), version: 1, ttl: None };
        let slots = services.kv.iter().map(|(key, value)| (key.clone(), slot(value.bytes()))).collect();
        Self { slots: Mutex::new(slots), error: services.kv_error.clone() }
    }

    /// What stands there, with its time to live in milliseconds.
    pub(crate) fn values(&self) -> Vec<(String, Bytes, Option<u64>)> {
        let millis = |ttl: Duration| u64::try_from(ttl.as_millis()).unwrap_or(u64::MAX);
        let shown =
            |(key, slot): (&String, &Slot)| Some((key.clone(), slot.value.clone()?, slot.ttl.map(millis)));
        self.slots().iter().filter_map(shown).collect()
    }

    fn slots(&self) -> MutexGuard<'_, BTreeMap<String, Slot>> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn with<T>(
        &self,
        key: &str,
        act: impl FnOnce(&mut Slot) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        if let Some(error) = &self.error {
            return Err(StoreError::Unavailable(error.clone()));
        }
        act(self.slots().entry(own(key).to_owned()).or_default())
    }
}

/// The key as the plugin names it: the services put a prefix of two parts before it.
fn own(key: &str) -> &str {
    key.splitn(3, '\u{1f}').nth(2).unwrap_or(key)
}

impl KeyValue for FakeKv {
    fn get<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<Entry>, StoreError>> {
        let entry = |slot: &mut Slot| {
            let version = slot.version;
            Ok(slot.value.clone().map(|value| Entry { value, version }))
        };
        Box::pin(std::future::ready(self.with(key, entry)))
    }

    fn set<'a>(
        &'a self,
        key: &'a str,
        value: Bytes,
        ttl: Option<Duration>,
        if_version: Option<u64>,
    ) -> BoxFuture<'a, Result<Option<u64>, StoreError>> {
        let set = |slot: &mut Slot| {
            let there = slot.value.as_ref().map_or(0, |_| slot.version);
            let may = if_version.is_none_or(|version| version == there);
            Ok(may.then(|| slot.put(value, ttl)))
        };
        Box::pin(std::future::ready(self.with(key, set)))
    }

    fn delete<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<bool, StoreError>> {
        let delete = |slot: &mut Slot| Ok(slot.value.take().is_some());
        Box::pin(std::future::ready(self.with(key, delete)))
    }

    fn increment<'a>(
        &'a self,
        key: &'a str,
        by: i64,
        ttl: Option<Duration>,
    ) -> BoxFuture<'a, Result<i64, StoreError>> {
        let increment = |slot: &mut Slot| {
            let there = slot.value.as_ref().map_or(Ok(0), |value| number(value))?;
            let sum = there.checked_add(by);
            let sum = sum.ok_or_else(|| StoreError::Unavailable("the sum is too large".into()))?;
            let ttl = if slot.value.is_some() { slot.ttl } else { ttl };
            slot.put(sum.to_string().into(), ttl);
            Ok(sum)
        };
        Box::pin(std::future::ready(self.with(key, increment)))
    }
}

fn number(value: &[u8]) -> Result<i64, StoreError> {
    let number = std::str::from_utf8(value).ok().and_then(|text| text.parse().ok());
    number.ok_or_else(|| StoreError::Unavailable("the value is no number".into()))
}

#[cfg(test)]
#[path = "fake_kv_tests.rs"]
mod tests;
