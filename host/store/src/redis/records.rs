//! Records that an operator keeps: of each table a hash, and beside it the revision, which is the version of the last change,
//! and the newest changes.

use std::collections::HashMap;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use redis::Value;
use tidegate_pipeline::{Changes, Record, Records, StoreError};

use super::Redis;
use super::request::{self, Repeat, Request};
use super::values::{optional, read};

/// The version and, after a colon, the bytes.
fn record((id, kept): (String, Vec<u8>)) -> Result<Record, StoreError> {
    let kept = Bytes::from(kept);
    let colon = kept.iter().position(|byte| *byte == b':');
    let version = colon.and_then(|colon| std::str::from_utf8(&kept[..colon]).ok()?.parse().ok());
    match colon.zip(version) {
        Some((colon, version)) => Ok(Record { id, value: kept.slice(colon + 1..), version }),
        None => {
            Err(StoreError::Unavailable(format!("the record \"{}\" is not one of ours", id.escape_debug())))
        }
    }
}

/// Records that the server is asked for at once, so that no answer takes longer than a call may.
const AT_ONCE: usize = 1000;

/// Tries to read a table, and to follow what became of it meanwhile.
const TRIES: usize = 8;

/// Records by their names.
type Table = HashMap<String, Record>;

impl Redis {
    /// What a table had all the time; what came or went meanwhile may be in it.
    async fn scan(&self, table: &str) -> Result<Table, StoreError> {
        let [table, ..] = &self.keys.table(table);
        let mut records = Table::new();
        let mut mark = 0_u64;
        loop {
            let request = Request::command("HSCAN", table).arg(mark).arg("COUNT").arg(AT_ONCE);
            let (next, part): (u64, Vec<(String, Vec<u8>)>) = read(self.link.ask(&request).await?)?;
            for kept in part {
                let record = record(kept)?;
                records.insert(record.id.clone(), record);
            }
            mark = next;
            if mark == 0 {
                return Ok(records);
            }
        }
    }

    /// The records with what became of them since a revision before they were read; `None` where they are not all.
    ///
    /// Another server may have taken the place of the one that was read: to it the mark that says how far a reading has come
    /// says nothing.
    async fn caught_up(
        &self,
        table: &str,
        mut since: u64,
        mut records: Table,
    ) -> Result<Option<Vec<Record>>, StoreError> {
        let [hash, ..] = self.keys.table(table);
        for _ in 0..TRIES {
            let Some(Changes { revision, put, removed }) = self.changes(table, since).await? else {
                return Ok(None);
            };
            removed.iter().for_each(|id| drop(records.remove(id)));
            records.extend(put.into_iter().map(|record| (record.id.clone(), record)));
            let count: usize = read(self.link.ask(&Request::command("HLEN", &hash)).await?)?;
            if records.len() == count {
                return Ok(Some(records.into_values().collect()));
            }
            since = revision;
        }
        Ok(None)
    }
}

impl Records for Redis {
    fn put<'a>(
        &'a self,
        table: &'a str,
        id: &'a str,
        value: Bytes,
        if_version: Option<u64>,
    ) -> BoxFuture<'a, Result<Option<u64>, StoreError>> {
        Box::pin(async move {
            let repeat = if if_version.is_none() { Repeat::Safe } else { Repeat::Unsafe };
            let request = Request::script(&request::PUT, &self.keys.table(table)).repeat(repeat);
            read(self.link.ask(&request.arg(id).arg(&value[..]).arg(optional(if_version))).await?)
        })
    }

    fn remove<'a>(&'a self, table: &'a str, id: &'a str) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(async move {
            let request = Request::script(&request::REMOVE, &self.keys.table(table)).repeat(Repeat::Unsafe);
            read(self.link.ask(&request.arg(id)).await?)
        })
    }

    fn all<'a>(&'a self, table: &'a str) -> BoxFuture<'a, Result<Vec<Record>, StoreError>> {
        Box::pin(async move {
            for _ in 0..TRIES {
                let since = self.revision(table).await?;
                let scanned = self.scan(table).await?;
                if let Some(records) = self.caught_up(table, since, scanned).await? {
                    return Ok(records);
                }
            }
            Err(StoreError::Unavailable("the records change all the time while they are read".into()))
        })
    }

    fn revision<'a>(&'a self, table: &'a str) -> BoxFuture<'a, Result<u64, StoreError>> {
        Box::pin(async move {
            let [_, revision, _] = self.keys.table(table);
            let kept: Option<u64> = read(self.link.ask(&Request::command("GET", &revision)).await?)?;
            Ok(kept.unwrap_or_default())
        })
    }

    fn changes<'a>(
        &'a self,
        table: &'a str,
        since: u64,
    ) -> BoxFuture<'a, Result<Option<Changes>, StoreError>> {
        Box::pin(async move {
            let request = Request::script(&request::CHANGES, &self.keys.table(table)).arg(since);
            let answer: Option<Vec<Value>> = read(self.link.ask(&request).await?)?;
            answer.map(changes).transpose()
        })
    }
}

/// The answer of the script: the revision, then names, each with what stands there.
fn changes(answer: Vec<Value>) -> Result<Changes, StoreError> {
    let mut answer = answer.into_iter();
    let revision = read(answer.next().unwrap_or(Value::Nil))?;
    let mut records = Vec::new();
    while let Some((id, kept)) = answer.next().zip(answer.next()) {
        let (id, kept): (String, Option<Vec<u8>>) = (read(id)?, read(kept)?);
        let stands = kept.map(|kept| record((id.clone(), kept))).transpose()?;
        records.push((id, stands));
    }
    Ok(Changes::new(revision, records))
}
