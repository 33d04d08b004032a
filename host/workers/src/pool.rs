//! Room for calls on the workers that are ready.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tidegate_pipeline::HookError;
use tokio::sync::Semaphore;

use crate::link::Link;

/// Calls that may wait, for each worker.
const QUEUE: usize = 64;

/// Places for calls; whoever has a token has one of them.
pub(crate) struct Pool {
    free: Mutex<VecDeque<Arc<Link>>>,
    places: Semaphore,
    queue: Semaphore,
    workers: usize,
}

impl Pool {
    pub(crate) fn new(workers: usize) -> Arc<Self> {
        let (free, places) = (Mutex::default(), Semaphore::new(0));
        Arc::new(Self { free, places, queue: Semaphore::new(workers * QUEUE), workers })
    }

    /// Adds a worker that takes so many calls at once.
    pub(crate) fn add(&self, link: &Arc<Link>, concurrency: usize) {
        self.free().extend(std::iter::repeat_n(Arc::clone(link), concurrency));
        self.places.add_permits(concurrency);
    }

    /// Takes a worker away; what it is doing it may end.
    pub(crate) fn remove(&self, link: &Arc<Link>) {
        // Its places stay behind and are found empty.
        self.free().retain(|free| !Arc::ptr_eq(free, link));
    }

    /// A place for one call, waited for where all are taken.
    ///
    /// # Errors
    /// Where too many wait already.
    pub(crate) async fn lease(self: &Arc<Self>) -> Result<Token, HookError> {
        loop {
            let place = match self.places.try_acquire() {
                Ok(place) => place,
                Err(_) => {
                    let _waiting = self.queue.try_acquire().map_err(|_| HookError::Busy(self.workers))?;
                    self.places.acquire().await.map_err(|_| HookError::Busy(self.workers))?
                }
            };
            place.forget();
            let free = self.free().pop_front();
            if let Some(link) = free.filter(|link| !link.is_over()) {
                return Ok(Token { link, pool: Arc::clone(self) });
            }
        }
    }

    fn free(&self) -> MutexGuard<'_, VecDeque<Arc<Link>>> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One place on one worker; goes back when it is dropped.
pub(crate) struct Token {
    link: Arc<Link>,
    pool: Arc<Pool>,
}

impl Token {
    pub(crate) fn link(&self) -> Arc<Link> {
        Arc::clone(&self.link)
    }
}

impl Drop for Token {
    fn drop(&mut self) {
        if !self.link.is_over() && !self.link.is_retired() {
            self.pool.free().push_back(Arc::clone(&self.link));
            self.pool.places.add_permits(1);
        }
    }
}
