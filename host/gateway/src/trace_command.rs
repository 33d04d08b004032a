//! `tidegate trace ID`: what became of a request, read from the admin API of a running gateway.

use std::fmt::Write as _;

use serde_json::Value;

use crate::admin_call::{AdminCall, encoded, printable};

/// Which request, and whom to ask.
#[derive(clap::Args)]
pub(crate) struct TraceCommand {
    /// The id in `x-request-id` of the answer.
    #[arg(value_name = "REQUEST-ID")]
    request_id: String,
    #[command(flatten)]
    call: AdminCall,
    /// As the JSON of the admin API.
    #[arg(long)]
    json: bool,
}

impl TraceCommand {
    /// # Errors
    /// Where nobody answers, or there is no such trace.
    pub(crate) fn run(self) -> Result<String, String> {
        let told = self.call.get(&format!("/v1/traces/{}", encoded(&self.request_id)))?;
        Ok(if self.json { told.to_string() } else { shown(&told) })
    }
}

/// Every step on a line, with what it changed below.
pub(crate) fn shown(trace: &Value) -> String {
    let steps = trace["steps"].as_array().map(Vec::as_slice).unwrap_or_default();
    let mut text: String = steps.iter().map(step).collect();
    if steps.is_empty() {
        text.push_str("no filter was called\n");
    }
    if let Some(left_out) = trace["left_out"].as_u64().filter(|count| *count > 0) {
        _ = writeln!(text, "and {left_out} calls more");
    }
    text
}

/// One call of one filter.
pub(crate) fn step(step: &Value) -> String {
    let of = |key: &str| step[key].as_str().unwrap_or_default();
    let who = step["plugin"]
        .as_str()
        .map_or_else(|| of("filter").to_owned(), |plugin| format!("{} ({plugin})", of("filter")));
    let shadow = if step["shadow"] == true { ", shadow" } else { "" };
    let micros = step["duration_us"].as_u64().unwrap_or_default();
    let mut text = format!("{:<19} {who}: {}{shadow}, {micros} us\n", of("hook"), of("verdict"));
    if let Some(error) = step["error"].as_str() {
        _ = writeln!(text, "    ! {}", printable(error));
    }
    for line in effect(&step["effect"]) {
        _ = writeln!(text, "    {line}");
    }
    text
}

/// What was changed: `+` came, `-` went, `~` was replaced.
fn effect(effect: &Value) -> Vec<String> {
    let mut lines = Vec::new();
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    for edit in list(&effect["headers"]) {
        lines.push(edited(&edit, &edit["name"], ": "));
    }
    for edit in list(&effect["body"]) {
        lines.push(edited(&edit, &edit["pointer"], " = "));
    }
    for edit in list(&effect["edit"]) {
        if let Some(more) = more(&edit) {
            lines.push(more);
            continue;
        }
        let with = if edit["replacement"].is_null() {
            String::new()
        } else {
            format!(" to {}", edit["replacement"])
        };
        lines.push(format!("~ text {}, bytes {} to {}{with}", edit["text"], edit["start"], edit["end"]));
    }
    for finding in list(&effect["findings"]) {
        if let Some(more) = more(&finding) {
            lines.push(more);
            continue;
        }
        lines.push(format!("found {} in text {}", plain(&finding["category"]), finding["text"]));
    }
    let rest = effect.as_object().into_iter().flatten();
    let told = ["headers", "edit", "findings"];
    for (key, value) in rest.filter(|(key, _)| !told.contains(&key.as_str())) {
        let nothing = value.is_null() || *value == false || (key == "body" && value.is_array());
        if !nothing {
            lines.push(format!("{key}: {}", plain(value)));
        }
    }
    if let Some(events) = effect.as_array() {
        let changed = events.iter().filter(|event| **event != "keep");
        lines.extend(changed.map(|event| format!("~ event: {}", plain(event))));
    }
    lines
}

/// The end of a list that is told in part.
fn more(last: &Value) -> Option<String> {
    last["left_out"].as_u64().map(|count| format!("and {count} more"))
}

fn edited(edit: &Value, name: &Value, between: &str) -> String {
    if let Some(more) = more(edit) {
        return more;
    }
    let sign = match edit["op"].as_str() {
        Some("remove") => "-",
        Some("set") => "~",
        _ => "+",
    };
    let value =
        if edit["value"].is_null() { String::new() } else { format!("{between}{}", plain(&edit["value"])) };
    format!("{sign} {}{value}", plain(name))
}

fn plain(value: &Value) -> String {
    printable(&value.as_str().map_or_else(|| value.to_string(), str::to_owned))
}

#[cfg(test)]
#[path = "trace_command_tests.rs"]
mod tests;
