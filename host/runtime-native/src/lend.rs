//! The contract's values as C structs, borrowed for the time of a call.

use http::HeaderMap;
use tidegate_abi as abi;
use tidegate_abi::{BodyKind, Bytes, List};
use tidegate_contract::{Context, Event, Finding, Head, Outcome, Principal, Text, Usage};
use tidegate_pipeline::{Document, Payload};

pub(crate) fn context<R>(context: &Context<'_>, run: impl FnOnce(&abi::Context) -> R) -> R {
    let Context { request_id, route, dialect, operation, model, principal, streaming, attempt, deadline } =
        *context;
    let lend = |principal: *const abi::Principal| abi::Context {
        request_id: Bytes::text(request_id),
        route: Bytes::text(route),
        dialect: Bytes::text(dialect),
        operation: Bytes::text(operation),
        model: Bytes::maybe(model),
        principal,
        deadline_ms: u32::try_from(deadline.as_millis()).unwrap_or(u32::MAX),
        attempt,
        streaming: streaming.into(),
    };
    // The list of models is held by the host and by nobody else.
    let Some(Principal { id, tenant, models: _, attributes }) = principal else {
        return run(&lend(std::ptr::null()));
    };
    let attributes = pairs(attributes);
    let principal = abi::Principal {
        id: Bytes::text(id),
        tenant: Bytes::maybe(tenant.as_deref()),
        attributes: List::of(&attributes),
    };
    run(&lend(&raw const principal))
}

fn pairs(pairs: &[(String, String)]) -> Vec<abi::Field> {
    pairs.iter().map(|(name, value)| field(name, value.as_bytes())).collect()
}

fn field(name: &str, value: &[u8]) -> abi::Field {
    abi::Field { name: Bytes::text(name), value: Bytes::of(value) }
}

pub(crate) fn head<R>(head: &Head<'_>, run: impl FnOnce(&abi::Head) -> R) -> R {
    let headers: Vec<_> = head.headers.iter().map(|(name, value)| field(name, value)).collect();
    let names: Vec<_> = head.client.names.iter().map(|name| Bytes::text(name)).collect();
    let address = head.client.address.to_string();
    let maybe = |bytes: Option<&[u8]>| bytes.map_or(Bytes::NONE, Bytes::of);
    run(&abi::Head {
        method: Bytes::text(head.method),
        scheme: Bytes::text(head.scheme),
        authority: Bytes::text(head.authority),
        path: Bytes::text(head.path),
        query: Bytes::text(head.query),
        headers: List::of(&headers),
        client: abi::Peer {
            address: Bytes::text(&address),
            certificate_sha256: maybe(head.client.certificate_sha256),
            names: List::of(&names),
        },
        body_sha256: maybe(head.body_sha256),
    })
}

pub(crate) fn headers(headers: &HeaderMap) -> Vec<abi::Field> {
    headers.iter().map(|(name, value)| field(name.as_str(), value.as_bytes())).collect()
}

pub(crate) fn body<R>(payload: Payload<'_>, run: impl FnOnce(&abi::Body) -> R) -> R {
    let lend = |kind: BodyKind, text: Bytes, fields: &[abi::Field]| abi::Body {
        kind: kind as u32,
        text,
        fields: List::of(fields),
    };
    match payload {
        Payload::Absent => run(&lend(BodyKind::Absent, Bytes::NONE, &[])),
        Payload::Opaque(media_type) => run(&lend(BodyKind::Opaque, Bytes::text(media_type), &[])),
        Payload::Whole(document) => {
            let text = Document::text(document);
            run(&lend(BodyKind::Whole, Bytes::of(&text), &[]))
        }
        Payload::Fields(fields) => {
            let fields: Vec<_> =
                fields.iter().map(|given| field(given.pointer, given.value.as_bytes())).collect();
            run(&lend(BodyKind::Fields, Bytes::NONE, &fields))
        }
    }
}

pub(crate) fn events(events: &[Event]) -> Vec<abi::Event> {
    let lend = |Event { name, data }: &Event| abi::Event {
        name: Bytes::maybe(name.as_deref()),
        data: Bytes::text(data),
    };
    events.iter().map(lend).collect()
}

pub(crate) fn texts(texts: &[Text<'_>]) -> Vec<abi::Text> {
    let lend = |text: &Text<'_>| {
        let Text { id, role, kind, content, start, released, complete, new_turn } = text;
        abi::Text {
            role: Bytes::text(role),
            kind: Bytes::text(kind),
            content: Bytes::text(content),
            start: *start,
            id: *id,
            released: *released,
            complete: (*complete).into(),
            new_turn: (*new_turn).into(),
        }
    };
    texts.iter().map(lend).collect()
}

pub(crate) fn usage(usage: Usage) -> abi::Usage {
    let Usage { input, output, cached_input, cache_write, reasoning, cost_micro_usd, estimated } = usage;
    abi::Usage {
        input,
        output,
        cached_input,
        cache_write,
        reasoning,
        cost_micro_usd: cost_micro_usd.unwrap_or(0),
        has_cost: cost_micro_usd.is_some().into(),
        estimated: estimated.into(),
    }
}

pub(crate) fn outcome<R>(outcome: &Outcome, run: impl FnOnce(&abi::Outcome) -> R) -> R {
    let findings: Vec<_> = outcome.findings.iter().map(finding).collect();
    run(&abi::Outcome {
        error: Bytes::maybe(outcome.error.as_deref()),
        cluster: Bytes::maybe(outcome.cluster.as_deref()),
        findings: List::of(&findings),
        usage: usage(outcome.usage),
        attempts: outcome.attempts,
        duration_ms: outcome.duration_ms,
        first_token_ms: outcome.first_token_ms.unwrap_or(0),
        status: outcome.status,
        has_first_token: outcome.first_token_ms.is_some().into(),
        cancelled: outcome.cancelled.into(),
    })
}

fn finding(finding: &Finding) -> abi::Finding {
    let Finding { category, score, text, detail } = finding;
    abi::Finding {
        category: Bytes::text(category),
        detail: Bytes::text(detail),
        score: score.unwrap_or(0.0),
        text: text.unwrap_or(0),
        has_score: score.is_some().into(),
        has_text: text.is_some().into(),
    }
}
