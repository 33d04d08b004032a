//! Limits that outlive the process: counted in memory, written behind.

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use futures_util::future::BoxFuture;
use tidegate_pipeline::{Quotas, Reserved, StoreError, Want};

use super::counters;
use super::file::Kept;
use super::writer::Writer;
use crate::quotas::{Changes, Drift, MemoryQuotas};

/// How often what has changed is written.
pub(super) const INTERVAL: Duration = Duration::from_millis(50);

/// How long changes that could not be written wait for the next try.
const RETRY: Duration = Duration::from_secs(1);

/// Counters in the memory of this process, which a thread writes to a database every 50 ms.
///
/// The end of the process, however it comes, takes what was reserved and settled in the last 50 ms and during one commit:
/// limits may be exceeded by as much. A loss of power may take the last seconds (`synchronous=NORMAL`). Reservations that
/// were open keep counting, and can be settled by the next process. Time goes on meanwhile by the wall clock; where it was
/// set in between, use may count for longer than its window, by up to a sixtieth and the time by which it was set back.
#[derive(Debug)]
pub struct DurableQuotas {
    memory: Arc<MemoryQuotas>,
    /// Its end ends the thread.
    open: Mutex<Option<Sender<()>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl DurableQuotas {
    pub(super) fn start(memory: MemoryQuotas, writer: Arc<Writer>) -> std::io::Result<Self> {
        let memory = Arc::new(memory);
        let (open, ended) = channel();
        let behind = Behind { memory: Arc::clone(&memory), writer, drift: Drift::default(), unwritten: None };
        let thread = thread::Builder::new().name("quotas".into()).spawn(move || behind.follow(&ended))?;
        Ok(Self { memory, open: Mutex::new(Some(open)), thread: Mutex::new(Some(thread)) })
    }

    /// Bytes held at the moment, as [`MemoryQuotas::held`] counts them.
    pub fn held(&self) -> usize {
        self.memory.held()
    }

    /// Writes what has changed, and ends the thread. What is counted afterwards goes with the process.
    pub(super) fn close(&self) {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).take();
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if thread.is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the thread that writes the counters of limits has panicked");
        }
    }
}

impl Drop for DurableQuotas {
    fn drop(&mut self) {
        self.close();
    }
}

impl Quotas for DurableQuotas {
    fn reserve<'a>(&'a self, id: &'a str, wants: &'a [Want]) -> BoxFuture<'a, Result<Reserved, StoreError>> {
        self.memory.reserve(id, wants)
    }

    fn settle<'a>(&'a self, id: &'a str, actual: &'a [u64]) -> BoxFuture<'a, Result<(), StoreError>> {
        self.memory.settle(id, actual)
    }
}

/// The thread that writes.
struct Behind {
    memory: Arc<MemoryQuotas>,
    writer: Arc<Writer>,
    drift: Drift,
    /// What could not be written, to be written before anything newer.
    unwritten: Option<Arc<Changes>>,
}

impl Behind {
    fn follow(mut self, ended: &Receiver<()>) {
        while ended.recv_timeout(self.pause()) == Err(RecvTimeoutError::Timeout) {
            self.write();
        }
        if self.write() {
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
        let changes = waited.unwrap_or_else(|| Arc::new(self.memory.changes(&mut self.drift)));
        if changes.is_empty() {
            return true;
        }
        let written = Arc::clone(&changes);
        let done =
            self.writer.change_now(Kept::Process, move |connection| counters::write(connection, &written));
        match done {
            Ok(()) if !is_first => tracing::info!("the counters of limits can be written again"),
            Ok(()) => {}
            Err(error) => {
                if is_first {
                    tracing::warn!(%error, "the counters of limits cannot be written; they go on in memory");
                }
                self.unwritten = Some(changes);
            }
        }
        self.unwritten.is_none()
    }
}

#[cfg(test)]
#[path = "quotas_tests.rs"]
mod tests;
