//! One exchange as reports see it.

use std::borrow::Cow;
use std::collections::BTreeMap;

use tidegate_pipeline::{Dimension, UsageRecord};

use crate::quotas::calendar;

/// What of a record matters to reports, lent by whoever reads it.
pub(crate) struct Seen<'a> {
    pub(crate) time: u64,
    pub(crate) principal: Option<&'a str>,
    pub(crate) tenant: Option<&'a str>,
    pub(crate) service: Option<&'a str>,
    pub(crate) route: Option<&'a str>,
    pub(crate) cluster: Option<&'a str>,
    pub(crate) provider: Option<&'a str>,
    pub(crate) model: Option<&'a str>,
    pub(crate) operation: &'a str,
    pub(crate) tags: Tags<'a>,
    pub(crate) status: u16,
    pub(crate) input: u64,
    pub(crate) output: u64,
    pub(crate) cached_input: u64,
    pub(crate) cache_write: u64,
    pub(crate) reasoning: u64,
    pub(crate) duration_ms: u64,
    pub(crate) cost_micro_usd: Option<u64>,
}

/// Tags as they were read.
pub(crate) enum Tags<'a> {
    Map(&'a BTreeMap<String, String>),
    /// An object, read where somebody asks for a tag.
    Json(&'a str),
}

impl<'a> From<&'a UsageRecord> for Seen<'a> {
    fn from(record: &'a UsageRecord) -> Self {
        Self {
            time: record.time,
            principal: record.principal.as_deref(),
            tenant: record.tenant.as_deref(),
            service: record.service.as_deref(),
            route: record.route.as_deref(),
            cluster: record.cluster.as_deref(),
            provider: record.provider.as_deref(),
            model: record.model.as_deref(),
            operation: &record.operation,
            tags: Tags::Map(&record.tags),
            status: record.status,
            input: record.input,
            output: record.output,
            cached_input: record.cached_input,
            cache_write: record.cache_write,
            reasoning: record.reasoning,
            duration_ms: record.duration_ms,
            cost_micro_usd: record.cost_micro_usd,
        }
    }
}

impl<'a> Seen<'a> {
    /// Its value in a dimension.
    pub(super) fn value(&self, dimension: &Dimension) -> Option<Cow<'a, str>> {
        match dimension {
            Dimension::Principal => self.principal.map(Cow::Borrowed),
            Dimension::Tenant => self.tenant.map(Cow::Borrowed),
            Dimension::Service => self.service.map(Cow::Borrowed),
            Dimension::Route => self.route.map(Cow::Borrowed),
            Dimension::Cluster => self.cluster.map(Cow::Borrowed),
            Dimension::Provider => self.provider.map(Cow::Borrowed),
            Dimension::Model => self.model.map(Cow::Borrowed),
            Dimension::Operation => Some(Cow::Borrowed(self.operation)),
            Dimension::Status => Some(self.status.to_string().into()),
            Dimension::Hour => Some(format!("{}T{:02}", self.day(), self.time / HOUR % 24).into()),
            Dimension::Day => Some(self.day().into()),
            Dimension::Month => {
                let (year, month, _) = calendar::date(self.time / DAY);
                Some(format!("{year:04}-{month:02}").into())
            }
            Dimension::Tag(name) => self.tags.value(name),
        }
    }

    fn day(&self) -> String {
        let (year, month, day) = calendar::date(self.time / DAY);
        format!("{year:04}-{month:02}-{day:02}")
    }
}

/// Milliseconds.
const HOUR: u64 = 60 * 60 * 1000;
const DAY: u64 = 24 * HOUR;

impl<'a> Tags<'a> {
    fn value(&self, name: &str) -> Option<Cow<'a, str>> {
        match self {
            Self::Map(tags) => tags.get(name).map(|value| Cow::Borrowed(value.as_str())),
            Self::Json(json) => {
                let mut tags: BTreeMap<String, String> = serde_json::from_str(json).ok()?;
                tags.remove(name).map(Cow::Owned)
            }
        }
    }
}

#[cfg(test)]
#[path = "seen_tests.rs"]
mod tests;
