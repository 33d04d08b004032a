//! The two threads of an account, and those who talk to them.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use futures_util::future::BoxFuture;
use tidegate_pipeline::{StoreError, UsageLog, UsageQuery, UsageRecord, UsageReport};
use tokio::sync::oneshot;

use super::queue::Queue;
use super::seen::Seen;
use super::sums::Sums;

/// Reports that wait for the one that is being made; further ones are refused.
const REPORTS: usize = 16;

/// Where records are written to.
pub(crate) trait Sink: Send + 'static {
    /// Writes all of them or none; there is at least one.
    fn write(&mut self, batch: &[UsageRecord]) -> Result<(), String>;

    /// Does a little of what is not urgent; how long there is nothing to do afterwards.
    fn tidy(&mut self) -> Duration {
        Duration::MAX
    }
}

/// Takes note of an exchange, and tells whether to go on.
pub(crate) type Visit<'v> = &'v mut dyn FnMut(&Seen<'_>) -> ControlFlow<()>;

/// Where records are read from.
pub(crate) trait Scan: Send + 'static {
    /// Visits at least every exchange in the time of a query.
    fn scan(&mut self, query: &UsageQuery, visit: Visit<'_>) -> Result<(), String>;
}

/// The account of exchanges in a file: a queue and its threads.
#[derive(Debug)]
pub struct Account {
    queue: Arc<Queue>,
    reports: Mutex<Option<SyncSender<Asked>>>,
    threads: Mutex<Vec<JoinHandle<()>>>,
    closed: Arc<AtomicBool>,
}

struct Asked {
    query: UsageQuery,
    answer: oneshot::Sender<Result<UsageReport, String>>,
}

impl Account {
    pub(crate) fn start(sink: impl Sink, scan: impl Scan) -> std::io::Result<Self> {
        let (queue, closed) = (Arc::<Queue>::default(), Arc::<AtomicBool>::default());
        let (reports, asked) = sync_channel(REPORTS);
        let (written, read) = (Arc::clone(&queue), Arc::clone(&queue));
        let ends = Arc::clone(&closed);
        let threads = vec![
            thread::Builder::new().name("usage".into()).spawn(move || write(&written, sink))?,
            thread::Builder::new()
                .name("usage-reports".into())
                .spawn(move || answer(&asked, &read, scan, &ends))?,
        ];
        Ok(Self { queue, reports: Mutex::new(Some(reports)), threads: Mutex::new(threads), closed })
    }

    fn ask(&self, asked: Asked) -> Result<(), StoreError> {
        let reports = self.reports.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(reports) = reports.as_ref() else {
            return Err(StoreError::Unavailable("the account of usage is closed".to_owned()));
        };
        reports.try_send(asked).map_err(|_| {
            StoreError::Unavailable(format!(
                "more than {REPORTS} reports of usage wait already; try again later"
            ))
        })
    }

    /// Writes what waits, and ends the threads. Records that are appended afterwards are lost.
    pub fn close(&self) {
        self.closed.store(true, Ordering::Relaxed);
        self.queue.close();
        self.reports.lock().unwrap_or_else(PoisonError::into_inner).take();
        let threads = std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner));
        for thread in threads {
            if thread.join().is_err() {
                tracing::error!("a thread of the account of usage has panicked");
            }
        }
    }
}

impl UsageLog for Account {
    fn append(&self, record: UsageRecord) {
        self.queue.append(record);
    }

    fn report<'a>(&'a self, query: &'a UsageQuery) -> BoxFuture<'a, Result<UsageReport, StoreError>> {
        Box::pin(async move {
            let (answer, answered) = oneshot::channel();
            self.ask(Asked { query: query.clone(), answer })?;
            let made = answered.await.unwrap_or_else(|_| Err("the account of usage is closed".to_owned()));
            made.map_err(StoreError::Unavailable)
        })
    }

    fn lost(&self) -> u64 {
        self.queue.lost()
    }
}

impl Drop for Account {
    fn drop(&mut self) {
        self.close();
    }
}

/// Ends the queue, however the writer ends.
struct Ends<'q>(&'q Queue);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        self.0.end();
    }
}

fn write(queue: &Queue, mut sink: impl Sink) {
    let _ends = Ends(queue);
    let (mut batch, mut idle, mut is_open) = (Vec::new(), Duration::ZERO, true);
    while is_open {
        is_open = queue.next(&mut batch, idle);
        let written = if batch.is_empty() { Ok(()) } else { sink.write(&batch) };
        match written {
            Ok(()) => {
                queue.written(batch.len());
                batch.clear();
                idle = sink.tidy();
            }
            Err(error) => {
                tracing::warn!(error, records = batch.len(), "records of usage wait: they cannot be written");
                queue.failed(error);
            }
        }
    }
}

fn answer(asked: &Receiver<Asked>, queue: &Queue, mut scan: impl Scan, closed: &AtomicBool) {
    for Asked { query, answer } in asked {
        let is_over = || answer.is_closed() || closed.load(Ordering::Relaxed);
        let made = queue.flush().and_then(|()| report(&query, &mut scan, is_over));
        // Who asked may have left.
        drop(answer.send(made));
    }
}

fn report(
    query: &UsageQuery,
    scan: &mut impl Scan,
    is_over: impl Fn() -> bool,
) -> Result<UsageReport, String> {
    let mut sums = Sums::of(query);
    let mut failed = is_over().then_some("nobody waits for the report".to_owned());
    scan.scan(query, &mut |seen| {
        if failed.is_none() {
            failed = sums.add(seen).err();
        }
        if is_over() {
            failed = Some("the account of usage is closed".to_owned());
        }
        if failed.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    failed.map_or_else(|| Ok(sums.report()), Err)
}
