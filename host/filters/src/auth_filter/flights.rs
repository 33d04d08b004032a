//! One question about a credential at a time: whoever asks meanwhile waits for the answer.

use std::collections::HashMap;
use std::sync::{Arc, Mutex as StdMutex, PoisonError, Weak};

use tokio::sync::{Mutex, OwnedMutexGuard};

use super::keys::Digest;

/// Credentials of which the flights are looked through for those that have ended.
const MANY: usize = 256;

/// Questions that are under way, by the digest of what is asked about.
#[derive(Default)]
pub(super) struct Flights(StdMutex<HashMap<Digest, Weak<Mutex<()>>>>);

impl Flights {
    /// Waits until nobody else asks about it. What they learnt is to be looked for before asking again.
    pub(super) async fn turn(&self, digest: Digest) -> OwnedMutexGuard<()> {
        let flight = {
            let mut flights = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if flights.len() >= MANY {
                flights.retain(|_, flight| flight.strong_count() > 0);
            }
            let known = flights.get(&digest).and_then(Weak::upgrade);
            known.unwrap_or_else(|| {
                let new = Arc::default();
                flights.insert(digest, Arc::downgrade(&new));
                new
            })
        };
        flight.lock_owned().await
    }
}

#[cfg(test)]
#[path = "flights_tests.rs"]
mod tests;
