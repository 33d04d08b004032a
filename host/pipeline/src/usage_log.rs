//! What was used, exchange by exchange, and reports of it.

use std::collections::BTreeMap;

use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};

use crate::services::StoreError;

/// Keeps an account of every exchange.
pub trait UsageLog: Send + Sync + 'static {
    /// Takes a record without waiting. Records are written in batches; one that cannot be kept is counted as lost.
    fn append(&self, record: UsageRecord);

    /// Sums over a time, in groups. Whatever was appended before is part of it.
    fn report<'a>(&'a self, query: &'a UsageQuery) -> BoxFuture<'a, Result<UsageReport, StoreError>>;

    /// Records that could not be kept since the start.
    fn lost(&self) -> u64;
}

/// The account of one exchange.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct UsageRecord {
    /// Milliseconds since 1970, when its head had come.
    pub time: u64,
    /// The id that client, log and upstream know it by.
    pub request_id: String,
    /// Who sent it.
    pub principal: Option<String>,
    /// On whose behalf.
    pub tenant: Option<String>,
    /// The virtual service.
    pub service: Option<String>,
    /// The route.
    pub route: Option<String>,
    /// The cluster that was tried last.
    pub cluster: Option<String>,
    /// Its provider.
    pub provider: Option<String>,
    /// The model that the client named.
    pub original_model: Option<String>,
    /// The model that the provider was asked for.
    pub model: Option<String>,
    /// As the access log has it, such as `chat`.
    pub operation: String,
    /// The status that the client got.
    pub status: u16,
    /// Whether it was streamed.
    pub streaming: bool,
    /// Tokens of the prompt.
    pub input: u64,
    /// Tokens of the answer.
    pub output: u64,
    /// Of the prompt, those that the provider had in its cache.
    pub cached_input: u64,
    /// Of the prompt, those that the provider wrote to its cache.
    pub cache_write: u64,
    /// Of the answer, those that are reasoning.
    pub reasoning: u64,
    /// Whether the counts are a guess from sizes.
    pub estimated: bool,
    /// Millionths of a dollar, where a price is known.
    pub cost_micro_usd: Option<u64>,
    /// From the head of the request to the last byte of the answer.
    pub duration_ms: u64,
    /// To the first part of a streamed answer.
    pub first_token_ms: Option<u64>,
    /// Tries in all.
    pub attempts: u32,
    /// What moderation made of the prompt.
    pub moderation_input: Option<String>,
    /// What moderation made of the answer.
    pub moderation_output: Option<String>,
    /// Why it failed, in one word.
    pub error: Option<String>,
    /// Whether the client left before the end.
    pub cancelled: bool,
    /// From `metadata` of the request.
    pub tags: BTreeMap<String, String>,
}

/// What a report is made of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UsageQuery {
    /// Milliseconds since 1970; the first that counts.
    pub from: u64,
    /// The first that does not.
    pub to: u64,
    /// One group for each combination of their values; everything is one group where there are none.
    pub group_by: Vec<Dimension>,
    /// Only exchanges that have exactly these values.
    pub only: Vec<(Dimension, String)>,
    /// So many groups at most, those that cost most first, then those with most tokens.
    pub limit: usize,
}

/// What exchanges are told apart by.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Dimension {
    /// Who sent it.
    Principal,
    /// On whose behalf.
    Tenant,
    /// The virtual service.
    Service,
    /// The route.
    Route,
    /// The cluster.
    Cluster,
    /// The provider.
    Provider,
    /// The model that the provider was asked for.
    Model,
    /// What was asked for.
    Operation,
    /// The status that the client got.
    Status,
    /// The hour of UTC, as `2026-01-31T07`.
    Hour,
    /// The day of UTC, as `2026-01-31`.
    Day,
    /// The month of UTC, as `2026-01`.
    Month,
    /// A tag.
    Tag(String),
}

impl Dimension {
    /// All but tags.
    pub const NAMED: [(&'static str, Self); 12] = [
        ("principal", Self::Principal),
        ("tenant", Self::Tenant),
        ("service", Self::Service),
        ("route", Self::Route),
        ("cluster", Self::Cluster),
        ("provider", Self::Provider),
        ("model", Self::Model),
        ("operation", Self::Operation),
        ("status", Self::Status),
        ("hour", Self::Hour),
        ("day", Self::Day),
        ("month", Self::Month),
    ];

    /// What stands before the name of a tag.
    pub const TAG: &'static str = "tag:";

    /// By its name, such as `model` or `tag:team`.
    pub fn of(name: &str) -> Option<Self> {
        if let Some(tag) = name.strip_prefix(Self::TAG) {
            return (!tag.is_empty()).then(|| Self::Tag(tag.to_owned()));
        }
        Self::NAMED.into_iter().find(|(known, _)| *known == name).map(|(_, dimension)| dimension)
    }

    /// Its name.
    pub fn name(&self) -> String {
        if let Self::Tag(tag) = self {
            return format!("{}{tag}", Self::TAG);
        }
        let named = Self::NAMED.into_iter().find(|(_, dimension)| dimension == self);
        named.map(|(name, _)| name.to_owned()).unwrap_or_default()
    }
}

/// Sums over a time.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UsageReport {
    /// The groups.
    pub groups: Vec<UsageGroup>,
    /// Whether there are more groups than were asked for.
    pub truncated: bool,
}

/// The sums of one group.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UsageGroup {
    /// The value of each dimension, in their order; `None` where the exchanges have none.
    pub values: Vec<Option<String>>,
    /// Exchanges.
    pub requests: u64,
    /// Of them, those whose client got a status of 400 or more.
    pub errors: u64,
    /// Tokens of prompts.
    pub input: u64,
    /// Tokens of answers.
    pub output: u64,
    /// Of prompts, those that providers had in their caches.
    pub cached_input: u64,
    /// Of prompts, those that providers wrote to their caches.
    pub cache_write: u64,
    /// Of answers, those that are reasoning.
    pub reasoning: u64,
    /// Millionths of a dollar.
    pub cost_micro_usd: u64,
    /// Exchanges with tokens whose price nobody knows.
    pub unpriced: u64,
    /// The sum of their durations.
    pub duration_ms: u64,
}
