//! Counts and times the calls of one hook of one filter.

use std::time::Instant;

use prometheus::{Histogram, IntCounter, IntCounterVec};

/// Verdicts of a hook that are resolved beforehand, so that a call costs no lookup and `/metrics` shows zeros.
fn verdicts(hook: &str) -> &'static [&'static str] {
    match hook {
        AUTHENTICATE => &["pass", "allow", "deny", "error", "fail_open"],
        "transform_request" | "transform_upstream" | "transform_response" => {
            &["unchanged", "changed", "error", "fail_open"]
        }
        "transform_event" => &["keep", "changed", "error", "fail_open"],
        "moderate_input" | "moderate_output" => &["allow", "edit", "block", "error", "fail_open"],
        "admit" => &["admitted", "refused", "error", "fail_open"],
        _ => &["ok", "error"],
    }
}

/// The hook that has a metric of its own, too.
const AUTHENTICATE: &str = "authenticate";

/// The metrics of one hook of one filter, resolved when the filter is built.
#[derive(Debug, Clone)]
pub struct HookCalls {
    plugin: Box<str>,
    hook: &'static str,
    seconds: Histogram,
    calls: IntCounterVec,
    auth: IntCounterVec,
    known: Vec<Known>,
}

/// The counters of one verdict.
#[derive(Debug, Clone)]
struct Known {
    verdict: &'static str,
    calls: IntCounter,
    auth: Option<IntCounter>,
}

impl HookCalls {
    pub(crate) fn new(
        (plugin, hook): (&str, &'static str),
        seconds: Histogram,
        calls: &IntCounterVec,
        auth: &IntCounterVec,
    ) -> Self {
        let known = |verdict: &&'static str| Known {
            verdict,
            calls: calls.with_label_values(&[plugin, hook, verdict]),
            auth: (hook == AUTHENTICATE).then(|| auth.with_label_values(&[plugin, verdict])),
        };
        let known = verdicts(hook).iter().map(known).collect();
        Self { plugin: plugin.into(), hook, seconds, calls: calls.clone(), auth: auth.clone(), known }
    }

    /// Starts the clock of one call.
    pub fn start(&self) -> HookTimer<'_> {
        HookTimer { calls: self, started: Instant::now(), verdict: None }
    }

    /// Counts a verdict without a call; one of a small fixed set, since it becomes a label.
    pub fn count(&self, verdict: &'static str) {
        if let Some(known) = self.known.iter().find(|known| known.verdict == verdict) {
            known.calls.inc();
            known.auth.iter().for_each(|auth| auth.inc());
            return;
        }
        self.calls.with_label_values(&[&*self.plugin, self.hook, verdict]).inc();
        if self.hook == AUTHENTICATE {
            self.auth.with_label_values(&[&*self.plugin, verdict]).inc();
        }
    }
}

/// One running call. Dropped without a verdict (the client left) it counts as `cancelled`.
#[derive(Debug)]
pub struct HookTimer<'a> {
    calls: &'a HookCalls,
    started: Instant,
    verdict: Option<&'static str>,
}

impl HookTimer<'_> {
    /// Ends the call; `verdict` is one of a small fixed set, since it becomes a label.
    pub fn finish(mut self, verdict: &'static str) {
        self.verdict = Some(verdict);
    }
}

impl Drop for HookTimer<'_> {
    fn drop(&mut self) {
        self.calls.seconds.observe(self.started.elapsed().as_secs_f64());
        self.calls.count(self.verdict.unwrap_or("cancelled"));
    }
}

#[cfg(test)]
#[path = "hooks_tests.rs"]
mod tests;
