//! Anything that speaks OpenAI's chat completions as an upstream.

use tidegate_contract::{Dialect, Operation};

use crate::exchange::api::Api;
use crate::exchange::counted::Counter;
use crate::exchange::embed::Embedder;
use crate::openai::upstream::versioned;
use crate::upstream::{Provider, Serving, Site, Skills, Target, joined};

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
    /// Whether it has vLLM's `/tokenize`, by which it is asked for all counts of tokens then.
    pub tokenize: bool,
    /// Where it reranks, from the root of its host; `None` where it does not.
    pub rerank: Option<String>,
    /// Whose words its chat completions are in.
    pub words: Words,
}

/// The words of chat completions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Words {
    /// What nearly all servers have in common.
    Common,
    /// Mistral's, which refuses some of those.
    Mistral,
}

impl Words {
    fn chat(self) -> Api {
        match self {
            Self::Common => Api::CompatibleChat,
            Self::Mistral => Api::MistralChat,
        }
    }
}

impl Provider for Compatible {
    fn name(&self) -> &str {
        &self.name
    }

    fn serves(&self, dialect: Dialect, operation: Operation) -> Serving {
        let skills = Skills {
            converse: self.words.chat().plain(),
            count: self.tokenize.then_some(Counter::Tokenize),
            embed: Some(Embedder::OpenAi),
        };
        let has = |operation| match operation {
            Operation::Responses => self.responses,
            Operation::InputTokens => self.responses && !self.tokenize,
            Operation::Tokenize => self.tokenize,
            Operation::Rerank => self.rerank.is_some(),
            _ => true,
        };
        skills.serve(|operation| dialect == Dialect::OpenAi && has(operation), (dialect, operation))
    }

    fn takes_stream_options(&self) -> bool {
        self.words == Words::Common
    }

    fn default_endpoint(&self, _site: &Site) -> Option<String> {
        self.endpoint.clone()
    }

    fn default_prefix(&self) -> &str {
        &self.prefix
    }

    fn path(&self, target: &Target<'_>) -> String {
        match &self.rerank {
            Some(path) if target.operation == Operation::Rerank => joined([path, "", ""], target.query),
            _ => versioned(target),
        }
    }
}
