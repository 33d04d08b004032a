//! What a worker is told, as the metas of its frames.

use std::fmt::Write as _;
use std::time::Duration;

use http::HeaderMap;
use serde::Serialize;
use serde::ser::{SerializeMap, SerializeSeq, Serializer};
use serde_json::value::RawValue;
use tidegate_contract::{
    Context, Event, Finding, Head, Hook, Outcome, Peer, Principal, Text, Usage, Windows,
};
use tidegate_pipeline::{Field, HookError, Payload};

/// The first frame.
#[derive(Serialize)]
pub(crate) struct Hello<'a> {
    pub(crate) protocol: u32,
    pub(crate) contract: &'static str,
    pub(crate) plugin: &'a str,
    pub(crate) entry: &'a str,
    pub(crate) hooks: Vec<&'static str>,
    pub(crate) config: &'a RawValue,
    pub(crate) windows: Option<SentWindows<'a>>,
    pub(crate) limits: SentLimits,
}

/// What a worker may want to know before it is cut off.
#[derive(Serialize)]
pub(crate) struct SentLimits {
    pub(crate) output: usize,
}

#[derive(Serialize)]
pub(crate) struct SentWindows<'a> {
    mode: &'a str,
    min: u32,
    max: u32,
    overlap: u32,
    max_match: u32,
    max_hold_ms: u32,
}

impl<'a> SentWindows<'a> {
    pub(crate) fn of(windows: &'a Windows) -> Self {
        let Windows { mode, min, max, overlap, max_match, max_hold_ms } = windows;
        Self {
            mode,
            min: *min,
            max: *max,
            overlap: *overlap,
            max_match: *max_match,
            max_hold_ms: *max_hold_ms,
        }
    }
}

/// A call of a hook: what all of them are told, and what this one is.
#[derive(Serialize)]
pub(crate) struct Called<'a, T> {
    hook: &'static str,
    ctx: Ctx<'a>,
    #[serde(flatten)]
    told: T,
}

impl<'a, T> Called<'a, T> {
    pub(crate) fn new(hook: Hook, context: &Context<'a>, left: Duration, told: T) -> Self {
        Self { hook: hook.as_str(), ctx: Ctx::of(context, left), told }
    }
}

#[derive(Serialize)]
struct Ctx<'a> {
    request_id: &'a str,
    route: &'a str,
    dialect: &'a str,
    operation: &'a str,
    model: Option<&'a str>,
    principal: Option<Caller<'a>>,
    streaming: bool,
    attempt: u32,
    deadline_ms: u64,
}

#[derive(Serialize)]
struct Caller<'a> {
    id: &'a str,
    tenant: Option<&'a str>,
    attributes: &'a [(String, String)],
}

impl<'a> Ctx<'a> {
    fn of(context: &Context<'a>, left: Duration) -> Self {
        let Context {
            request_id,
            route,
            dialect,
            operation,
            model,
            principal,
            streaming,
            attempt,
            deadline: _,
        } = *context;
        let caller = |principal: &'a Principal| {
            // The list of models is held by the host and by nobody else.
            let Principal { id, tenant, models: _, attributes } = principal;
            Caller { id, tenant: tenant.as_deref(), attributes }
        };
        let deadline_ms = u64::try_from(left.as_millis()).unwrap_or(u64::MAX);
        let principal = principal.map(caller);
        Self { request_id, route, dialect, operation, model, principal, streaming, attempt, deadline_ms }
    }
}

#[derive(Serialize)]
pub(crate) struct Authenticate<'a> {
    head: SentHead<'a>,
}

#[derive(Serialize)]
struct SentHead<'a> {
    method: &'a str,
    scheme: &'a str,
    authority: &'a str,
    path: &'a str,
    query: &'a str,
    headers: Pairs<'a>,
    client: SentPeer<'a>,
    body_sha256: Option<String>,
}

#[derive(Serialize)]
struct SentPeer<'a> {
    address: String,
    certificate_sha256: Option<String>,
    names: &'a [String],
}

/// Fields of a head that is taken apart already.
struct Pairs<'a>(&'a [(&'a str, &'a [u8])]);

impl Serialize for Pairs<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(|(name, value)| (*name, latin1(value))))
    }
}

impl<'a> Authenticate<'a> {
    pub(crate) fn of(head: &Head<'a>) -> Self {
        let Head { method, scheme, authority, path, query, headers, client, body_sha256 } = *head;
        let Peer { address, certificate_sha256, names } = client;
        let client =
            SentPeer { address: address.to_string(), certificate_sha256: certificate_sha256.map(hex), names };
        let headers = Pairs(headers);
        let body_sha256 = body_sha256.map(hex);
        Self { head: SentHead { method, scheme, authority, path, query, headers, client, body_sha256 } }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// One character for each byte.
fn latin1(bytes: &[u8]) -> std::borrow::Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) if text.is_ascii() => text.into(),
        _ => bytes.iter().map(|byte| char::from(*byte)).collect::<String>().into(),
    }
}

#[derive(Serialize)]
pub(crate) struct Admit {
    estimate: SentUsage,
}

#[derive(Serialize)]
pub(crate) struct Settle<'a> {
    ticket: &'a str,
    actual: SentUsage,
}

#[derive(Serialize)]
struct SentUsage {
    input: u64,
    output: u64,
    cached_input: u64,
    cache_write: u64,
    reasoning: u64,
    cost_micro_usd: Option<u64>,
    estimated: bool,
}

impl SentUsage {
    fn of(usage: Usage) -> Self {
        let Usage { input, output, cached_input, cache_write, reasoning, cost_micro_usd, estimated } = usage;
        Self { input, output, cached_input, cache_write, reasoning, cost_micro_usd, estimated }
    }
}

impl Admit {
    pub(crate) fn of(estimate: Usage) -> Self {
        Self { estimate: SentUsage::of(estimate) }
    }
}

impl<'a> Settle<'a> {
    pub(crate) fn of(ticket: &'a str, actual: Usage) -> Self {
        Self { ticket, actual: SentUsage::of(actual) }
    }
}

#[derive(Serialize)]
pub(crate) struct Transform<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    headers: Fields<'a>,
    body: SentBody<'a>,
}

impl<'a> Transform<'a> {
    /// # Errors
    /// Where a field of the body is no JSON.
    pub(crate) fn of(
        status: Option<u16>,
        headers: &'a HeaderMap,
        body: Payload<'a>,
    ) -> Result<Self, HookError> {
        Ok(Self { status, headers: Fields(headers), body: SentBody::of(body)? })
    }
}

struct Fields<'a>(&'a HeaderMap);

impl Serialize for Fields<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(|(name, value)| (name.as_str(), latin1(value.as_bytes()))))
    }
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum SentBody<'a> {
    Absent,
    Whole,
    Fields(Values<'a>),
    Opaque(&'a str),
}

/// Values by their pointers, as the JSON that they are.
struct Values<'a>(Vec<(&'a str, &'a RawValue)>);

impl Serialize for Values<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (pointer, value) in &self.0 {
            map.serialize_entry(pointer, value)?;
        }
        map.end()
    }
}

impl<'a> SentBody<'a> {
    fn of(body: Payload<'a>) -> Result<Self, HookError> {
        let value = |field: &'a Field<'a>| {
            let value: &RawValue = serde_json::from_str(&field.value)
                .map_err(|error| HookError::Invalid(format!("a field of the body is no JSON: {error}")))?;
            Ok((field.pointer, value))
        };
        Ok(match body {
            Payload::Absent => Self::Absent,
            Payload::Whole(_) => Self::Whole,
            Payload::Opaque(media_type) => Self::Opaque(media_type),
            Payload::Fields(fields) => {
                Self::Fields(Values(fields.iter().map(value).collect::<Result<_, HookError>>()?))
            }
        })
    }
}

#[derive(Serialize)]
pub(crate) struct Events<'a> {
    events: Vec<SentEvent<'a>>,
}

#[derive(Serialize)]
struct SentEvent<'a> {
    name: Option<&'a str>,
    data: &'a str,
}

impl<'a> Events<'a> {
    pub(crate) fn of(events: &'a [Event]) -> Self {
        let sent = |Event { name, data }: &'a Event| SentEvent { name: name.as_deref(), data };
        Self { events: events.iter().map(sent).collect() }
    }
}

#[derive(Serialize)]
pub(crate) struct Moderate<'a> {
    texts: Texts<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last: Option<bool>,
}

impl<'a> Moderate<'a> {
    pub(crate) fn of(texts: &'a [Text<'a>], last: Option<bool>) -> Self {
        Self { texts: Texts(texts), last }
    }
}

struct Texts<'a>(&'a [Text<'a>]);

#[derive(Serialize)]
struct SentText<'a> {
    id: u32,
    role: &'a str,
    kind: &'a str,
    content: &'a str,
    start: u64,
    released: u32,
    complete: bool,
    new_turn: bool,
}

impl Serialize for Texts<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(Some(self.0.len()))?;
        for Text { id, role, kind, content, start, released, complete, new_turn } in self.0 {
            list.serialize_element(&SentText {
                id: *id,
                role,
                kind,
                content,
                start: *start,
                released: *released,
                complete: *complete,
                new_turn: *new_turn,
            })?;
        }
        list.end()
    }
}

#[derive(Serialize)]
pub(crate) struct Completed<'a> {
    outcome: SentOutcome<'a>,
}

#[derive(Serialize)]
struct SentOutcome<'a> {
    status: u16,
    error: Option<&'a str>,
    cluster: Option<&'a str>,
    attempts: u32,
    duration_ms: u32,
    first_token_ms: Option<u32>,
    usage: SentUsage,
    findings: Vec<SentFinding<'a>>,
    cancelled: bool,
}

#[derive(Serialize)]
struct SentFinding<'a> {
    category: &'a str,
    score: Option<f32>,
    text: Option<u32>,
    detail: &'a str,
}

impl<'a> Completed<'a> {
    pub(crate) fn of(outcome: &'a Outcome) -> Self {
        let Outcome {
            status,
            error,
            cluster,
            attempts,
            duration_ms,
            first_token_ms,
            usage,
            findings,
            cancelled,
        } = outcome;
        let finding = |Finding { category, score, text, detail }: &'a Finding| SentFinding {
            category,
            score: *score,
            text: *text,
            detail,
        };
        Self {
            outcome: SentOutcome {
                status: *status,
                error: error.as_deref(),
                cluster: cluster.as_deref(),
                attempts: *attempts,
                duration_ms: *duration_ms,
                first_token_ms: *first_token_ms,
                usage: SentUsage::of(*usage),
                findings: findings.iter().map(finding).collect(),
                cancelled: *cancelled,
            },
        }
    }
}

/// The answer to an `ask`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Answered {
    Ok(serde_json::Value),
    Error(AskError),
}

impl Answered {
    /// To whom nobody waits for any more.
    pub(crate) fn cancelled() -> Self {
        Self::Error(AskError { kind: "failed", message: "the call was cancelled".into() })
    }
}

/// Why a service did not do what was asked.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct AskError {
    pub(crate) kind: &'static str,
    pub(crate) message: String,
}
