//! The embedded model itself: which answer a call gets.

use std::sync::atomic::{AtomicUsize, Ordering};

use http::{HeaderMap, Method};
use tidegate_contract::{Dialect, Operation};

use super::plan::Plan;
use super::request::Refused;
use super::settings::Settings;
use super::{chat, completion, echo, embeddings, media, messages, rerank, responses, script};
use crate::client::{Claimed, claim};
use crate::dialect::{JSON, model_body, models_body};

/// The only name in the model's own list; every name is answered.
const NAME: &str = "mock";

const DEFAULT_REPLY: &str = "Hello from Tidegate! I am the embedded model: I need no key and no network, and I say \
    this to everyone. Set `reply`, `echo` or `script` on my cluster and I will say something else.";

/// A model that answers by rule. One value serves one cluster; calls may come from several threads.
#[derive(Debug)]
pub struct Model {
    settings: Settings,
    next: AtomicUsize,
}

/// A request as it reached the model.
#[derive(Debug, Clone, Copy)]
pub struct MockRequest<'a> {
    /// The method.
    pub method: &'a Method,
    /// Percent-encoded, without the query.
    pub path: &'a str,
    /// Without its `?`; empty where there is none.
    pub query: &'a str,
    /// The header fields.
    pub headers: &'a HeaderMap,
    /// The whole body.
    pub body: &'a [u8],
}

/// One call: what was asked, and what the model was told to do.
#[derive(Clone, Copy)]
pub(super) struct Call<'a> {
    pub(super) settings: &'a Settings,
    pub(super) request: &'a MockRequest<'a>,
    /// Counts the model's calls from 0; it makes ids unique and answers repeatable.
    pub(super) number: usize,
}

impl Model {
    /// A model with its script at the beginning.
    pub fn new(settings: Settings) -> Self {
        Self { settings, next: AtomicUsize::new(0) }
    }

    /// What to answer. A script goes before `status`, `status` before everything else.
    pub fn answer(&self, request: &MockRequest<'_>) -> Plan {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let call = Call { settings: &self.settings, request, number };
        let mut plan = call.plan();
        plan.latency = self.settings.latency;
        plan
    }
}

impl Call<'_> {
    fn plan(self) -> Plan {
        let Settings { script, stream, status, .. } = self.settings;
        let claimed = claim(self.request.method, self.request.path, self.request.headers);
        if !script.is_empty() {
            let named = claimed.dialect == Dialect::Anthropic || claimed.operation == Operation::Responses;
            return script::plan(&script[self.number % script.len()], stream.every, named);
        }
        match *status {
            Some(status) if status >= 400 => Refused::told(status).plan(claimed.dialect),
            Some(status) => self.served(&claimed).with_status(status),
            None => self.served(&claimed),
        }
    }

    fn served(self, claimed: &Claimed<'_>) -> Plan {
        let answered = match claimed.operation {
            Operation::Chat => chat::answer(self),
            Operation::Completion => completion::answer(self),
            Operation::Embeddings => embeddings::answer(self),
            Operation::Responses => responses::answer(self),
            Operation::InputTokens => responses::count(self),
            Operation::ImageGeneration => media::image(self),
            Operation::ImageEdit => Ok(media::dot()),
            Operation::Speech => media::speech(self),
            Operation::Transcription | Operation::Translation => Ok(media::transcript(self)),
            Operation::Moderation => media::moderation(self),
            Operation::Messages => messages::answer(self),
            Operation::CountTokens => messages::count(self),
            Operation::Rerank => rerank::answer(self),
            Operation::Models => Ok(models(claimed)),
            // Other clients reach it as clients of what it answers.
            Operation::GenerateContent
            | Operation::GeminiCountTokens
            | Operation::Tokenize
            | Operation::EmbedContent
            | Operation::BatchEmbedContents
            | Operation::Converse
            | Operation::Other => self.other(),
        };
        answered.unwrap_or_else(|refused| refused.plan(claimed.dialect))
    }

    fn other(self) -> Result<Plan, Refused> {
        if self.settings.echo {
            return Ok(Plan::whole(200, JSON, echo::json(self.request).into()));
        }
        Err(Refused::not_found())
    }

    /// The text of an answer.
    pub(super) fn text(self) -> String {
        match self.settings {
            Settings { echo: true, .. } => String::from_utf8_lossy(&echo::json(self.request)).into_owned(),
            Settings { reply, .. } => reply.as_deref().unwrap_or(DEFAULT_REPLY).to_owned(),
        }
    }
}

fn models(claimed: &Claimed<'_>) -> Plan {
    let body = match claimed.requested_model() {
        Some(name) => model_body(claimed.dialect, &name),
        None => models_body(claimed.dialect, &[NAME]),
    };
    Plan::whole(200, JSON, body)
}

#[cfg(test)]
#[path = "model_tests.rs"]
mod tests;
