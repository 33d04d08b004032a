//! Records of the admin API in a table.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use rusqlite::{Connection, OptionalExtension, Row, params};
use tidegate_pipeline::{Changes, Record, Records, StoreError};

use super::file::Kept;
use super::writer::Writer;
use crate::records::Recent;

const VERSION: &str = "SELECT version FROM records WHERE collection = ?1 AND id = ?2";
/// The row that stood there goes, and the new one has a number of its own.
const PUT: &str = "INSERT OR REPLACE INTO records (collection, id, value) VALUES (?1, ?2, ?3)";
const REMOVE: &str = "DELETE FROM records WHERE collection = ?1 AND id = ?2";
const ALL: &str = "SELECT id, value, version FROM records WHERE collection = ?1";
const ONE: &str = "SELECT id, value, version FROM records WHERE collection = ?1 AND id = ?2";

/// Records in a SQLite database. A change that is answered outlives a loss of power (`synchronous=FULL`).
#[derive(Debug)]
pub struct SqliteRecords {
    writer: Arc<Writer>,
    revisions: Arc<Revisions>,
}

/// Changes of each table since the start. Nobody else changes the database meanwhile.
#[derive(Debug, Default)]
struct Revisions(Mutex<HashMap<Box<str>, Recent>>);

impl Revisions {
    fn of(&self, table: &str) -> u64 {
        self.tables().get(table).map(Recent::revision).unwrap_or_default()
    }

    /// Before the commit: who reads because of it waits for the same thread.
    fn rise(&self, table: &str, id: &str) {
        let mut tables = self.tables();
        let recent = tables.entry(table.into()).or_default();
        recent.note(recent.revision() + 1, id);
    }

    /// The revision, and the records that were changed since another one, where that is known.
    fn since(&self, table: &str, revision: u64) -> Option<(u64, Vec<String>)> {
        let mut tables = self.tables();
        let recent = tables.entry(table.into()).or_default();
        let ids = recent.since(revision)?.into_iter().map(str::to_owned).collect();
        Some((recent.revision(), ids))
    }

    fn tables(&self) -> MutexGuard<'_, HashMap<Box<str>, Recent>> {
        // Nothing under this lock can panic half-way through a change.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SqliteRecords {
    pub(super) fn new(writer: Arc<Writer>) -> Self {
        Self { writer, revisions: Arc::default() }
    }
}

impl Records for SqliteRecords {
    fn put<'a>(
        &'a self,
        table: &'a str,
        id: &'a str,
        value: Bytes,
        if_version: Option<u64>,
    ) -> BoxFuture<'a, Result<Option<u64>, StoreError>> {
        let (name, id, revisions) = (table.to_owned(), id.to_owned(), Arc::clone(&self.revisions));
        let change = move |connection: &Connection| {
            let version = put(connection, (&name, &id), &value, if_version)?;
            if version.is_some() {
                revisions.rise(&name, &id);
            }
            Ok(version)
        };
        Box::pin(self.writer.change(Kept::Power, change))
    }

    fn remove<'a>(&'a self, table: &'a str, id: &'a str) -> BoxFuture<'a, Result<bool, StoreError>> {
        let (name, id, revisions) = (table.to_owned(), id.to_owned(), Arc::clone(&self.revisions));
        let change = move |connection: &Connection| {
            let there = connection.prepare_cached(REMOVE)?.execute(params![name, id])? > 0;
            if there {
                revisions.rise(&name, &id);
            }
            Ok(there)
        };
        Box::pin(self.writer.change(Kept::Power, change))
    }

    fn all<'a>(&'a self, table: &'a str) -> BoxFuture<'a, Result<Vec<Record>, StoreError>> {
        let name = table.to_owned();
        Box::pin(self.writer.change(Kept::Process, move |connection| all(connection, &name)))
    }

    fn revision<'a>(&'a self, table: &'a str) -> BoxFuture<'a, Result<u64, StoreError>> {
        Box::pin(async move { Ok(self.revisions.of(table)) })
    }

    fn changes<'a>(
        &'a self,
        table: &'a str,
        since: u64,
    ) -> BoxFuture<'a, Result<Option<Changes>, StoreError>> {
        let (name, revisions) = (table.to_owned(), Arc::clone(&self.revisions));
        let read = move |connection: &Connection| match revisions.since(&name, since) {
            Some((revision, ids)) => Ok(Some(Changes::new(revision, some(connection, &name, ids)?))),
            None => Ok(None),
        };
        Box::pin(self.writer.change(Kept::Process, read))
    }
}

fn put(
    connection: &Connection,
    (table, id): (&str, &str),
    value: &[u8],
    if_version: Option<u64>,
) -> rusqlite::Result<Option<u64>> {
    if let Some(wanted) = if_version {
        let mut version = connection.prepare_cached(VERSION)?;
        let stands: Option<i64> = version.query_row(params![table, id], |row| row.get(0)).optional()?;
        if u64::try_from(stands.unwrap_or(0)) != Ok(wanted) {
            return Ok(None);
        }
    }
    let version = connection.prepare_cached(PUT)?.insert(params![table, id, value])?;
    // Numbers of rows begin with 1.
    Ok(u64::try_from(version).ok())
}

fn all(connection: &Connection, table: &str) -> rusqlite::Result<Vec<Record>> {
    let mut all = connection.prepare_cached(ALL)?;
    all.query_map([table], record)?.collect()
}

/// What stands there under each name.
fn some(
    connection: &Connection,
    table: &str,
    ids: Vec<String>,
) -> rusqlite::Result<Vec<(String, Option<Record>)>> {
    let mut one = connection.prepare_cached(ONE)?;
    let mut read = |id: String| {
        let found = one.query_row(params![table, id], record).optional()?;
        Ok((id, found))
    };
    ids.into_iter().map(&mut read).collect()
}

fn record(row: &Row<'_>) -> rusqlite::Result<Record> {
    let (value, version): (Vec<u8>, i64) = (row.get(1)?, row.get(2)?);
    Ok(Record { id: row.get(0)?, value: value.into(), version: version.unsigned_abs() })
}

#[cfg(test)]
#[path = "records_tests.rs"]
mod tests;
