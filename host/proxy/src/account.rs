//! What an exchange costs, and its line in the account of usage.

use std::collections::BTreeMap;
use std::time::{Duration, UNIX_EPOCH};

use bytes::Bytes;
use serde::Deserialize;
use serde_json::Value;
use tidegate_contract::{Operation, Usage};
use tidegate_pipeline::{Sold, UsageRecord};
use tidegate_telemetry::Record;

use crate::snapshot::Cluster;

/// Tags of one exchange.
const MOST_TAGS: usize = 16;

/// Bytes of the name of a tag, and of its value.
const MOST_NAME: usize = 64;
const MOST_VALUE: usize = 256;

/// The models by which an exchange may have its price: as the provider was asked, else as it calls what answered.
pub(crate) fn sold<'a>(cluster: &'a Cluster, models: [Option<&'a str>; 2]) -> impl Iterator<Item = Sold<'a>> {
    let (provider, backend) = (cluster.provider.name(), &*cluster.name);
    models.into_iter().flatten().map(move |model| Sold { provider, model, backend })
}

/// Whether an operation has tokens counted and nothing else.
pub(crate) fn only_counts(operation: Operation) -> bool {
    matches!(
        operation,
        Operation::InputTokens | Operation::CountTokens | Operation::Tokenize | Operation::GeminiCountTokens
    )
}

/// What the `metadata` of a request says of it: texts, by name. What is too long or too many is left out.
pub(crate) fn tags(body: &Bytes) -> BTreeMap<String, String> {
    #[derive(Deserialize)]
    struct Tagged {
        #[serde(default)]
        metadata: Value,
    }
    let Ok(Tagged { metadata: Value::Object(metadata) }) = serde_json::from_slice(body) else {
        return BTreeMap::new();
    };
    let text = |(name, value): (String, Value)| match value {
        Value::String(value) if name.len() <= MOST_NAME && value.len() <= MOST_VALUE => Some((name, value)),
        _ => None,
    };
    metadata.into_iter().filter_map(text).take(MOST_TAGS).collect()
}

/// The line of an exchange. `usage` is what limits and budgets settled.
pub(crate) fn line(record: &Record<'_>, usage: Usage, tags: BTreeMap<String, String>) -> UsageRecord {
    let Usage { input, output, cached_input, cache_write, reasoning, cost_micro_usd, estimated } = usage;
    let text = |text: Option<&str>| text.map(str::to_owned);
    let moderated = record.moderation;
    UsageRecord {
        time: milliseconds(record.time.duration_since(UNIX_EPOCH).unwrap_or_default()),
        request_id: record.request_id.to_owned(),
        principal: text(record.principal),
        tenant: text(record.tenant),
        service: text(record.service),
        route: text(record.route),
        cluster: text(record.cluster),
        provider: text(record.provider),
        original_model: text(record.original_model),
        model: text(record.request_model),
        operation: record.operation.as_str().to_owned(),
        status: record.status,
        streaming: record.streaming,
        input,
        output,
        cached_input,
        cache_write,
        reasoning,
        estimated,
        cost_micro_usd,
        duration_ms: milliseconds(record.duration),
        first_token_ms: record.first_token.map(milliseconds),
        attempts: record.attempts,
        moderation_input: moderated.and_then(|moderated| text(moderated.input)),
        moderation_output: moderated.and_then(|moderated| text(moderated.output)),
        error: text(record.blame),
        cancelled: record.cancelled,
        tags,
    }
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
#[path = "account_tests.rs"]
mod tests;
