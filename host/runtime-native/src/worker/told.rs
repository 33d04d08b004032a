//! What the gateway tells of a call: the metas of `call`, read back.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use indexmap::IndexMap;
use serde::Deserialize;
use serde_json::value::RawValue;
use tidegate_contract::{Event, Finding, Hook, KINDS, Outcome, Principal, ROLES, Text, Usage};
use tidegate_pipeline::Document;

use super::socket::Frame;
use crate::asked::{OwnedAsked, OwnedBody, OwnedContext, OwnedHead, OwnedMessage};

/// A call.
pub(super) struct Call {
    pub(super) context: OwnedContext,
    pub(super) asked: OwnedAsked,
}

#[derive(Deserialize)]
struct Sent {
    hook: String,
    ctx: Ctx,
    head: Option<SentHead>,
    estimate: Option<SentUsage>,
    ticket: Option<String>,
    actual: Option<SentUsage>,
    status: Option<u16>,
    headers: Option<Pairs>,
    body: Option<SentBody>,
    events: Option<Vec<SentEvent>>,
    texts: Option<Vec<SentText>>,
    last: Option<bool>,
    outcome: Option<SentOutcome>,
}

type Pairs = Vec<(String, String)>;

#[derive(Deserialize)]
struct Ctx {
    request_id: String,
    route: String,
    dialect: String,
    operation: String,
    model: Option<String>,
    principal: Option<SentPrincipal>,
    streaming: bool,
    attempt: u32,
    deadline_ms: u64,
}

#[derive(Deserialize)]
struct SentPrincipal {
    id: String,
    tenant: Option<String>,
    attributes: Pairs,
}

#[derive(Deserialize)]
struct SentHead {
    method: String,
    scheme: String,
    authority: String,
    path: String,
    query: String,
    headers: Pairs,
    client: SentPeer,
    body_sha256: Option<String>,
}

#[derive(Deserialize)]
struct SentPeer {
    address: std::net::IpAddr,
    certificate_sha256: Option<String>,
    names: Vec<String>,
}

#[derive(Deserialize)]
struct SentUsage {
    input: u64,
    output: u64,
    cached_input: u64,
    cache_write: u64,
    reasoning: u64,
    cost_micro_usd: Option<u64>,
    estimated: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum SentBody {
    Absent,
    Whole,
    Fields(IndexMap<String, Box<RawValue>>),
    Opaque(String),
}

#[derive(Deserialize)]
struct SentEvent {
    name: Option<String>,
    data: String,
}

#[derive(Deserialize)]
struct SentText {
    id: u32,
    role: String,
    kind: String,
    content: String,
    start: u64,
    released: u32,
    complete: bool,
    new_turn: bool,
}

#[derive(Deserialize)]
struct SentOutcome {
    status: u16,
    error: Option<String>,
    cluster: Option<String>,
    attempts: u32,
    duration_ms: u32,
    first_token_ms: Option<u32>,
    usage: SentUsage,
    findings: Vec<SentFinding>,
    cancelled: bool,
}

#[derive(Deserialize)]
struct SentFinding {
    category: String,
    score: Option<f32>,
    text: Option<u32>,
    detail: String,
}

/// What is wrong with a call.
type Wrong = String;

/// Reads a call.
pub(super) fn call(frame: Frame) -> Result<Call, Wrong> {
    let mut sent: Sent = serde_json::from_slice(&frame.meta).map_err(|error| error.to_string())?;
    let hook = Hook::by_name(&sent.hook).ok_or_else(|| format!("no hook \"{}\"", sent.hook))?;
    let context = context(std::mem::take(&mut sent.ctx));
    let asked = match hook {
        Hook::Authenticate => OwnedAsked::Authenticate(Box::new(head(present(sent.head)?)?)),
        Hook::Admit => OwnedAsked::Admit(usage(present(sent.estimate)?)),
        Hook::Settle => OwnedAsked::Settle(present(sent.ticket)?, usage(present(sent.actual)?)),
        Hook::TransformRequest | Hook::TransformUpstream | Hook::TransformResponse => {
            OwnedAsked::Transform(Box::new(OwnedMessage {
                hook,
                status: sent.status,
                headers: headers(present(sent.headers)?)?,
                body: body(present(sent.body)?, frame.body),
            }))
        }
        Hook::TransformEvent => {
            let event = |SentEvent { name, data }| Event { name, data };
            OwnedAsked::Events(present(sent.events)?.into_iter().map(event).collect())
        }
        Hook::ModerateInput | Hook::ModerateOutput => {
            let texts = present(sent.texts)?.into_iter().map(text).collect::<Result<_, Wrong>>()?;
            OwnedAsked::Moderate(texts, sent.last)
        }
        Hook::Completed => OwnedAsked::Completed(Box::new(outcome(present(sent.outcome)?))),
    };
    Ok(Call { context, asked })
}

fn present<T>(value: Option<T>) -> Result<T, Wrong> {
    value.ok_or_else(|| "a key of its hook is missing".into())
}

impl Default for Ctx {
    fn default() -> Self {
        let text = String::new;
        Self {
            request_id: text(),
            route: text(),
            dialect: text(),
            operation: text(),
            model: None,
            principal: None,
            streaming: false,
            attempt: 0,
            deadline_ms: 0,
        }
    }
}

fn context(sent: Ctx) -> OwnedContext {
    let Ctx { request_id, route, dialect, operation, model, principal, streaming, attempt, deadline_ms } =
        sent;
    let caller =
        |SentPrincipal { id, tenant, attributes }| Principal { id, tenant, models: None, attributes };
    OwnedContext {
        request_id,
        route,
        dialect,
        operation,
        model,
        principal: principal.map(caller),
        streaming,
        attempt,
        deadline: Duration::from_millis(deadline_ms),
    }
}

/// One byte for each character.
pub(super) fn latin1(text: &str) -> Vec<u8> {
    if text.is_ascii() {
        return text.as_bytes().to_vec();
    }
    text.chars().map(|c| u8::try_from(u32::from(c)).unwrap_or(b'?')).collect()
}

fn hex(text: &str) -> Result<Vec<u8>, Wrong> {
    let digits = text.as_bytes().chunks(2);
    let byte =
        |pair: &[u8]| std::str::from_utf8(pair).ok().and_then(|pair| u8::from_str_radix(pair, 16).ok());
    digits.map(byte).collect::<Option<_>>().ok_or_else(|| "a digest is no hexadecimal number".into())
}

fn head(sent: SentHead) -> Result<OwnedHead, Wrong> {
    let SentHead { method, scheme, authority, path, query, headers, client, body_sha256 } = sent;
    let SentPeer { address, certificate_sha256, names } = client;
    Ok(OwnedHead {
        method,
        scheme,
        authority,
        path,
        query,
        headers: headers.into_iter().map(|(name, value)| (name, latin1(&value))).collect(),
        address,
        certificate_sha256: certificate_sha256.as_deref().map(hex).transpose()?,
        names,
        body_sha256: body_sha256.as_deref().map(hex).transpose()?,
    })
}

fn headers(pairs: Pairs) -> Result<HeaderMap, Wrong> {
    let mut headers = HeaderMap::with_capacity(pairs.len());
    for (name, value) in pairs {
        let name = HeaderName::try_from(name).map_err(|error| error.to_string())?;
        let value = HeaderValue::from_bytes(&latin1(&value)).map_err(|error| error.to_string())?;
        headers.append(name, value);
    }
    Ok(headers)
}

fn body(sent: SentBody, bytes: Vec<u8>) -> OwnedBody {
    match sent {
        SentBody::Absent => OwnedBody::Absent,
        SentBody::Whole => OwnedBody::Whole(Box::new(Document::new(Bytes::from(bytes)))),
        SentBody::Fields(fields) => {
            let field = |(pointer, value): (String, Box<RawValue>)| (pointer, value.get().to_owned());
            OwnedBody::Fields(fields.into_iter().map(field).collect())
        }
        SentBody::Opaque(media_type) => OwnedBody::Opaque(media_type),
    }
}

fn text(sent: SentText) -> Result<Text<'static>, Wrong> {
    let SentText { id, role, kind, content, start, released, complete, new_turn } = sent;
    let known = |list: &[&'static str], word: &str| list.iter().find(|known| **known == word).copied();
    let role = known(&ROLES, &role).ok_or_else(|| format!("no role \"{role}\""))?;
    let kind = known(&KINDS, &kind).ok_or_else(|| format!("no kind \"{kind}\""))?;
    Ok(Text { id, role, kind, content: content.into(), start, released, complete, new_turn })
}

fn usage(sent: SentUsage) -> Usage {
    let SentUsage { input, output, cached_input, cache_write, reasoning, cost_micro_usd, estimated } = sent;
    Usage { input, output, cached_input, cache_write, reasoning, cost_micro_usd, estimated }
}

fn outcome(sent: SentOutcome) -> Outcome {
    let SentOutcome {
        status,
        error,
        cluster,
        attempts,
        duration_ms,
        first_token_ms,
        usage: used,
        findings,
        cancelled,
    } = sent;
    let finding = |SentFinding { category, score, text, detail }| Finding { category, score, text, detail };
    Outcome {
        status,
        error,
        cluster,
        attempts,
        duration_ms,
        first_token_ms,
        usage: usage(used),
        findings: findings.into_iter().map(finding).collect(),
        cancelled,
    }
}
