//! OpenAI, or anything that speaks its API, as an upstream.

use tidegate_contract::Dialect;

use crate::upstream::{Provider, joined};

/// `provider: openai`
#[derive(Debug)]
pub(crate) struct OpenAi;

impl Provider for OpenAi {
    fn name(&self) -> &'static str {
        "openai"
    }

    fn dialect(&self) -> Option<Dialect> {
        Some(Dialect::OpenAi)
    }

    fn default_endpoint(&self) -> Option<&'static str> {
        Some("https://api.openai.com")
    }

    fn default_prefix(&self) -> &'static str {
        "/v1"
    }

    fn path(&self, base_path: &str, prefix: &str, client_path: &str, query: &str) -> String {
        versioned(base_path, prefix, client_path, query)
    }
}

/// `/v1/X` of a client becomes `prefix` and `/X`; a path outside `/v1` goes to the endpoint as it is.
pub(crate) fn versioned(base_path: &str, prefix: &str, client_path: &str, query: &str) -> String {
    match client_path.strip_prefix("/v1") {
        Some(operation) if operation.is_empty() || operation.starts_with('/') => {
            joined([base_path, prefix, operation], query)
        }
        _ => joined([base_path, "", client_path], query),
    }
}
