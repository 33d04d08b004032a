//! Records in the memory of the process.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use tidegate_pipeline::{Record, Records, StoreError};

/// Records in memory; gone when the process ends.
#[derive(Debug, Default)]
pub struct MemoryRecords(Mutex<Tables>);

#[derive(Debug, Default)]
struct Tables {
    tables: HashMap<String, BTreeMap<String, Record>>,
    revisions: HashMap<String, u64>,
    /// Of all tables, so that none is ever given twice.
    version: u64,
}

impl Tables {
    fn changed(&mut self, table: &str) -> u64 {
        self.version += 1;
        self.revisions.insert(table.to_owned(), self.version);
        self.version
    }

    fn put(&mut self, table: &str, id: &str, value: Bytes, if_version: Option<u64>) -> Option<u64> {
        let records = self.tables.entry(table.to_owned()).or_default();
        let known = records.get(id).map_or(0, |record| record.version);
        if if_version.is_some_and(|wanted| wanted != known) {
            return None;
        }
        let version = self.changed(table);
        let record = Record { id: id.to_owned(), value, version };
        self.tables.entry(table.to_owned()).or_default().insert(id.to_owned(), record);
        Some(version)
    }

    fn remove(&mut self, table: &str, id: &str) -> bool {
        let removed = self.tables.get_mut(table).and_then(|records| records.remove(id)).is_some();
        if removed {
            self.changed(table);
        }
        removed
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
        ready(tables.tables.get(table).map(|records| records.values().cloned().collect()).unwrap_or_default())
    }

    fn revision<'a>(&'a self, table: &'a str) -> BoxFuture<'a, Result<u64, StoreError>> {
        ready(self.tables().revisions.get(table).copied().unwrap_or_default())
    }
}

#[cfg(test)]
#[path = "records_tests.rs"]
mod tests;
