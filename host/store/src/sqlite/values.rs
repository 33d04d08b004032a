//! Values of plugins that outlive the process: kept in memory, written behind.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use rusqlite::{Connection, Row, params};
use tidegate_pipeline::{Entry, KeyValue, StoreError};

use super::behind::{Behind, Source};
use super::signed;
use super::writer::Writer;
use crate::memory::{MemoryStore, SavedValue, ValueChanges};

const ALL: &str = "SELECT key, value, version, due FROM key_values";
const PUT: &str = "INSERT OR REPLACE INTO key_values (key, value, version, due) VALUES (?1, ?2, ?3, ?4)";
const REMOVE: &str = "DELETE FROM key_values WHERE key = ?1";

/// Values in the memory of this process, which a thread writes to a database every 50 ms.
///
/// The end of the process, however it comes, takes what was set, added and deleted in the last 50 ms and during one commit; a
/// loss of power may take the last seconds (`synchronous=NORMAL`). Each value is kept whole, in its old form or its new one.
/// The time to live goes on by the wall clock. Shares are those of [`MemoryStore`].
#[derive(Debug)]
pub struct SqliteStore {
    memory: Arc<MemoryStore>,
    behind: Behind,
}

impl SqliteStore {
    /// Over a store that has taken over what was saved; `refused` are the keys for which it had no room.
    pub(super) fn start(
        memory: MemoryStore,
        refused: Vec<String>,
        writer: Arc<Writer>,
    ) -> std::io::Result<Self> {
        if !refused.is_empty() {
            tracing::warn!(
                values = refused.len(),
                "values of plugins exceed their shares, and are forgotten"
            );
        }
        let memory = Arc::new(memory);
        let source = Values { memory: Arc::clone(&memory), refused };
        Ok(Self { memory, behind: Behind::start(source, writer)? })
    }

    /// Bytes held at the moment, as [`MemoryStore::held`] counts them.
    pub fn held(&self) -> usize {
        self.memory.held()
    }

    pub(super) fn close(&self) {
        self.behind.close();
    }
}

impl KeyValue for SqliteStore {
    fn get<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<Entry>, StoreError>> {
        self.memory.get(key)
    }

    fn set<'a>(
        &'a self,
        key: &'a str,
        value: Bytes,
        ttl: Option<Duration>,
        if_version: Option<u64>,
    ) -> BoxFuture<'a, Result<Option<u64>, StoreError>> {
        self.memory.set(key, value, ttl, if_version)
    }

    fn delete<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<bool, StoreError>> {
        self.memory.delete(key)
    }

    fn increment<'a>(
        &'a self,
        key: &'a str,
        by: i64,
        ttl: Option<Duration>,
    ) -> BoxFuture<'a, Result<i64, StoreError>> {
        self.memory.increment(key, by, ttl)
    }
}

struct Values {
    memory: Arc<MemoryStore>,
    /// Keys whose rows go with the first changes.
    refused: Vec<String>,
}

impl Source for Values {
    type Changes = ValueChanges;

    const NAME: &'static str = "the values of plugins";

    fn changes(&mut self) -> Option<ValueChanges> {
        let mut changes = self.memory.changes();
        changes.gone.append(&mut self.refused);
        (!changes.gone.is_empty() || !changes.came.is_empty()).then_some(changes)
    }

    fn write(connection: &Connection, changes: &ValueChanges) -> rusqlite::Result<()> {
        let mut remove = connection.prepare_cached(REMOVE)?;
        changes.gone.iter().try_for_each(|key| remove.execute([key]).map(drop))?;
        let mut put = connection.prepare_cached(PUT)?;
        for SavedValue { key, value, version, due } in &changes.came {
            put.execute(params![key, &**value, signed(*version), due.map(signed)])?;
        }
        Ok(())
    }
}

/// Everything that was written.
pub(super) fn read(connection: &Connection) -> rusqlite::Result<Vec<SavedValue>> {
    connection.prepare(ALL)?.query_map([], value)?.collect()
}

fn value(row: &Row<'_>) -> rusqlite::Result<SavedValue> {
    let (value, version, due): (Vec<u8>, i64, Option<i64>) = (row.get(1)?, row.get(2)?, row.get(3)?);
    let due = due.map(i64::unsigned_abs);
    Ok(SavedValue { key: row.get(0)?, value: value.into(), version: version.unsigned_abs(), due })
}

#[cfg(test)]
#[path = "values_tests.rs"]
mod tests;
