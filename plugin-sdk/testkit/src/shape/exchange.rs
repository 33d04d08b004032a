//! What an exchange used, and how it ended.

use serde::{Deserialize, Serialize};
use tidegate_contract::{Outcome, Usage};

use super::moderation::FindingShape;

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct UsageShape {
    input: u64,
    output: u64,
    cached_input: u64,
    cache_write: u64,
    reasoning: u64,
    cost_micro_usd: Option<u64>,
    estimated: bool,
}

impl UsageShape {
    pub(crate) fn usage(&self) -> Usage {
        Usage {
            input: self.input,
            output: self.output,
            cached_input: self.cached_input,
            cache_write: self.cache_write,
            reasoning: self.reasoning,
            cost_micro_usd: self.cost_micro_usd,
            estimated: self.estimated,
        }
    }
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct OutcomeShape {
    status: u16,
    error: Option<String>,
    cluster: Option<String>,
    attempts: u32,
    duration_ms: u32,
    first_token_ms: Option<u32>,
    usage: UsageShape,
    findings: Vec<FindingShape>,
    cancelled: bool,
}

impl Default for OutcomeShape {
    fn default() -> Self {
        Self {
            status: 200,
            error: None,
            cluster: None,
            attempts: 1,
            duration_ms: 0,
            first_token_ms: None,
            usage: UsageShape::default(),
            findings: Vec::new(),
            cancelled: false,
        }
    }
}

impl OutcomeShape {
    pub(crate) fn outcome(&self) -> Outcome {
        Outcome {
            status: self.status,
            error: self.error.clone(),
            cluster: self.cluster.clone(),
            attempts: self.attempts,
            duration_ms: self.duration_ms,
            first_token_ms: self.first_token_ms,
            usage: self.usage.usage(),
            findings: self.findings.iter().map(FindingShape::finding).collect(),
            cancelled: self.cancelled,
        }
    }
}
