//! What the host offers while a case is played: `services` of the case file.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;
use tidegate_pipeline::NoAnswer;

use crate::shape::{Data, Fields, ReplyShape};

/// Stored values, answers of other servers, secrets, and what must have become of them afterwards.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ServicesShape {
    /// What stands in the store when the case begins, each at version 1.
    pub(crate) kv: BTreeMap<String, Data>,
    /// Where given, every call of the store fails with this text.
    pub(crate) kv_error: Option<String>,
    /// All that must stand in the store at the end.
    pub(crate) kv_after: Option<BTreeMap<String, Stored>>,
    /// The requests that must be sent, in any order, and their answers.
    pub(crate) http: Vec<Exchange>,
    pub(crate) secrets: BTreeMap<String, String>,
    /// The questions that must be asked, in any order, and their answers.
    pub(crate) models: Vec<QuestionShape>,
    /// The series that must have been written, in this order.
    pub(crate) metrics_after: Option<Vec<MetricShape>>,
}

impl ServicesShape {
    /// Whether something must be done exactly once, or in so many calls.
    pub(crate) fn expects_once(&self) -> bool {
        !self.http.is_empty()
            || !self.models.is_empty()
            || self.kv_after.is_some()
            || self.metrics_after.is_some()
    }
}

/// A stored value; its time to live is compared only where it is written.
#[derive(Debug, Clone)]
pub(crate) struct Stored {
    pub(crate) value: Data,
    pub(crate) ttl_ms: Option<Option<u64>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WithTtl {
    value: Data,
    ttl_ms: Option<u64>,
}

impl<'de> Deserialize<'de> for Stored {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        if value.get("value").is_none() {
            let value = Data::from_value(value).map_err(serde::de::Error::custom)?;
            return Ok(Self { value, ttl_ms: None });
        }
        let WithTtl { value, ttl_ms } = WithTtl::deserialize(value).map_err(serde::de::Error::custom)?;
        Ok(Self { value, ttl_ms: Some(ttl_ms) })
    }
}

/// A request that the plugin must send once. What is not written of it is not compared.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Exchange {
    pub(crate) request: RequestShape,
    pub(crate) reply: Option<ReplyShape>,
    pub(crate) error: Option<ErrorShape>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RequestShape {
    #[serde(default = "get")]
    pub(crate) method: String,
    pub(crate) url: String,
    pub(crate) headers: Option<Fields>,
    pub(crate) body: Option<Data>,
    pub(crate) timeout_ms: Option<u64>,
}

fn get() -> String {
    "GET".into()
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ErrorShape {
    Denied(String),
    Timeout,
    TooLarge,
    Failed(String),
}

impl ErrorShape {
    pub(crate) fn error(&self) -> NoAnswer {
        match self {
            Self::Denied(text) => NoAnswer::Denied(text.clone()),
            Self::Timeout => NoAnswer::Timeout,
            Self::TooLarge => NoAnswer::TooLarge,
            Self::Failed(text) => NoAnswer::Failed(text.clone()),
        }
    }
}

/// A question to a model. Its body is compared where it is written.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct QuestionShape {
    pub(crate) route: String,
    pub(crate) body: Option<Value>,
    #[serde(default)]
    pub(crate) reply: Value,
    pub(crate) error: Option<ErrorShape>,
}

#[derive(Debug, Clone, PartialEq, Deserialize, serde::Serialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum MetricShape {
    Count {
        name: String,
        #[serde(default = "one")]
        by: f64,
        #[serde(default)]
        labels: BTreeMap<String, String>,
    },
    Observe {
        name: String,
        value: f64,
        #[serde(default)]
        labels: BTreeMap<String, String>,
    },
}

fn one() -> f64 {
    1.0
}
