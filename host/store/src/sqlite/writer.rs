//! The thread that changes a database: what waits is committed together, then answered.

use std::fs::{File, OpenOptions, TryLockError};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use rusqlite::{Connection, TransactionBehavior};
use tidegate_pipeline::StoreError;
use tokio::sync::oneshot;

use super::file::{self, Kept, Kind};
use crate::open_error::{OpenError, Problem};

/// Changes that wait; further ones are refused.
const WAITING: usize = 4096;

/// Changes that are committed together at most.
const TOGETHER: usize = 1024;

/// A database that this process alone changes.
#[derive(Debug)]
pub(super) struct Writer {
    jobs: Mutex<Option<SyncSender<Box<dyn Job>>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
    /// Held as long as the database may change.
    _lock: File,
}

impl Writer {
    /// Opens or makes a database, and starts its thread. `prepare` reads it before.
    pub(super) fn open<T>(
        path: &Path,
        kind: &'static Kind,
        prepare: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<(Self, T), OpenError> {
        let told = |problem: Problem| OpenError::new(path, kind.holds, problem);
        let lock = lock(path).map_err(told)?;
        let connection = file::open(path, kind)?;
        let prepared = prepare(&connection).map_err(|error| told(error.into()))?;
        let (jobs, received) = sync_channel(WAITING);
        let mut database = Database { connection, path: path.to_owned(), holds: kind.holds };
        let run = move || while database.commit_next(&received) {};
        let thread =
            thread::Builder::new().name("sqlite".into()).spawn(run).map_err(|error| told(error.into()))?;
        let writer = Self { jobs: Mutex::new(Some(jobs)), thread: Mutex::new(Some(thread)), _lock: lock };
        Ok((writer, prepared))
    }

    /// Makes a change, or reads; the answer comes when everything before it, too, is kept as long as that.
    pub(super) async fn change<T: Send + 'static>(
        &self,
        kept: Kept,
        change: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.begin(kept, change)?.await.unwrap_or_else(|_| Err(closed()))
    }

    /// The same for a thread that may wait.
    pub(super) fn change_now<T: Send + 'static>(
        &self,
        kept: Kept,
        change: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.begin(kept, change)?.blocking_recv().unwrap_or_else(|_| Err(closed()))
    }

    fn begin<T: Send + 'static>(
        &self,
        kept: Kept,
        change: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<oneshot::Receiver<Result<T, StoreError>>, StoreError> {
        let (answer, answered) = oneshot::channel();
        let job = Change { kept, change: Some(change), made: None, answer };
        let jobs = self.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        let sent = jobs.as_ref().ok_or_else(closed)?.try_send(Box::new(job));
        sent.map(|()| answered).map_err(|error| match error {
            TrySendError::Full(_) => StoreError::Unavailable(format!(
                "{WAITING} changes wait for the disk already; try again later"
            )),
            TrySendError::Disconnected(_) => closed(),
        })
    }

    /// Commits what waits, and ends the thread. Further changes are refused.
    pub(super) fn close(&self) {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner).take();
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if thread.is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the thread of a SQLite database has panicked");
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.close();
    }
}

fn closed() -> StoreError {
    StoreError::Unavailable("the database is closed".to_owned())
}

/// Locks a file beside the database: its own would lose the locks of SQLite when it is closed.
fn lock(path: &Path) -> Result<File, Problem> {
    let mut name = path.as_os_str().to_owned();
    name.push("-lock");
    let file = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(name)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Problem::InUse),
        Err(TryLockError::Error(error)) => Err(error.into()),
    }
}

/// A change that waits for its transaction.
trait Job: Send {
    fn kept(&self) -> Kept;

    /// Whether what it changed is to stay.
    fn run(&mut self, connection: &Connection) -> bool;

    /// Tells what came of it. `told` makes a sentence of an error.
    fn answer(
        self: Box<Self>,
        committed: Result<(), &StoreError>,
        told: &dyn Fn(rusqlite::Error) -> StoreError,
    );
}

struct Change<T, F> {
    kept: Kept,
    change: Option<F>,
    made: Option<rusqlite::Result<T>>,
    answer: oneshot::Sender<Result<T, StoreError>>,
}

impl<T: Send, F: FnOnce(&Connection) -> rusqlite::Result<T> + Send> Job for Change<T, F> {
    fn kept(&self) -> Kept {
        self.kept
    }

    fn run(&mut self, connection: &Connection) -> bool {
        self.made = self.change.take().map(|change| change(connection));
        matches!(self.made, Some(Ok(_)))
    }

    fn answer(
        self: Box<Self>,
        committed: Result<(), &StoreError>,
        told: &dyn Fn(rusqlite::Error) -> StoreError,
    ) {
        let answer = match (self.made, committed) {
            (Some(Err(error)), _) => Err(told(error)),
            (_, Err(error)) => Err(error.clone()),
            (Some(Ok(made)), Ok(())) => Ok(made),
            (None, Ok(())) => Err(closed()),
        };
        // Who asked may have left.
        drop(self.answer.send(answer));
    }
}

struct Database {
    connection: Connection,
    path: PathBuf,
    holds: &'static str,
}

impl Database {
    /// Waits for a change and commits it with all that wait behind it; whether there may be more.
    fn commit_next(&mut self, received: &Receiver<Box<dyn Job>>) -> bool {
        let Ok(first) = received.recv() else { return false };
        let mut jobs = vec![first];
        jobs.extend(received.try_iter().take(TOGETHER - 1));
        let told = |error: rusqlite::Error| {
            StoreError::Unavailable(OpenError::new(&self.path, self.holds, error).to_string())
        };
        let committed = commit(&mut self.connection, &mut jobs).map_err(told);
        for job in jobs {
            job.answer(committed.as_ref().copied(), &told);
        }
        true
    }
}

/// One transaction; a job that fails takes nothing back but its own changes.
fn commit(connection: &mut Connection, jobs: &mut [Box<dyn Job>]) -> rusqlite::Result<()> {
    let power = jobs.iter().any(|job| job.kept() == Kept::Power);
    let kept = if power { Kept::Power } else { Kept::Process };
    connection.pragma_update(None, "synchronous", kept.synchronous())?;
    let mut transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for job in jobs {
        let savepoint = transaction.savepoint()?;
        if job.run(&savepoint) {
            savepoint.commit()?;
        } else if savepoint.is_autocommit() {
            // A full disk ends the whole transaction; the next job would begin one of its own.
            break;
        } else {
            savepoint.finish()?;
        }
    }
    transaction.commit()
}

#[cfg(test)]
#[path = "writer_tests.rs"]
mod tests;
