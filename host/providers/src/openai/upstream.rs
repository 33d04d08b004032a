//! OpenAI, or anything that speaks its API, as an upstream.

use tidegate_contract::{Dialect, Operation};

use crate::exchange::api::Api;
use crate::exchange::counted::Counter;
use crate::exchange::embed::Embedder;
use crate::upstream::{Provider, Serving, Site, Skills, Target, is_no_openai, joined};

/// `provider: openai`
#[derive(Debug)]
pub(crate) struct OpenAi;

/// What OpenAI, and Azure as well, can be asked.
pub(crate) const SKILLS: Skills =
    Skills { converse: Api::Chat.plain(), count: Some(Counter::Responses), embed: Some(Embedder::OpenAi) };

impl Provider for OpenAi {
    fn name(&self) -> &str {
        "openai"
    }

    fn serves(&self, dialect: Dialect, operation: Operation) -> Serving {
        let passes = |operation| dialect == Dialect::OpenAi && !is_no_openai(operation);
        SKILLS.serve(passes, (dialect, operation))
    }

    fn default_endpoint(&self, _site: &Site) -> Option<String> {
        Some("https://api.openai.com".into())
    }

    fn default_prefix(&self) -> &str {
        "/v1"
    }

    fn path(&self, target: &Target<'_>) -> String {
        versioned(target)
    }
}

/// `/v1/X` of a client becomes the prefix and `/X`; a path outside `/v1` goes to the endpoint as it is.
pub(crate) fn versioned(target: &Target<'_>) -> String {
    let Target { base_path, prefix, path, query, .. } = *target;
    match path.strip_prefix("/v1") {
        Some(operation) if operation.is_empty() || operation.starts_with('/') => {
            joined([base_path, prefix, operation], query)
        }
        _ => joined([base_path, "", path], query),
    }
}
