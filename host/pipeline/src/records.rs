//! Small records that an operator keeps by way of the admin API, such as API keys; they outlive the process.

use bytes::Bytes;
use futures_util::future::BoxFuture;

use crate::services::StoreError;

/// Tables of records, beside [`crate::KeyValue`]: they can be listed, and every node sees what another one changed.
///
/// What a call has answered is kept, also if the process is killed in the next moment.
pub trait Records: Send + Sync + 'static {
    /// Stores a record. `if_version`: `None` always, 0 only where there is none. `Ok(None)`: another version stands there.
    fn put<'a>(
        &'a self,
        table: &'a str,
        id: &'a str,
        value: Bytes,
        if_version: Option<u64>,
    ) -> BoxFuture<'a, Result<Option<u64>, StoreError>>;

    /// Whether there was one.
    fn remove<'a>(&'a self, table: &'a str, id: &'a str) -> BoxFuture<'a, Result<bool, StoreError>>;

    /// Every record of a table, in no order.
    fn all<'a>(&'a self, table: &'a str) -> BoxFuture<'a, Result<Vec<Record>, StoreError>>;

    /// Another number after every change of the table, whoever made it; cheap enough to be asked several times a second.
    fn revision<'a>(&'a self, table: &'a str) -> BoxFuture<'a, Result<u64, StoreError>>;

    /// What became of a table since a revision that was told. `Ok(None)`: that is not known any more, and [`Records::all`]
    /// has to tell.
    fn changes<'a>(
        &'a self,
        table: &'a str,
        since: u64,
    ) -> BoxFuture<'a, Result<Option<Changes>, StoreError>>;
}

/// What became of the records that were changed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Changes {
    /// The revision that the table has with them.
    pub revision: u64,
    /// Those that stand there now, in no order.
    pub put: Vec<Record>,
    /// The names of those that stand there no more, in no order.
    pub removed: Vec<String>,
}

impl Changes {
    /// `records` has, by name, what stands there now.
    pub fn new(revision: u64, records: impl IntoIterator<Item = (String, Option<Record>)>) -> Self {
        let mut changes = Self { revision, ..Self::default() };
        for (id, record) in records {
            match record {
                Some(record) => changes.put.push(record),
                None => changes.removed.push(id),
            }
        }
        changes
    }
}

/// A record of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Its name in the table.
    pub id: String,
    /// Its bytes.
    pub value: Bytes,
    /// Another one after every change, never 0.
    pub version: u64,
}
