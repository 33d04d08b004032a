//! Scripted answers.

use std::time::Duration;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use serde_json::Value;

use super::plan::Plan;
use super::settings::{Scripted, ScriptedBody};

/// The plan of one entry of a script. In some dialects an event is also `named` after the type that its data has.
pub(super) fn plan(entry: &Scripted, every: Duration, named: bool) -> Plan {
    let mut plan = match &entry.body {
        ScriptedBody::Whole { bytes, content_type } => Plan::whole(entry.status, content_type, bytes.clone()),
        ScriptedBody::Events(events) => {
            let events: Vec<Bytes> = events.iter().map(|data| event(data, named)).collect();
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
fn event(data: &str, named: bool) -> Bytes {
    let name = type_of(data).filter(|_| named).map(|name| format!("event: {name}\n"));
    let fields = data.split('\n').map(|line| format!("data: {line}\n"));
    Bytes::from(name.into_iter().chain(fields).chain(["\n".to_owned()]).collect::<String>())
}

fn type_of(data: &str) -> Option<String> {
    let data: Value = serde_json::from_str(data).ok()?;
    let name = data.get("type")?.as_str()?;
    (!name.contains(['\n', '\r'])).then(|| name.to_owned())
}
