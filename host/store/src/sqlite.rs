//! Stores in a SQLite database. All work is done by threads of their own, never by those that serve requests.

mod behind;
mod counters;
mod file;
mod quotas;
mod records;
mod usage;
mod values;
mod writer;

use std::path::Path;
use std::sync::Arc;

use rusqlite::Connection;

use file::{Kept, Kind};
use writer::Writer;

use crate::memory::MemoryStore;
use crate::open_error::OpenError;
use crate::quotas::MemoryQuotas;

pub use quotas::DurableQuotas;
pub use records::SqliteRecords;
pub use values::SqliteStore;

const STATE: Kind = Kind {
    holds: "the state of the gateway",
    // "tgst" in ASCII.
    id: 0x7467_7374,
    migrations: &[include_str!("sqlite/state/schema_1.sql")],
    kept: Kept::Power,
};

/// Records, counters and values in one database, which this process alone keeps: a lock on the file `…-lock` beside it says so.
///
/// Each handle keeps the database open. At the end of the process [`Sqlite::close`] writes what was counted last.
#[derive(Debug)]
pub struct Sqlite {
    records: Arc<SqliteRecords>,
    quotas: Arc<DurableQuotas>,
    key_values: Arc<SqliteStore>,
    writer: Arc<Writer>,
}

impl Sqlite {
    /// Opens or makes the file, readable by nobody else, and takes over what stands in it.
    pub fn open(path: &Path) -> Result<Arc<Self>, OpenError> {
        let read = |connection: &Connection| Ok((counters::read(connection)?, values::read(connection)?));
        let (writer, ((counters, open), values)) = Writer::open(path, &STATE, read)?;
        let (quotas, store) = (MemoryQuotas::default(), MemoryStore::default());
        quotas.restore(&counters, open);
        let refused = store.restore(values);
        let (writer, told) = (Arc::new(writer), |error| OpenError::new(path, STATE.holds, error));
        let quotas = DurableQuotas::start(quotas, Arc::clone(&writer)).map_err(told)?;
        let key_values = SqliteStore::start(store, refused, Arc::clone(&writer)).map_err(told)?;
        let records = SqliteRecords::new(Arc::clone(&writer));
        Ok(Arc::new(Self {
            records: Arc::new(records),
            quotas: Arc::new(quotas),
            key_values: Arc::new(key_values),
            writer,
        }))
    }

    /// What the admin API keeps.
    pub fn records(&self) -> Arc<SqliteRecords> {
        Arc::clone(&self.records)
    }

    /// What counts against limits.
    pub fn quotas(&self) -> Arc<DurableQuotas> {
        Arc::clone(&self.quotas)
    }

    /// The values of plugins.
    pub fn key_values(&self) -> Arc<SqliteStore> {
        Arc::clone(&self.key_values)
    }

    /// Writes everything, and ends the threads; afterwards records cannot be changed, and what is counted or set is not kept.
    pub fn close(&self) {
        self.quotas.close();
        self.key_values.close();
        self.writer.close();
    }
}

/// SQLite has no larger numbers.
fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
