//! One lookup a request: the handles of every metric that a kind of exchange feeds, kept by its labels.

use std::hash::{Hash, Hasher};
use std::sync::OnceLock;

use hashbrown::Equivalent;
use prometheus::{Counter, CounterVec, Histogram, HistogramVec, IntCounter};
use tidegate_contract::{Operation, Usage};

use crate::models::{Models, short};
use crate::names::TOKEN_TYPES;
use crate::record::Record;

/// All labels of one exchange, borrowed from its record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Labels<'a> {
    pub(crate) listener: &'a str,
    pub(crate) service: &'a str,
    pub(crate) route: &'a str,
    pub(crate) cluster: &'a str,
    pub(crate) provider: &'a str,
    pub(crate) models: Models<'a>,
    pub(crate) operation: Operation,
    pub(crate) status: u16,
    pub(crate) failed: bool,
}

impl<'a> Labels<'a> {
    /// Model names count only where a cluster was asked, so that a stranger's requests make no series.
    pub(crate) fn of(record: &Record<'a>) -> Self {
        let called = record.operation.names_a_model() && record.cluster.is_some();
        let models = [record.original_model, record.request_model, record.response_model];
        Self {
            listener: record.listener,
            service: record.service.unwrap_or_default(),
            route: record.route.unwrap_or_default(),
            cluster: record.cluster.unwrap_or_default(),
            provider: record.provider.unwrap_or_default(),
            models: if called { models.map(short) } else { [""; 3] },
            operation: record.operation,
            status: record.status,
            failed: record.failed(),
        }
    }

    /// Whether the exchange feeds the `gen_ai` metrics.
    pub(crate) fn calls_a_model(&self) -> bool {
        self.operation.names_a_model() && !self.cluster.is_empty()
    }

    /// The values of the five labels that every `gen_ai` metric has.
    pub(crate) fn model_values(&self) -> [&'a str; 5] {
        let [original, request, response] = self.models;
        [self.operation.as_str(), self.provider, original, request, response]
    }
}

/// [`Labels`] that own their text: the key of the table.
#[derive(Debug)]
pub(crate) struct OwnedLabels {
    texts: [Box<str>; 8],
    operation: Operation,
    status: u16,
    failed: bool,
}

impl OwnedLabels {
    fn borrowed(&self) -> Labels<'_> {
        let [listener, service, route, cluster, provider, original, request, response] = &self.texts;
        Labels {
            listener,
            service,
            route,
            cluster,
            provider,
            models: [original, request, response],
            operation: self.operation,
            status: self.status,
            failed: self.failed,
        }
    }
}

impl From<Labels<'_>> for OwnedLabels {
    fn from(labels: Labels<'_>) -> Self {
        let Labels { listener, service, route, cluster, provider, models, operation, status, failed } =
            labels;
        let [original, request, response] = models;
        let texts = [listener, service, route, cluster, provider, original, request, response].map(Box::from);
        Self { texts, operation, status, failed }
    }
}

impl Hash for OwnedLabels {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.borrowed().hash(state);
    }
}

impl PartialEq for OwnedLabels {
    fn eq(&self, other: &Self) -> bool {
        self.borrowed() == other.borrowed()
    }
}

impl Eq for OwnedLabels {}

impl Equivalent<OwnedLabels> for Labels<'_> {
    fn equivalent(&self, key: &OwnedLabels) -> bool {
        *self == key.borrowed()
    }
}

/// What one kind of exchange feeds.
#[derive(Debug)]
pub(crate) struct Series {
    pub(crate) requests: IntCounter,
    pub(crate) upstream: Option<Histogram>,
    pub(crate) model: Option<ModelSeries>,
}

impl Series {
    pub(crate) fn observe(&self, record: &Record<'_>) {
        self.requests.inc();
        if let (Some(histogram), Some(time)) = (&self.upstream, record.upstream) {
            histogram.observe(time.as_secs_f64());
        }
        if let Some(model) = &self.model {
            model.observe(record);
        }
    }
}

/// The `gen_ai` handles; those that many exchanges never feed are made at their first use.
#[derive(Debug)]
pub(crate) struct ModelSeries {
    pub(crate) duration: Histogram,
    pub(crate) first_token: Lazy,
    pub(crate) per_token: Lazy,
    pub(crate) tokens: [Lazy; 5],
    pub(crate) cost: LazyCost,
}

impl ModelSeries {
    fn observe(&self, record: &Record<'_>) {
        self.duration.observe(record.duration.as_secs_f64());
        if let Some(time) = record.first_token {
            self.first_token.observe(time.as_secs_f64());
        }
        if let Some(time) = record.per_output_token() {
            self.per_token.observe(time.as_secs_f64());
        }
        if let Some(usage) = record.usage {
            self.observe_usage(usage);
        }
    }

    /// Input and output always count; the others are parts of them that only some providers report.
    #[expect(
        clippy::cast_precision_loss,
        reason = "a histogram's sum is a float; 2^53 tokens are not in reach"
    )]
    fn observe_usage(&self, usage: Usage) {
        if let Some(cost) = usage.cost_micro_usd {
            self.cost.add(cost as f64 / 1e6);
        }
        let [input, output, parts @ ..] = &self.tokens;
        input.observe(usage.input as f64);
        output.observe(usage.output as f64);
        for (histogram, tokens) in parts.iter().zip([usage.cached_input, usage.cache_write, usage.reasoning])
        {
            if tokens > 0 {
                histogram.observe(tokens as f64);
            }
        }
    }
}

/// A counter of dollars that appears on `/metrics` with its first.
#[derive(Debug)]
pub(crate) struct LazyCost {
    family: CounterVec,
    values: Vec<String>,
    made: OnceLock<Counter>,
}

impl LazyCost {
    pub(crate) fn new(family: &CounterVec, values: &[&str]) -> Self {
        let values = values.iter().map(|value| (*value).to_owned()).collect();
        Self { family: family.clone(), values, made: OnceLock::new() }
    }

    fn add(&self, dollars: f64) {
        self.made.get_or_init(|| self.family.with_label_values(&self.values)).inc_by(dollars);
    }
}

/// A histogram that appears on `/metrics` with its first observation.
#[derive(Debug)]
pub(crate) struct Lazy {
    family: HistogramVec,
    values: Vec<String>,
    made: OnceLock<Histogram>,
}

impl Lazy {
    pub(crate) fn new(family: &HistogramVec, values: &[&str]) -> Self {
        let values = values.iter().map(|value| (*value).to_owned()).collect();
        Self { family: family.clone(), values, made: OnceLock::new() }
    }

    /// One for each token type, in the order of [`TOKEN_TYPES`].
    pub(crate) fn tokens(family: &HistogramVec, [a, b, c, d, e]: [&str; 5]) -> [Self; 5] {
        TOKEN_TYPES.map(|token_type| Self::new(family, &[a, b, c, d, e, token_type]))
    }

    fn observe(&self, value: f64) {
        self.made.get_or_init(|| self.family.with_label_values(&self.values)).observe(value);
    }
}
