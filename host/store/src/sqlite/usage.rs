//! The account of exchanges in a table.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rusqlite::{Connection, Row, TransactionBehavior, params};
use tidegate_pipeline::{UsageQuery, UsageRecord};

use super::file::{self, Kept, Kind};
use super::signed;
use crate::open_error::{OpenError, Problem};
use crate::usage::{Account, Scan, Seen, Sink, Tags, Visit};

const KIND: Kind = Kind {
    holds: "the account of usage",
    // "tgus" in ASCII.
    id: 0x7467_7573,
    migrations: &[include_str!("usage/schema_1.sql")],
    kept: Kept::Process,
};

const INSERT: &str = include_str!("usage/insert.sql");
const SCAN: &str = include_str!("usage/scan.sql");
const FORGET: &str = include_str!("usage/forget.sql");

/// Rows that are forgotten in one transaction, so that records wait only shortly meanwhile.
const FORGOTTEN: i64 = 1000;

/// How often it is looked whether rows are too old.
const LOOK: Duration = Duration::from_secs(60);

impl Account {
    /// In a SQLite database, in its table `exchanges`: opens or makes the file. Exchanges older than `keep` are forgotten bit
    /// by bit.
    ///
    /// Several processes may write to one file. What was appended 100 ms ago outlives the process, however it ends; records
    /// of the last seconds may go with a loss of power (`synchronous=NORMAL`), since an account is not worth a flush of the
    /// disk ten times a second.
    ///
    /// # Errors
    /// Where the file cannot be opened or made, or holds something else.
    pub fn in_database(path: &Path, keep: Option<Duration>) -> Result<Self, OpenError> {
        let table = |connection| Table { connection, path: path.to_owned() };
        let (writes, reads) = (file::open(path, &KIND)?, file::open(path, &KIND)?);
        let sink = Writer { table: table(writes), keep, look: Instant::now() };
        Self::start(sink, table(reads)).map_err(|error| OpenError::new(path, KIND.holds, error))
    }
}

struct Table {
    connection: Connection,
    path: PathBuf,
}

impl Table {
    fn told(&self, error: rusqlite::Error) -> String {
        OpenError::new(&self.path, KIND.holds, Problem::from(error)).to_string()
    }
}

impl Scan for Table {
    fn scan(&mut self, query: &UsageQuery, visit: Visit<'_>) -> Result<(), String> {
        rows(&self.connection, query, visit).map_err(|error| self.told(error))
    }
}

fn rows(connection: &Connection, query: &UsageQuery, visit: Visit<'_>) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached(SCAN)?;
    let mut rows = statement.query(params![signed(query.from), signed(query.to)])?;
    while let Some(row) = rows.next()? {
        if visit(&seen(row)?).is_break() {
            break;
        }
    }
    Ok(())
}

fn seen<'r>(row: &'r Row<'_>) -> rusqlite::Result<Seen<'r>> {
    let text = |column| Ok::<_, rusqlite::Error>(row.get_ref(column)?.as_str_or_null()?);
    let number = |column| Ok::<_, rusqlite::Error>(unsigned(row.get(column)?));
    Ok(Seen {
        time: number(0)?,
        principal: text(1)?,
        tenant: text(2)?,
        service: text(3)?,
        route: text(4)?,
        cluster: text(5)?,
        provider: text(6)?,
        model: text(7)?,
        operation: text(8)?.unwrap_or_default(),
        tags: Tags::Json(text(9)?.unwrap_or_default()),
        status: row.get(10)?,
        input: number(11)?,
        output: number(12)?,
        cached_input: number(13)?,
        cache_write: number(14)?,
        reasoning: number(15)?,
        duration_ms: number(16)?,
        cost_micro_usd: row.get::<_, Option<i64>>(17)?.map(unsigned),
    })
}

struct Writer {
    table: Table,
    keep: Option<Duration>,
    /// When it is looked next whether rows are too old.
    look: Instant,
}

impl Sink for Writer {
    fn write(&mut self, batch: &[UsageRecord]) -> Result<(), String> {
        insert(&mut self.table.connection, batch).map_err(|error| self.table.told(error))
    }

    fn tidy(&mut self) -> Duration {
        let Some(keep) = self.keep else { return Duration::MAX };
        let now = Instant::now();
        if self.look <= now && !self.forget(keep) {
            self.look = now + LOOK;
        }
        self.look.saturating_duration_since(now)
    }
}

impl Writer {
    /// Forgets a few rows; whether there are more.
    fn forget(&self, keep: Duration) -> bool {
        let first = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().saturating_sub(keep);
        let first = i64::try_from(first.as_millis()).unwrap_or(i64::MAX);
        match self.table.connection.execute(FORGET, params![first, FORGOTTEN]) {
            Ok(rows) => i64::try_from(rows) == Ok(FORGOTTEN),
            Err(error) => {
                tracing::warn!(error = self.table.told(error), "old exchanges cannot be forgotten");
                false
            }
        }
    }
}

fn insert(connection: &mut Connection, batch: &[UsageRecord]) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut statement = transaction.prepare_cached(INSERT)?;
    for record in batch {
        put(&mut statement, record)?;
    }
    drop(statement);
    transaction.commit()
}

fn put(statement: &mut rusqlite::Statement<'_>, record: &UsageRecord) -> rusqlite::Result<usize> {
    // A map of texts always has a form in JSON.
    let tags = serde_json::to_string(&record.tags).unwrap_or_default();
    statement.execute(params![
        signed(record.time),
        record.request_id,
        record.principal,
        record.tenant,
        record.service,
        record.route,
        record.cluster,
        record.provider,
        record.original_model,
        record.model,
        record.operation,
        record.status,
        record.streaming,
        signed(record.input),
        signed(record.output),
        signed(record.cached_input),
        signed(record.cache_write),
        signed(record.reasoning),
        record.estimated,
        record.cost_micro_usd.map(signed),
        signed(record.duration_ms),
        record.first_token_ms.map(signed),
        record.attempts,
        record.moderation_input,
        record.moderation_output,
        record.error,
        record.cancelled,
        tags,
    ])
}

/// None that is stored is below 0.
fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or_default()
}

#[cfg(test)]
#[path = "usage/retention_tests.rs"]
mod tests;
