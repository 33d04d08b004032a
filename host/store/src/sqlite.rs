//! Stores in a SQLite database. All work is done by threads of their own, never by those that serve requests.

mod counters;
mod file;
mod quotas;
mod records;
mod usage;
mod writer;

use std::path::Path;
use std::sync::Arc;

use file::{Kept, Kind};
use writer::Writer;

use crate::open_error::OpenError;
use crate::quotas::MemoryQuotas;

pub use quotas::DurableQuotas;
pub use records::SqliteRecords;
pub use usage::SqliteUsage;

const STATE: Kind = Kind {
    holds: "the state of the gateway",
    // "tgst" in ASCII.
    id: 0x7467_7374,
    migrations: &[include_str!("sqlite/state/schema_1.sql")],
    kept: Kept::Power,
};

/// Records and counters in one database, which this process alone keeps: a lock on the file `…-lock` beside it says so.
///
/// Each handle keeps the database open. At the end of the process [`Sqlite::close`] writes what was counted last.
#[derive(Debug)]
pub struct Sqlite {
    records: Arc<SqliteRecords>,
    quotas: Arc<DurableQuotas>,
    writer: Arc<Writer>,
}

impl Sqlite {
    /// Opens or makes the file, readable by nobody else, and takes over what stands in it.
    pub fn open(path: &Path) -> Result<Arc<Self>, OpenError> {
        let (writer, (counters, open)) = Writer::open(path, &STATE, counters::read)?;
        let writer = Arc::new(writer);
        let memory = MemoryQuotas::default();
        memory.restore(&counters, open);
        let quotas = DurableQuotas::start(memory, Arc::clone(&writer))
            .map_err(|error| OpenError::new(path, STATE.holds, error))?;
        let records = Arc::new(SqliteRecords::new(Arc::clone(&writer)));
        Ok(Arc::new(Self { records, quotas: Arc::new(quotas), writer }))
    }

    /// What the admin API keeps.
    pub fn records(&self) -> Arc<SqliteRecords> {
        Arc::clone(&self.records)
    }

    /// What counts against limits.
    pub fn quotas(&self) -> Arc<DurableQuotas> {
        Arc::clone(&self.quotas)
    }

    /// Writes everything, and ends the threads; afterwards records cannot be changed, and what is counted is not kept.
    pub fn close(&self) {
        self.quotas.close();
        self.writer.close();
    }
}
