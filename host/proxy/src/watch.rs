//! The clock of one client connection: one timer for its life, however many requests it carries.
//!
//! A timer a phase and request would cost more than the request's own parsing; here each event stores a time, and
//! the timer, when it fires, looks whether any of them is too long ago.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// What a connection is doing, as its parts report it.
#[derive(Debug)]
pub(crate) struct Watch {
    born: Instant,
    /// Exchanges under way.
    busy: AtomicUsize,
    /// Milliseconds after `born`, plus one; 0 is "not so".
    head_since: AtomicU64,
    idle_since: AtomicU64,
    stalled_since: AtomicU64,
    bounds: Bounds,
}

/// How long a connection may wait for what.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    /// A head that has begun.
    pub(crate) header: Duration,
    /// Nothing at all.
    pub(crate) idle: Duration,
}

/// What the timer found.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Tick {
    /// Look again after this long.
    Again(Duration),
    /// The connection has waited too long.
    Close(&'static str),
}

impl Watch {
    /// A connection that was just accepted; its first head has begun.
    pub(crate) fn new(bounds: Bounds) -> Arc<Self> {
        let watch = Self {
            born: Instant::now(),
            busy: AtomicUsize::new(0),
            head_since: AtomicU64::new(1),
            idle_since: AtomicU64::new(0),
            stalled_since: AtomicU64::new(0),
            bounds,
        };
        Arc::new(watch)
    }

    /// How long to wait before the first look.
    pub(crate) fn first(&self) -> Duration {
        self.bounds.header.min(self.bounds.idle)
    }

    /// Bytes came in.
    pub(crate) fn received(&self) {
        if !self.is_busy() && self.head_since.load(Ordering::Relaxed) == 0 {
            self.head_since.store(self.now(), Ordering::Relaxed);
        }
    }

    /// The client takes no bytes (`true`), or took some (`false`).
    pub(crate) fn stalled(&self, stalled: bool) {
        if !stalled {
            self.stalled_since.store(0, Ordering::Relaxed);
        } else if self.stalled_since.load(Ordering::Relaxed) == 0 {
            self.stalled_since.store(self.now(), Ordering::Relaxed);
        }
    }

    /// A head is complete; the exchange runs until the guard is dropped.
    pub(crate) fn begin(self: &Arc<Self>) -> Busy {
        self.busy.fetch_add(1, Ordering::Relaxed);
        self.head_since.store(0, Ordering::Relaxed);
        Busy(Arc::clone(self))
    }

    /// Whether an exchange is under way.
    pub(crate) fn is_busy(&self) -> bool {
        self.busy.load(Ordering::Relaxed) > 0
    }

    /// Looks at the clock.
    pub(crate) fn tick(&self) -> Tick {
        let mut again = self.first();
        let stalled = (&self.stalled_since, self.bounds.idle, "the client takes no bytes");
        let head = (&self.head_since, self.bounds.header, "the head of the request did not come in time");
        let idle = (&self.idle_since, self.bounds.idle, "the connection was not used");
        let waiting: &[_] = if self.is_busy() { &[stalled] } else { &[stalled, head, idle] };
        for (since, bound, cause) in waiting {
            let since = since.load(Ordering::Relaxed);
            if since == 0 {
                continue;
            }
            let waited = Duration::from_millis(self.now().saturating_sub(since));
            match bound.checked_sub(waited) {
                None | Some(Duration::ZERO) => return Tick::Close(cause),
                Some(left) => again = again.min(left),
            }
        }
        Tick::Again(again.max(Duration::from_millis(1)))
    }

    fn now(&self) -> u64 {
        u64::try_from(self.born.elapsed().as_millis()).unwrap_or(u64::MAX - 1) + 1
    }
}

/// An exchange under way on a connection.
#[derive(Debug)]
pub(crate) struct Busy(Arc<Watch>);

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.idle_since.store(self.0.now(), Ordering::Relaxed);
        self.0.busy.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
#[path = "watch_tests.rs"]
mod tests;
