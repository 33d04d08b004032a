//! A service of one's own, asked over HTTP in the shape below or in that of LiteLLM's generic guardrail API.

use std::sync::Arc;

use schemars::JsonSchema;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::{Value, json};
use tidegate_contract::{Finding, Header, Text, TextEdit};
use tidegate_pipeline::{HookError, HttpClient, HttpRequest, edit_text};

use super::{Opinion, Question, Verdict, category, nonsense, read};

/// Where it is, and how it is spoken to.
pub(crate) struct Webhook {
    pub(super) url: String,
    pub(super) headers: Vec<(String, SecretString)>,
    pub(super) format: Format,
    pub(super) http: Arc<dyn HttpClient>,
}

/// Shapes of question and answer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Format {
    /// This gateway's own.
    #[default]
    Tidegate,
    /// That of LiteLLM's generic guardrail API.
    Litellm,
}

/// An answer in the gateway's own shape.
#[derive(Deserialize)]
struct Own {
    action: Action,
    reason: Option<String>,
    #[serde(default)]
    texts: Vec<Whole>,
    #[serde(default)]
    edits: Vec<Part>,
    #[serde(default)]
    findings: Vec<Found>,
}

#[derive(PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Action {
    Allow,
    Block,
    Redact,
}

/// A text as it may pass.
#[derive(Deserialize)]
struct Whole {
    id: u32,
    content: String,
}

/// Bytes of a text that are replaced.
#[derive(Deserialize)]
struct Part {
    id: u32,
    start: u32,
    end: u32,
    replacement: String,
}

#[derive(Deserialize)]
struct Found {
    category: Option<String>,
    score: Option<f32>,
    text: Option<u32>,
}

/// An answer in LiteLLM's shape.
#[derive(Deserialize)]
struct Guardrail {
    action: String,
    blocked_reason: Option<String>,
    texts: Option<Vec<String>>,
}

impl Webhook {
    pub(super) async fn ask(&self, question: Question<'_>) -> Result<Opinion, HookError> {
        // Others tell texts and images apart, and media here is a source that is no text.
        let own = self.format == Format::Tidegate;
        let texts: Vec<&Text<'_>> = match own {
            true => question.texts.iter().filter(|text| !text.content.is_empty()).collect(),
            false => question.readable(),
        };
        if texts.is_empty() {
            return Ok(Opinion::default());
        }
        let body = if own { own_body(question, &texts) } else { guardrail_body(question, &texts) };
        let header = |(name, value): &(String, SecretString)| Header {
            name: name.clone(),
            value: value.expose_secret().as_bytes().to_vec(),
        };
        let json = Header { name: "content-type".into(), value: b"application/json".to_vec() };
        let request = HttpRequest {
            method: "POST".into(),
            url: self.url.clone(),
            headers: std::iter::once(json).chain(self.headers.iter().map(header)).collect(),
            body: body.to_string().into_bytes(),
            timeout: Some(question.time()),
        };
        // Without the URL, which may hold a key.
        let answer = self.http.send(&request).await;
        match self.format {
            Format::Tidegate => opinion(read(answer, "its \"url\"")?, &texts),
            Format::Litellm => guardrail_opinion(read(answer, "its \"url\"")?, &texts),
        }
    }
}

fn own_body(question: Question<'_>, texts: &[&Text<'_>]) -> Value {
    let context = question.call.context;
    let texts = texts.iter().map(|text| {
        json!({"id": text.id, "role": text.role, "kind": text.kind, "content": text.content, "new_turn": text.new_turn})
    });
    json!({
        "request_id": context.request_id,
        "hook": question.side.as_str(),
        "route": context.route,
        "model": context.model,
        "principal": context.principal.map(|principal| &principal.id),
        "tenant": context.principal.and_then(|principal| principal.tenant.as_ref()),
        "texts": texts.collect::<Vec<_>>(),
    })
}

fn opinion(answer: Own, texts: &[&Text<'_>]) -> Result<Opinion, HookError> {
    let mut findings: Vec<Finding> = answer.findings.iter().map(finding).collect();
    if answer.action != Action::Allow && findings.is_empty() {
        findings.push(finding(&Found { category: None, score: None, text: None }));
    }
    let verdict = match answer.action {
        Action::Allow => Verdict::Allow,
        Action::Block => Verdict::Block(answer.reason.filter(|reason| !reason.trim().is_empty())),
        Action::Redact => Verdict::Edit(edited(answer, texts)?),
    };
    Ok(Opinion { verdict, findings })
}

fn finding(found: &Found) -> Finding {
    let category = category(found.category.as_deref(), "webhook");
    Finding { category, score: found.score, text: found.text, detail: "service".into() }
}

/// The texts that change, by their ids.
fn edited(answer: Own, texts: &[&Text<'_>]) -> Result<Vec<(u32, String)>, HookError> {
    if answer.texts.is_empty() == answer.edits.is_empty() {
        return Err(nonsense("\"redact\" takes either \"texts\" or \"edits\""));
    }
    let find = |id: u32| texts.iter().find(|text| text.id == id && text.kind != "media");
    let unknown =
        |id: u32| nonsense(&format!("it changes text {id}, which does not exist or cannot be changed"));
    if let Some(whole) = answer.texts.iter().find(|whole| find(whole.id).is_none()) {
        return Err(unknown(whole.id));
    }
    let mut changed: Vec<(u32, String)> =
        answer.texts.into_iter().map(|whole| (whole.id, whole.content)).collect();
    let mut parts = answer.edits;
    parts.sort_by_key(|part| (part.id, part.start));
    for parts in parts.chunk_by(|one, other| one.id == other.id) {
        let Some(id) = parts.first().map(|part| part.id) else { continue };
        let text = find(id).ok_or_else(|| unknown(id))?;
        let edits = parts.iter().map(|part| TextEdit {
            id,
            start: part.start,
            end: part.end,
            replacement: part.replacement.clone(),
        });
        changed.push((id, edit_text(&text.content, &edits.collect::<Vec<_>>())?));
    }
    Ok(changed)
}

fn guardrail_body(question: Question<'_>, texts: &[&Text<'_>]) -> Value {
    let context = question.call.context;
    json!({
        "texts": texts.iter().map(|text| &*text.content).collect::<Vec<_>>(),
        "input_type": if question.side == super::Side::Input { "request" } else { "response" },
        "litellm_call_id": context.request_id,
        "request_data": {"user_api_key_user_id": context.principal.map(|principal| &principal.id)},
        "model": context.model,
        "additional_provider_specific_params": {},
    })
}

fn guardrail_opinion(answer: Guardrail, texts: &[&Text<'_>]) -> Result<Opinion, HookError> {
    let findings = || vec![finding(&Found { category: None, score: None, text: None })];
    match answer.action.as_str() {
        "NONE" => Ok(Opinion::default()),
        "BLOCKED" => Ok(Opinion { verdict: Verdict::Block(answer.blocked_reason), findings: findings() }),
        "GUARDRAIL_INTERVENED" => {
            let changed = answer.texts.unwrap_or_default();
            if changed.len() != texts.len() {
                return Err(nonsense(&format!("{} texts for {}", changed.len(), texts.len())));
            }
            let changed = texts.iter().zip(changed).map(|(text, changed)| (text.id, changed));
            Ok(Opinion { verdict: Verdict::Edit(changed.collect()), findings: findings() })
        }
        _ => Err(nonsense("its \"action\" is none of NONE, BLOCKED and GUARDRAIL_INTERVENED")),
    }
}
