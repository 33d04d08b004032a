//! What a moderation filter finds and how long it holds text, as metrics and as a part of a log line.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use prometheus::{Histogram, IntCounter, IntCounterVec};

use crate::models::short;

/// Categories of one filter that are told apart; plugins make them out of anything.
const CATEGORIES: usize = 100;

/// What stands for the further ones.
const OTHER: &str = "other";

/// The series of one filter.
#[derive(Debug)]
pub struct ModerationSeries {
    filter: Box<str>,
    findings: IntCounterVec,
    known: Mutex<BTreeMap<Box<str>, IntCounter>>,
    held: Histogram,
}

impl ModerationSeries {
    pub(crate) fn new(filter: &str, findings: &IntCounterVec, held: Histogram) -> Self {
        Self { filter: filter.into(), findings: findings.clone(), known: Mutex::default(), held }
    }

    /// Counts a finding.
    pub fn found(&self, category: &str) {
        let category = short(Some(category));
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(counter) = known.get(category) {
            counter.inc();
            return;
        }
        let category = if known.len() < CATEGORIES { category } else { OTHER };
        let new = || self.findings.with_label_values(&[&*self.filter, category]);
        known.entry(category.into()).or_insert_with(new).inc();
    }

    /// Observes how long text was kept back.
    pub fn held(&self, time: Duration) {
        self.held.observe(time.as_secs_f64());
    }
}

/// What moderation did to one exchange.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Moderated {
    /// To the request: `allow`, `flag`, `redact`, `block`, `fail_open` or `error`.
    pub input: Option<&'static str>,
    /// To the answer.
    pub output: Option<&'static str>,
    /// How much was found.
    pub findings: usize,
    /// The longest that text of a stream was kept back.
    pub held: Duration,
}

#[cfg(test)]
#[path = "moderation_tests.rs"]
mod tests;
