//! The two times that windows go by.

use std::sync::Arc;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// A moment, in microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Now {
    /// Never goes back. It begins with what the wall clock showed when the counters were made, so that those of a process
    /// mean the same to the next one. Windows that slide and that begin with the first use go by it.
    pub(super) steady: u64,
    /// Since 1970 in UTC; goes wherever somebody sets the clock. The calendar goes by it.
    pub(super) wall: u64,
}

/// Tells the time.
#[derive(Clone)]
pub(super) struct Clock(Arc<dyn Fn() -> Now + Send + Sync>);

impl Clock {
    /// The machine's.
    pub(super) fn system() -> Self {
        let (began, began_wall) = (Instant::now(), wall());
        Self::telling(move || Now { steady: began_wall + microseconds(began.elapsed()), wall: wall() })
    }

    pub(super) fn telling(tell: impl Fn() -> Now + Send + Sync + 'static) -> Self {
        Self(Arc::new(tell))
    }

    pub(super) fn now(&self) -> Now {
        (self.0)()
    }
}

/// Before 1970 it is 1970.
fn wall() -> u64 {
    microseconds(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default())
}

/// Half a million years are enough.
pub(super) fn microseconds(time: std::time::Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}
