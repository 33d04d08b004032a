//! What a guest is given: borrowed, so that the only copy is the one into its memory.

use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use tidegate_contract::{Context, Event, Finding, Head, Outcome, Peer, Principal, Text, Usage};
use tidegate_pipeline::{Field, HookError, Payload};

use crate::bindings::exports::tidegate::plugin::{
    auth as wire_auth, observe as wire_observe, transform as wire_transform,
};
use crate::bindings::tidegate::plugin::types as wire;

/// What is known of the request, with the lists that its wire form borrows.
pub(crate) struct Known<'a> {
    context: Context<'a>,
    attributes: Vec<(&'a str, &'a str)>,
}

impl<'a> Known<'a> {
    pub(crate) fn of(context: &Context<'a>) -> Self {
        let attributes = context.principal.map_or(&[][..], |principal| &principal.attributes);
        Self { context: *context, attributes: pairs(attributes) }
    }

    /// With what is left of the call's time.
    pub(crate) fn context(&self, left: Duration) -> wire::Context<'_> {
        // The time is counted from before an instance was there.
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
        } = self.context;
        wire::Context {
            request_id,
            route,
            dialect,
            operation,
            model,
            principal: principal.map(|principal| self.principal(principal)),
            streaming,
            attempt,
            deadline_ms: u32::try_from(left.as_millis()).unwrap_or(u32::MAX),
        }
    }

    fn principal(&self, principal: &'a Principal) -> wire::PrincipalParam<'_> {
        // The list of models is held by the host and by nobody else.
        let Principal { id, tenant, models: _, attributes: _ } = principal;
        wire::PrincipalParam { id, tenant: tenant.as_deref(), attributes: &self.attributes }
    }
}

fn pairs(list: &[(String, String)]) -> Vec<(&str, &str)> {
    list.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

/// A head, with the lists that its wire form borrows.
pub(crate) struct SentHead<'a> {
    head: Head<'a>,
    headers: Vec<wire::HeaderParam<'a>>,
    address: String,
    names: Vec<&'a str>,
}

impl<'a> SentHead<'a> {
    pub(crate) fn of(head: &Head<'a>) -> Self {
        let headers = head.headers.iter().map(|(name, value)| wire::HeaderParam { name, value }).collect();
        let names = head.client.names.iter().map(String::as_str).collect();
        Self { head: *head, headers, address: head.client.address.to_string(), names }
    }

    pub(crate) fn head(&self) -> wire_auth::Head<'_> {
        let Head { method, scheme, authority, path, query, headers: _, client, body_sha256 } = self.head;
        let Peer { address: _, certificate_sha256, names: _ } = client;
        let client = wire_auth::Peer { address: &self.address, certificate_sha256, names: &self.names };
        wire_auth::Head {
            method,
            scheme,
            authority,
            path,
            query,
            headers: &self.headers,
            client,
            body_sha256,
        }
    }
}

pub(crate) fn headers(headers: &HeaderMap) -> Vec<wire::HeaderParam<'_>> {
    let fields = headers.iter();
    fields.map(|(name, value)| wire::HeaderParam { name: name.as_str(), value: value.as_bytes() }).collect()
}

/// A body, with what its wire form borrows.
pub(crate) struct Carried<'a> {
    body: Payload<'a>,
    text: Bytes,
    fields: Vec<wire::JsonSetParam<'a>>,
}

impl<'a> Carried<'a> {
    /// # Errors
    /// Where the body is no UTF-8, and so no JSON.
    pub(crate) fn of(body: Payload<'a>) -> Result<Self, HookError> {
        let text = match body {
            Payload::Whole(document) => document.text(),
            Payload::Absent | Payload::Fields(_) | Payload::Opaque(_) => Bytes::new(),
        };
        if std::str::from_utf8(&text).is_err() {
            return Err(HookError::Invalid("the body is no UTF-8".into()));
        }
        let fields = match body {
            Payload::Fields(fields) => fields.iter().map(field).collect(),
            Payload::Absent | Payload::Whole(_) | Payload::Opaque(_) => Vec::new(),
        };
        Ok(Self { body, text, fields })
    }

    pub(crate) fn payload(&self) -> wire::Payload<'_> {
        match self.body {
            Payload::Absent => wire::Payload::Absent,
            Payload::Fields(_) => wire::Payload::Fields(&self.fields),
            // Checked when it was made.
            Payload::Whole(_) => wire::Payload::Whole(std::str::from_utf8(&self.text).unwrap_or_default()),
            Payload::Opaque(media_type) => wire::Payload::Opaque(media_type),
        }
    }
}

fn field<'a>(field: &'a Field<'a>) -> wire::JsonSetParam<'a> {
    let Field { pointer, value } = field;
    wire::JsonSetParam { pointer, value }
}

pub(crate) fn text<'a>(text: &'a Text<'a>) -> wire::Text<'a> {
    let Text { id, role, kind, content, start, released, complete, new_turn } = text;
    wire::Text {
        id: *id,
        role,
        kind,
        content,
        start: *start,
        released: *released,
        complete: *complete,
        new_turn: *new_turn,
    }
}

pub(crate) fn event(event: &Event) -> wire_transform::EventParam<'_> {
    let Event { name, data } = event;
    wire_transform::EventParam { name: name.as_deref(), data }
}

pub(crate) fn usage(usage: Usage) -> wire::Usage {
    let Usage { input, output, cached_input, cache_write, reasoning, cost_micro_usd, estimated } = usage;
    wire::Usage { input, output, cached_input, cache_write, reasoning, cost_micro_usd, estimated }
}

pub(crate) fn finding_sent(finding: &Finding) -> wire::FindingParam<'_> {
    let Finding { category, score, text, detail } = finding;
    wire::FindingParam { category, score: *score, text: *text, detail }
}

pub(crate) fn outcome<'a>(
    outcome: &'a Outcome,
    sent: &'a [wire::FindingParam<'a>],
) -> wire_observe::Outcome<'a> {
    let Outcome {
        status,
        error,
        cluster,
        attempts,
        duration_ms,
        first_token_ms,
        usage: used,
        findings: _,
        cancelled,
    } = outcome;
    wire_observe::Outcome {
        status: *status,
        error: error.as_deref(),
        cluster: cluster.as_deref(),
        attempts: *attempts,
        duration_ms: *duration_ms,
        first_token_ms: *first_token_ms,
        usage: usage(*used),
        findings: sent,
        cancelled: *cancelled,
    }
}
