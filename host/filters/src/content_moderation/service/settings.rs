//! The settings of a service.

use std::collections::BTreeMap;
use std::sync::Arc;

use http::{HeaderName, HeaderValue, Uri};
use schemars::JsonSchema;
use secrecy::SecretString;
use serde::Deserialize;
use tidegate_pipeline::{SettingsProblem, World};

use super::judge::{Judge, POLICY};
use super::openai::OpenAi;
use super::webhook::{Format, Webhook};
use super::{Cluster, Service};
use crate::settings::{Secret, below, problem};

/// Who judges, and how it is reached.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Service")]
pub(crate) struct ServiceSettings {
    /// A moderation endpoint as OpenAI's (`openai`), a service of one's own (`webhook`), or a model that is asked for a
    /// verdict (`judge`).
    kind: ServiceKind,
    /// The cluster that serves the endpoint or the model.
    cluster: Option<String>,
    /// Where a `webhook` is: `https` or `http`.
    url: Option<String>,
    /// The model that judges; `omni-moderation-latest` for `openai` unless set.
    model: Option<String>,
    /// For `openai`: from which score on, 0 to 1, a category counts. Categories that are not here never do. Without it the
    /// endpoint decides.
    #[serde(default)]
    thresholds: BTreeMap<String, f32>,
    /// For a `webhook`: fields that are sent with each question, such as a key.
    #[serde(default)]
    headers: BTreeMap<String, Secret>,
    /// For a `webhook`: the shape of questions and answers, `tidegate` unless set.
    format: Option<Format>,
    /// For a `judge`: what must not pass. How to answer is told to it besides.
    #[schemars(length(min = 1))]
    prompt: Option<String>,
}

/// Who judges.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum ServiceKind {
    /// A moderation endpoint as OpenAI's.
    Openai,
    /// A service of one's own.
    Webhook,
    /// A model.
    Judge,
}

impl ServiceKind {
    fn as_str(self) -> &'static str {
        match self {
            Self::Openai => "openai",
            Self::Webhook => "webhook",
            Self::Judge => "judge",
        }
    }
}

impl ServiceSettings {
    /// The service, or every problem.
    pub(crate) fn checked(self, world: &World<'_>) -> Result<Service, Vec<SettingsProblem>> {
        let mut problems = self.misplaced();
        let made = match self.kind {
            ServiceKind::Webhook => self.webhook(world, &mut problems).map(Service::Webhook),
            ServiceKind::Openai => self.cluster(world, &mut problems).map(|cluster| {
                let model = self.model.clone().unwrap_or_else(|| "omni-moderation-latest".into());
                Service::OpenAi(OpenAi { cluster, model, thresholds: self.thresholds.clone() })
            }),
            ServiceKind::Judge => {
                if self.model.is_none() {
                    let text = "a service of kind \"judge\" asks a model; name it under \"model\"";
                    problems.push(problem("/service", text));
                }
                self.cluster(world, &mut problems).map(|cluster| {
                    let policy = self.prompt.clone().unwrap_or_else(|| POLICY.into());
                    Service::Judge(Judge { cluster, model: self.model.clone().unwrap_or_default(), policy })
                })
            }
        };
        made.filter(|_| problems.is_empty()).ok_or(problems)
    }

    /// Keys that this kind does not read, and scores that are none.
    fn misplaced(&self) -> Vec<SettingsProblem> {
        let keys: [(&str, bool, &[ServiceKind]); 7] = [
            ("cluster", self.cluster.is_some(), &[ServiceKind::Openai, ServiceKind::Judge]),
            ("url", self.url.is_some(), &[ServiceKind::Webhook]),
            ("model", self.model.is_some(), &[ServiceKind::Openai, ServiceKind::Judge]),
            ("thresholds", !self.thresholds.is_empty(), &[ServiceKind::Openai]),
            ("headers", !self.headers.is_empty(), &[ServiceKind::Webhook]),
            ("format", self.format.is_some(), &[ServiceKind::Webhook]),
            ("prompt", self.prompt.is_some(), &[ServiceKind::Judge]),
        ];
        let misplaced = keys.into_iter().filter(|(_, set, kinds)| *set && !kinds.contains(&self.kind));
        let mut problems: Vec<SettingsProblem> = misplaced
            .map(|(key, _, kinds)| {
                let kinds: Vec<String> = kinds.iter().map(|kind| format!("\"{}\"", kind.as_str())).collect();
                let (kind, kinds) = (self.kind.as_str(), kinds.join(" and "));
                let text = format!(
                    "a service of kind \"{kind}\" does not read \"{key}\", which is for {kinds}; remove it"
                );
                problem(&format!("/service/{key}"), &text)
            })
            .collect();
        let wrong = self.thresholds.iter().filter(|(_, score)| !(0.0..=1.0).contains(*score));
        problems.extend(wrong.map(|(name, score)| {
            let text = format!("the threshold {score} of \"{name}\" is no score; give a number from 0 to 1");
            problem(&below("/service/thresholds", name), &text)
        }));
        problems
    }

    fn cluster(&self, world: &World<'_>, problems: &mut Vec<SettingsProblem>) -> Option<Cluster> {
        let kind = self.kind.as_str();
        let Some(name) = self.cluster.clone() else {
            let text =
                format!("a service of kind \"{kind}\" is asked at a cluster; name one under \"cluster\"");
            problems.push(problem("/service", &text));
            return None;
        };
        if !world.clusters.knows(&name) {
            let text = format!("cluster \"{name}\" does not exist; name one of \"clusters\"");
            problems.push(problem("/service/cluster", &text));
            return None;
        }
        Some(Cluster { name, clusters: Arc::clone(&world.clusters) })
    }

    fn webhook(&self, world: &World<'_>, problems: &mut Vec<SettingsProblem>) -> Option<Webhook> {
        let mut headers = Vec::new();
        for (name, Secret(value)) in &self.headers {
            let fits =
                HeaderName::from_bytes(name.as_bytes()).is_ok() && HeaderValue::from_str(value).is_ok();
            if !fits
                || ["host", "content-length", "content-type", "transfer-encoding"]
                    .contains(&&*name.to_ascii_lowercase())
            {
                let text = format!(
                    "\"{name}\" is no field that can be sent, or its value is none; correct it or remove it"
                );
                problems.push(problem(&below("/service/headers", name), &text));
            }
            headers.push((name.to_ascii_lowercase(), SecretString::from(value.clone())));
        }
        let Some(url) = self.url.clone() else {
            let text = "a service of kind \"webhook\" is asked at a URL; give it under \"url\"";
            problems.push(problem("/service", text));
            return None;
        };
        let parsed = url.parse::<Uri>().ok();
        let fits = parsed.is_some_and(|uri| {
            let named = uri.authority().is_some_and(|authority| !authority.as_str().contains('@'));
            matches!(uri.scheme_str(), Some("http" | "https")) && named
        });
        if !fits {
            let text = "\"url\" is no address of http or https, or has a user in it; write it as \"https://host/path\"";
            problems.push(problem("/service/url", text));
            return None;
        }
        let format = self.format.unwrap_or_default();
        Some(Webhook { url, headers, format, http: Arc::clone(&world.http) })
    }
}
