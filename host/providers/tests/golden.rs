//! Plays every file of `golden/` against the embedded model: settings and requests in, plans out.
//!
//! A new case is a new file. `UPDATE_GOLDEN=1` writes what the model answers now; read the difference before you
//! keep it.

#![forbid(unsafe_code)]
#![expect(clippy::unwrap_used, reason = "a case that cannot be read or played fails where it stands")]

use std::path::Path;
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue, Method};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tidegate_providers::mock::{MockRequest, Model, Pace, Plan, Scripted, ScriptedBody, Settings};

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct CaseSettings {
    reply: Option<String>,
    echo: bool,
    chunk: Option<usize>,
    every_ms: u64,
    latency_ms: u64,
    status: Option<u16>,
    script: Vec<CaseScripted>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CaseScripted {
    status: u16,
    #[serde(default)]
    headers: Map<String, Value>,
    body: Option<Value>,
    events: Option<Vec<Value>>,
    cut_after: Option<usize>,
}

fn settings(case: &Value) -> Settings {
    let case: CaseSettings = serde_json::from_value(case.clone()).unwrap();
    let chunk = case.chunk.unwrap_or(Pace::default().chunk);
    Settings {
        reply: case.reply,
        echo: case.echo,
        stream: Pace { chunk, every: Duration::from_millis(case.every_ms) },
        latency: Duration::from_millis(case.latency_ms),
        status: case.status,
        script: case.script.into_iter().map(scripted).collect(),
    }
}

fn scripted(case: CaseScripted) -> Scripted {
    let body = match (case.events, case.body) {
        (Some(events), _) => ScriptedBody::Events(events.iter().map(as_text).collect()),
        (None, Some(Value::String(text))) => {
            ScriptedBody::Whole { bytes: text.into(), content_type: "text/plain" }
        }
        (None, body) => ScriptedBody::Whole {
            bytes: body.map(|body| body.to_string()).unwrap_or_default().into(),
            content_type: "application/json",
        },
    };
    Scripted { status: case.status, headers: headers(&case.headers), body, cut_after: case.cut_after }
}

fn headers(fields: &Map<String, Value>) -> Vec<(HeaderName, HeaderValue)> {
    fields
        .iter()
        .map(|(name, value)| (name.parse().unwrap(), value.as_str().unwrap().parse().unwrap()))
        .collect()
}

fn as_text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn answer(model: &Model, request: &Value) -> Plan {
    let method: Method = request["method"].as_str().unwrap().parse().unwrap();
    let headers: HeaderMap =
        request["headers"].as_object().map(headers).unwrap_or_default().into_iter().collect();
    let body = request.get("body").map(as_text).unwrap_or_default();
    model.answer(&MockRequest {
        method: &method,
        path: request["path"].as_str().unwrap(),
        query: request["query"].as_str().unwrap_or_default(),
        headers: &headers,
        body: body.as_bytes(),
    })
}

/// The plan as a case file writes it; bodies that are JSON are shown as such.
fn shown(plan: Plan) -> Value {
    let fields = plan.headers.iter().map(|(name, value)| (name.to_string(), json!(value.to_str().unwrap())));
    let mut out = json!({"status": plan.status, "headers": fields.collect::<Map<_, _>>()});
    if plan.latency > Duration::ZERO {
        out["latency_ms"] = json!(plan.latency.as_millis());
    }
    if plan.cut {
        out["cut"] = json!(true);
    }
    let steps: Vec<_> =
        plan.steps.map(|step| (step.wait, String::from_utf8(step.bytes.to_vec()).unwrap())).collect();
    if steps.iter().any(|(wait, _)| *wait > Duration::ZERO) {
        out["waits_ms"] = steps.iter().map(|(wait, _)| json!(wait.as_millis())).collect();
    }
    let events: Option<Vec<Value>> = steps.iter().map(|(_, text)| event(text)).collect();
    match events {
        Some(events) if !events.is_empty() => out["events"] = events.into(),
        _ => out["body"] = readable(&steps.into_iter().map(|(_, text)| text).collect::<String>()),
    }
    out
}

/// The data of an event; its name, where it has one, must be the type that the data has.
fn event(text: &str) -> Option<Value> {
    if let Some((name, data)) = text.strip_prefix("event: ").and_then(|rest| rest.split_once('\n')) {
        let data = event(data)?;
        assert_eq!(data["type"], name);
        return Some(data);
    }
    text.strip_prefix("data: ")?.strip_suffix("\n\n").map(readable)
}

fn readable(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| text.into())
}

fn play(path: &Path) {
    let mut case: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let model = Model::new(settings(case.get("settings").unwrap_or(&json!({}))));
    let update = std::env::var_os("UPDATE_GOLDEN").is_some();
    for (index, call) in case["calls"].as_array_mut().unwrap().iter_mut().enumerate() {
        let plan = shown(answer(&model, &call["in"]));
        if update {
            call["out"] = plan;
        } else {
            assert_eq!(plan, call["out"], "call {index} of {}", path.display());
        }
    }
    if update {
        std::fs::write(path, format!("{case:#}\n")).unwrap();
    }
}

#[test]
fn every_case_holds() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    paths.sort();
    assert!(paths.len() >= 10, "the cases are not where they belong");
    paths.iter().for_each(|path| play(path));
}
