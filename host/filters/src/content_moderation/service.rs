//! Whoever judges texts beside the rules: a moderation API, a web hook, a model.

mod judge;
mod openai;
mod settings;
mod webhook;

use std::sync::Arc;
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde_json::Value;
use tidegate_contract::{Finding, Reply, Text};
use tidegate_pipeline::{Call, Clusters, HookError, NoAnswer};

pub(super) use settings::ServiceSettings;

use judge::Judge;
use openai::OpenAi;
use webhook::Webhook;

use super::settings::Side;

/// A service, configured.
pub(super) enum Service {
    OpenAi(OpenAi),
    Webhook(Webhook),
    Judge(Judge),
}

/// What a service is asked.
#[derive(Clone, Copy)]
pub(super) struct Question<'a> {
    pub(super) call: Call<'a>,
    pub(super) side: Side,
    /// As the rules left them.
    pub(super) texts: &'a [Text<'a>],
}

/// What it says.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Opinion {
    pub(super) verdict: Verdict,
    pub(super) findings: Vec<Finding>,
}

/// What is to become of the texts.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) enum Verdict {
    #[default]
    Allow,
    /// They must not pass; with what the client may be told.
    Block(Option<String>),
    /// Texts by their ids, as they may pass.
    Edit(Vec<(u32, String)>),
}

impl Service {
    /// Its opinion; where there is nothing that it could judge, it is not asked.
    ///
    /// # Errors
    /// Where it gives no answer in time, or one that is no verdict.
    pub(super) async fn ask(&self, question: Question<'_>) -> Result<Opinion, HookError> {
        match self {
            Self::OpenAi(openai) => openai.ask(question).await,
            Self::Webhook(webhook) => webhook.ask(question).await,
            Self::Judge(judge) => judge.ask(question).await,
        }
    }
}

impl Question<'_> {
    /// The time that is left.
    fn time(&self) -> Duration {
        self.call.context.deadline
    }

    /// What has something to read: no media and nothing blank.
    fn readable(&self) -> Vec<&Text<'_>> {
        self.texts.iter().filter(|text| text.kind != "media" && !text.content.trim().is_empty()).collect()
    }
}

/// A cluster of the configuration.
struct Cluster {
    name: String,
    clusters: Arc<dyn Clusters>,
}

impl Cluster {
    /// Posts to a path of it and reads the answer.
    async fn ask<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &Value,
        time: Duration,
    ) -> Result<T, HookError> {
        let body = body.to_string().into();
        read(self.clusters.post(&self.name, path, body, time).await, &format!("cluster \"{}\"", self.name))
    }
}

/// An answer with a body of this shape. Neither is repeated in an error: it may hold what was judged.
fn read<T: DeserializeOwned>(answer: Result<Reply, NoAnswer>, who: &str) -> Result<T, HookError> {
    let reply = answer
        .map_err(|error| HookError::Failed(format!("the service at {who} gives no answer: {error}")))?;
    if !(200..300).contains(&reply.status) {
        return Err(HookError::Failed(format!("the service at {who} answers with status {}", reply.status)));
    }
    serde_json::from_slice(&reply.body).map_err(|error| {
        let place = format!("line {} column {}", error.line(), error.column());
        HookError::Failed(format!("the service at {who} gives an answer that is no verdict, at {place}"))
    })
}

/// A service that breaks its own rules.
fn nonsense(cause: &str) -> HookError {
    HookError::Failed(format!("the service gives an answer that is no verdict: {cause}"))
}

/// A word for metrics: what a service calls it, unless that is no word.
fn category(told: Option<&str>, otherwise: &str) -> String {
    let is_word = |text: &&str| {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"_-/. ".contains(&byte);
        (1..=64).contains(&text.len()) && text.bytes().all(fits)
    };
    told.map(str::trim).filter(is_word).unwrap_or(otherwise).to_owned()
}

#[cfg(test)]
#[path = "service_tests.rs"]
mod tests;
