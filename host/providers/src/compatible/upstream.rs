//! Anything that speaks OpenAI's chat completions as an upstream.

use tidegate_contract::{Dialect, Operation};

use crate::exchange::api::Api;
use crate::openai::upstream::versioned;
use crate::upstream::{Provider, Serving, Site, Target, converses};

/// A provider of the table, or of the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compatible {
    /// Its name in the configuration.
    pub name: String,
    /// Scheme, authority and base path.
    pub endpoint: Option<String>,
    /// What its API begins with, such as `/v1`.
    pub prefix: String,
    /// Whether it has OpenAI's responses, too.
    pub responses: bool,
}

impl Provider for Compatible {
    fn name(&self) -> &str {
        &self.name
    }

    fn serves(&self, dialect: Dialect, operation: Operation) -> Serving {
        let lacks = matches!(operation, Operation::Responses | Operation::InputTokens) && !self.responses;
        let passes = |_| dialect == Dialect::OpenAi && !lacks;
        // The only one of the table that refuses what the others have in common.
        let api = if self.name == "mistral" { Api::MistralChat } else { Api::CompatibleChat };
        converses(api.plain(), passes, (dialect, operation))
    }

    fn default_endpoint(&self, _site: &Site) -> Option<String> {
        self.endpoint.clone()
    }

    fn default_prefix(&self) -> &str {
        &self.prefix
    }

    fn path(&self, target: &Target<'_>) -> String {
        versioned(target)
    }
}
