//! Calls on threads of their own that nobody waits for any more. A thread cannot be stopped: it is lost until its call ends.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tidegate_pipeline::HookError;

/// With so many threads lost, a plugin is not called any more.
const MOST: usize = 2;

/// The calls of one plugin that nobody waits for any more, and until when each might have answered.
#[derive(Default)]
pub(crate) struct Overdue(Mutex<Calls>);

#[derive(Default)]
struct Calls {
    next: u64,
    /// Under way; with a time once nobody waits.
    running: BTreeMap<u64, Option<Instant>>,
}

/// The end of whoever waits.
pub(crate) struct Here {
    calls: Arc<Overdue>,
    id: u64,
    until: Instant,
}

/// The end of the thread.
pub(crate) struct There {
    calls: Arc<Overdue>,
    id: u64,
}

impl Overdue {
    /// A call begins.
    pub(crate) fn begin(self: &Arc<Self>, until: Instant) -> (Here, There) {
        let mut calls = self.calls();
        calls.next += 1;
        let id = calls.next;
        calls.running.insert(id, None);
        let (here, there) = (Arc::clone(self), Arc::clone(self));
        (Here { calls: here, id, until }, There { calls: there, id })
    }

    /// Whether it may be called.
    ///
    /// # Errors
    /// Where too many threads are lost.
    pub(crate) fn check(&self) -> Result<(), HookError> {
        let now = Instant::now();
        let calls = self.calls();
        let lost = calls.running.values().flatten().filter(|until| **until < now).count();
        if lost < MOST {
            return Ok(());
        }
        Err(HookError::Failed(format!(
            "{lost} calls of the plugin never ended and hold a thread each; it is called again when they end, or after a restart"
        )))
    }

    fn calls(&self) -> MutexGuard<'_, Calls> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Here {
    fn drop(&mut self) {
        if let Some(running) = self.calls.calls().running.get_mut(&self.id) {
            *running = Some(self.until);
        }
    }
}

impl Drop for There {
    fn drop(&mut self) {
        self.calls.calls().running.remove(&self.id);
    }
}

#[cfg(test)]
#[path = "overdue_tests.rs"]
mod tests;
