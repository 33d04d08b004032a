//! Reservations against limits, in the memory of the process.

pub(crate) mod calendar;
mod clock;
mod counter;
mod saved;
mod table;

use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::BoxFuture;
use tidegate_pipeline::{Count, Quotas, Reserved, Standing, StoreError, Want};

use crate::room::{OVERHEAD, Room};
use clock::{Clock, Now};
use counter::{Counter, Place};
pub(crate) use saved::{Changes, Drift, SavedCounter, SavedOpen, SavedPart};
use table::{Saved, Table};

/// Locks of the counters, and as many of the open reservations.
const SHARDS: usize = 64;

/// Counters and reservations that a call looks at in passing, to see whether they still matter.
const IN_PASSING: usize = 2;

/// As many of each shard are looked at where there is no room.
const IN_NEED: usize = 4096;

/// Bytes of all counters and open reservations, unless something else is asked for.
const MOST: usize = 64 << 20;

/// Microseconds that a reservation stays open: longer than any exchange takes, since what it used beyond the reservation is
/// to count whenever it ends.
const OPEN: u64 = 24 * 60 * 60 * 1_000_000;

/// Counters in the memory of this process; gone when it ends.
///
/// A counter on which nothing counts any more is removed in passing by calls that touch its neighbours, or where there is no
/// room. Counters that still count are never removed: with no room left, reservations for further keys fail.
pub struct MemoryQuotas {
    counters: Box<[Mutex<Table<Counter>>]>,
    open: Box<[Mutex<Table<Open>>]>,
    hasher: RandomState,
    clock: Clock,
    room: Room,
}

/// A reservation until it is settled.
struct Open {
    parts: Vec<Part>,
    until: u64,
    saved: bool,
}

impl Saved for Open {
    fn is_saved(&self) -> bool {
        self.saved
    }
}

/// What was reserved on one counter.
struct Part {
    key: Arc<str>,
    place: Place,
    amount: u64,
}

impl Open {
    fn cost_of(id: &str, parts: usize) -> usize {
        OVERHEAD + id.len() + parts * size_of::<Part>()
    }

    fn cost(&self, id: &str) -> usize {
        Self::cost_of(id, self.parts.len())
    }

    /// What its removal gives back, where it is open for too long.
    fn freed(&self, id: &str, now: Now) -> Option<usize> {
        (self.until <= now.steady).then(|| self.cost(id))
    }
}

impl Default for MemoryQuotas {
    /// Of 64 MiB: some 200,000 keys.
    fn default() -> Self {
        Self::new(MOST)
    }
}

impl fmt::Debug for MemoryQuotas {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryQuotas").field("room", &self.room).finish_non_exhaustive()
    }
}

impl MemoryQuotas {
    /// With no counter yet, and so many bytes at most.
    pub fn new(most: usize) -> Self {
        Self::with_clock(most, Clock::system())
    }

    /// One for which it is always the moment that is told, in microseconds.
    #[cfg(test)]
    pub(crate) fn at(told: impl Fn() -> u64 + Send + Sync + 'static) -> Self {
        Self::with_clock(MOST, Clock::telling(move || Now { steady: told(), wall: told() }))
    }

    fn with_clock(most: usize, clock: Clock) -> Self {
        let hasher = RandomState::new();
        let counters = (0..SHARDS).map(|_| Mutex::new(Table::new(hasher.clone()))).collect();
        let open = (0..SHARDS).map(|_| Mutex::new(Table::new(hasher.clone()))).collect();
        Self { counters, open, hasher, clock, room: Room::new(most) }
    }

    /// Bytes held at the moment: of keys and ids, 192 for each counter and reservation, and what each of them is made of.
    pub fn held(&self) -> usize {
        self.room.used()
    }

    fn shard(&self, key: &str) -> usize {
        // The remainder is below SHARDS, so the conversion cannot fail.
        (self.hasher.hash_one(key) % SHARDS as u64) as usize
    }

    /// Tries twice: what matters no more is removed where there is no room.
    fn reserve_now(&self, id: &str, wants: &[Want]) -> Result<Reserved, StoreError> {
        let now = self.clock.now();
        self.try_reserve(id, wants, now).or_else(|NoRoom| {
            self.sweep(now);
            self.try_reserve(id, wants, now).map_err(|NoRoom| self.full())
        })
    }

    fn full(&self) -> StoreError {
        let held = self.held();
        StoreError::Unavailable(format!(
            "the counters of limits hold {held} bytes, nearly their most; key limits by something that clients cannot choose freely"
        ))
    }

    fn try_reserve(&self, id: &str, wants: &[Want], now: Now) -> Result<Reserved, NoRoom> {
        let mut open = lock(&self.open[self.shard(id)]);
        let is_new = !open.has(id);
        let mut counters = Locked::of(self, wants);
        counters.find(wants, now)?;
        let refused = counters.refused(wants, now).filter(|_| is_new);
        if let Some((want, again)) = refused {
            return Ok(Reserved::Refused { want, again, standings: counters.standings(wants, now) });
        }
        if is_new {
            self.take(Open::cost_of(id, wants.len()) + counters.growth(wants, now))?;
            let parts = counters.add(wants, now);
            open.insert(id.into(), Open { parts, until: now.steady + OPEN, saved: false });
        }
        let standings = counters.standings(wants, now);
        let ended = open.sweep(IN_PASSING, |id, open| open.freed(id, now));
        self.room.give(ended + counters.sweep(now));
        Ok(Reserved::Granted(standings))
    }

    fn take(&self, cost: usize) -> Result<(), NoRoom> {
        if self.room.take(cost) { Ok(()) } else { Err(NoRoom) }
    }

    fn sweep(&self, now: Now) {
        for (counters, open) in self.counters.iter().zip(&self.open) {
            let freed = lock(counters).sweep(IN_NEED, |key, counter| counter.freed(key, now));
            let ended = lock(open).sweep(IN_NEED, |id, open| open.freed(id, now));
            self.room.give(freed + ended);
        }
    }

    /// What `look` sees on each counter afterwards.
    fn settle_now<T>(&self, id: &str, actual: &[u64], look: impl Fn(&Counter, Now) -> T) -> Vec<T> {
        let Some(open) = lock(&self.open[self.shard(id)]).remove(id) else { return Vec::new() };
        self.room.give(open.cost(id));
        let now = self.clock.now();
        let parts = open.parts.iter().zip(actual);
        parts
            .map(|(part, actual)| self.settle_part(part, *actual, now, |counter| look(counter, now)))
            .collect()
    }

    fn settle_part<T>(&self, part: &Part, actual: u64, now: Now, look: impl Fn(&Counter) -> T) -> T {
        let mut counters = lock(&self.counters[self.shard(&part.key)]);
        if let Some(counter) = counters.get(&part.key) {
            let before = counter.cost();
            counter.settle(part.place, (part.amount, actual), now);
            self.room.note(before, counter.cost());
            return look(counter);
        }
        // Nothing counted any more, so that the counter had gone.
        let mut counter = Counter::new(part.place.window);
        counter.add(actual.saturating_sub(part.amount), now);
        let seen = look(&counter);
        if actual > part.amount {
            self.room.note(0, OVERHEAD + part.key.len() + counter.cost());
            counters.insert(Arc::clone(&part.key), counter);
        }
        seen
    }
}

/// There is no room for another counter or reservation.
struct NoRoom;

/// The counters of one reservation, their shards locked.
struct Locked<'q> {
    quotas: &'q MemoryQuotas,
    /// In the order of the shards, which is that of everybody's locking.
    shards: Vec<(usize, MutexGuard<'q, Table<Counter>>)>,
    /// Of each want, the place of its shard among the locked ones, and of its counter there.
    places: Vec<(usize, usize)>,
}

impl<'q> Locked<'q> {
    fn of(quotas: &'q MemoryQuotas, wants: &[Want]) -> Self {
        let own: Vec<usize> = wants.iter().map(|want| quotas.shard(&want.key)).collect();
        let mut order = own.clone();
        order.sort_unstable();
        order.dedup();
        let shards: Vec<_> = order.iter().map(|shard| (*shard, lock(&quotas.counters[*shard]))).collect();
        // Every shard is among those that are locked.
        let place = |shard: &usize| order.binary_search(shard).unwrap_or_default();
        let places = own.iter().map(|shard| (place(shard), 0)).collect();
        Self { quotas, shards, places }
    }

    /// Finds the counters of the wants, and makes those that are missing.
    fn find(&mut self, wants: &[Want], now: Now) -> Result<(), NoRoom> {
        for (want, (shard, place)) in wants.iter().zip(&mut self.places) {
            let table = &mut self.shards[*shard].1;
            *place = match table.place(&want.key) {
                Some(place) => place,
                None => {
                    let counter = Counter::new(want.window);
                    self.quotas.take(OVERHEAD + want.key.len() + counter.cost())?;
                    table.insert(Arc::clone(&want.key), counter)
                }
            };
            let counter = table.at(*place);
            let before = counter.cost();
            counter.roll(want.window, now);
            self.quotas.room.note(before, counter.cost());
        }
        Ok(())
    }

    /// The want that has to wait longest of those that there is not enough for.
    fn refused(&mut self, wants: &[Want], now: Now) -> Option<(usize, Option<Duration>)> {
        let mut worst: Option<(usize, Option<Duration>)> = None;
        for (index, want) in wants.iter().enumerate() {
            let Some(again) = self.counter(index).wait(want, now) else { continue };
            // `None` is never, which is longer than any time.
            let longer =
                |other: Option<Duration>| again.is_none_or(|it| other.is_some_and(|other| it > other));
            if worst.is_none_or(|(_, other)| longer(other)) {
                worst = Some((index, again));
            }
        }
        worst
    }

    fn counter(&mut self, want: usize) -> &mut Counter {
        let (shard, place) = self.places[want];
        self.shards[shard].1.at(place)
    }

    /// Bytes that the counters need for what is wanted.
    fn growth(&mut self, wants: &[Want], now: Now) -> usize {
        (0..wants.len()).map(|want| self.counter(want).growth(now)).sum()
    }

    fn add(&mut self, wants: &[Want], now: Now) -> Vec<Part> {
        let part = |(index, want): (usize, &Want)| {
            let place = self.counter(index).add(want.amount, now);
            Part { key: Arc::clone(&want.key), place, amount: want.amount }
        };
        wants.iter().enumerate().map(part).collect()
    }

    fn standings(&mut self, wants: &[Want], now: Now) -> Vec<Standing> {
        let standing = |(index, want): (usize, &Want)| self.counter(index).standing(want.limit, now);
        wants.iter().enumerate().map(standing).collect()
    }

    /// Removes neighbours that count nothing any more. Places mean nothing afterwards.
    fn sweep(&mut self, now: Now) -> usize {
        let shards = self.shards.iter_mut();
        shards.map(|(_, table)| table.sweep(IN_PASSING, |key, counter| counter.freed(key, now))).sum()
    }
}

fn lock<T>(shard: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing that runs under these locks can panic half-way through a change.
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Quotas for MemoryQuotas {
    fn reserve<'a>(&'a self, id: &'a str, wants: &'a [Want]) -> BoxFuture<'a, Result<Reserved, StoreError>> {
        Box::pin(async move { self.reserve_now(id, wants) })
    }

    fn settle<'a>(&'a self, id: &'a str, actual: &'a [u64]) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            self.settle_now(id, actual, |_, _| ());
            Ok(())
        })
    }

    fn settle_and_tell<'a>(
        &'a self,
        id: &'a str,
        actual: &'a [u64],
    ) -> BoxFuture<'a, Result<Vec<Count>, StoreError>> {
        Box::pin(async move { Ok(self.settle_now(id, actual, Counter::count)) })
    }
}

#[cfg(test)]
#[path = "quotas/quotas_tests.rs"]
pub(crate) mod tests;
