//! Counts and times the calls of one hook of one filter.

use std::time::Instant;

use prometheus::{Histogram, IntCounter, IntCounterVec};

/// Verdicts that are resolved beforehand, so that a call costs no lookup and `/metrics` shows zeros.
const AUTHENTICATE: &[&str] = &["pass", "allow", "deny", "error", "fail_open"];

/// The metrics of one hook of one filter, resolved when the filter is built.
#[derive(Debug, Clone)]
pub struct HookCalls {
    plugin: Box<str>,
    hook: &'static str,
    seconds: Histogram,
    calls: IntCounterVec,
    auth: IntCounterVec,
    known: Vec<(&'static str, IntCounter, IntCounter)>,
}

impl HookCalls {
    pub(crate) fn new(
        (plugin, hook): (&str, &'static str),
        seconds: Histogram,
        calls: &IntCounterVec,
        auth: &IntCounterVec,
    ) -> Self {
        let verdicts = if hook == "authenticate" { AUTHENTICATE } else { &[] };
        let known = verdicts
            .iter()
            .map(|verdict| {
                let call = calls.with_label_values(&[plugin, hook, verdict]);
                (*verdict, call, auth.with_label_values(&[plugin, verdict]))
            })
            .collect();
        Self { plugin: plugin.into(), hook, seconds, calls: calls.clone(), auth: auth.clone(), known }
    }

    /// Starts the clock of one call.
    pub fn start(&self) -> HookTimer<'_> {
        HookTimer { calls: self, started: Instant::now(), verdict: None }
    }

    /// Counts a verdict without a call; one of a small fixed set, since it becomes a label.
    pub fn count(&self, verdict: &'static str) {
        if let Some((_, call, auth)) = self.known.iter().find(|(known, ..)| *known == verdict) {
            call.inc();
            auth.inc();
            return;
        }
        self.calls.with_label_values(&[&*self.plugin, self.hook, verdict]).inc();
        if self.hook == "authenticate" {
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
