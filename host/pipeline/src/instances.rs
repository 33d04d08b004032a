//! Instances of one configured plugin: each serves one call at a time, idle ones are kept, their number is bounded.

use std::collections::VecDeque;
use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::plugin::HookError;

/// How long an idle instance is kept.
const KEEP: Duration = Duration::from_secs(60);

/// Calls that may wait for an instance, for each that may exist.
const QUEUE: usize = 64;

/// Makes another instance, configured like all others.
pub type MakeInstance<I> = Box<dyn Fn() -> BoxFuture<'static, Result<I, HookError>> + Send + Sync>;

/// The instances of one plugin with one configuration.
pub struct Instances<I> {
    idle: Mutex<VecDeque<(Instant, I)>>,
    places: Semaphore,
    queue: Semaphore,
    most: usize,
    make: MakeInstance<I>,
    /// Whether an instance is thrown away after one call.
    once: bool,
}

/// An instance in use. Dropped without [`Leased::give_back`] it is thrown away: whoever was cancelled in the middle of a
/// call leaves it in a state that nobody knows.
pub struct Leased<'a, I> {
    instance: Option<I>,
    from: &'a Instances<I>,
    _place: SemaphorePermit<'a>,
}

impl<I: Send + 'static> Instances<I> {
    /// At most `most` instances, beginning with `first`; with `once` each serves a single call.
    pub fn new(most: usize, once: bool, first: Option<I>, make: MakeInstance<I>) -> Arc<Self> {
        let most = most.max(1);
        let idle: VecDeque<_> =
            first.filter(|_| !once).map(|first| (Instant::now(), first)).into_iter().collect();
        let queue = Semaphore::new(most.saturating_mul(QUEUE));
        let instances =
            Self { idle: Mutex::new(idle), places: Semaphore::new(most), queue, most, make, once };
        let instances = Arc::new(instances);
        sweep(&instances);
        instances
    }

    /// An instance for one call: an idle one, else a new one, else the next that is given back.
    ///
    /// # Errors
    /// Where too many calls wait already, or a new instance cannot be made.
    pub async fn lease(&self) -> Result<Leased<'_, I>, HookError> {
        let place = match self.places.try_acquire() {
            Ok(place) => place,
            Err(_) => {
                let _waiting = self.queue.try_acquire().map_err(|_| HookError::Busy(self.most))?;
                self.places.acquire().await.map_err(|_| HookError::Busy(self.most))?
            }
        };
        let idle = self.idle().pop_back();
        let instance = match idle {
            Some((_, instance)) => instance,
            None => (self.make)().await?,
        };
        Ok(Leased { instance: Some(instance), from: self, _place: place })
    }

    /// How many are kept idle now.
    pub fn idle_count(&self) -> usize {
        self.idle().len()
    }
}

impl<I> Instances<I> {
    fn idle(&self) -> std::sync::MutexGuard<'_, VecDeque<(Instant, I)>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Lets instances go that nobody used for a while, as long as the plugin lives.
fn sweep<I: Send + 'static>(instances: &Arc<Instances<I>>) {
    let instances = Arc::downgrade(instances);
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(KEEP / 2).await;
            let Some(instances) = instances.upgrade() else { return };
            // One stays, so that the next request after a quiet time is as fast as any.
            let mut idle = instances.idle();
            while idle.len() > 1 && idle.front().is_some_and(|(since, _)| since.elapsed() > KEEP) {
                idle.pop_front();
            }
        }
    });
}

impl<I> Leased<'_, I> {
    /// Gives the instance back: its call ended regularly.
    pub fn give_back(mut self) {
        if let Some(instance) = self.instance.take().filter(|_| !self.from.once) {
            self.from.idle().push_back((Instant::now(), instance));
        }
    }
}

// The instance is only taken when the lease is consumed.
#[expect(
    clippy::expect_used,
    reason = "an instance is only taken out by `give_back`, which consumes the lease"
)]
impl<I> Deref for Leased<'_, I> {
    type Target = I;

    fn deref(&self) -> &I {
        self.instance.as_ref().expect("leased until given back")
    }
}

#[expect(
    clippy::expect_used,
    reason = "an instance is only taken out by `give_back`, which consumes the lease"
)]
impl<I> DerefMut for Leased<'_, I> {
    fn deref_mut(&mut self) -> &mut I {
        self.instance.as_mut().expect("leased until given back")
    }
}

#[cfg(test)]
#[path = "instances_tests.rs"]
mod tests;
