//! Amazon Bedrock as an upstream: Converse, and InvokeModel for Anthropic's models.
//!
//! Source: <https://docs.aws.amazon.com/bedrock/latest/APIReference/API_Operations_Amazon_Bedrock_Runtime.html>

use tidegate_contract::{Dialect, Operation};

use super::count::without_geography;
use crate::exchange::api::{Api, Envelope, Speech};
use crate::exchange::counted::Counter;
use crate::exchange::embed::Embedder;
use crate::upstream::{Provider, Serving, Site, Skills, Target, joined, segment_all};

/// `provider: aws-bedrock`
#[derive(Debug)]
pub(crate) struct Bedrock;

impl Provider for Bedrock {
    fn name(&self) -> &str {
        "aws-bedrock"
    }

    fn metric_name(&self) -> &str {
        "aws.bedrock"
    }

    fn serves(&self, dialect: Dialect, operation: Operation) -> Serving {
        let skills = Skills {
            converse: Api::Converse.plain(),
            count: Some(Counter::Converse),
            embed: Some(Embedder::Bedrock),
        };
        skills.serve(|_| false, (dialect, operation))
    }

    fn default_endpoint(&self, site: &Site) -> Option<String> {
        endpoint(site)
    }

    fn default_prefix(&self) -> &str {
        ""
    }

    fn path(&self, target: &Target<'_>) -> String {
        match target.operation {
            Operation::CountTokens => counted(target),
            Operation::Embeddings => of_model(target, "invoke"),
            _ => of_model(target, if target.stream { "converse-stream" } else { "converse" }),
        }
    }
}

/// `provider: aws-bedrock-anthropic`
#[derive(Debug)]
pub(crate) struct BedrockAnthropic;

impl Provider for BedrockAnthropic {
    fn name(&self) -> &str {
        "aws-bedrock-anthropic"
    }

    fn metric_name(&self) -> &str {
        "aws.anthropic"
    }

    fn serves(&self, dialect: Dialect, operation: Operation) -> Serving {
        let speech = Speech { api: Api::Messages, envelope: Envelope::BedrockInvoke };
        let skills = Skills { converse: speech, count: Some(Counter::InvokeMessages), embed: None };
        skills.serve(|_| false, (dialect, operation))
    }

    fn default_endpoint(&self, site: &Site) -> Option<String> {
        endpoint(site)
    }

    fn default_prefix(&self) -> &str {
        ""
    }

    fn path(&self, target: &Target<'_>) -> String {
        match target.operation {
            Operation::CountTokens => counted(target),
            _ => of_model(target, if target.stream { "invoke-with-response-stream" } else { "invoke" }),
        }
    }
}

fn endpoint(site: &Site) -> Option<String> {
    let region = site.region.as_deref()?;
    let domain = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
    Some(format!("https://bedrock-runtime.{region}.{domain}"))
}

/// Of which model tokens are counted.
fn counted(target: &Target<'_>) -> String {
    of_model(&Target { model: without_geography(target.model), ..*target }, "count-tokens")
}

/// A model is an id, an id of an inference profile, or an ARN, which holds slashes and colons.
fn of_model(target: &Target<'_>, verb: &str) -> String {
    let Target { base_path, prefix, path, query, model, .. } = *target;
    if model.is_empty() {
        return joined([base_path, prefix, path], query);
    }
    joined([base_path, prefix, &format!("/model/{}/{verb}", segment_all(model))], "")
}

#[cfg(test)]
#[path = "upstream_tests.rs"]
mod tests;
