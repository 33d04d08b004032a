//! Reservations against limits.
//!
//! In a cluster a reservation is made slot by slot. Where a later slot refuses, what the earlier ones granted is taken back: no
//! limit is ever exceeded, but for that moment somebody else may be refused who need not have been.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::future::{BoxFuture, try_join_all};
use redis::Value;
use tidegate_pipeline::{Count, Quotas, Reserved, Standing, StoreError, Want, Window};
use tokio::time::Instant;

use super::Redis;
use super::link::Link;
use super::request::{self, Request};
use super::slots::{Group, Keys};

/// Milliseconds that a reservation stays open: longer than any exchange takes.
const OPEN: u64 = 24 * 60 * 60 * 1000;

/// Milliseconds for which it is remembered that a reservation is settled: a repetition that the network held back may come
/// only then, and is not to count.
const SETTLED: u64 = 60 * 1000;

/// The largest number that the server's scripts count exactly.
const MOST: u64 = 1 << 53;

/// What became of the wants of one slot.
pub(super) struct Part {
    is_new: bool,
    /// The want that has to wait longest, and how long; `None` where all are granted.
    pub(super) refused: Option<(usize, Option<Duration>)>,
    pub(super) standings: Vec<Standing>,
}

/// Whether wants are reserved or only looked at.
#[derive(Clone, Copy)]
enum Mode {
    Take,
    Look,
}

impl Mode {
    fn as_str(self) -> &'static str {
        match self {
            Self::Take => "take",
            Self::Look => "look",
        }
    }
}

/// One reservation on its way to the server.
struct Reservation<'r> {
    redis: &'r Redis,
    id: &'r str,
    wants: &'r [Want],
    deadline: Instant,
    sent: Arc<AtomicBool>,
}

/// Takes a reservation back whose answer nobody waits for any more: what was sent may be counted all the same, now or later.
struct Abandoned<'r> {
    reservation: &'r Reservation<'r>,
    groups: &'r [Group],
    is_answered: bool,
}

impl Drop for Abandoned<'_> {
    fn drop(&mut self) {
        let Reservation { redis, id, sent, .. } = self.reservation;
        if self.is_answered || !sent.load(Ordering::Relaxed) {
            return;
        }
        for group in self.groups {
            redis.courier.later(Settlement { remembered: SETTLED, ..Settlement::back(id, group) });
        }
    }
}

impl Reservation<'_> {
    async fn reserve(&self) -> Result<Reserved, StoreError> {
        let groups = self.redis.keys.groups(self.wants);
        let mut abandoned = Abandoned { reservation: self, groups: &groups, is_answered: false };
        let reserved = self.reserve_all(&groups).await;
        abandoned.is_answered = reserved.is_ok();
        reserved
    }

    async fn reserve_all(&self, groups: &[Group]) -> Result<Reserved, StoreError> {
        let mut parts = Vec::with_capacity(groups.len());
        for group in groups {
            let part = self.ask(group, Mode::Take).await?;
            let is_refused = part.refused.is_some();
            parts.push(part);
            if is_refused {
                return self.refuse(groups, parts).await;
            }
        }
        if self.redis.keys.is_cluster() {
            self.note(groups).await?;
        }
        Ok(Reserved::Granted(self.standings(groups, &parts)))
    }

    /// Writes down in which slots the reservation is, since whoever settles it knows only its id.
    async fn note(&self, groups: &[Group]) -> Result<(), StoreError> {
        let note =
            Request::command("SET", &self.redis.keys.index(self.id)).arg(noted(groups)).arg("PX").arg(OPEN);
        self.redis.link.ask_until(self.deadline, &note).await.map(drop)
    }

    async fn ask(&self, group: &Group, mode: Mode) -> Result<Part, StoreError> {
        let wants = || group.places.iter().map(|place| &self.wants[*place]);
        let record = self.redis.keys.record(group.tag.as_deref(), self.id);
        let keys: Vec<String> =
            std::iter::once(record).chain(wants().map(|want| self.redis.keys.counter(&want.key))).collect();
        let mut request = Request::script(&request::RESERVE, &keys).arg(mode.as_str()).arg(OPEN);
        for Want { window, limit, amount, .. } in wants() {
            let unit = u64::try_from(window.unit.length().as_micros()).unwrap_or(u64::MAX);
            request = request.arg(named(*window)).arg(unit).arg(MOST.min(*limit)).arg(MOST.min(*amount));
        }
        if matches!(mode, Mode::Take) {
            request = request.telling(&self.sent);
        }
        let answer = self.redis.link.ask_until(self.deadline, &request).await?;
        part(&group.places, answer).ok_or_else(|| strange("a reservation"))
    }

    /// Takes back what was granted before the last part refused, and looks where all limits stand without it.
    async fn refuse(&self, groups: &[Group], mut parts: Vec<Part>) -> Result<Reserved, StoreError> {
        if groups.len() > 1 {
            let granted = groups.iter().zip(&parts).filter(|(_, part)| part.is_new && part.refused.is_none());
            for (group, _) in granted {
                // What another slot refused was no reservation, so that its id may make one later.
                self.redis.courier.settle(Settlement::back(self.id, group)).await;
            }
            parts = try_join_all(groups.iter().map(|group| self.ask(group, Mode::Look))).await?;
        }
        let standings = self.standings(groups, &parts);
        let worst = parts.iter().filter_map(|part| part.refused).max_by_key(|(want, again)| {
            // `None` is never, which is longer than any time; of the same time the first want.
            (again.is_none(), *again, std::cmp::Reverse(*want))
        });
        match worst {
            Some((want, again)) => Ok(Reserved::Refused { want, again, standings }),
            // What was missing came back between the two looks: it can be had at once.
            None => Ok(Reserved::Refused { want: 0, again: Some(Duration::ZERO), standings }),
        }
    }

    /// Of all parts, in the order of the wants.
    fn standings(&self, groups: &[Group], parts: &[Part]) -> Vec<Standing> {
        let mut all = vec![Standing { remaining: 0, reset: Duration::ZERO }; self.wants.len()];
        for (group, part) in groups.iter().zip(parts) {
            for (place, standing) in group.places.iter().zip(&part.standings) {
                all[*place] = *standing;
            }
        }
        all
    }
}

pub(super) fn named(window: Window) -> String {
    format!("{} {}", window.shape.as_str(), window.unit.as_str())
}

/// The answer of the script; `places` are those of its wants.
pub(super) fn part(places: &[usize], answer: Value) -> Option<Part> {
    let numbers: Vec<i64> = redis::from_redis_value(answer).ok()?;
    let [granted, is_new, worst, again, standings @ ..] = numbers.as_slice() else { return None };
    let standing = |(remaining, reset)| Standing { remaining, reset };
    let standings = pairs(standings)?.into_iter().map(standing).collect();
    let refused = match granted {
        1 => None,
        _ => Some((*places.get(usize::try_from(*worst).ok()?)?, time(*again))),
    };
    Some(Part { is_new: *is_new == 1, refused, standings })
}

/// What `SETTLE` tells.
pub(super) fn counts(answer: Value) -> Option<Vec<Count>> {
    let numbers: Vec<i64> = redis::from_redis_value(answer).ok()?;
    Some(pairs(&numbers)?.into_iter().map(|(used, reset)| Count { used, reset }).collect())
}

/// Amounts, each with a time.
fn pairs(numbers: &[i64]) -> Option<Vec<(u64, Duration)>> {
    let pair = |pair: &[i64]| {
        let [amount, microseconds] = pair else { return None };
        Some((u64::try_from(*amount).ok()?, time(*microseconds)?))
    };
    numbers.chunks(2).map(pair).collect()
}

fn time(microseconds: i64) -> Option<Duration> {
    u64::try_from(microseconds).ok().map(Duration::from_micros)
}

fn strange(what: &str) -> StoreError {
    StoreError::Unavailable(format!(
        "the answer to {what} cannot be read; is the prefix used by something else?"
    ))
}

/// What was used of a reservation.
#[derive(Debug, Clone)]
pub(super) struct Settlement {
    pub(super) id: String,
    /// Takes back what was granted in this slot, where another one refused; else it is of all wants.
    pub(super) tag: Option<String>,
    pub(super) actual: Vec<u64>,
    /// Milliseconds for which it is remembered that the reservation is settled; 0 forgets it.
    pub(super) remembered: u64,
    /// Whether it is told what counts afterwards.
    pub(super) tells: bool,
}

impl Settlement {
    /// Of a whole reservation.
    fn of(id: &str, actual: &[u64]) -> Self {
        Self { id: id.to_owned(), tag: None, actual: actual.to_vec(), remembered: SETTLED, tells: false }
    }

    /// Takes back what was granted in one slot, and forgets it.
    fn back(id: &str, group: &Group) -> Self {
        let (tag, actual) = (group.tag.clone(), vec![0; group.places.len()]);
        Self { tag, remembered: 0, ..Self::of(id, &actual) }
    }

    /// Puts it in the place of what was reserved, and tells what counts then; nothing the second time.
    pub(super) async fn deliver(
        &self,
        link: &Link,
        keys: &Keys,
        deadline: Instant,
    ) -> Result<Vec<Count>, StoreError> {
        if self.tag.is_some() || !keys.is_cluster() {
            let record = keys.record(self.tag.as_deref(), &self.id);
            return self.settle(link, record, &self.actual, deadline).await;
        }
        let index = keys.index(&self.id);
        let noted = link.ask_until(deadline, &Request::command("GET", &index)).await?;
        let noted: Option<String> = redis::from_redis_value(noted).unwrap_or_default();
        let Some(noted) = noted else { return Ok(Vec::new()) };
        let mut all = Vec::new();
        for (tag, places) in noted.split(' ').filter_map(|group| group.split_once(':')) {
            let places = places.split(',').map_while(|place| place.parse::<usize>().ok());
            let places: Vec<usize> = places.take_while(|place| *place < self.actual.len()).collect();
            let used: Vec<u64> = places.iter().map(|place| self.actual[*place]).collect();
            let counts = self.settle(link, keys.record(Some(tag), &self.id), &used, deadline).await?;
            for (place, count) in places.into_iter().zip(counts) {
                all.resize(self.actual.len(), Count::default());
                all[place] = count;
            }
        }
        link.ask_until(deadline, &Request::command("PEXPIRE", &index).arg(SETTLED)).await?;
        Ok(all)
    }

    async fn settle(
        &self,
        link: &Link,
        record: String,
        actual: &[u64],
        deadline: Instant,
    ) -> Result<Vec<Count>, StoreError> {
        let amounts: Vec<u64> = actual.iter().map(|amount| MOST.min(*amount)).collect();
        let tells = if self.tells { "tell" } else { "" };
        let request =
            Request::script(&request::SETTLE, &[record]).arg(self.remembered).arg(tells).arg(amounts);
        let answer = link.ask_until(deadline, &request).await?;
        counts(answer).ok_or_else(|| strange("a settlement"))
    }
}

/// As in `00ff:0,2 ff00:1`: of each slot, the places of the wants that lie there.
fn noted(groups: &[Group]) -> String {
    let group = |group: &Group| {
        let places: Vec<String> = group.places.iter().map(usize::to_string).collect();
        format!("{}:{}", group.tag.as_deref().unwrap_or_default(), places.join(","))
    };
    groups.iter().map(group).collect::<Vec<_>>().join(" ")
}

impl Quotas for Redis {
    fn reserve<'a>(&'a self, id: &'a str, wants: &'a [Want]) -> BoxFuture<'a, Result<Reserved, StoreError>> {
        let deadline = self.link.deadline();
        let reservation = Reservation { redis: self, id, wants, deadline, sent: Arc::default() };
        Box::pin(async move { reservation.reserve().await })
    }

    fn settle<'a>(&'a self, id: &'a str, actual: &'a [u64]) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            self.courier.settle(Settlement::of(id, actual)).await;
            Ok(())
        })
    }

    fn settle_and_tell<'a>(
        &'a self,
        id: &'a str,
        actual: &'a [u64],
    ) -> BoxFuture<'a, Result<Vec<Count>, StoreError>> {
        let settlement = Settlement { tells: true, ..Settlement::of(id, actual) };
        Box::pin(async move { Ok(self.courier.settle(settlement).await) })
    }
}
