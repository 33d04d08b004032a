//! Records in the memory of the process.

mod recent;
#[cfg(test)]
pub(crate) mod suite;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use tidegate_pipeline::{Changes, Record, Records, StoreError};

#[cfg(test)]
pub(crate) use recent::KEPT;
pub(crate) use recent::Recent;

/// Records in memory; gone when the process ends.
#[derive(Debug, Default)]
pub struct MemoryRecords(Mutex<Tables>);

#[derive(Debug, Default)]
struct Tables {
    tables: HashMap<String, Table>,
    /// Of all tables, so that none is ever given twice.
    version: u64,
}

#[derive(Debug, Default)]
struct Table {
    records: BTreeMap<String, Record>,
    recent: Recent,
}

impl Tables {
    fn put(&mut self, table: &str, id: &str, value: Bytes, if_version: Option<u64>) -> Option<u64> {
        let table = self.tables.entry(table.to_owned()).or_default();
        let known = table.records.get(id).map_or(0, |record| record.version);
        if if_version.is_some_and(|wanted| wanted != known) {
            return None;
        }
        self.version += 1;
        table.recent.note(self.version, id);
        let record = Record { id: id.to_owned(), value, version: self.version };
        table.records.insert(id.to_owned(), record);
        Some(self.version)
    }

    fn remove(&mut self, table: &str, id: &str) -> bool {
        let Some(table) = self.tables.get_mut(table) else { return false };
        let was_there = table.records.remove(id).is_some();
        if was_there {
            self.version += 1;
            table.recent.note(self.version, id);
        }
        was_there
    }
}

impl Table {
    fn changes(&self, since: u64) -> Option<Changes> {
        let changed = self.recent.since(since)?;
        let records = changed.into_iter().map(|id| (id.to_owned(), self.records.get(id).cloned()));
        Some(Changes::new(self.recent.revision(), records))
    }
}

impl MemoryRecords {
    fn tables(&self) -> MutexGuard<'_, Tables> {
        // Nothing under this lock can panic half-way through a change.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Of what needs no waiting.
fn ready<'a, T: Send + 'a>(value: T) -> BoxFuture<'a, Result<T, StoreError>> {
    Box::pin(std::future::ready(Ok(value)))
}

impl Records for MemoryRecords {
    fn put<'a>(
        &'a self,
        table: &'a str,
        id: &'a str,
        value: Bytes,
        if_version: Option<u64>,
    ) -> BoxFuture<'a, Result<Option<u64>, StoreError>> {
        ready(self.tables().put(table, id, value, if_version))
    }

    fn remove<'a>(&'a self, table: &'a str, id: &'a str) -> BoxFuture<'a, Result<bool, StoreError>> {
        ready(self.tables().remove(table, id))
    }

    fn all<'a>(&'a self, table: &'a str) -> BoxFuture<'a, Result<Vec<Record>, StoreError>> {
        let tables = self.tables();
        let all = |table: &Table| table.records.values().cloned().collect();
        ready(tables.tables.get(table).map(all).unwrap_or_default())
    }

    fn revision<'a>(&'a self, table: &'a str) -> BoxFuture<'a, Result<u64, StoreError>> {
        ready(self.tables().tables.get(table).map(|table| table.recent.revision()).unwrap_or_default())
    }

    fn changes<'a>(
        &'a self,
        table: &'a str,
        since: u64,
    ) -> BoxFuture<'a, Result<Option<Changes>, StoreError>> {
        ready(self.tables().tables.entry(table.to_owned()).or_default().changes(since))
    }
}

#[cfg(test)]
#[path = "records_tests.rs"]
mod tests;
