//! What was used within the window of one limit.

mod saved;

use std::collections::VecDeque;
use std::time::Duration;

use tidegate_pipeline::{Count, Shape, Standing, Unit, Want, Window};

use super::calendar;
use super::clock::{Now, microseconds};
use super::table::Saved;
use crate::room::OVERHEAD;

/// Parts into which a sliding window is cut; use leaves it part by part.
pub(super) const PARTS: u64 = 60;

/// What a part costs in memory, with the room that is kept for further ones.
const PART: usize = 2 * size_of::<(u64, u64)>();

/// The use that counts against one limit.
#[derive(Debug)]
pub(super) struct Counter {
    window: Window,
    used: u64,
    /// When something was counted last, by the number of the part.
    last: u64,
    time: Time,
    saved: bool,
    /// Whether it is another one than the saved one, if any.
    changed: bool,
}

/// When that was.
#[derive(Debug)]
enum Time {
    /// Numbers of parts since the counters were made, and what was used in each, the oldest first; none of them with nothing.
    Sliding(VecDeque<(u64, u64)>),
    /// From one moment to another, where it has begun.
    Whole { begins: u64, ends: u64 },
}

/// Where in time something was counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) window: Window,
    /// The number of the part, or the beginning of the window.
    at: u64,
}

impl Counter {
    pub(super) fn new(window: Window) -> Self {
        let time = match window.shape {
            Shape::Sliding => Time::Sliding(VecDeque::new()),
            Shape::Fixed | Shape::Calendar => Time::Whole { begins: 0, ends: 0 },
        };
        Self { window, used: 0, last: 0, time, saved: false, changed: false }
    }

    /// Bytes besides those that every counter costs.
    pub(super) fn cost(&self) -> usize {
        match &self.time {
            Time::Sliding(parts) => parts.len() * PART,
            Time::Whole { .. } => 0,
        }
    }

    /// Bytes by which an addition lets it grow.
    pub(super) fn growth(&self, now: Now) -> usize {
        match &self.time {
            Time::Sliding(parts) if parts.back().is_none_or(|(part, _)| *part != self.part(now)) => PART,
            Time::Sliding(_) | Time::Whole { .. } => 0,
        }
    }

    /// What its removal gives back, where nothing counts any more.
    pub(super) fn freed(&self, key: &str, now: Now) -> Option<usize> {
        let is_over = match &self.time {
            Time::Sliding(_) => self.used == 0 || self.last + PARTS < self.part(now),
            Time::Whole { ends, .. } => *ends <= self.time(now),
        };
        is_over.then(|| OVERHEAD + key.len() + self.cost())
    }

    /// Forgets what counts no more; everything where the window has become another one.
    pub(super) fn roll(&mut self, window: Window, now: Now) {
        if self.window != window {
            *self = Self { saved: self.saved, ..Self::new(window) };
        }
        let (part, time) = (self.part(now), self.time(now));
        match &mut self.time {
            Time::Sliding(parts) => {
                while let Some((_, amount)) = parts.pop_front_if(|(old, _)| *old + PARTS < part) {
                    self.used = self.used.saturating_sub(amount);
                }
            }
            Time::Whole { begins, ends } => {
                // A clock that is set back a little ends no window early; one that was far ahead is believed no longer.
                let was_ahead = *begins > time && *begins - time > *ends - *begins;
                if *ends <= time || was_ahead {
                    (*begins, *ends, self.used) = (0, 0, 0);
                }
            }
        }
    }

    /// How long a want has to wait; `None` where there is enough, `Some(None)` where there never will be.
    pub(super) fn wait(&self, want: &Want, now: Now) -> Option<Option<Duration>> {
        let missing = self.used.saturating_add(want.amount).saturating_sub(want.limit);
        if missing == 0 {
            return None;
        }
        Some((want.amount <= want.limit).then(|| self.freed_after(missing, now)))
    }

    pub(super) fn standing(&self, limit: u64, now: Now) -> Standing {
        let Count { used, reset } = self.count(now);
        Standing { remaining: limit.saturating_sub(used), reset }
    }

    pub(super) fn count(&self, now: Now) -> Count {
        let reset = if self.used == 0 { Duration::ZERO } else { self.freed_after(self.used, now) };
        Count { used: self.used, reset }
    }

    /// When so much will count no more.
    fn freed_after(&self, amount: u64, now: Now) -> Duration {
        let until = match &self.time {
            Time::Whole { ends, .. } => *ends,
            Time::Sliding(parts) => {
                let mut freed = 0_u64;
                let enough = parts.iter().find(|(_, used)| {
                    freed = freed.saturating_add(*used);
                    freed >= amount
                });
                enough.or(parts.back()).map_or(0, |(part, _)| (part + PARTS + 1) * self.width())
            }
        };
        Duration::from_micros(until.saturating_sub(self.time(now)))
    }

    /// Counts something now, after [`Counter::roll`].
    pub(super) fn add(&mut self, amount: u64, now: Now) -> Place {
        let (part, time, window) = (self.part(now), self.time(now), self.window);
        let at = match &mut self.time {
            Time::Sliding(parts) => {
                match parts.back_mut().filter(|(last, _)| *last == part) {
                    Some((_, used)) => *used = used.saturating_add(amount),
                    None if amount > 0 => parts.push_back((part, amount)),
                    None => {}
                }
                part
            }
            Time::Whole { begins, ends } => {
                if *ends == 0 && amount > 0 {
                    (*begins, *ends) = match window.shape {
                        Shape::Calendar => calendar::around(window.unit, time),
                        Shape::Fixed | Shape::Sliding => (time, time + microseconds(window.unit.length())),
                    };
                }
                *begins
            }
        };
        self.used = self.used.saturating_add(amount);
        self.last = part;
        self.changed |= amount > 0;
        Place { window, at }
    }

    /// Puts what was used in the place of what was reserved.
    pub(super) fn settle(&mut self, place: Place, (reserved, actual): (u64, u64), now: Now) {
        self.roll(place.window, now);
        if actual > reserved {
            self.add(actual - reserved, now);
        } else {
            self.give_back(place, reserved - actual);
        }
    }

    fn give_back(&mut self, place: Place, amount: u64) {
        let given = match &mut self.time {
            Time::Sliding(parts) => {
                let Ok(index) = parts.binary_search_by_key(&place.at, |(part, _)| *part) else { return };
                let given = amount.min(parts[index].1);
                parts[index].1 -= given;
                if parts[index].1 == 0 {
                    parts.remove(index);
                }
                given
            }
            Time::Whole { begins, ends } if *begins == place.at && *ends > 0 => amount,
            Time::Whole { .. } => 0,
        };
        self.used = self.used.saturating_sub(given);
        self.changed |= given > 0;
    }

    /// The time that the window goes by.
    fn time(&self, now: Now) -> u64 {
        if self.window.shape == Shape::Calendar { now.wall } else { now.steady }
    }

    fn part(&self, now: Now) -> u64 {
        now.steady / self.width()
    }

    fn width(&self) -> u64 {
        width(self.window.unit)
    }
}

/// Of a part; rounded up, so that all parts together are no shorter than the window.
fn width(unit: Unit) -> u64 {
    microseconds(unit.length()).div_ceil(PARTS)
}

impl Saved for Counter {
    fn is_saved(&self) -> bool {
        self.saved
    }
}
