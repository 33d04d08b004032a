//! What the answers of a cluster say of it: when it wants to be asked again, whether it fails all the time, and how much
//! it is given at once. Shared by all requests; it goes with the cluster's connections over a reload.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::{HeaderMap, StatusCode};
use tidegate_config::checked::{self, CircuitBreakers, OutlierDetection};
use tidegate_telemetry::Metrics;
use tokio::time::Instant;

use crate::breakers::{Breakers, Full, Permit};
use crate::cooldown::{Cooldowns, asked_pause};
use crate::outlier::Outlier;

/// The state of a cluster, with the settings of one generation of the configuration.
pub(crate) struct Health {
    max_cooldown: Duration,
    detection: Option<OutlierDetection>,
    breakers: CircuitBreakers,
    state: Arc<State>,
}

/// What outlives a reload.
struct State {
    cluster: Arc<str>,
    metrics: Arc<Metrics>,
    cooldowns: Mutex<Cooldowns>,
    /// Whether any model may be cooling down, so that most picks take no lock.
    cools: AtomicBool,
    outlier: Arc<Outlier>,
    breakers: Arc<Breakers>,
}

impl Health {
    /// The health of a cluster; `old` is that of the same one in the generation before.
    pub(crate) fn new(cluster: &checked::Cluster, old: Option<&Self>, metrics: &Arc<Metrics>) -> Self {
        let state = old.map_or_else(
            || {
                Arc::new(State {
                    cluster: Arc::clone(&cluster.name),
                    metrics: Arc::clone(metrics),
                    cooldowns: Mutex::default(),
                    cools: AtomicBool::new(false),
                    outlier: Outlier::new(Arc::clone(&cluster.name), Arc::clone(metrics)),
                    breakers: Arc::default(),
                })
            },
            |old| Arc::clone(&old.state),
        );
        Self {
            max_cooldown: cluster.max_cooldown,
            detection: cluster.outlier_detection,
            breakers: cluster.circuit_breakers,
            state,
        }
    }

    /// Whether the cluster asked not to be asked for this model yet.
    pub(crate) fn cools_down(&self, model: &str) -> bool {
        if !self.state.cools.load(Ordering::Relaxed) {
            return false;
        }
        let mut cooldowns = lock(&self.state.cooldowns);
        let (cools, any) = cooldowns.look(model, Instant::now());
        self.state.cools.store(any, Ordering::Relaxed);
        cools
    }

    /// Whether the cluster is ejected: how many percent of a route's backends may be.
    pub(crate) fn ejected(&self) -> Option<u32> {
        self.detection.filter(|_| self.state.outlier.is_ejected()).map(|detection| detection.max_percent)
    }

    /// Takes note of the head of an answer to a request for this model.
    pub(crate) fn heed(&self, model: &str, status: StatusCode, headers: &HeaderMap) {
        let Some(pause) = asked_pause(status, headers).map(|pause| pause.min(self.max_cooldown)) else {
            return;
        };
        if pause.is_zero() {
            return;
        }
        let State { cluster, metrics, .. } = &*self.state;
        tracing::debug!(cluster = &**cluster, model, seconds = pause.as_secs_f32(), "cools down");
        metrics.cooled_down(cluster);
        lock(&self.state.cooldowns).add(model, Instant::now(), pause);
        self.state.cools.store(true, Ordering::Relaxed);
    }

    /// Counts a try: whether the cluster failed.
    pub(crate) fn tried(&self, has_failed: bool) {
        match &self.detection {
            Some(detection) if has_failed => self.state.outlier.failed(detection),
            _ if has_failed => {}
            _ => self.state.outlier.succeeded(),
        }
    }

    /// A place for one more request.
    pub(crate) fn enter(&self, is_retry: bool) -> Result<Permit, Full> {
        let entered = self.state.breakers.enter(self.breakers, is_retry);
        entered.inspect_err(|Full(limit)| self.overflowed(limit))
    }

    /// Counts a try that is turned away.
    pub(crate) fn overflowed(&self, limit: &'static str) {
        self.state.metrics.overflowed(&self.state.cluster, limit);
    }
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing that runs under these locks can panic half-way through a change.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
