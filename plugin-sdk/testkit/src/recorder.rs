//! What a plugin did to the services of its case.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde_json::json;

use crate::case::Case;
use crate::compare::difference;
use crate::fake_http::FakeHttp;
use crate::fake_kv::FakeKv;
use crate::fake_metrics::FakeMetrics;
use crate::fake_models::FakeModels;
use crate::mismatch::Mismatch;
use crate::services::ServicesShape;
use crate::shape::Data;
use crate::show;

/// Sees what a plugin stores, sends and counts through the services that [`Case::backing`] makes.
#[derive(Clone)]
pub struct Recorder {
    pub(crate) kv: Arc<FakeKv>,
    pub(crate) http: Arc<FakeHttp>,
    pub(crate) metrics: Arc<FakeMetrics>,
    pub(crate) models: Arc<FakeModels>,
}

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Recorder")
    }
}

impl Recorder {
    pub(crate) fn new(services: &ServicesShape) -> Self {
        Self {
            kv: Arc::new(FakeKv::new(services)),
            http: Arc::new(FakeHttp::new(&services.http)),
            metrics: Arc::new(FakeMetrics::default()),
            models: Arc::new(FakeModels::new(&services.models)),
        }
    }

    /// Compares what was done with what the case says of it.
    ///
    /// # Errors
    /// Where a request is missing or strange, or `kv_after` or `metrics_after` differs.
    pub fn check(&self, case: &Case) -> Result<(), Mismatch> {
        let wrong = |place: &str, problem: String| Mismatch::new(case.name(), place, problem);
        if let Some(problem) = self.http.problem() {
            return Err(wrong("\"services.http\"", problem));
        }
        if let Some(problem) = self.models.problem() {
            return Err(wrong("\"services.models\"", problem));
        }
        if let Some(problem) = self.kv_problem(case.services()) {
            return Err(wrong("\"services.kv_after\"", problem));
        }
        let Some(expected) = &case.services().metrics_after else { return Ok(()) };
        match difference(&show::json(expected), &show::json(&self.metrics.written())) {
            Some(text) => Err(wrong("\"services.metrics_after\"", format!("what was written differs{text}"))),
            None => Ok(()),
        }
    }

    fn kv_problem(&self, services: &ServicesShape) -> Option<String> {
        let expected = services.kv_after.as_ref()?;
        let values: BTreeMap<_, _> =
            self.kv.values().into_iter().map(|(key, value, ttl)| (key, (value, ttl))).collect();
        let compared = |key: &str| expected.get(key).is_some_and(|stored| stored.ttl_ms.is_some());
        let got: BTreeMap<_, _> = values
            .iter()
            .map(|(key, (value, ttl))| {
                let value = Data::of(value);
                (key, if compared(key) { json!({"value": value, "ttl_ms": ttl}) } else { show::json(&value) })
            })
            .collect();
        let wanted: BTreeMap<_, _> = expected
            .iter()
            .map(|(key, stored)| {
                let value = &stored.value;
                (
                    key,
                    stored
                        .ttl_ms
                        .map_or_else(|| show::json(value), |ttl| json!({"value": value, "ttl_ms": ttl})),
                )
            })
            .collect();
        difference(&json!(wanted), &json!(got)).map(|text| format!("what stands in the store differs{text}"))
    }
}
