//! What became of a request: every call of every filter in order, kept for a while in memory.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};
use tidegate_contract::Hook;

/// Calls of one request that are written down; a stream may have thousands.
const MAX_STEPS: usize = 256;

/// The last traces of a gateway.
#[derive(Debug, Default)]
pub struct Traces {
    keep: AtomicUsize,
    sample_ppm: AtomicU32,
    ring: Mutex<VecDeque<Arc<Trace>>>,
}

/// Of one request.
#[derive(Debug)]
pub struct Trace {
    request_id: Box<str>,
    values: bool,
    steps: Mutex<Steps>,
}

#[derive(Debug, Default)]
struct Steps {
    kept: Vec<Step>,
    left_out: usize,
}

/// One call of one filter.
#[derive(Debug)]
pub(crate) struct Step {
    pub(crate) hook: Hook,
    pub(crate) filter: Arc<str>,
    /// `id@version` of a plugin; nothing of a filter of the gateway's own.
    pub(crate) plugin: Option<Arc<str>>,
    /// As in metrics.
    pub(crate) verdict: &'static str,
    pub(crate) error: Option<String>,
    pub(crate) shadow: bool,
    pub(crate) effect: Value,
    pub(crate) took: Duration,
}

impl Traces {
    /// Remembers so many requests from here on, of a million so many with values. With 0 nothing is written down.
    pub fn keep(&self, keep: usize, sample_ppm: u32) {
        self.keep.store(keep, Ordering::Relaxed);
        self.sample_ppm.store(sample_ppm, Ordering::Relaxed);
        let mut ring = lock(&self.ring);
        let surplus = ring.len().saturating_sub(keep);
        ring.drain(..surplus);
    }

    /// Begins to write a request down: one that is tagged, or picked by chance, with what it was changed to.
    pub fn open(&self, request_id: &str, tagged: bool) -> Option<Arc<Trace>> {
        let keep = self.keep.load(Ordering::Relaxed);
        if keep == 0 {
            return None;
        }
        let values = tagged || fastrand::u32(0..1_000_000) < self.sample_ppm.load(Ordering::Relaxed);
        let trace = Arc::new(Trace { request_id: request_id.into(), values, steps: Mutex::default() });
        let mut ring = lock(&self.ring);
        let oldest = if ring.len() >= keep { ring.pop_front() } else { None };
        ring.push_back(Arc::clone(&trace));
        drop(ring);
        // Freed where nobody waits for the lock.
        drop(oldest);
        Some(trace)
    }

    /// The latest request of that id, as JSON.
    pub fn find(&self, request_id: &str) -> Option<Value> {
        let found =
            lock(&self.ring).iter().rev().find(|trace| *trace.request_id == *request_id).map(Arc::clone);
        found.map(|trace| trace.shown())
    }

    /// Every trace that is kept, the oldest first.
    pub fn all(&self) -> Vec<Arc<Trace>> {
        lock(&self.ring).iter().map(Arc::clone).collect()
    }

    /// The ids of all requests that are remembered, the oldest first.
    pub fn ids(&self) -> Vec<Box<str>> {
        lock(&self.ring).iter().map(|trace| trace.request_id.clone()).collect()
    }
}

impl Trace {
    /// Whether it is written down to what values something was changed.
    pub(crate) fn has_values(&self) -> bool {
        self.values
    }

    pub(crate) fn note(&self, step: Step) {
        let mut steps = lock(&self.steps);
        if steps.kept.len() < MAX_STEPS { steps.kept.push(step) } else { steps.left_out += 1 }
    }

    /// Calls that are written down so far.
    pub fn count(&self) -> usize {
        lock(&self.steps).kept.len()
    }

    /// As JSON.
    pub fn shown(&self) -> Value {
        let steps = lock(&self.steps);
        let kept: Vec<_> = steps.kept.iter().map(Step::shown).collect();
        json!({
            "request_id": self.request_id,
            "values": self.values,
            "steps": kept,
            "left_out": steps.left_out,
        })
    }
}

impl Step {
    fn shown(&self) -> Value {
        json!({
            "hook": self.hook.as_str(),
            "filter": self.filter,
            "plugin": self.plugin,
            "verdict": self.verdict,
            "error": self.error,
            "shadow": self.shadow,
            "effect": self.effect,
            "duration_us": u64::try_from(self.took.as_micros()).unwrap_or(u64::MAX),
        })
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing that runs under these locks can panic half-way through a change.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
#[path = "trace_tests.rs"]
mod tests;
