//! What hooks answer, by name for metrics, and in words for a trace.

use std::sync::Arc;

use serde_json::{Value, json};
use tidegate_contract::{
    AdmissionVerdict, AuthVerdict, BodyChange, Change, EventVerdict, Finding, Header, HeaderEdit, JsonEdit,
    Judged, Judgement, Principal, Refusal, TransformVerdict,
};

/// Parts of names whose values are nobody's to read.
const HIDDEN: [&str; 10] =
    ["auth", "cookie", "token", "secret", "key", "passw", "credential", "signature", "session", "jwt"];
/// In place of such a value.
const MASK: &str = "[redacted]";

/// Elements of a list that are told; the rest is a number.
const MOST: usize = 32;
/// Characters of a text that are told where it is a value, or a reason.
const LONGEST: usize = 200;

/// A text, or its beginning.
pub(crate) fn cut(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// The first elements of a list, and how many there are besides.
fn some<T>(list: &[T], told: impl Fn(&T) -> Value) -> Value {
    let mut first: Vec<Value> = list.iter().take(MOST).map(told).collect();
    if list.len() > MOST {
        first.push(json!({"left_out": list.len() - MOST}));
    }
    first.into()
}

/// An answer of a hook.
pub(crate) trait Verdict {
    /// Its name in metrics.
    fn name(&self) -> &'static str;

    /// What it changes; with `values` also to what.
    fn effect(&self, values: bool) -> Value;

    /// The same, to be kept until somebody asks for it.
    fn kept(&self, values: bool) -> Effect {
        Effect::Told(self.effect(values))
    }
}

/// What a call changed. What nearly every request has is put into words only where somebody reads it.
#[derive(Debug)]
pub(crate) enum Effect {
    /// Somebody was let in, and no header field was edited.
    LetIn(Arc<Principal>),
    /// A request was admitted, with a ticket or without one.
    Admitted(bool),
    /// In words already.
    Told(Value),
}

impl Default for Effect {
    fn default() -> Self {
        Self::Told(Value::Null)
    }
}

impl Effect {
    /// As JSON.
    pub(crate) fn shown(&self) -> Value {
        match self {
            Self::LetIn(principal) => let_in(principal, &[], false),
            Self::Admitted(ticket) => json!({"ticket": ticket}),
            Self::Told(told) => told.clone(),
        }
    }

    /// About the bytes that it keeps.
    pub(crate) fn weight(&self) -> usize {
        match self {
            Self::LetIn(_) | Self::Admitted(_) => 0,
            Self::Told(told) => weight(told),
        }
    }
}

/// About the bytes of it as JSON, without writing it.
fn weight(value: &Value) -> usize {
    match value {
        Value::Null => 0,
        Value::Bool(_) | Value::Number(_) => 8,
        Value::String(text) => text.len() + 2,
        Value::Array(items) => items.iter().map(weight).sum::<usize>() + 2,
        Value::Object(entries) => {
            entries.iter().map(|(key, value)| key.len() + 4 + weight(value)).sum::<usize>() + 2
        }
    }
}

impl Verdict for AuthVerdict {
    fn name(&self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Allow(_) => "allow",
            Self::Deny(_) => "deny",
        }
    }

    fn effect(&self, values: bool) -> Value {
        match self {
            Self::Pass => Value::Null,
            Self::Allow(grant) => let_in(&grant.principal, &grant.headers, values),
            Self::Deny(refusal) => refused(refusal),
        }
    }

    fn kept(&self, values: bool) -> Effect {
        match self {
            Self::Allow(grant) if grant.headers.is_empty() => Effect::LetIn(Arc::clone(&grant.principal)),
            other => Effect::Told(other.effect(values)),
        }
    }
}

impl Verdict for AdmissionVerdict {
    fn name(&self) -> &'static str {
        match self {
            Self::Admitted(_) => "admitted",
            Self::Refused(_) => "refused",
        }
    }

    fn effect(&self, _: bool) -> Value {
        match self {
            Self::Admitted(ticket) => Effect::Admitted(ticket.is_some()).shown(),
            Self::Refused(refusal) => refused(refusal),
        }
    }

    fn kept(&self, values: bool) -> Effect {
        match self {
            Self::Admitted(ticket) => Effect::Admitted(ticket.is_some()),
            refused => Effect::Told(refused.effect(values)),
        }
    }
}

impl Verdict for TransformVerdict {
    fn name(&self) -> &'static str {
        match self {
            Self::Unchanged => "unchanged",
            Self::Changed(change) if change.is_nothing() => "unchanged",
            Self::Changed(_) => "changed",
            Self::Reply(_) => "reply",
        }
    }

    fn effect(&self, values: bool) -> Value {
        match self {
            Self::Unchanged => Value::Null,
            Self::Changed(change) => changed(change, values),
            Self::Reply(reply) => {
                let body = values.then(|| cut_bytes(&reply.body));
                json!({"status": reply.status, "headers": fields(&reply.headers, values), "body": body})
            }
        }
    }
}

impl Verdict for Vec<EventVerdict> {
    fn name(&self) -> &'static str {
        if self.iter().all(|verdict| *verdict == EventVerdict::Keep) { "keep" } else { "changed" }
    }

    fn effect(&self, values: bool) -> Value {
        let told = |verdict: &EventVerdict| match verdict {
            EventVerdict::Keep => json!("keep"),
            EventVerdict::Drop => json!("drop"),
            EventVerdict::Replace(events) if values => {
                json!({"replace": some(events, |event| cut(&event.data).into())})
            }
            EventVerdict::Replace(events) => json!({"replace": events.len()}),
        };
        if self.name() == "keep" { Value::Null } else { some(self, told) }
    }
}

impl Verdict for Judged {
    fn name(&self) -> &'static str {
        match self.judgement {
            Judgement::Allow if self.findings.is_empty() => "allow",
            Judgement::Allow => "flag",
            Judgement::Edit(_) => "edit",
            Judgement::Block(_) => "block",
        }
    }

    fn effect(&self, values: bool) -> Value {
        let mut told = match &self.judgement {
            Judgement::Allow => json!({}),
            Judgement::Block(reason) => json!({"block": cut(reason)}),
            Judgement::Edit(edits) => {
                let edit = |edit: &tidegate_contract::TextEdit| {
                    let replacement = values.then(|| cut(&edit.replacement));
                    json!({"text": edit.id, "start": edit.start, "end": edit.end, "replacement": replacement})
                };
                json!({"edit": some(edits, edit)})
            }
        };
        if !self.findings.is_empty() {
            told["findings"] = some(&self.findings, finding);
        }
        if told == json!({}) { Value::Null } else { told }
    }
}

impl Verdict for () {
    fn name(&self) -> &'static str {
        "ok"
    }

    fn effect(&self, _: bool) -> Value {
        Value::Null
    }
}

fn let_in(principal: &Principal, headers: &[HeaderEdit], values: bool) -> Value {
    json!({"principal": cut(&principal.id), "headers": header_edits(headers, values)})
}

fn refused(refusal: &Refusal) -> Value {
    json!({"status": refusal.status, "code": cut(&refusal.code), "message": cut(&refusal.message)})
}

fn finding(finding: &Finding) -> Value {
    let (category, detail) = (cut(&finding.category), cut(&finding.detail));
    json!({"category": category, "text": finding.text, "score": finding.score, "detail": detail})
}

fn changed(change: &Change, values: bool) -> Value {
    let body = match &change.body {
        None => Value::Null,
        Some(BodyChange::Replace(body)) => json!({"replace": values.then(|| cut(body))}),
        Some(BodyChange::Edits(edits)) => some(edits, |edit| json_edit(edit, values)),
    };
    let headers = header_edits(&change.headers, values);
    json!({"headers": headers, "body": body, "cluster": change.cluster, "reroute": change.reroute})
}

fn json_edit(edit: &JsonEdit, values: bool) -> Value {
    let (op, pointer, value) = match edit {
        JsonEdit::Set(set) => ("set", &set.pointer, Some(&set.value)),
        JsonEdit::Insert(set) => ("insert", &set.pointer, Some(&set.value)),
        JsonEdit::Remove(pointer) => ("remove", pointer, None),
    };
    let value = value.filter(|_| values).map(|json| place_value(pointer, json));
    json!({"op": op, "pointer": cut(pointer), "value": value})
}

/// As JSON where it is short, else its beginning as text.
fn place_value(pointer: &str, json: &str) -> Value {
    if is_hidden(pointer.rsplit('/').next().unwrap_or_default()) {
        return MASK.into();
    }
    let whole = (json.len() <= LONGEST).then(|| serde_json::from_str(json).ok()).flatten();
    whole.unwrap_or_else(|| cut(json).into())
}

fn header_edits(edits: &[HeaderEdit], values: bool) -> Value {
    let told = |edit: &HeaderEdit| {
        let (op, name, value) = match edit {
            HeaderEdit::Set(name, value) => ("set", name, Some(value)),
            HeaderEdit::Add(name, value) => ("add", name, Some(value)),
            HeaderEdit::Remove(name) => ("remove", name, None),
        };
        json!({"op": op, "name": cut(name), "value": value.filter(|_| values).map(|value| shown(name, value))})
    };
    some(edits, told)
}

fn fields(headers: &[Header], values: bool) -> Value {
    let told = |field: &Header| json!({"name": cut(&field.name), "value": values.then(|| shown(&field.name, &field.value))});
    some(headers, told)
}

/// The value of a field, unless its name says that it opens a door.
fn shown(name: &str, value: &[u8]) -> String {
    if is_hidden(name) { MASK.into() } else { cut_bytes(value) }
}

fn is_hidden(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    HIDDEN.iter().any(|hidden| name.contains(hidden))
}

/// Of a body of megabytes only the beginning is looked at.
fn cut_bytes(bytes: &[u8]) -> String {
    // A character has four bytes at most; one more tells that there is more.
    let most = bytes.len().min(4 * (LONGEST + 1));
    cut(&String::from_utf8_lossy(&bytes[..most]))
}

#[cfg(test)]
#[path = "verdict_tests.rs"]
mod tests;
