//! Carries the series that plugins make to `/metrics`.

use std::sync::Arc;

use tidegate_pipeline::PluginMetrics;
use tidegate_telemetry::Metrics;

/// The metrics of the process, as plugins may use them.
#[derive(Debug, Clone)]
pub struct PluginSink(Arc<Metrics>);

impl PluginSink {
    /// What plugins count appears on the `/metrics` of `metrics`.
    pub fn new(metrics: Arc<Metrics>) -> Self {
        Self(metrics)
    }
}

impl PluginMetrics for PluginSink {
    fn count(&self, plugin: &str, name: &str, by: f64, labels: &[(String, String)]) {
        self.0.plugin_series().count(plugin, name, by, labels);
    }

    fn observe(&self, plugin: &str, name: &str, value: f64, labels: &[(String, String)]) {
        self.0.plugin_series().observe(plugin, name, value, labels);
    }
}
