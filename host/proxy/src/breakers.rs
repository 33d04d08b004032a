//! How many requests a cluster has at once, and the bounds beyond which it gets no more.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tidegate_config::checked::CircuitBreakers;

/// The requests that a cluster has now.
#[derive(Default)]
pub(crate) struct Breakers {
    requests: AtomicUsize,
    retries: AtomicUsize,
}

/// The bound that has been reached, by its key.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Full(pub(crate) &'static str);

/// A request that a cluster has, to the last byte of its answer.
pub(crate) struct Permit {
    breakers: Arc<Breakers>,
    is_retry: bool,
}

impl Breakers {
    /// Counts one more request until the permit is dropped.
    pub(crate) fn enter(self: &Arc<Self>, bounds: CircuitBreakers, is_retry: bool) -> Result<Permit, Full> {
        take(&self.requests, bounds.max_requests).ok_or(Full("max_requests"))?;
        let mut permit = Permit { breakers: Arc::clone(self), is_retry: false };
        if is_retry {
            take(&self.retries, bounds.max_retries).ok_or(Full("max_retries"))?;
            permit.is_retry = true;
        }
        Ok(permit)
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.breakers.requests.fetch_sub(1, Ordering::Relaxed);
        if self.is_retry {
            self.breakers.retries.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

/// Takes one place of so many; `None` where there is none.
pub(crate) fn take(taken: &AtomicUsize, most: Option<usize>) -> Option<()> {
    let most = most.unwrap_or(usize::MAX);
    let one_more = |taken: usize| (taken < most).then(|| taken + 1);
    taken.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more).ok().map(drop)
}

#[cfg(test)]
#[path = "breakers_tests.rs"]
mod tests;
