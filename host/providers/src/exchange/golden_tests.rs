//! Plays the cases of `tests/translation/<client>/<provider>/` through the codecs.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tidegate_contract::Dialect;

use super::answer::{Event, Failure};
use super::codec::{Asked, Codec, Head};
use super::json::Json;
use super::refused::Refused;
use crate::dialect::{self, ErrorBody};
use crate::gemini::codec::{Gemini, failure};
use crate::openai::codec::Chat;
use crate::sse::SseEvent;

fn codec(name: &str) -> Option<&'static dyn Codec> {
    match name {
        "chat" => Some(&Chat::OpenAi),
        "compatible-chat" => Some(&Chat::Compatible),
        "gemini" => Some(&Gemini::Studio),
        "vertex" => Some(&Gemini::Vertex),
        _ => None,
    }
}

fn failed(client: &str, failure: &Failure) -> Value {
    if matches!(client, "gemini" | "vertex") {
        return serde_json::to_value(failure::encode(failure)).unwrap();
    }
    let error = ErrorBody {
        status: failure.status,
        kind: dialect::error_kind(Dialect::OpenAi, failure.status),
        code: failure.code.as_deref(),
        param: failure.param.as_deref(),
        message: &failure.message,
    };
    serde_json::from_slice(&dialect::error_body(Dialect::OpenAi, &error)).unwrap()
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn json(text: &str) -> Json<'_> {
    Json::read(text.as_bytes()).unwrap()
}

fn asks(client: &dyn Codec, provider: &dyn Codec, case: &Value) -> Result<(Value, Asked), Refused> {
    let body = text(&case["request"]);
    let head = Head { model: case["head"]["model"].as_str(), stream: case["head"]["stream"] == true };
    let mut request = client.decode_request(json(&body), &head)?;
    if let Some(field) = request.unknown.pop() {
        return Err(Refused::unsupported(field, provider.name()));
    }
    let asked = Asked {
        id: "ID".into(),
        now: 1_700_000_000,
        model: request.model.clone().into_owned(),
        stream_usage: request.stream_usage.unwrap_or(true),
        request: None,
    };
    request.stream_usage = Some(true);
    let sent = provider.encode_request(request)?;
    Ok((serde_json::to_value(sent).unwrap(), asked))
}

fn streamed(client: &dyn Codec, provider: &dyn Codec, asked: &Asked, events: &Value) -> Value {
    let (mut decoder, mut encoder) = (provider.decode_events(), client.encode_events(asked));
    let (mut events_of_provider, mut out) = (Vec::new(), Vec::new());
    for event in events.as_array().unwrap() {
        let event = SseEvent {
            name: event["event"].as_str().map(str::to_owned),
            data: text(&event["data"]),
            ..SseEvent::default()
        };
        decoder.decode(&event, &mut events_of_provider).unwrap();
    }
    decoder.close(&mut events_of_provider);
    let end = events_of_provider.iter().position(|event| matches!(event, Event::End | Event::Error(_)));
    events_of_provider.truncate(end.map_or(usize::MAX, |end| end + 1));
    events_of_provider.into_iter().for_each(|event| encoder.encode(event, &mut out));
    let shown = |SseEvent { name, data, .. }: SseEvent| {
        let data = serde_json::from_str(&data).unwrap_or(Value::String(data));
        name.map_or_else(|| json!({ "data": data }), |name| json!({ "event": name, "data": data }))
    };
    out.into_iter().map(shown).collect()
}

/// What is not as the case has it.
fn played(client: &str, provider: &str, case: &Value) -> Vec<String> {
    let (asking, answering) = (codec(client).unwrap(), codec(provider).unwrap());
    let mut wrong = Vec::new();
    let mut check = |what: &str, is: Value| {
        if is != case[what] {
            wrong.push(format!("  {what}\n    expected {}\n    got      {is}", case[what]));
        }
    };
    let asked = match asks(asking, answering, case) {
        Ok((sent, asked)) => {
            check("sent", sent);
            check("refused", Value::Null);
            check("refused_contains", Value::Null);
            asked
        }
        Err(refused) => {
            match case["refused_contains"].as_str() {
                Some(part) if refused.message.contains(part) => {}
                _ => check("refused", refused.message.into()),
            }
            return wrong;
        }
    };
    if let Some(answer) = case.get("answer") {
        let answer = text(answer);
        let answer = answering.decode_answer(json(&answer)).unwrap();
        check("answered", serde_json::to_value(asking.encode_answer(answer, &asked)).unwrap());
    }
    if let Some(events) = case.get("events") {
        check("streamed", streamed(asking, answering, &asked, events));
    }
    if let Some(error) = case.get("error") {
        let status = error["status"].as_u64().unwrap() as u16;
        let body = text(&error["body"]);
        check("failed", failed(client, &answering.decode_failure(status, &json(&body)).unwrap()));
    }
    wrong
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    found.sort();
    found
}

#[test]
fn conversations_are_translated_as_the_cases_say() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/translation");
    let name = |path: &Path| path.file_name().unwrap().to_str().unwrap().to_owned();
    let (mut count, mut wrong) = (0, Vec::new());
    for client in files(&root) {
        for provider in files(&client) {
            for file in files(&provider) {
                let case: Value = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
                let differences = played(&name(&client), &name(&provider), &case);
                count += 1;
                if !differences.is_empty() {
                    let file = file.strip_prefix(&root).unwrap().display().to_string();
                    wrong.push(format!("{file}\n{}", differences.join("\n")));
                }
            }
        }
    }
    assert!(count > 0, "no cases");
    assert!(wrong.is_empty(), "{} of {count} cases differ:\n{}", wrong.len(), wrong.join("\n"));
}
