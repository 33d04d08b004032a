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
    /// HTTP/2 streams whose answer is not on the wire to its end.
    streams: AtomicUsize,
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
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tick {
    /// Look again after this long.
    Again(Duration),
    /// Nobody used the connection for too long: it may end as its protocol wants it.
    Retire(&'static str),
    /// The client was too slow with what had begun.
    Close(&'static str),
}

impl Watch {
    /// A connection that was just accepted; its first head has begun.
    pub(crate) fn new(bounds: Bounds) -> Arc<Self> {
        let watch = Self {
            born: Instant::now(),
            busy: AtomicUsize::new(0),
            streams: AtomicUsize::new(0),
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

    /// Bytes of the next head came in.
    pub(crate) fn received(&self) {
        if !self.is_busy() && self.head_since.load(Ordering::Relaxed) == 0 {
            self.head_since.store(self.now(), Ordering::Relaxed);
        }
    }

    /// The client takes no bytes (`true`), or took all that there were (`false`).
    pub(crate) fn stalled(&self, stalled: bool) {
        let since = self.stalled_since.load(Ordering::Relaxed);
        if stalled && since == 0 {
            self.stalled_since.store(self.now(), Ordering::Relaxed);
        } else if !stalled && since != 0 {
            self.stalled_since.store(0, Ordering::Relaxed);
            self.used();
        }
    }

    /// How many HTTP/2 streams are open on the wire now, after one of them went on.
    pub(crate) fn streams(&self, open: usize) {
        self.streams.store(open, Ordering::Relaxed);
        self.used();
    }

    /// The time without use begins anew; before the first head there is none.
    fn used(&self) {
        if self.idle_since.load(Ordering::Relaxed) != 0 {
            self.idle_since.store(self.now(), Ordering::Relaxed);
        }
    }

    /// A head is complete; the exchange runs until the guard is dropped.
    pub(crate) fn begin(self: &Arc<Self>) -> Busy {
        self.busy.fetch_add(1, Ordering::Relaxed);
        self.head_since.store(0, Ordering::Relaxed);
        Busy(Arc::clone(self))
    }

    fn is_busy(&self) -> bool {
        self.busy.load(Ordering::Relaxed) > 0
    }

    /// Whether an exchange is under way, or its answer is not with the client's system to its last byte.
    pub(crate) fn is_occupied(&self) -> bool {
        self.is_busy()
            || self.streams.load(Ordering::Relaxed) > 0
            || self.stalled_since.load(Ordering::Relaxed) != 0
    }

    /// Looks at the clock.
    pub(crate) fn tick(&self) -> Tick {
        const TAKES_NOTHING: Tick = Tick::Close("the client takes no bytes");
        let stalled = (&self.stalled_since, self.bounds.idle, TAKES_NOTHING);
        // Its window is closed, so that nothing even tries the socket.
        let held = (&self.idle_since, self.bounds.idle, TAKES_NOTHING);
        let late = Tick::Close("the head of the request did not come in time");
        let head = (&self.head_since, self.bounds.header, late);
        let idle = (&self.idle_since, self.bounds.idle, Tick::Retire("the connection was not used"));
        let waiting: &[_] = match self.is_occupied() {
            true if self.is_busy() || self.stalled_since.load(Ordering::Relaxed) != 0 => &[stalled],
            true => &[held],
            false => &[head, idle],
        };
        self.first_over(waiting)
    }

    fn first_over(&self, waiting: &[(&AtomicU64, Duration, Tick)]) -> Tick {
        let mut again = self.first();
        for (since, bound, over) in waiting {
            let since = since.load(Ordering::Relaxed);
            if since == 0 {
                continue;
            }
            let waited = Duration::from_millis(self.now().saturating_sub(since));
            match bound.checked_sub(waited) {
                None | Some(Duration::ZERO) => return *over,
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
