//! What a guest answers. Whether a verdict can be carried out is the chain's to say.

use std::sync::Arc;

use tidegate_contract::{
    AdmissionVerdict, AuthVerdict, BodyChange, Change, Event, EventVerdict, Finding, Grant, Header,
    HeaderEdit, Hook, Hooks, JsonEdit, JsonSet, Judged, Judgement, Need, Principal, Refusal, Reply,
    Subscription, TextEdit, TransformVerdict, VERSION, Windows,
};
use tidegate_pipeline::LoadError;

use crate::bindings::exports::tidegate::plugin::{
    admission as wire_admission, auth as wire_auth, lifecycle as wire_lifecycle, transform as wire_transform,
};
use crate::bindings::tidegate::plugin::types as wire;

/// # Errors
/// Where a hook is none of the contract's.
pub(crate) fn subscription(given: wire_lifecycle::Subscription) -> Result<Subscription, LoadError> {
    let wire_lifecycle::Subscription {
        hooks,
        headers,
        request_body,
        response_body,
        body_digest,
        windows,
        dialects,
    } = given;
    let hooks = hooks.iter().map(|name| hook(name)).collect::<Result<Hooks, _>>()?;
    Ok(Subscription {
        hooks,
        headers: need(headers),
        request_body: need(request_body),
        response_body: need(response_body),
        body_digest,
        windows: windows.map(self::windows),
        dialects,
    })
}

fn hook(name: &str) -> Result<Hook, LoadError> {
    Hook::by_name(name).ok_or_else(|| {
        let name = crate::fault::cut(name);
        let known = Hook::ALL.map(Hook::as_str).join(", ");
        LoadError::Subscription(format!("it subscribes to \"{name}\", and contract {VERSION} has {known}"))
    })
}

fn need(need: wire::Need) -> Need {
    match need {
        wire::Need::Nothing => Need::Nothing,
        wire::Need::Fields(pointers) => Need::Fields(pointers),
        wire::Need::Whole => Need::Whole,
    }
}

fn windows(windows: wire_lifecycle::Windows) -> Windows {
    let wire_lifecycle::Windows { mode, min, max, overlap, max_match, max_hold_ms } = windows;
    Windows { mode, min, max, overlap, max_match, max_hold_ms }
}

pub(crate) fn auth_verdict(verdict: wire_auth::Verdict) -> AuthVerdict {
    match verdict {
        wire_auth::Verdict::Pass => AuthVerdict::Pass,
        wire_auth::Verdict::Allow(wire_auth::Grant { principal, headers }) => {
            let wire::PrincipalResult { id, tenant, attributes } = principal;
            let principal = Arc::new(Principal { id, tenant, models: None, attributes });
            AuthVerdict::Allow(Grant { principal, headers: header_edits(headers) })
        }
        wire_auth::Verdict::Deny(refused) => AuthVerdict::Deny(refusal(refused)),
    }
}

pub(crate) fn admission_verdict(verdict: wire_admission::Verdict) -> AdmissionVerdict {
    match verdict {
        wire_admission::Verdict::Admitted(ticket) => AdmissionVerdict::Admitted(ticket),
        wire_admission::Verdict::Refused(refused) => AdmissionVerdict::Refused(refusal(refused)),
    }
}

fn refusal(refusal: wire::Refusal) -> Refusal {
    let wire::Refusal { status, code, message, headers } = refusal;
    Refusal { status, code, message, headers: headers.into_iter().map(header).collect() }
}

fn header(header: wire::HeaderResult) -> Header {
    let wire::HeaderResult { name, value } = header;
    Header { name, value }
}

fn header_edits(edits: Vec<wire::HeaderEdit>) -> Vec<HeaderEdit> {
    let edit = |edit| match edit {
        wire::HeaderEdit::Set(wire::HeaderResult { name, value }) => HeaderEdit::Set(name, value),
        wire::HeaderEdit::Add(wire::HeaderResult { name, value }) => HeaderEdit::Add(name, value),
        wire::HeaderEdit::Remove(name) => HeaderEdit::Remove(name),
    };
    edits.into_iter().map(edit).collect()
}

pub(crate) fn transform_verdict(verdict: wire_transform::Verdict) -> TransformVerdict {
    match verdict {
        wire_transform::Verdict::Unchanged => TransformVerdict::Unchanged,
        wire_transform::Verdict::Changed(wire_transform::Change { headers, body, cluster, reroute }) => {
            let body = body.map(body_change);
            TransformVerdict::Changed(Change { headers: header_edits(headers), body, cluster, reroute })
        }
        wire_transform::Verdict::Reply(wire::Reply { status, headers, body }) => {
            let headers = headers.into_iter().map(header).collect();
            TransformVerdict::Reply(Reply { status, headers, body })
        }
    }
}

fn body_change(change: wire_transform::BodyChange) -> BodyChange {
    match change {
        wire_transform::BodyChange::Edits(edits) => {
            BodyChange::Edits(edits.into_iter().map(json_edit).collect())
        }
        wire_transform::BodyChange::Replace(json) => BodyChange::Replace(json),
    }
}

fn json_edit(edit: wire::JsonEdit) -> JsonEdit {
    match edit {
        wire::JsonEdit::Set(set) => JsonEdit::Set(json_set(set)),
        wire::JsonEdit::Insert(set) => JsonEdit::Insert(json_set(set)),
        wire::JsonEdit::Remove(pointer) => JsonEdit::Remove(pointer),
    }
}

fn json_set(set: wire::JsonSetResult) -> JsonSet {
    let wire::JsonSetResult { pointer, value } = set;
    JsonSet { pointer, value }
}

pub(crate) fn event_verdict(verdict: wire_transform::EventVerdict) -> EventVerdict {
    match verdict {
        wire_transform::EventVerdict::Keep => EventVerdict::Keep,
        wire_transform::EventVerdict::Replace(events) => {
            let event = |wire_transform::EventResult { name, data }| Event { name, data };
            EventVerdict::Replace(events.into_iter().map(event).collect())
        }
        wire_transform::EventVerdict::Drop => EventVerdict::Drop,
    }
}

pub(crate) fn judged(judged: wire::Judged) -> Judged {
    let wire::Judged { judgement, findings, hold } = judged;
    Judged { judgement: judgement_of(judgement), findings: findings.into_iter().map(finding).collect(), hold }
}

fn judgement_of(judgement: wire::Judgement) -> Judgement {
    match judgement {
        wire::Judgement::Allow => Judgement::Allow,
        wire::Judgement::Edit(edits) => Judgement::Edit(edits.into_iter().map(text_edit).collect()),
        wire::Judgement::Block(reason) => Judgement::Block(reason),
    }
}

fn text_edit(edit: wire::TextEdit) -> TextEdit {
    let wire::TextEdit { id, start, end, replacement } = edit;
    TextEdit { id, start, end, replacement }
}

fn finding(finding: wire::FindingResult) -> Finding {
    let wire::FindingResult { category, score, text, detail } = finding;
    Finding { category, score, text, detail }
}
