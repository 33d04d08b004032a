//! Records that wait to be written.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tidegate_pipeline::UsageRecord;

/// Records that wait or are being written; further ones are lost.
pub(super) const MOST: u64 = 65_536;

/// So many are written at once, without waiting for more.
const BATCH: usize = 1000;

/// How long a record waits for others.
const INTERVAL: Duration = Duration::from_millis(100);

/// How long a batch that could not be written waits for the next try.
const RETRY: Duration = Duration::from_secs(1);

/// How often it is told that records are lost.
const TELL: Duration = Duration::from_secs(60);

/// Between those who append and the one thread that writes.
#[derive(Debug, Default)]
pub(super) struct Queue {
    state: Mutex<State>,
    /// Wakes the writer.
    filled: Condvar,
    /// Wakes those who wait until something is written.
    settled: Condvar,
    lost: AtomicU64,
}

#[derive(Debug, Default)]
struct State {
    waiting: Vec<UsageRecord>,
    /// Records that were taken so far.
    appended: u64,
    /// Of them, those that are written, or lost after all.
    settled: u64,
    /// Somebody waits for what was appended.
    hurry: bool,
    failures: u64,
    failure: String,
    closed: bool,
    ended: bool,
    told: Option<Instant>,
}

impl Queue {
    pub(super) fn append(&self, record: UsageRecord) {
        let mut state = self.lock();
        if state.closed || state.appended - state.settled >= MOST {
            return self.lose(&mut state);
        }
        state.waiting.push(record);
        state.appended += 1;
        if matches!(state.waiting.len(), 1 | BATCH) {
            self.filled.notify_one();
        }
    }

    pub(super) fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }

    /// Waits until everything that was appended before is written, or the writer fails.
    pub(super) fn flush(&self) -> Result<(), String> {
        let mut state = self.lock();
        let (wanted, failures) = (state.appended, state.failures);
        state.hurry |= state.settled < wanted;
        self.filled.notify_one();
        let is_open =
            |state: &mut State| state.settled < wanted && state.failures == failures && !state.ended;
        let state = self.settled.wait_while(state, is_open).unwrap_or_else(PoisonError::into_inner);
        if state.settled >= wanted { Ok(()) } else { Err(state.failure.clone()) }
    }

    /// Moves what waits into an empty batch, after the interval, when there are enough of them, or when somebody is in a
    /// hurry; waits at most `idle` for the first. A batch that failed stays as it is, until it is time to try again.
    /// Whether the queue is still open.
    pub(super) fn next(&self, batch: &mut Vec<UsageRecord>, idle: Duration) -> bool {
        let mut state = self.lock();
        if batch.is_empty() {
            state = self.wait(state, idle, |state| state.waiting.is_empty());
            if !state.waiting.is_empty() {
                state = self.wait(state, INTERVAL, |state| state.waiting.len() < BATCH);
            }
            std::mem::swap(&mut state.waiting, batch);
        } else {
            state = self.wait(state, RETRY, |_| true);
        }
        state.hurry = false;
        !state.closed
    }

    fn wait<'s>(
        &self,
        state: MutexGuard<'s, State>,
        most: Duration,
        more: impl Fn(&State) -> bool,
    ) -> MutexGuard<'s, State> {
        let waits = |state: &mut State| more(state) && !state.hurry && !state.closed;
        self.filled.wait_timeout_while(state, most, waits).unwrap_or_else(PoisonError::into_inner).0
    }

    pub(super) fn written(&self, records: usize) {
        self.lock().settle(records);
        self.settled.notify_all();
    }

    pub(super) fn failed(&self, failure: String) {
        let mut state = self.lock();
        state.failures += 1;
        state.failure = failure;
        self.settled.notify_all();
    }

    /// Takes no more records.
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.filled.notify_one();
    }

    /// Nobody writes any more; what is not written is lost.
    pub(super) fn end(&self) {
        let mut state = self.lock();
        (state.closed, state.ended) = (true, true);
        let unwritten = state.appended - state.settled;
        self.lost.fetch_add(unwritten, Ordering::Relaxed);
        if unwritten > 0 {
            tracing::error!(
                records = unwritten,
                cause = state.failure,
                "records of usage are lost at the end"
            );
        }
        if state.failure.is_empty() {
            "the account of usage is closed".clone_into(&mut state.failure);
        }
        self.settled.notify_all();
    }

    fn lose(&self, state: &mut State) {
        let lost = self.lost.fetch_add(1, Ordering::Relaxed) + 1;
        if state.told.is_none_or(|told| told.elapsed() >= TELL) {
            state.told = Some(Instant::now());
            tracing::warn!(
                lost,
                cause = state.failure,
                "records of usage are lost: they come faster than they can be written"
            );
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing that runs under this lock can panic half-way through a change.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn settle(&mut self, records: usize) {
        self.settled += records as u64;
    }
}
