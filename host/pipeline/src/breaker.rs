//! Leaves a filter alone that fails again and again, so that its failures cost nothing but their verdict.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::plugin::HookError;

/// Failures in a row that open it.
const FAILURES: u32 = 16;

/// How long it stays open; then one call may try.
const REST: Duration = Duration::from_secs(1);

/// Counts failures in a row.
#[derive(Debug)]
pub(crate) struct Breaker {
    born: Instant,
    failures: AtomicU32,
    /// Milliseconds after `born`.
    closed_again: AtomicU64,
}

impl Default for Breaker {
    fn default() -> Self {
        Self { born: Instant::now(), failures: AtomicU32::new(0), closed_again: AtomicU64::new(0) }
    }
}

impl Breaker {
    /// # Errors
    /// While it is open.
    pub(crate) fn check(&self) -> Result<(), HookError> {
        let failures = self.failures.load(Ordering::Relaxed);
        if failures < FAILURES {
            return Ok(());
        }
        let (now, until) = (self.now(), self.closed_again.load(Ordering::Relaxed));
        let next = now + u64::try_from(REST.as_millis()).unwrap_or(u64::MAX);
        let won = now >= until
            && self.closed_again.compare_exchange(until, next, Ordering::Relaxed, Ordering::Relaxed).is_ok();
        if won { Ok(()) } else { Err(HookError::Open(failures)) }
    }

    /// Notes how a call ended.
    pub(crate) fn note(&self, good: bool) {
        if good {
            // Read first: a store would make the cores share the line for nothing.
            if self.failures.load(Ordering::Relaxed) != 0 {
                self.failures.store(0, Ordering::Relaxed);
            }
            return;
        }
        if self.failures.fetch_add(1, Ordering::Relaxed) + 1 == FAILURES {
            let until = self.now() + u64::try_from(REST.as_millis()).unwrap_or(u64::MAX);
            self.closed_again.store(until, Ordering::Relaxed);
        }
    }

    fn now(&self) -> u64 {
        u64::try_from(self.born.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
#[path = "breaker_tests.rs"]
mod tests;
