//! What a step must answer: `out` of the case file, with its defaults filled in.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tidegate_contract::Hook;

use crate::decode::{Wrong, decode};
use crate::shape::{Data, EventVerdictShape, FindingShape, TextEditShape};
use crate::show::{self, AdmissionShape, AuthShape, DoneShape, JudgedShape, JudgementShape, TransformShape};

#[derive(Debug, Clone)]
pub(crate) enum Expected {
    /// This, after defaults.
    Answer(Value),
    /// A failure whose text has this in it.
    Error(String),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Failure {
    error: String,
}

/// Reads `out` of a step of `hook`.
pub(crate) fn expected(hook: Hook, place: &str, out: Option<Value>) -> Result<Expected, Wrong> {
    let out = match (out, hook) {
        (Some(out), _) => out,
        (None, Hook::Settle | Hook::Completed) => json!("done"),
        (None, _) => return Err(Wrong::at(place, "is missing; it says what the plugin must answer")),
    };
    if out.get("error").is_some() {
        return decode(place, out).map(|Failure { error }| Expected::Error(error));
    }
    let answer = match hook {
        Hook::Authenticate => filled::<AuthShape>(place, long(out)),
        Hook::Admit if out == "admitted" => filled::<AdmissionShape>(place, json!({"admitted": null})),
        Hook::Admit => filled::<AdmissionShape>(place, out),
        Hook::Settle | Hook::Completed => filled::<DoneShape>(place, long(out)),
        Hook::TransformRequest | Hook::TransformUpstream | Hook::TransformResponse => {
            filled::<TransformShape>(place, long(out))
        }
        Hook::TransformEvent => filled::<Vec<EventVerdictShape>>(place, out),
        Hook::ModerateInput | Hook::ModerateOutput => judged(place, long(out)),
    };
    answer.map(Expected::Answer)
}

/// `"pass"` is short for `{"pass": {}}`.
fn long(out: Value) -> Value {
    match out {
        Value::String(name) => json!({name: {}}),
        other => other,
    }
}

fn filled<T: DeserializeOwned + serde::Serialize>(place: &str, out: Value) -> Result<Value, Wrong> {
    decode::<T>(place, out).map(|shape| show::json(&shape))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Judged {
    allow: Option<Nothing>,
    edit: Option<Vec<TextEditShape>>,
    block: Option<Data>,
    #[serde(default)]
    findings: Vec<FindingShape>,
    #[serde(default)]
    hold: BTreeMap<String, u32>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

fn judged(place: &str, out: Value) -> Result<Value, Wrong> {
    let Judged { allow, edit, block, findings, hold } = decode(place, out)?;
    let judgement = match (allow, edit, block) {
        (_, None, None) => JudgementShape::Allow {},
        (None, Some(edits), None) => JudgementShape::Edit(edits),
        (None, None, Some(reason)) => JudgementShape::Block(reason),
        _ => {
            return Err(Wrong::at(place, "has more than one of \"allow\", \"edit\" and \"block\"; keep one"));
        }
    };
    Ok(show::json(&JudgedShape { judgement, findings, hold }))
}

#[cfg(test)]
#[path = "expect_tests.rs"]
mod tests;
