//! Plays the cases in `tests/translation/<client>/<provider>`.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tidegate_contract::Dialect;

use super::codec::{Asked, Codec, Head};
use super::json::Json;
use crate::anthropic::codec::Messages;
use crate::dialect::{self, ErrorBody};
use crate::openai::codec::Chat;
use crate::sse::SseEvent;

type Played = Result<(), Box<dyn Error>>;

fn codec(name: &str) -> Option<(&'static dyn Codec, Dialect)> {
    match name {
        "chat" => Some((&Chat::OpenAi, Dialect::OpenAi)),
        "messages" => Some((&Messages, Dialect::Anthropic)),
        _ => None,
    }
}

fn folders(path: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(path).into_iter().flatten().flatten();
    let mut paths: Vec<_> = entries.map(|entry| entry.path()).collect();
    paths.sort();
    paths
}

fn name(path: &Path) -> &str {
    path.file_stem().and_then(|name| name.to_str()).unwrap_or_default()
}

#[test]
fn every_case_is_translated_as_it_says() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/translation");
    let (mut played, mut failed) = (0, Vec::new());
    for client in folders(&root) {
        for provider in folders(&client) {
            let Some(sides) = codec(name(&client)).zip(codec(name(&provider))) else { continue };
            for case in folders(&provider) {
                played += 1;
                let result = fs::read(&case).map_err(Box::from).and_then(|bytes| play(&bytes, sides));
                failed.extend(result.err().map(|error| format!("{}: {error}", case.display())));
            }
        }
    }
    assert!(failed.is_empty(), "{} of {played} cases failed:\n{}", failed.len(), failed.join("\n"));
}

type Side = (&'static dyn Codec, Dialect);

fn play(bytes: &[u8], ((client, dialect), (provider, _)): (Side, Side)) -> Played {
    let case: Value = serde_json::from_slice(bytes)?;
    let mut asked = Asked { id: "ID".into(), now: 1_700_000_000, stream_usage: true, ..Asked::default() };
    if let Some(request) = case.get("request") {
        let text = request.to_string();
        let model = case["head"]["model"].as_str();
        let head = Head { model, stream: case["head"]["stream"] == true };
        let decoded = client.decode_request(Json::read(text.as_bytes())?, &head);
        if let Ok(request) = &decoded {
            asked.model = request.model.to_string();
            asked.stream_usage = request.stream_usage.unwrap_or(true);
        }
        match decoded.and_then(|request| provider.encode_request(request)) {
            Ok(sent) => same("sent", &json!(sent), &case["sent"])?,
            Err(refused) => {
                let contains = case["refused_contains"].as_str();
                if !contains.is_some_and(|part| refused.message.contains(part)) {
                    same("refused", &json!(refused.message), &case["refused"])?;
                }
            }
        }
    }
    if let Some(answer) = case.get("answer") {
        let text = answer.to_string();
        let answer = provider.decode_answer(Json::read(text.as_bytes())?)?;
        same("answered", &json!(client.encode_answer(answer, &asked)), &case["answered"])?;
    }
    if let Some(events) = case.get("events") {
        same("streamed", &stream(events, client, provider, &asked)?, &case["streamed"])?;
    }
    if let Some(error) = case.get("error") {
        let status = error["status"].as_u64().and_then(|status| u16::try_from(status).ok()).unwrap_or(0);
        let text = error["body"].to_string();
        let failure = provider.decode_failure(status, &Json::read(text.as_bytes())?).ok_or("no error")?;
        let body = dialect::error_body(
            dialect,
            &ErrorBody {
                status: failure.status,
                kind: dialect::error_kind(dialect, failure.status),
                code: failure.code.as_deref(),
                param: failure.param.as_deref(),
                message: &failure.message,
            },
        );
        same("failed", &serde_json::from_slice(&body)?, &case["failed"])?;
    }
    Ok(())
}

fn stream(
    events: &Value,
    client: &dyn Codec,
    provider: &dyn Codec,
    asked: &Asked,
) -> Result<Value, Box<dyn Error>> {
    let (mut decoder, mut encoder) = (provider.decode_events(), client.encode_events(asked));
    let (mut between, mut streamed) = (Vec::new(), Vec::new());
    for event in events.as_array().into_iter().flatten() {
        let data = event["data"].as_str().map_or_else(|| event["data"].to_string(), str::to_owned);
        let name = event["event"].as_str().map(str::to_owned);
        decoder.decode(&SseEvent { name, data, ..SseEvent::default() }, &mut between)?;
    }
    decoder.close(&mut between);
    for event in between {
        encoder.encode(event, &mut streamed);
    }
    let shown = |event: SseEvent| {
        let data = serde_json::from_str(&event.data).unwrap_or(Value::String(event.data));
        match event.name {
            Some(name) => json!({"event": name, "data": data}),
            None => json!({"data": data}),
        }
    };
    Ok(streamed.into_iter().map(shown).collect())
}

fn same(what: &str, is: &Value, should_be: &Value) -> Played {
    if is == should_be {
        return Ok(());
    }
    Err(format!("{what}\n  is        {is}\n  should be {should_be}").into())
}
