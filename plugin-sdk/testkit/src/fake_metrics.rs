//! Series of the plugin's own, written down in their order.

use std::sync::{Mutex, PoisonError};

use tidegate_pipeline::PluginMetrics;

use crate::services::MetricShape;

#[derive(Debug, Default)]
pub(crate) struct FakeMetrics {
    written: Mutex<Vec<MetricShape>>,
}

impl FakeMetrics {
    pub(crate) fn written(&self) -> Vec<MetricShape> {
        self.written.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn note(&self, metric: MetricShape) {
        self.written.lock().unwrap_or_else(PoisonError::into_inner).push(metric);
    }
}

impl PluginMetrics for FakeMetrics {
    fn count(&self, _plugin: &str, name: &str, by: f64, labels: &[(String, String)]) {
        self.note(MetricShape::Count { name: name.to_owned(), by, labels: labels.iter().cloned().collect() });
    }

    fn observe(&self, _plugin: &str, name: &str, value: f64, labels: &[(String, String)]) {
        self.note(MetricShape::Observe {
            name: name.to_owned(),
            value,
            labels: labels.iter().cloned().collect(),
        });
    }
}
