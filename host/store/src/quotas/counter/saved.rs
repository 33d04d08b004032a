//! Counters in the form that outlives the process: all times are of the wall clock.

use std::collections::VecDeque;
use std::sync::Arc;

use tidegate_pipeline::{Shape, Window};

use super::{Counter, Place, Time, width};
use crate::quotas::clock::{Now, microseconds};
use crate::quotas::saved::{Drift, SavedCounter};

impl Counter {
    /// Its form, where it is another one than the saved one; from now on it counts as saved.
    pub(in crate::quotas) fn save(&mut self, key: &Arc<str>, drift: Drift) -> Option<SavedCounter> {
        if !std::mem::take(&mut self.changed) {
            return None;
        }
        self.saved = true;
        let window = self.window;
        let (parts, begins, ends) = match &self.time {
            Time::Sliding(parts) => {
                let parts = parts.iter().map(|(part, used)| (drift.wall(part * self.width()), *used));
                (parts.collect(), 0, 0)
            }
            Time::Whole { begins, ends } if window.shape == Shape::Calendar => (Vec::new(), *begins, *ends),
            Time::Whole { begins, ends } => (Vec::new(), drift.wall(*begins), drift.wall(*ends)),
        };
        let last = drift.wall(self.last * self.width());
        Some(SavedCounter { key: Arc::clone(key), window, used: self.used, last, begins, ends, parts })
    }

    /// A counter as it was saved.
    pub(in crate::quotas) fn restore(saved: &SavedCounter, now: Now) -> Self {
        let window = saved.window;
        let part = |wall| Place::restore(window, wall, now).at;
        let time = match window.shape {
            Shape::Sliding => {
                let mut time = VecDeque::<(u64, u64)>::with_capacity(saved.parts.len());
                for (wall, used) in &saved.parts {
                    match time.back_mut().filter(|(last, _)| *last >= part(*wall)) {
                        Some((_, sum)) => *sum = sum.saturating_add(*used),
                        None => time.push_back((part(*wall), *used)),
                    }
                }
                Time::Sliding(time)
            }
            Shape::Calendar => Time::Whole { begins: saved.begins, ends: saved.ends },
            Shape::Fixed if saved.ends == 0 => Time::Whole { begins: 0, ends: 0 },
            Shape::Fixed => {
                let begins = part(saved.begins);
                Time::Whole { begins, ends: begins + microseconds(window.unit.length()) }
            }
        };
        let last = saved.last.div_ceil(width(window.unit)).min(now.steady / width(window.unit));
        Self { window, used: saved.used, last, time, saved: true, changed: false }
    }
}

impl Place {
    /// The moment in the form that outlives the process.
    pub(in crate::quotas) fn wall(self, drift: Drift) -> u64 {
        match self.window.shape {
            Shape::Sliding => drift.wall(self.at * width(self.window.unit)),
            Shape::Fixed => drift.wall(self.at),
            Shape::Calendar => self.at,
        }
    }

    /// A moment as it was saved. What would lie ahead, since the clock was set back, is now; a part is rounded up, so that
    /// it counts too long rather than too short.
    pub(in crate::quotas) fn restore(window: Window, wall: u64, now: Now) -> Self {
        let width = width(window.unit);
        let at = match window.shape {
            Shape::Sliding => wall.div_ceil(width).min(now.steady / width),
            Shape::Fixed => wall.min(now.steady),
            Shape::Calendar => wall,
        };
        Self { window, at }
    }
}
