//! What a worker answers, as the metas of its frames. Whether a verdict can be carried out is the chain's to say.

use std::sync::Arc;

use bytes::Bytes;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use tidegate_contract::{
    AdmissionVerdict, AuthVerdict, BodyChange, Change, Event, EventVerdict, Finding, Grant, Header,
    HeaderEdit, JsonEdit, JsonSet, Judged, Judgement, Principal, Refusal, Reply, TextEdit, TransformVerdict,
};
use tidegate_pipeline::{HookError, reason};

/// A verdict of a frame, `None` where it is null.
fn read<T: DeserializeOwned>(meta: &[u8]) -> Result<Option<T>, HookError> {
    serde_json::from_slice(meta).map_err(|error| HookError::Invalid(format!("it answered with {error}")))
}

/// Fields of a message: `[[name, value]]`.
type Fields = Vec<(String, String)>;

fn fields(fields: Fields) -> Result<Vec<Header>, HookError> {
    fields.into_iter().map(|(name, value)| Ok(Header { name, value: bytes(value)? })).collect()
}

/// One byte for each character.
pub(crate) fn bytes(text: String) -> Result<Vec<u8>, HookError> {
    if text.is_ascii() {
        return Ok(text.into_bytes());
    }
    let byte = |c: char| u8::try_from(u32::from(c));
    text.chars()
        .map(byte)
        .collect::<Result<_, _>>()
        .map_err(|_| HookError::Invalid("the value of a field has a character that is no byte".into()))
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum SentEdit {
    Set(String, String),
    Add(String, String),
    Remove(String),
}

fn header_edits(edits: Vec<SentEdit>) -> Result<Vec<HeaderEdit>, HookError> {
    let edit = |edit| {
        Ok(match edit {
            SentEdit::Set(name, value) => HeaderEdit::Set(name, bytes(value)?),
            SentEdit::Add(name, value) => HeaderEdit::Add(name, bytes(value)?),
            SentEdit::Remove(name) => HeaderEdit::Remove(name),
        })
    };
    edits.into_iter().map(edit).collect()
}

#[derive(Deserialize)]
struct SentRefusal {
    status: u16,
    code: String,
    message: String,
    #[serde(default)]
    headers: Fields,
}

fn refusal(sent: SentRefusal) -> Result<Refusal, HookError> {
    let SentRefusal { status, code, message, headers } = sent;
    Ok(Refusal { status, code, message, headers: fields(headers)? })
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum SentAuth {
    Pass,
    Allow(SentGrant),
    Deny(SentRefusal),
}

#[derive(Deserialize)]
struct SentGrant {
    principal: SentPrincipal,
    #[serde(default)]
    headers: Vec<SentEdit>,
}

#[derive(Deserialize)]
struct SentPrincipal {
    id: String,
    tenant: Option<String>,
    #[serde(default)]
    attributes: Vec<(String, String)>,
}

pub(crate) fn auth(meta: &[u8]) -> Result<AuthVerdict, HookError> {
    Ok(match read(meta)? {
        None | Some(SentAuth::Pass) => AuthVerdict::Pass,
        Some(SentAuth::Allow(SentGrant { principal, headers })) => {
            let SentPrincipal { id, tenant, attributes } = principal;
            let principal = Arc::new(Principal { id, tenant, models: None, attributes });
            AuthVerdict::Allow(Grant { principal, headers: header_edits(headers)? })
        }
        Some(SentAuth::Deny(sent)) => AuthVerdict::Deny(refusal(sent)?),
    })
}

#[derive(Deserialize)]
#[serde(untagged)]
enum SentAdmission {
    Word(Admitted),
    Known(SentAdmissionOf),
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Admitted {
    Admitted,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum SentAdmissionOf {
    Admitted(Option<String>),
    Refused(SentRefusal),
}

pub(crate) fn admission(meta: &[u8]) -> Result<AdmissionVerdict, HookError> {
    Ok(match read(meta)? {
        None | Some(SentAdmission::Word(Admitted::Admitted)) => AdmissionVerdict::Admitted(None),
        Some(SentAdmission::Known(SentAdmissionOf::Admitted(ticket))) => AdmissionVerdict::Admitted(ticket),
        Some(SentAdmission::Known(SentAdmissionOf::Refused(sent))) => {
            AdmissionVerdict::Refused(refusal(sent)?)
        }
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum SentTransform {
    Unchanged,
    Changed(Box<SentChange>),
    Reply(SentReply),
}

#[derive(Deserialize)]
struct SentChange {
    #[serde(default)]
    headers: Vec<SentEdit>,
    #[serde(default)]
    edits: Vec<SentJsonEdit>,
    #[serde(default)]
    replace: bool,
    cluster: Option<String>,
    #[serde(default)]
    reroute: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum SentJsonEdit {
    Set(SentJsonSet),
    Insert(SentJsonSet),
    Remove(String),
}

#[derive(Deserialize)]
struct SentJsonSet {
    pointer: String,
    value: Box<RawValue>,
}

#[derive(Deserialize)]
struct SentReply {
    status: u16,
    #[serde(default)]
    headers: Fields,
}

pub(crate) fn transform(meta: &[u8], body: &Bytes) -> Result<TransformVerdict, HookError> {
    Ok(match read(meta)? {
        None | Some(SentTransform::Unchanged) => TransformVerdict::Unchanged,
        Some(SentTransform::Changed(sent)) => TransformVerdict::Changed(change(*sent, body)?),
        Some(SentTransform::Reply(SentReply { status, headers })) => {
            TransformVerdict::Reply(Reply { status, headers: fields(headers)?, body: body.to_vec() })
        }
    })
}

fn change(sent: SentChange, body: &Bytes) -> Result<Change, HookError> {
    let SentChange { headers, edits, replace, cluster, reroute } = sent;
    let body = match (replace, edits.is_empty()) {
        (true, false) => {
            return Err(HookError::Invalid("it replaces the body and edits it; do one of them".into()));
        }
        (true, true) => {
            let text = String::from_utf8(body.to_vec())
                .map_err(|_| HookError::Invalid("the new body is no UTF-8".into()))?;
            Some(BodyChange::Replace(text))
        }
        (false, true) => None,
        (false, false) => Some(BodyChange::Edits(edits.into_iter().map(json_edit).collect())),
    };
    Ok(Change { headers: header_edits(headers)?, body, cluster, reroute })
}

fn json_edit(edit: SentJsonEdit) -> JsonEdit {
    let set = |SentJsonSet { pointer, value }| JsonSet { pointer, value: value.get().to_owned() };
    match edit {
        SentJsonEdit::Set(sent) => JsonEdit::Set(set(sent)),
        SentJsonEdit::Insert(sent) => JsonEdit::Insert(set(sent)),
        SentJsonEdit::Remove(pointer) => JsonEdit::Remove(pointer),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum SentEventVerdict {
    Keep,
    Replace(Vec<SentEvent>),
    Drop,
}

#[derive(Deserialize)]
struct SentEvent {
    name: Option<String>,
    data: String,
}

/// One verdict for each of so many events.
pub(crate) fn events(meta: &[u8], count: usize) -> Result<Vec<EventVerdict>, HookError> {
    let Some(sent) = read::<Vec<SentEventVerdict>>(meta)? else { return Ok(vec![EventVerdict::Keep; count]) };
    if sent.len() != count {
        return Err(HookError::Invalid(format!("{} verdicts on {count} events", sent.len())));
    }
    let event = |SentEvent { name, data }| Event { name, data };
    let verdict = |sent| match sent {
        SentEventVerdict::Keep => EventVerdict::Keep,
        SentEventVerdict::Replace(events) => EventVerdict::Replace(events.into_iter().map(event).collect()),
        SentEventVerdict::Drop => EventVerdict::Drop,
    };
    Ok(sent.into_iter().map(verdict).collect())
}

#[derive(Deserialize)]
struct SentJudged {
    judgement: Option<SentJudgement>,
    #[serde(default)]
    findings: Vec<SentFinding>,
    #[serde(default)]
    hold: Vec<(u32, u32)>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum SentJudgement {
    Allow,
    Edit(Vec<SentTextEdit>),
    Block(String),
}

#[derive(Deserialize)]
struct SentTextEdit {
    id: u32,
    start: u32,
    end: u32,
    replacement: String,
}

#[derive(Deserialize)]
struct SentFinding {
    category: String,
    score: Option<f32>,
    text: Option<u32>,
    #[serde(default)]
    detail: String,
}

pub(crate) fn judged(meta: &[u8]) -> Result<Judged, HookError> {
    let Some(SentJudged { judgement, findings, hold }) = read(meta)? else { return Ok(Judged::default()) };
    let edit = |SentTextEdit { id, start, end, replacement }| TextEdit { id, start, end, replacement };
    let judgement = match judgement {
        None | Some(SentJudgement::Allow) => Judgement::Allow,
        Some(SentJudgement::Edit(edits)) => Judgement::Edit(edits.into_iter().map(edit).collect()),
        Some(SentJudgement::Block(reason)) => Judgement::Block(reason),
    };
    let finding = |SentFinding { category, score, text, detail }| Finding { category, score, text, detail };
    Ok(Judged { judgement, findings: findings.into_iter().map(finding).collect(), hold })
}

/// The text of `fail` and `refused`.
#[derive(Deserialize)]
struct Told {
    error: String,
    #[serde(default)]
    ends: bool,
}

/// What a worker says of its failure, one line of it.
pub(crate) fn error(meta: &[u8]) -> String {
    reason(&serde_json::from_slice::<Told>(meta).map(|told| told.error).unwrap_or_default())
}

/// Whether the worker says of its failure that it takes no more calls.
pub(crate) fn ends(meta: &[u8]) -> bool {
    serde_json::from_slice::<Told>(meta).is_ok_and(|told| told.ends)
}

#[cfg(test)]
#[path = "verdict_tests.rs"]
mod tests;
