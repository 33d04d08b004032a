//! A moderation endpoint as OpenAI's: `POST /v1/moderations`.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::json;
use tidegate_contract::{Finding, Text};
use tidegate_pipeline::HookError;

use super::{Cluster, Opinion, Question, Verdict, category, nonsense};

/// The endpoint, and what of its scores is too much.
pub(crate) struct OpenAi {
    pub(super) cluster: Cluster,
    pub(super) model: String,
    /// By category; where there are none, the endpoint's own `flagged` decides.
    pub(super) thresholds: BTreeMap<String, f32>,
}

#[derive(Deserialize)]
struct Answer {
    results: Vec<Scores>,
}

/// Of one text.
#[derive(Deserialize)]
struct Scores {
    flagged: bool,
    #[serde(default)]
    categories: BTreeMap<String, Option<bool>>,
    #[serde(default)]
    category_scores: BTreeMap<String, Option<f32>>,
}

impl OpenAi {
    pub(super) async fn ask(&self, question: Question<'_>) -> Result<Opinion, HookError> {
        let texts = question.readable();
        if texts.is_empty() {
            return Ok(Opinion::default());
        }
        let input: Vec<&str> = texts.iter().map(|text| &*text.content).collect();
        let body = json!({"model": self.model, "input": input});
        let answer: Answer = self.cluster.ask("/v1/moderations", &body, question.time()).await?;
        if answer.results.len() != texts.len() {
            return Err(nonsense(&format!("{} results for {} texts", answer.results.len(), texts.len())));
        }
        let mut findings = Vec::new();
        for (text, scores) in texts.iter().zip(&answer.results) {
            findings.extend(self.findings(text, scores)?);
        }
        let verdict = if findings.is_empty() { Verdict::Allow } else { Verdict::Block(None) };
        Ok(Opinion { verdict, findings })
    }

    fn findings(&self, text: &Text<'_>, scores: &Scores) -> Result<Vec<Finding>, HookError> {
        let score = |name: &str| scores.category_scores.get(name).copied().flatten();
        let finding = |name: &str| Finding {
            category: category(Some(name), "flagged"),
            score: score(name),
            text: Some(text.id),
            detail: "service".into(),
        };
        if self.thresholds.is_empty() {
            let named = scores.categories.iter().filter(|(_, is)| **is == Some(true));
            let mut findings: Vec<Finding> = named.map(|(name, _)| finding(name)).collect();
            if findings.is_empty() {
                findings.push(finding("flagged"));
            }
            return Ok(if scores.flagged { findings } else { Vec::new() });
        }
        let mut findings = Vec::new();
        for (name, threshold) in &self.thresholds {
            let score = score(name).ok_or_else(|| {
                nonsense(&format!("no score for the category \"{name}\" of \"thresholds\""))
            })?;
            if score >= *threshold {
                findings.push(finding(name));
            }
        }
        Ok(findings)
    }
}
