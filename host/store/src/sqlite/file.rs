//! Opens a database: whose it is, which version its tables have, how changes are logged.

use std::fs::OpenOptions;
use std::io::ErrorKind;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

use rusqlite::ffi::ErrorCode;
use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use crate::open_error::{OpenError, Problem};

/// How long a connection waits for another one that writes.
const PATIENCE: Duration = Duration::from_secs(5);

/// Statements that are kept prepared by each connection.
const PREPARED: usize = 32;

/// What a database is for.
pub(super) struct Kind {
    /// What it keeps, for sentences.
    pub(super) holds: &'static str,
    /// Stands in the head of the file, so that no other database is taken for it.
    pub(super) id: i64,
    /// The statements that make each version of the tables from the one before.
    pub(super) migrations: &'static [&'static str],
    /// What has happened when a change is answered.
    pub(super) kept: Kept,
}

/// When a change outlives what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kept {
    /// The end of the process; a loss of power may take the last seconds, and leaves the file whole.
    Process,
    /// A loss of power, too: the log is flushed to the disk with each transaction.
    Power,
}

impl Kept {
    pub(super) fn synchronous(self) -> &'static str {
        match self {
            Self::Process => "NORMAL",
            Self::Power => "FULL",
        }
    }
}

/// A connection to a database, which is made where there is none, readable by nobody else.
pub(super) fn open(path: &Path, kind: &Kind) -> Result<Connection, OpenError> {
    create(path)
        .and_then(|()| connect(path, kind))
        .map_err(|problem| OpenError::new(path, kind.holds, problem))
}

/// A file that is there is left alone: to close one that SQLite has open drops the locks that it holds.
fn create(path: &Path) -> Result<(), Problem> {
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists && path.is_file() => Ok(()),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Err(Problem::NoDatabase),
        made => Ok(made.map(drop)?),
    }
}

fn connect(path: &Path, kind: &Kind) -> Result<Connection, Problem> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(PATIENCE)?;
    connection.set_prepared_statement_cache_capacity(PREPARED);
    version(&connection, kind)?;
    let mode: String = connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))?;
    if mode != "wal" {
        return Err(Problem::NoSharedMemory);
    }
    connection.pragma_update(None, "synchronous", kind.kept.synchronous())?;
    migrate(&mut connection, kind)?;
    Ok(connection)
}

/// The version of the tables, where they are of this kind; 0 where there are none.
fn version(connection: &Connection, kind: &Kind) -> Result<usize, Problem> {
    let pragma = |name| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let (id, found) = (pragma("application_id")?, pragma("user_version")?);
    let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    if id != kind.id && (id, found, tables) != (0, 0, 0) {
        return Err(Problem::Foreign);
    }
    let known = kind.migrations.len();
    let version = usize::try_from(found).ok().filter(|version| *version <= known);
    version.ok_or(Problem::Newer { found, known: i64::try_from(known).unwrap_or(i64::MAX) })
}

/// In one transaction, so that a process that opens the same file at the same time sees all or nothing.
fn migrate(connection: &mut Connection, kind: &Kind) -> Result<(), Problem> {
    let known = kind.migrations.len();
    if version(connection, kind)? == known {
        return Ok(());
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for step in &kind.migrations[version(&transaction, kind)?..] {
        transaction.execute_batch(step)?;
    }
    transaction.pragma_update(None, "application_id", kind.id)?;
    transaction.pragma_update(None, "user_version", i64::try_from(known).unwrap_or(i64::MAX))?;
    Ok(transaction.commit()?)
}

impl From<rusqlite::Error> for Problem {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::NotADatabase) => Self::NoDatabase,
            Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => Self::Denied,
            Some(ErrorCode::DiskFull) => Self::Full,
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Busy,
            Some(ErrorCode::DatabaseCorrupt) => Self::Damaged(error.to_string()),
            _ => Self::Failed(error.to_string()),
        }
    }
}

#[cfg(test)]
#[path = "file_tests.rs"]
mod tests;
