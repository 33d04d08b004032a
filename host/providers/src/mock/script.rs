//! Scripted answers.

use std::time::Duration;

use bytes::Bytes;
use http::header::CONTENT_TYPE;

use super::plan::Plan;
use super::settings::{Scripted, ScriptedBody};

/// The plan of one entry of a script.
pub(super) fn plan(entry: &Scripted, every: Duration) -> Plan {
    let mut plan = match &entry.body {
        ScriptedBody::Whole { bytes, content_type } => Plan::whole(entry.status, content_type, bytes.clone()),
        ScriptedBody::Events(events) => {
            let events: Vec<Bytes> = events.iter().map(|data| event(data)).collect();
            Plan::events(entry.status, events.into_iter(), every)
        }
    };
    if entry.headers.iter().any(|(name, _)| name == CONTENT_TYPE) {
        plan.headers.retain(|(name, _)| name != CONTENT_TYPE);
    }
    plan.headers.extend(entry.headers.iter().cloned());
    if let Some(limit) = entry.cut_after {
        plan.steps = plan.steps.cut_after(limit);
        plan.cut = true;
    }
    plan
}

/// One server-sent event; each line of the data is a field of its own.
fn event(data: &str) -> Bytes {
    let fields = data.split('\n').map(|line| format!("data: {line}\n"));
    Bytes::from(fields.chain(["\n".to_owned()]).collect::<String>())
}
