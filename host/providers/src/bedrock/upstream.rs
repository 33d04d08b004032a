//! Amazon Bedrock as an upstream: Converse, and InvokeModel for Anthropic's models.
//!
//! Source: <https://docs.aws.amazon.com/bedrock/latest/APIReference/API_Operations_Amazon_Bedrock_Runtime.html>

use tidegate_contract::{Dialect, Operation};

use crate::exchange::api::{Api, Envelope, Speech};
use crate::upstream::{Provider, Serving, Site, Target, converses, joined, segment_all};

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
        converses(Api::Converse.plain(), |_| false, (dialect, operation))
    }

    fn default_endpoint(&self, site: &Site) -> Option<String> {
        endpoint(site)
    }

    fn default_prefix(&self) -> &str {
        ""
    }

    fn path(&self, target: &Target<'_>) -> String {
        of_model(target, if target.stream { "converse-stream" } else { "converse" })
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
        converses(speech, |_| false, (dialect, operation))
    }

    fn default_endpoint(&self, site: &Site) -> Option<String> {
        endpoint(site)
    }

    fn default_prefix(&self) -> &str {
        ""
    }

    fn path(&self, target: &Target<'_>) -> String {
        of_model(target, if target.stream { "invoke-with-response-stream" } else { "invoke" })
    }
}

fn endpoint(site: &Site) -> Option<String> {
    let region = site.region.as_deref()?;
    let domain = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
    Some(format!("https://bedrock-runtime.{region}.{domain}"))
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
