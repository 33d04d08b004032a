//! Room for calls on the workers that are ready.

use std::cmp::Reverse;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tidegate_pipeline::HookError;
use tokio::sync::Semaphore;

use crate::link::Link;

/// Calls that may wait, for each worker.
const QUEUE: usize = 64;

/// Places for calls; whoever has a token has one of them.
pub(crate) struct Pool {
    workers: Mutex<Vec<Room>>,
    places: Semaphore,
    queue: Semaphore,
    most: usize,
}

/// What one worker has room for.
struct Room {
    link: Arc<Link>,
    free: usize,
}

impl Pool {
    pub(crate) fn new(most: usize) -> Arc<Self> {
        let (workers, places) = (Mutex::default(), Semaphore::new(0));
        Arc::new(Self { workers, places, queue: Semaphore::new(most * QUEUE), most })
    }

    /// Adds a worker that takes so many calls at once.
    pub(crate) fn add(&self, link: &Arc<Link>, concurrency: usize) {
        self.workers().push(Room { link: Arc::clone(link), free: concurrency });
        self.places.add_permits(concurrency);
    }

    /// Takes a worker away; what it is doing it may end.
    pub(crate) fn remove(&self, link: &Arc<Link>) {
        // Its places stay behind and are found empty.
        self.workers().retain(|room| !Arc::ptr_eq(&room.link, link));
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
                    let _waiting = self.queue.try_acquire().map_err(|_| HookError::Busy(self.most))?;
                    self.places.acquire().await.map_err(|_| HookError::Busy(self.most))?
                }
            };
            place.forget();
            if let Some(link) = self.pick() {
                return Ok(Token { link, pool: Arc::clone(self) });
            }
        }
    }

    /// The worker with the fewest calls, so that one that hangs holds up as few as can be; among equals each in its turn.
    fn pick(&self) -> Option<Arc<Link>> {
        let mut workers = self.workers();
        let (at, _) = workers
            .iter()
            .enumerate()
            .filter(|(_, room)| room.free > 0 && !room.link.is_over())
            .min_by_key(|(_, room)| Reverse(room.free))?;
        let mut room = workers.remove(at);
        room.free -= 1;
        let link = Arc::clone(&room.link);
        workers.push(room);
        Some(link)
    }

    fn give_back(&self, link: &Arc<Link>) {
        if let Some(room) = self.workers().iter_mut().find(|room| Arc::ptr_eq(&room.link, link)) {
            room.free += 1;
            self.places.add_permits(1);
        }
    }

    fn workers(&self) -> MutexGuard<'_, Vec<Room>> {
        self.workers.lock().unwrap_or_else(PoisonError::into_inner)
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
        if !self.link.is_over() {
            self.pool.give_back(&self.link);
        }
    }
}
