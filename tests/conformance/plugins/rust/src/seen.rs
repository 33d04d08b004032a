//! What a call was given, as JSON, down to the last field.

use tidegate_plugin::{
    Body, Context, Event, Finding, Head, Header, Headers, Outcome, Result, Text, Usage, Value, json,
    serde_json,
};

use crate::data::{hex, show};

pub(crate) fn context(ctx: &Context) -> Value {
    let principal = ctx.principal.as_ref().map(|known| {
        let attributes: serde_json::Map<_, _> =
            known.attributes.iter().map(|(name, value)| (name.clone(), value.as_str().into())).collect();
        json!({"id": known.id, "tenant": known.tenant, "attributes": attributes})
    });
    json!({
        "request_id": ctx.request_id, "route": ctx.route, "dialect": ctx.dialect, "operation": ctx.operation,
        "model": ctx.model, "principal": principal, "streaming": ctx.streaming, "attempt": ctx.attempt,
        "in_time": ctx.deadline_ms > 0,
    })
}

pub(crate) fn head(head: &Head) -> Value {
    let client = json!({
        "address": head.client.address,
        "certificate_sha256": head.client.certificate_sha256.as_deref().map(hex),
        "names": head.client.names,
    });
    json!({
        "method": head.method, "scheme": head.scheme, "authority": head.authority, "path": head.path,
        "query": head.query, "headers": fields(&head.headers), "client": client,
        "body_sha256": head.body_sha256.as_deref().map(hex),
    })
}

fn fields(headers: &[Header]) -> Vec<Value> {
    headers.iter().map(|header| json!([header.name, show(&header.value)])).collect()
}

pub(crate) fn usage(usage: &Usage) -> Value {
    json!({
        "input": usage.input, "output": usage.output, "cached_input": usage.cached_input,
        "cache_write": usage.cache_write, "reasoning": usage.reasoning, "cost_micro_usd": usage.cost_micro_usd,
        "estimated": usage.estimated,
    })
}

/// `pointers` is what was subscribed to.
pub(crate) fn message(headers: &Headers, body: &Body, pointers: &Value) -> Value {
    let headers: Vec<_> = headers.iter().map(|header| json!([header.name, show(&header.value)])).collect();
    json!({"headers": headers, "body": self::body(body, pointers)})
}

fn body(body: &Body, pointers: &Value) -> Value {
    if let Some(media_type) = body.media_type() {
        return json!({"opaque": media_type});
    }
    if body.is_absent() {
        return "absent".into();
    }
    let Some(pointers) = pointers.as_array() else {
        return json!({"whole": body.get("")});
    };
    let there = pointers.iter().filter_map(Value::as_str);
    let there: serde_json::Map<_, _> =
        there.filter_map(|pointer| Some((pointer.to_owned(), body.get(pointer)?))).collect();
    json!({"fields": there})
}

pub(crate) fn event(event: &Event) -> Result<Value> {
    let data: Value = serde_json::from_str(&event.data)?;
    Ok(json!({"name": event.name, "data": data}))
}

pub(crate) fn texts(texts: &[Text]) -> Vec<Value> {
    let text = |text: &Text| {
        json!({
            "id": text.id, "role": text.role, "kind": text.kind, "content": text.content, "start": text.start,
            "released": text.released, "complete": text.complete, "new_turn": text.new_turn,
            "bytes": text.content.len(),
        })
    };
    texts.iter().map(text).collect()
}

pub(crate) fn outcome(outcome: &Outcome) -> Value {
    let finding = |finding: &Finding| json!({"category": finding.category, "score": finding.score, "text": finding.text, "detail": finding.detail});
    json!({
        "status": outcome.status, "error": outcome.error, "cluster": outcome.cluster, "attempts": outcome.attempts,
        "duration_ms": outcome.duration_ms, "first_token_ms": outcome.first_token_ms, "usage": usage(&outcome.usage),
        "findings": outcome.findings.iter().map(finding).collect::<Vec<_>>(), "cancelled": outcome.cancelled,
    })
}
