//! Verdicts as the metas of `return`.

use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Value, json};
use tidegate_contract::{
    AdmissionVerdict, BodyChange, Change, Event, EventVerdict, Finding, Header, HeaderEdit, JsonEdit,
    JsonSet, Judged, Judgement, Principal, Refusal, Reply, TextEdit, TransformVerdict,
};

use crate::told::{Allowed, Verdict};

/// The meta and the body.
///
/// # Errors
/// Where the plugin told a value that is no JSON.
pub(super) fn written(verdict: Verdict) -> Result<(Box<RawValue>, Vec<u8>), String> {
    let (meta, body) = match verdict {
        Verdict::Transform(TransformVerdict::Changed(change)) => return changed(change),
        verdict => plain(verdict),
    };
    Ok((to_raw_value(&meta).map_err(|error| error.to_string())?, body))
}

fn plain(verdict: Verdict) -> (Value, Vec<u8>) {
    let alone = |meta| (meta, Vec::new());
    match verdict {
        Verdict::Done => alone(Value::Null),
        Verdict::Auth(Allowed::Pass) => alone("pass".into()),
        Verdict::Auth(Allowed::Allow(principal, headers)) => alone(grant(&principal, &headers)),
        Verdict::Auth(Allowed::Deny(denied)) => alone(json!({"deny": refusal(&denied)})),
        Verdict::Admission(AdmissionVerdict::Admitted(None)) => alone("admitted".into()),
        Verdict::Admission(AdmissionVerdict::Admitted(ticket)) => alone(json!({"admitted": ticket})),
        Verdict::Admission(AdmissionVerdict::Refused(refused)) => {
            alone(json!({"refused": refusal(&refused)}))
        }
        Verdict::Transform(TransformVerdict::Unchanged | TransformVerdict::Changed(_)) => {
            alone("unchanged".into())
        }
        Verdict::Transform(TransformVerdict::Reply(Reply { status, headers, body })) => {
            (json!({"reply": {"status": status, "headers": fields(&headers)}}), body)
        }
        Verdict::Events(verdicts) => alone(verdicts.iter().map(event_verdict).collect()),
        Verdict::Judged(judged) => alone(self::judged(&judged)),
    }
}

fn grant(principal: &Principal, headers: &[HeaderEdit]) -> Value {
    let Principal { id, tenant, models: _, attributes } = principal;
    json!({"allow": {
        "principal": {"id": id, "tenant": tenant, "attributes": attributes},
        "headers": header_edits(headers),
    }})
}

fn refusal(refusal: &Refusal) -> Value {
    let Refusal { status, code, message, headers } = refusal;
    json!({"status": status, "code": code, "message": message, "headers": fields(headers)})
}

/// One character for each byte.
pub(super) fn characters(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| char::from(*byte)).collect()
}

fn fields(headers: &[Header]) -> Value {
    headers.iter().map(|header| json!([header.name, characters(&header.value)])).collect()
}

fn header_edits(edits: &[HeaderEdit]) -> Value {
    let edit = |edit: &HeaderEdit| match edit {
        HeaderEdit::Set(name, value) => json!({"set": [name, characters(value)]}),
        HeaderEdit::Add(name, value) => json!({"add": [name, characters(value)]}),
        HeaderEdit::Remove(name) => json!({"remove": name}),
    };
    edits.iter().map(edit).collect()
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Meta {
    Changed(SentChange),
}

#[derive(Serialize)]
struct SentChange {
    headers: Value,
    edits: Vec<SentEdit>,
    replace: bool,
    cluster: Option<String>,
    reroute: bool,
}

/// Values stay the text that they are: numbers that no `f64` can hold, too.
#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum SentEdit {
    Set(Place),
    Insert(Place),
    Remove(String),
}

#[derive(Serialize)]
struct Place {
    pointer: String,
    value: Box<RawValue>,
}

fn changed(change: Change) -> Result<(Box<RawValue>, Vec<u8>), String> {
    let Change { headers, body, cluster, reroute } = change;
    let (edits, replace, body) = match body {
        None => (Vec::new(), false, Vec::new()),
        Some(BodyChange::Edits(edits)) => {
            (edits.into_iter().map(json_edit).collect::<Result<_, _>>()?, false, Vec::new())
        }
        Some(BodyChange::Replace(json)) => (Vec::new(), true, json.into_bytes()),
    };
    let headers = header_edits(&headers);
    let meta = Meta::Changed(SentChange { headers, edits, replace, cluster, reroute });
    Ok((to_raw_value(&meta).map_err(|error| error.to_string())?, body))
}

fn json_edit(edit: JsonEdit) -> Result<SentEdit, String> {
    let place = |JsonSet { pointer, value }| match RawValue::from_string(value) {
        Ok(value) => Ok(Place { pointer, value }),
        Err(error) => {
            Err(format!("the verdict cannot be carried out: the value for \"{pointer}\" is no JSON: {error}"))
        }
    };
    Ok(match edit {
        JsonEdit::Set(set) => SentEdit::Set(place(set)?),
        JsonEdit::Insert(set) => SentEdit::Insert(place(set)?),
        JsonEdit::Remove(pointer) => SentEdit::Remove(pointer),
    })
}

fn event_verdict(verdict: &EventVerdict) -> Value {
    match verdict {
        EventVerdict::Keep => "keep".into(),
        EventVerdict::Drop => "drop".into(),
        EventVerdict::Replace(events) => {
            let event = |Event { name, data }: &Event| json!({"name": name, "data": data});
            json!({"replace": events.iter().map(event).collect::<Value>()})
        }
    }
}

fn judged(judged: &Judged) -> Value {
    let Judged { judgement, findings, hold } = judged;
    let edit = |TextEdit { id, start, end, replacement }: &TextEdit| json!({"id": id, "start": start, "end": end, "replacement": replacement});
    let judgement = match judgement {
        Judgement::Allow => "allow".into(),
        Judgement::Edit(edits) => json!({"edit": edits.iter().map(edit).collect::<Value>()}),
        Judgement::Block(reason) => json!({"block": reason}),
    };
    let finding = |Finding { category, score, text, detail }: &Finding| json!({"category": category, "score": score, "text": text, "detail": detail});
    let findings: Value = findings.iter().map(finding).collect();
    json!({"judgement": judgement, "findings": findings, "hold": hold})
}
