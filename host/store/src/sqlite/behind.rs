//! A thread that writes to a database what has changed in memory.

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rusqlite::Connection;

use super::file::Kept;
use super::writer::Writer;

/// How often what has changed is written.
const INTERVAL: Duration = Duration::from_millis(50);

/// How long changes that could not be written wait for the next try.
const RETRY: Duration = Duration::from_secs(1);

/// Values in memory that a database follows.
pub(super) trait Source: Send + 'static {
    /// Rows that are to be others.
    type Changes: Send + Sync + 'static;

    /// What it is, for sentences.
    const NAME: &'static str;

    /// What has changed since the last time, if anything.
    fn changes(&mut self) -> Option<Self::Changes>;

    fn write(connection: &Connection, changes: &Self::Changes) -> rusqlite::Result<()>;
}

/// The thread, until it is closed or dropped.
#[derive(Debug)]
pub(super) struct Behind {
    /// Its end ends the thread.
    open: Mutex<Option<Sender<()>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Behind {
    pub(super) fn start<S: Source>(source: S, writer: Arc<Writer>) -> std::io::Result<Self> {
        let (open, ended) = channel();
        let follower = Follower { source, writer, unwritten: None };
        let thread =
            thread::Builder::new().name("sqlite-behind".into()).spawn(move || follower.follow(&ended))?;
        Ok(Self { open: Mutex::new(Some(open)), thread: Mutex::new(Some(thread)) })
    }

    /// Writes what has changed, and ends the thread. What changes afterwards goes with the process.
    pub(super) fn close(&self) {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).take();
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if thread.is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("a thread that writes to a SQLite database has panicked");
        }
    }
}

impl Drop for Behind {
    fn drop(&mut self) {
        self.close();
    }
}

struct Follower<S: Source> {
    source: S,
    writer: Arc<Writer>,
    /// What could not be written, to be written before anything newer.
    unwritten: Option<Arc<S::Changes>>,
}

impl<S: Source> Follower<S> {
    fn follow(mut self, ended: &Receiver<()>) {
        while ended.recv_timeout(self.pause()) == Err(RecvTimeoutError::Timeout) {
            self.write();
        }
        if self.unwritten.is_none() || self.write() {
            self.write();
        }
    }

    fn pause(&self) -> Duration {
        if self.unwritten.is_some() { RETRY } else { INTERVAL }
    }

    /// Writes what could not be written last time, or what has changed; whether it could.
    fn write(&mut self) -> bool {
        let waited = self.unwritten.take();
        let is_first = waited.is_none();
        let Some(changes) = waited.or_else(|| self.source.changes().map(Arc::new)) else { return true };
        let written = Arc::clone(&changes);
        match self.writer.change_now(Kept::Process, move |connection| S::write(connection, &written)) {
            Ok(()) if !is_first => tracing::info!("{} can be written again", S::NAME),
            Ok(()) => {}
            Err(error) => {
                if is_first {
                    tracing::warn!(%error, "{} cannot be written; they go on in memory", S::NAME);
                }
                self.unwritten = Some(changes);
            }
        }
        self.unwritten.is_none()
    }
}
