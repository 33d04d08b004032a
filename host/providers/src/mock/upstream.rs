//! The embedded model as an upstream.

use tidegate_contract::{Dialect, Operation};

use crate::openai::upstream::{SKILLS, versioned};
use crate::upstream::{Provider, Serving, Site, Target};

/// `provider: mock`
#[derive(Debug)]
pub(crate) struct Mock;

impl Provider for Mock {
    fn name(&self) -> &str {
        "mock"
    }

    /// It answers clients of OpenAI's and Anthropic's in their own words, and reranks.
    fn serves(&self, dialect: Dialect, operation: Operation) -> Serving {
        let knows = matches!(dialect, Dialect::OpenAi | Dialect::Anthropic);
        SKILLS.serve(|operation| knows && operation != Operation::Tokenize, (dialect, operation))
    }

    /// It is reached inside the process.
    fn default_endpoint(&self, _site: &Site) -> Option<String> {
        None
    }

    fn default_prefix(&self) -> &str {
        "/v1"
    }

    fn path(&self, target: &Target<'_>) -> String {
        versioned(target)
    }
}
