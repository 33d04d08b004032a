//! Answers of plugins in the form in which case files expect them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tidegate_contract::{AdmissionVerdict, AuthVerdict, EventVerdict, Judged, Judgement, TransformVerdict};

use crate::shape::{
    ChangeShape, Data, EventVerdictShape, FindingShape, HeaderEditShape, PrincipalShape, RefusalShape,
    ReplyShape, TextEditShape,
};

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum AuthShape {
    Pass {},
    Allow {
        principal: PrincipalShape,
        #[serde(default)]
        headers: Vec<HeaderEditShape>,
    },
    Deny(RefusalShape),
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum AdmissionShape {
    /// The ticket.
    Admitted(Option<Data>),
    Refused(RefusalShape),
}

/// Of hooks that answer nothing.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum DoneShape {
    Done {},
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum TransformShape {
    Unchanged {},
    Changed(ChangeShape),
    Reply(ReplyShape),
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum JudgementShape {
    Allow {},
    Edit(Vec<TextEditShape>),
    Block(Data),
}

/// `{VERDICT, "findings": [...], "hold": {ID: BYTES}}`
#[derive(Serialize)]
pub(crate) struct JudgedShape {
    #[serde(flatten)]
    pub(crate) judgement: JudgementShape,
    pub(crate) findings: Vec<FindingShape>,
    pub(crate) hold: BTreeMap<String, u32>,
}

/// As JSON; the shapes have no keys that are not strings, so nothing can fail.
pub(crate) fn json(shape: &impl Serialize) -> Value {
    serde_json::to_value(shape).unwrap_or_default()
}

pub(crate) fn auth(verdict: &AuthVerdict) -> Value {
    json(&match verdict {
        AuthVerdict::Pass => AuthShape::Pass {},
        AuthVerdict::Allow(grant) => AuthShape::Allow {
            principal: PrincipalShape::of(&grant.principal),
            headers: grant.headers.iter().map(HeaderEditShape::of).collect(),
        },
        AuthVerdict::Deny(refusal) => AuthShape::Deny(RefusalShape::of(refusal)),
    })
}

pub(crate) fn admission(verdict: &AdmissionVerdict) -> Value {
    json(&match verdict {
        AdmissionVerdict::Admitted(ticket) => AdmissionShape::Admitted(ticket.clone().map(Data::Text)),
        AdmissionVerdict::Refused(refusal) => AdmissionShape::Refused(RefusalShape::of(refusal)),
    })
}

pub(crate) fn done() -> Value {
    json(&DoneShape::Done {})
}

pub(crate) fn transform(verdict: &TransformVerdict) -> Value {
    json(&match verdict {
        TransformVerdict::Unchanged => TransformShape::Unchanged {},
        TransformVerdict::Changed(change) => TransformShape::Changed(ChangeShape::of(change)),
        TransformVerdict::Reply(reply) => TransformShape::Reply(ReplyShape::of(reply)),
    })
}

pub(crate) fn events(verdicts: &[EventVerdict]) -> Value {
    json(&verdicts.iter().map(EventVerdictShape::of).collect::<Vec<_>>())
}

pub(crate) fn judged(judged: &Judged) -> Value {
    let judgement = match &judged.judgement {
        Judgement::Allow => JudgementShape::Allow {},
        Judgement::Edit(edits) => JudgementShape::Edit(edits.iter().map(TextEditShape::of).collect()),
        Judgement::Block(reason) => JudgementShape::Block(Data::Text(reason.clone())),
    };
    json(&JudgedShape {
        judgement,
        findings: judged.findings.iter().map(FindingShape::of).collect(),
        hold: judged.hold.iter().map(|(id, bytes)| (id.to_string(), *bytes)).collect(),
    })
}
