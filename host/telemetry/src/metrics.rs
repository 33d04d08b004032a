//! The registry behind `/metrics`, and the one call by which a finished exchange reaches all of it.

use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{SystemTime, UNIX_EPOCH};

use hashbrown::HashMap;
use prometheus::core::Collector;
use prometheus::process_collector::ProcessCollector;
use prometheus::{
    CounterVec, Gauge, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts,
    Registry, TextEncoder,
};
use tracing_appender::non_blocking::ErrorCounter;

use crate::guards::{Connection, Ejected, InFlight, Side};
use crate::hooks::HookCalls;
use crate::models::Cap;
use crate::moderation::ModerationSeries;
use crate::names::{self, Family};
use crate::plugin_series::PluginSeries;
use crate::record::Record;
use crate::series::{Labels, Lazy, LazyCost, ModelSeries, OwnedLabels, Series};

/// Kinds of exchange whose handles are kept; further ones are looked up label by label, which is slower.
const KEPT: usize = 8192;

/// A metric could not be registered: two have one name, or a name is not valid.
#[derive(Debug, thiserror::Error)]
#[error("cannot register the metrics: {0}")]
pub struct MetricsError(#[from] prometheus::Error);

/// All metrics of the process. Shared by `Arc`; every method is safe and cheap from any thread.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    kept: RwLock<HashMap<OwnedLabels, Series>>,
    cap: Cap,
    token_usage: HistogramVec,
    duration: HistogramVec,
    first_token: HistogramVec,
    per_token: HistogramVec,
    cost: CounterVec,
    requests: IntCounterVec,
    upstream: HistogramVec,
    in_flight: IntGauge,
    client_connections: IntGauge,
    upstream_connections: IntGauge,
    connections_refused: IntCounter,
    reloads: IntCounterVec,
    last_reload_successful: IntGauge,
    last_reload_timestamp: Gauge,
    retries: IntCounterVec,
    cooldowns: IntCounterVec,
    ejected: IntGaugeVec,
    ejections: IntCounterVec,
    overflows: IntCounterVec,
    shed: IntCounterVec,
    auth: IntCounterVec,
    plugin_calls: IntCounterVec,
    plugin_seconds: HistogramVec,
    findings: IntCounterVec,
    held: HistogramVec,
    moderation_skipped: IntCounter,
    plugin_series: PluginSeries,
    certificate_reload_failures: IntCounter,
    access_log_dropped: IntCounter,
    access_logs: Mutex<Vec<ErrorCounter>>,
}

impl Metrics {
    /// A registry of its own, with the process's basics (`process_*`) in it.
    pub fn new() -> Result<Arc<Self>, MetricsError> {
        let registry = Registry::new();
        registry.register(Box::new(ProcessCollector::for_self()))?;
        let connections: IntGaugeVec = gauges(&registry, &names::CONNECTIONS)?;
        let metrics = Self {
            kept: RwLock::default(),
            cap: Cap::default(),
            token_usage: histogram(&registry, &names::TOKEN_USAGE, names::TOKEN_BUCKETS)?,
            duration: histogram(&registry, &names::REQUEST_DURATION, names::DURATION_BUCKETS)?,
            first_token: histogram(&registry, &names::TIME_TO_FIRST_TOKEN, names::FIRST_TOKEN_BUCKETS)?,
            per_token: histogram(&registry, &names::TIME_PER_OUTPUT_TOKEN, names::PER_TOKEN_BUCKETS)?,
            cost: added(&registry, CounterVec::new(opts(&names::COST), names::COST.labels))?,
            requests: counters(&registry, &names::REQUESTS)?,
            upstream: histogram(&registry, &names::UPSTREAM, names::DURATION_BUCKETS)?,
            in_flight: gauge(&registry, &names::IN_FLIGHT)?,
            client_connections: connections.with_label_values(&[Side::Client.as_str()]),
            upstream_connections: connections.with_label_values(&[Side::Upstream.as_str()]),
            connections_refused: counter(&registry, &names::CONNECTIONS_REFUSED)?,
            reloads: counters(&registry, &names::RELOADS)?,
            last_reload_successful: gauge(&registry, &names::LAST_RELOAD_SUCCESSFUL)?,
            last_reload_timestamp: added(&registry, Gauge::with_opts(opts(&names::LAST_RELOAD_TIMESTAMP)))?,
            retries: counters(&registry, &names::RETRIES)?,
            cooldowns: counters(&registry, &names::COOLDOWNS)?,
            ejected: gauges(&registry, &names::EJECTED)?,
            ejections: counters(&registry, &names::EJECTIONS)?,
            overflows: counters(&registry, &names::OVERFLOWS)?,
            shed: counters(&registry, &names::SHED)?,
            auth: counters(&registry, &names::AUTH)?,
            plugin_calls: counters(&registry, &names::PLUGIN_CALLS)?,
            plugin_seconds: histogram(&registry, &names::PLUGIN_SECONDS, names::PLUGIN_BUCKETS)?,
            findings: counters(&registry, &names::MODERATION_FINDINGS)?,
            held: histogram(&registry, &names::MODERATION_HELD, names::HELD_BUCKETS)?,
            moderation_skipped: counter(&registry, &names::MODERATION_SKIPPED)?,
            plugin_series: PluginSeries::new(counters(&registry, &names::PLUGIN_METRICS_DROPPED)?),
            certificate_reload_failures: counter(&registry, &names::CERTIFICATE_RELOAD_FAILURES)?,
            access_log_dropped: counter(&registry, &names::ACCESS_LOG_DROPPED)?,
            access_logs: Mutex::default(),
            registry,
        };
        for result in ["success", "failure"] {
            metrics.reloads.with_label_values(&[result]);
        }
        Ok(Arc::new(metrics))
    }

    /// Counts a finished exchange everywhere.
    pub fn observe(&self, record: &Record<'_>) {
        let labels = Labels::of(record);
        if !self.observe_kept(labels, record) {
            self.observe_new(labels, record);
        }
    }

    fn observe_kept(&self, labels: Labels<'_>, record: &Record<'_>) -> bool {
        let kept = self.kept.read().unwrap_or_else(PoisonError::into_inner);
        let series = kept.get(&labels);
        if let Some(series) = series {
            series.observe(record);
        }
        series.is_some()
    }

    /// The first exchange of its kind, or one whose models are beyond the cap and hence never kept by name.
    #[cold]
    fn observe_new(&self, mut labels: Labels<'_>, record: &Record<'_>) {
        if labels.calls_a_model() {
            labels.models = self.cap.fold(labels.models);
            if self.observe_kept(labels, record) {
                return;
            }
        }
        let series = self.series(labels);
        series.observe(record);
        let mut kept = self.kept.write().unwrap_or_else(PoisonError::into_inner);
        if kept.len() < KEPT {
            kept.insert(labels.into(), series);
        }
    }

    fn series(&self, labels: Labels<'_>) -> Series {
        let status = labels.status.to_string();
        let request = [labels.listener, labels.service, labels.route, status.as_str()];
        let upstream =
            (!labels.cluster.is_empty()).then(|| self.upstream.with_label_values(&[labels.cluster]));
        let model = labels.calls_a_model().then(|| self.model_series(labels));
        Series { requests: self.requests.with_label_values(&request), upstream, model }
    }

    fn model_series(&self, labels: Labels<'_>) -> ModelSeries {
        let values = labels.model_values();
        let [a, b, c, d, e] = values;
        let error_type = if labels.failed { names::ERROR_TYPE } else { "" };
        ModelSeries {
            duration: self.duration.with_label_values(&[a, b, c, d, e, error_type]),
            first_token: Lazy::new(&self.first_token, &values),
            per_token: Lazy::new(&self.per_token, &values),
            tokens: Lazy::tokens(&self.token_usage, values),
            cost: LazyCost::new(&self.cost, &values),
        }
    }

    /// Counts a request as in flight until the guard is dropped.
    pub fn request_started(&self) -> InFlight {
        InFlight::new(&self.in_flight)
    }

    /// Counts a connection as open until the guard is dropped.
    pub fn connection_opened(&self, side: Side) -> Connection {
        Connection::new(match side {
            Side::Client => &self.client_connections,
            Side::Upstream => &self.upstream_connections,
        })
    }

    /// Counts a client connection that the limit of connections turned away.
    pub fn connection_refused(&self) {
        self.connections_refused.inc();
    }

    /// Counts a configuration that became live.
    pub fn reload_succeeded(&self) {
        self.reloads.with_label_values(&["success"]).inc();
        self.last_reload_successful.set(1);
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        self.last_reload_timestamp.set(now.as_secs_f64());
    }

    /// Counts a configuration that was refused; the one before stays live.
    pub fn reload_failed(&self) {
        self.reloads.with_label_values(&["failure"]).inc();
        self.last_reload_successful.set(0);
    }

    /// Counts one more try; `reason` is one of a small fixed set, since it becomes a label.
    pub fn retried(&self, cluster: &str, reason: &'static str) {
        self.retries.with_label_values(&[cluster, reason]).inc();
    }

    /// Counts an answer by which a cluster asked to be left alone for a while.
    pub fn cooled_down(&self, cluster: &str) {
        self.cooldowns.with_label_values(&[cluster]).inc();
    }

    /// Counts a cluster that is ejected, and shows it so until the guard is dropped.
    pub fn cluster_ejected(&self, cluster: &str) -> Ejected {
        self.ejections.with_label_values(&[cluster]).inc();
        Ejected::new(&self.ejected.with_label_values(&[cluster]))
    }

    /// Counts a try that a circuit breaker turned away; `limit` is one of a small fixed set, since it becomes a label.
    pub fn overflowed(&self, cluster: &str, limit: &'static str) {
        self.overflows.with_label_values(&[cluster, limit]).inc();
    }

    /// Counts a request that was turned away because of the load; `reason` as for [`Metrics::overflowed`].
    pub fn shed(&self, reason: &'static str) {
        self.shed.with_label_values(&[reason]).inc();
    }

    /// Counts a reload that is refused because a listener's certificate or key cannot be used.
    pub fn certificate_reload_failed(&self) {
        self.certificate_reload_failures.inc();
    }

    /// The counters of one hook of one filter, to be kept by whoever calls it.
    pub fn hook_calls(&self, filter: &str, hook: &'static str) -> HookCalls {
        let seconds = self.plugin_seconds.with_label_values(&[filter, hook]);
        HookCalls::new((filter, hook), seconds, &self.plugin_calls, &self.auth)
    }

    /// The series of what one filter finds and holds, to be kept by whoever calls it.
    pub fn moderation(&self, filter: &str) -> ModerationSeries {
        ModerationSeries::new(filter, &self.findings, self.held.with_label_values(&[filter]))
    }

    /// Counts an exchange that a filter should have judged and did not.
    pub fn moderation_skipped(&self) {
        self.moderation_skipped.inc();
    }

    /// The series that plugins make.
    pub fn plugin_series(&self) -> &PluginSeries {
        &self.plugin_series
    }

    /// Shows the lines that an access log loses.
    pub(crate) fn watch_drops(&self, dropped: ErrorCounter) {
        self.access_logs.lock().unwrap_or_else(PoisonError::into_inner).push(dropped);
    }

    /// The lock keeps two scrapes at once from adding the same lines twice.
    fn count_drops(&self) {
        let logs = self.access_logs.lock().unwrap_or_else(PoisonError::into_inner);
        let total = logs.iter().map(|log| log.dropped_lines() as u64).sum::<u64>();
        self.access_log_dropped.inc_by(total.saturating_sub(self.access_log_dropped.get()));
    }

    /// Everything in Prometheus' text format, version 0.0.4.
    pub fn render(&self) -> String {
        self.count_drops();
        let mut text = String::new();
        let families = [self.registry.gather(), self.plugin_series.gather()].concat();
        if let Err(error) = TextEncoder::new().encode_utf8(&families, &mut text) {
            tracing::error!(%error, "metrics are cut short");
        }
        text
    }
}

fn opts(family: &Family) -> Opts {
    Opts::new(family.name, family.help)
}

fn added<C: Collector + Clone + 'static>(
    registry: &Registry,
    made: prometheus::Result<C>,
) -> prometheus::Result<C> {
    let collector = made?;
    registry.register(Box::new(collector.clone()))?;
    Ok(collector)
}

fn counter(registry: &Registry, family: &Family) -> prometheus::Result<IntCounter> {
    added(registry, IntCounter::with_opts(opts(family)))
}

fn counters(registry: &Registry, family: &Family) -> prometheus::Result<IntCounterVec> {
    added(registry, IntCounterVec::new(opts(family), family.labels))
}

fn gauge(registry: &Registry, family: &Family) -> prometheus::Result<IntGauge> {
    added(registry, IntGauge::with_opts(opts(family)))
}

fn gauges(registry: &Registry, family: &Family) -> prometheus::Result<IntGaugeVec> {
    added(registry, IntGaugeVec::new(opts(family), family.labels))
}

fn histogram(registry: &Registry, family: &Family, buckets: &[f64]) -> prometheus::Result<HistogramVec> {
    let options = HistogramOpts::new(family.name, family.help).buckets(buckets.to_vec());
    added(registry, HistogramVec::new(options, family.labels))
}

#[cfg(test)]
#[path = "metrics_tests.rs"]
mod tests;
