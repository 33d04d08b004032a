//! Azure OpenAI as an upstream.
//!
//! Source: <https://learn.microsoft.com/azure/ai-foundry/openai/reference>

use http::header::{HeaderMap, HeaderName, HeaderValue, InvalidHeaderValue};
use tidegate_contract::{Dialect, Operation};

use crate::openai::upstream::SKILLS;
use crate::upstream::{Provider, Serving, Site, Target, is_no_openai, joined, segment, sensitive};

/// `provider: azure-openai`
#[derive(Debug)]
pub(crate) struct AzureOpenAi;

const API_KEY: HeaderName = HeaderName::from_static("api-key");

impl Provider for AzureOpenAi {
    fn name(&self) -> &str {
        "azure-openai"
    }

    fn metric_name(&self) -> &str {
        "azure.openai"
    }

    fn serves(&self, dialect: Dialect, operation: Operation) -> Serving {
        let passes = |operation| dialect == Dialect::OpenAi && !is_no_openai(operation);
        SKILLS.serve(passes, (dialect, operation))
    }

    /// Each resource has a name of its own.
    fn default_endpoint(&self, _site: &Site) -> Option<String> {
        None
    }

    fn default_prefix(&self) -> &str {
        "/openai"
    }

    fn credential(&self, api_key: &str) -> Result<HeaderValue, InvalidHeaderValue> {
        sensitive(api_key)
    }

    fn authorize(&self, headers: &mut HeaderMap, credential: &HeaderValue) {
        headers.insert(API_KEY, credential.clone());
    }

    fn has_models_in_paths(&self, site: &Site) -> bool {
        site.api_version.is_some()
    }

    /// With a dated version the deployment, which has the model's name, is in the path; without one, and where the API was
    /// made after the dated ones, the paths are OpenAI's.
    fn path(&self, target: &Target<'_>) -> String {
        let Target { base_path, prefix, path, query, operation, model, site, .. } = *target;
        let Some(below) = path.strip_prefix("/v1") else { return joined([base_path, prefix, path], query) };
        let is_dated =
            !model.is_empty() && !matches!(operation, Operation::Responses | Operation::InputTokens);
        match site.api_version.as_deref().filter(|_| is_dated) {
            None => joined([base_path, prefix, path], query),
            Some(version) => {
                let deployment = format!("{prefix}/deployments/{}", segment(model));
                let own = format!("api-version={}", segment(version));
                let query = if query.is_empty() { own } else { format!("{query}&{own}") };
                joined([base_path, &deployment, below], &query)
            }
        }
    }
}

#[cfg(test)]
#[path = "upstream_tests.rs"]
mod tests;
