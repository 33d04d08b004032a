//! What hooks answer, by name for metrics, and in words for a trace.

use serde_json::{Value, json};
use tidegate_contract::{
    AdmissionVerdict, AuthVerdict, BodyChange, Change, EventVerdict, Finding, Header, HeaderEdit, JsonEdit,
    Judged, Judgement, Refusal, TransformVerdict,
};

/// Names of fields whose values are nobody's to read.
const HIDDEN: [&str; 7] = ["authorization", "cookie", "token", "secret", "key", "password", "credential"];
/// In place of such a value.
const MASK: &str = "[redacted]";

/// An answer of a hook.
pub(crate) trait Verdict {
    /// Its name in metrics.
    fn name(&self) -> &'static str;

    /// What it changes; with `values` also to what.
    fn effect(&self, values: bool) -> Value;
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
            Self::Allow(grant) => {
                json!({"principal": grant.principal.id, "headers": header_edits(&grant.headers, values)})
            }
            Self::Deny(refusal) => refused(refusal),
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
            Self::Admitted(ticket) => json!({"ticket": ticket.is_some()}),
            Self::Refused(refusal) => refused(refusal),
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
                let body = values.then(|| String::from_utf8_lossy(&reply.body).into_owned());
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
                json!({"replace": events.iter().map(|event| &event.data).collect::<Vec<_>>()})
            }
            EventVerdict::Replace(events) => json!({"replace": events.len()}),
        };
        if self.name() == "keep" { Value::Null } else { self.iter().map(told).collect() }
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
        let found: Vec<_> = self.findings.iter().map(finding).collect();
        let mut told = match &self.judgement {
            Judgement::Allow => json!({}),
            Judgement::Block(reason) => json!({"block": reason}),
            Judgement::Edit(edits) => {
                let edit = |edit: &tidegate_contract::TextEdit| {
                    let replacement = values.then_some(&edit.replacement);
                    json!({"text": edit.id, "start": edit.start, "end": edit.end, "replacement": replacement})
                };
                json!({"edit": edits.iter().map(edit).collect::<Vec<_>>()})
            }
        };
        if !found.is_empty() {
            told["findings"] = found.into();
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

fn refused(refusal: &Refusal) -> Value {
    json!({"status": refusal.status, "code": refusal.code, "message": refusal.message})
}

fn finding(finding: &Finding) -> Value {
    json!({"category": finding.category, "text": finding.text, "score": finding.score, "detail": finding.detail})
}

fn changed(change: &Change, values: bool) -> Value {
    let body = match &change.body {
        None => Value::Null,
        Some(BodyChange::Replace(body)) => json!({"replace": values.then_some(body)}),
        Some(BodyChange::Edits(edits)) => edits.iter().map(|edit| json_edit(edit, values)).collect(),
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
    let value = value
        .filter(|_| values)
        .map(|json| serde_json::from_str(json).unwrap_or_else(|_| Value::String(json.clone())));
    json!({"op": op, "pointer": pointer, "value": value})
}

fn header_edits(edits: &[HeaderEdit], values: bool) -> Value {
    let told = |edit: &HeaderEdit| {
        let (op, name, value) = match edit {
            HeaderEdit::Set(name, value) => ("set", name, Some(value)),
            HeaderEdit::Add(name, value) => ("add", name, Some(value)),
            HeaderEdit::Remove(name) => ("remove", name, None),
        };
        json!({"op": op, "name": name, "value": value.filter(|_| values).map(|value| shown(name, value))})
    };
    edits.iter().map(told).collect()
}

fn fields(headers: &[Header], values: bool) -> Value {
    let told = |field: &Header| json!({"name": field.name, "value": values.then(|| shown(&field.name, &field.value))});
    headers.iter().map(told).collect()
}

/// The value of a field, unless its name says that it opens a door.
fn shown(name: &str, value: &[u8]) -> String {
    let name = name.to_ascii_lowercase();
    if HIDDEN.iter().any(|hidden| name.contains(hidden)) {
        return MASK.into();
    }
    String::from_utf8_lossy(value).into_owned()
}

#[cfg(test)]
#[path = "verdict_tests.rs"]
mod tests;
