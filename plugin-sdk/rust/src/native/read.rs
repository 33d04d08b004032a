//! C structs as the values that authors see. All functions copy what is lent, which is their promise's only condition: that it
//! points to what it says.

use tidegate_abi as wire;
use tidegate_abi::{BodyKind, Bytes, List};

use crate::bindings::host::tidegate::plugin::types::{JsonSet, Payload};
use crate::{Body, Context, Event, Finding, Head, Header, Headers, Outcome, Peer, Principal, Text, Usage};

pub(super) unsafe fn text(bytes: Bytes) -> String {
    // SAFETY: the caller's promise, here and below.
    String::from_utf8_lossy(unsafe { bytes.as_slice() }).into_owned()
}

pub(super) unsafe fn maybe(bytes: Bytes) -> Option<String> {
    // SAFETY: see above.
    (!bytes.is_none()).then(|| unsafe { text(bytes) })
}

unsafe fn maybe_bytes(bytes: Bytes) -> Option<Vec<u8>> {
    // SAFETY: see above.
    (!bytes.is_none()).then(|| unsafe { bytes.as_slice() }.to_vec())
}

pub(super) unsafe fn context(context: &wire::Context) -> Context {
    // SAFETY: see above.
    unsafe {
        Context {
            request_id: text(context.request_id),
            route: text(context.route),
            dialect: text(context.dialect),
            operation: text(context.operation),
            model: maybe(context.model),
            principal: context.principal.as_ref().map(|given| principal(given)),
            streaming: context.streaming != 0,
            attempt: context.attempt,
            deadline_ms: context.deadline_ms,
        }
    }
}

unsafe fn principal(principal: &wire::Principal) -> Principal {
    // SAFETY: see above.
    unsafe {
        let pair = |field: &wire::Field| (text(field.name), text(field.value));
        Principal {
            id: text(principal.id),
            tenant: maybe(principal.tenant),
            attributes: principal.attributes.as_slice().iter().map(pair).collect(),
        }
    }
}

pub(super) unsafe fn fields(fields: List<wire::Field>) -> Vec<Header> {
    // SAFETY: see above.
    unsafe {
        let field =
            |field: &wire::Field| Header { name: text(field.name), value: field.value.as_slice().to_vec() };
        fields.as_slice().iter().map(field).collect()
    }
}

pub(super) unsafe fn headers(list: List<wire::Field>) -> Headers {
    // SAFETY: see above.
    Headers::new(unsafe { fields(list) })
}

pub(super) unsafe fn head(head: &wire::Head) -> Head {
    // SAFETY: see above.
    unsafe {
        let wire::Peer { address, certificate_sha256, names } = head.client;
        let client = Peer {
            address: text(address),
            certificate_sha256: maybe_bytes(certificate_sha256),
            names: names.as_slice().iter().map(|name| text(*name)).collect(),
        };
        Head {
            method: text(head.method),
            scheme: text(head.scheme),
            authority: text(head.authority),
            path: text(head.path),
            query: text(head.query),
            headers: fields(head.headers),
            client,
            body_sha256: maybe_bytes(head.body_sha256),
        }
    }
}

pub(super) fn usage(usage: &wire::Usage) -> Usage {
    Usage {
        input: usage.input,
        output: usage.output,
        cached_input: usage.cached_input,
        cache_write: usage.cache_write,
        reasoning: usage.reasoning,
        cost_micro_usd: (usage.has_cost != 0).then_some(usage.cost_micro_usd),
        estimated: usage.estimated != 0,
    }
}

pub(super) unsafe fn body(body: &wire::Body) -> Body {
    // SAFETY: see above.
    unsafe {
        let place = |field: &wire::Field| JsonSet { pointer: text(field.name), value: text(field.value) };
        Body::of(match body.kind {
            kind if kind == BodyKind::Whole as u32 => Payload::Whole(text(body.text)),
            kind if kind == BodyKind::Opaque as u32 => Payload::Opaque(text(body.text)),
            kind if kind == BodyKind::Fields as u32 => {
                Payload::Fields(body.fields.as_slice().iter().map(place).collect())
            }
            _ => Payload::Absent,
        })
    }
}

pub(super) unsafe fn event(event: &wire::Event) -> Event {
    // SAFETY: see above.
    unsafe { Event { name: maybe(event.name), data: text(event.data) } }
}

pub(super) unsafe fn texts(texts: List<wire::Text>) -> Vec<Text> {
    // SAFETY: see above.
    unsafe {
        let copied = |given: &wire::Text| Text {
            id: given.id,
            role: text(given.role),
            kind: text(given.kind),
            content: text(given.content),
            start: given.start,
            released: given.released,
            complete: given.complete != 0,
            new_turn: given.new_turn != 0,
        };
        texts.as_slice().iter().map(copied).collect()
    }
}

pub(super) unsafe fn outcome(outcome: &wire::Outcome) -> Outcome {
    // SAFETY: see above.
    unsafe {
        let finding = |given: &wire::Finding| Finding {
            category: text(given.category),
            score: (given.has_score != 0).then_some(given.score),
            text: (given.has_text != 0).then_some(given.text),
            detail: text(given.detail),
        };
        Outcome {
            status: outcome.status,
            error: maybe(outcome.error),
            cluster: maybe(outcome.cluster),
            attempts: outcome.attempts,
            duration_ms: outcome.duration_ms,
            first_token_ms: (outcome.has_first_token != 0).then_some(outcome.first_token_ms),
            usage: usage(&outcome.usage),
            findings: outcome.findings.as_slice().iter().map(finding).collect(),
            cancelled: outcome.cancelled != 0,
        }
    }
}
