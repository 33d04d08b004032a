//! What became of a request: every call of every filter in order, kept for a while in memory.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};
use tidegate_contract::Hook;

use crate::verdict::Effect;

/// Calls of one request that are written down; a stream may have thousands.
const MAX_STEPS: usize = 256;
/// Bytes of JSON that all effects of one request may have, about; what comes then is written down without.
const MAX_EFFECTS: usize = 64 * 1024;

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
    effects: usize,
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
    pub(crate) effect: Effect,
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

    /// The latest request of that id: what a plugin asks a model belongs to the request that it was asked about.
    pub fn of(&self, request_id: &str) -> Option<Arc<Trace>> {
        lock(&self.ring).iter().rev().find(|trace| *trace.request_id == *request_id).map(Arc::clone)
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
        self.of(request_id).map(|trace| trace.shown())
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

    /// Writes a call down, unless there were too many.
    pub(crate) fn note(&self, step: impl FnOnce() -> Step) {
        {
            let mut steps = lock(&self.steps);
            if steps.kept.len() >= MAX_STEPS {
                steps.left_out += 1;
                return;
            }
        }
        let mut step = step();
        let size = step.effect.weight();
        let mut steps = lock(&self.steps);
        if steps.effects + size > MAX_EFFECTS {
            step.effect = Effect::default();
        } else {
            steps.effects += size;
        }
        steps.kept.push(step);
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
            "effect": self.effect.shown(),
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
