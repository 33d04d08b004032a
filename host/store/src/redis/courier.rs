//! Delivers settlements, also those that a server which was lost could not take.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use futures_util::future::join_all;
use tidegate_pipeline::Count;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

use super::link::Link;
use super::quotas::Settlement;
use super::slots::Keys;

/// Settlements that wait at most; the oldest are dropped for newer ones, and what they reserved stays counted.
pub(super) const MOST: usize = 100_000;

/// How many are delivered at once.
const AT_ONCE: usize = 32;

/// What a delivery in the background may take, since nobody waits for it.
const PATIENCE: Duration = Duration::from_secs(1);

/// Between attempts.
const PAUSE: Duration = Duration::from_millis(50);

/// The server forgets a reservation that is open for so long, so that nothing is left to settle.
const TOO_OLD: Duration = Duration::from_secs(24 * 60 * 60);

/// Delivers settlements at once where it can, and in the background where it cannot.
pub(super) struct Courier {
    shared: Arc<Shared>,
    task: OnceLock<JoinHandle<()>>,
}

struct Shared {
    link: Arc<Link>,
    keys: Keys,
    bag: Mutex<Bag>,
    more: Notify,
}

/// What waits, the oldest first.
#[derive(Default)]
pub(super) struct Bag {
    waiting: VecDeque<(Instant, Settlement)>,
    /// Those that are on their way again.
    underway: usize,
    /// Those that were dropped since all were delivered.
    dropped: u64,
}

impl Bag {
    /// Whether one had to be dropped for the first time.
    pub(super) fn put(&mut self, item: (Instant, Settlement)) -> bool {
        self.waiting.push_back(item);
        if self.waiting.len() + self.underway <= MOST {
            return false;
        }
        self.waiting.pop_front();
        self.dropped += 1;
        self.dropped == 1
    }

    pub(super) fn take(&mut self) -> Vec<(Instant, Settlement)> {
        let few = AT_ONCE.min(self.waiting.len());
        self.underway = few;
        self.waiting.drain(..few).collect()
    }
}

impl Drop for Courier {
    fn drop(&mut self) {
        if let Some(task) = self.task.get() {
            task.abort();
        }
    }
}

impl Courier {
    pub(super) fn new(link: Arc<Link>, keys: Keys) -> Self {
        let shared = Arc::new(Shared { link, keys, bag: Mutex::default(), more: Notify::new() });
        Self { shared, task: OnceLock::new() }
    }

    pub(super) fn waiting(&self) -> usize {
        let bag = self.shared.bag();
        bag.waiting.len() + bag.underway
    }

    /// Settles now and says what it is told then, or keeps it until it can be delivered.
    pub(super) async fn settle(&self, settlement: Settlement) -> Vec<Count> {
        let shared = &self.shared;
        let mut owed = Owed { courier: self, settlement: Some(settlement) };
        let Some(settlement) = &owed.settlement else { return Vec::new() };
        let delivered = settlement.deliver(&shared.link, &shared.keys, shared.link.deadline()).await;
        let Ok(counts) = delivered else { return Vec::new() };
        owed.settlement = None;
        counts
    }

    /// Keeps it until it can be delivered.
    pub(super) fn later(&self, settlement: Settlement) {
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        self.shared.keep((Instant::now(), settlement));
        self.task.get_or_init(|| runtime.spawn(Arc::clone(&self.shared).carry()));
    }
}

/// A settlement on its way. Whoever waits for it may stop to, and it is delivered later all the same.
struct Owed<'c> {
    courier: &'c Courier,
    settlement: Option<Settlement>,
}

impl Drop for Owed<'_> {
    fn drop(&mut self) {
        if let Some(settlement) = self.settlement.take() {
            self.courier.later(settlement);
        }
    }
}

impl Shared {
    fn bag(&self) -> MutexGuard<'_, Bag> {
        // Nothing that runs under this lock can panic half-way through a change.
        self.bag.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn keep(&self, item: (Instant, Settlement)) {
        if self.bag().put(item) {
            tracing::warn!(
                most = MOST,
                "more settlements wait for the store than can be kept; the oldest are dropped"
            );
        }
        self.more.notify_one();
    }

    async fn carry(self: Arc<Self>) {
        loop {
            let items = self.bag().take();
            if items.is_empty() {
                self.all_delivered();
                self.more.notified().await;
            } else if self.link.is_there_within(PATIENCE).await {
                self.deliver(items).await;
            } else {
                self.back(items);
            }
        }
    }

    /// Those that fail wait behind the others, so that one that always fails holds up nobody.
    async fn deliver(&self, items: Vec<(Instant, Settlement)>) {
        let deadline = Instant::now() + PATIENCE;
        let deliver = async |(since, settlement): (Instant, Settlement)| {
            let delivered = settlement.deliver(&self.link, &self.keys, deadline).await;
            delivered.is_err().then_some((since, settlement))
        };
        let failed: Vec<_> = join_all(items.into_iter().map(deliver)).await.into_iter().flatten().collect();
        if failed.is_empty() {
            self.bag().underway = 0;
        } else {
            self.back(failed);
            sleep(PAUSE).await;
        }
    }

    fn back(&self, items: Vec<(Instant, Settlement)>) {
        for item in items.into_iter().filter(|(since, _)| since.elapsed() < TOO_OLD) {
            self.keep(item);
        }
        self.bag().underway = 0;
    }

    fn all_delivered(&self) {
        let dropped = std::mem::take(&mut self.bag().dropped);
        if dropped > 0 {
            tracing::warn!(
                dropped,
                "settlements were dropped while the store was lost; their reservations stay counted"
            );
        }
    }
}
