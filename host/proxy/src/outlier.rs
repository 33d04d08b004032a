//! A cluster that fails again and again is ejected for a while, as Envoy's outlier detection has it.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tidegate_config::checked::OutlierDetection;
use tidegate_telemetry::{Ejected, Metrics};
use tokio::time::Instant;

use crate::health::lock;

/// How a cluster has been doing.
pub(crate) struct Outlier {
    cluster: Arc<str>,
    metrics: Arc<Metrics>,
    /// In a row, since the last success or ejection.
    failures: AtomicU32,
    is_ejected: AtomicBool,
    ejection: Mutex<Ejection>,
}

/// The ejections of a cluster.
#[derive(Default)]
struct Ejection {
    /// Of the ejection that is under way.
    under_way: Option<(Instant, Ejected)>,
    /// How many there were of late; the next one is that much longer.
    times: u32,
    /// When the last one was over.
    returned: Option<Instant>,
}

impl Ejection {
    /// How long the next ejection is; each base time that went by without one makes it one shorter.
    fn next(&mut self, detection: &OutlierDetection, now: Instant) -> Duration {
        let calm = self.returned.map_or(Duration::ZERO, |returned| now - returned);
        let forgiven = calm.as_millis() / detection.base.as_millis().max(1);
        self.times = self.times.saturating_sub(u32::try_from(forgiven).unwrap_or(u32::MAX)).saturating_add(1);
        detection.base.saturating_mul(self.times).min(detection.max)
    }
}

impl Outlier {
    pub(crate) fn new(cluster: Arc<str>, metrics: Arc<Metrics>) -> Arc<Self> {
        Arc::new(Self {
            cluster,
            metrics,
            failures: AtomicU32::new(0),
            is_ejected: AtomicBool::new(false),
            ejection: Mutex::default(),
        })
    }

    /// Whether routes with another backend leave it out.
    pub(crate) fn is_ejected(&self) -> bool {
        self.is_ejected.load(Ordering::Relaxed)
    }

    /// The cluster answered: an ejection is over, too.
    pub(crate) fn succeeded(&self) {
        if self.failures.load(Ordering::Relaxed) > 0 {
            self.failures.store(0, Ordering::Relaxed);
        }
        if self.is_ejected() {
            self.take_back(None, "it answered");
        }
    }

    /// The cluster failed once more.
    pub(crate) fn failed(self: &Arc<Self>, detection: &OutlierDetection) {
        let failures = self.failures.fetch_add(1, Ordering::Relaxed).saturating_add(1);
        if failures >= detection.consecutive_5xx && !self.is_ejected() {
            self.eject(detection);
        }
    }

    fn eject(self: &Arc<Self>, detection: &OutlierDetection) {
        let mut ejection = lock(&self.ejection);
        if ejection.under_way.is_some() {
            return;
        }
        let now = Instant::now();
        let time = ejection.next(detection, now);
        let until = now + time;
        ejection.under_way = Some((until, self.metrics.cluster_ejected(&self.cluster)));
        self.failures.store(0, Ordering::Relaxed);
        self.is_ejected.store(true, Ordering::Relaxed);
        let failures = detection.consecutive_5xx;
        tracing::warn!(cluster = &*self.cluster, failures, seconds = time.as_secs_f32(), "cluster ejected");
        let outlier = Arc::downgrade(self);
        tokio::spawn(async move {
            tokio::time::sleep_until(until).await;
            if let Some(outlier) = outlier.upgrade() {
                outlier.take_back(Some(until), "its time is over");
            }
        });
    }

    /// Ends the ejection, or only the one that lasts until then.
    fn take_back(&self, until: Option<Instant>, cause: &'static str) {
        let mut ejection = lock(&self.ejection);
        let is_meant = |(end, _): &(Instant, Ejected)| until.is_none_or(|until| until == *end);
        if !ejection.under_way.as_ref().is_some_and(is_meant) {
            return;
        }
        ejection.under_way = None;
        ejection.returned = Some(Instant::now());
        self.failures.store(0, Ordering::Relaxed);
        self.is_ejected.store(false, Ordering::Relaxed);
        tracing::info!(cluster = &*self.cluster, cause, "cluster taken back");
    }
}

#[cfg(test)]
#[path = "outlier_tests.rs"]
mod tests;
