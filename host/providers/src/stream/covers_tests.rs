use serde_json::{Value, json};
use tidegate_contract::{Dialect, Operation};

use super::covers;
use crate::stream::replay::{Pace, Replay, data, same};
use crate::stream::{gather, scatter};

fn is_covered(dialect: Dialect, operation: Operation, events: &[Value]) -> bool {
    let data: Vec<String> = events.iter().map(Value::to_string).collect();
    let data: Vec<&str> = data.iter().map(String::as_str).chain(["[DONE]"]).collect();
    covers(dialect, operation, &gather(dialect, operation, &data).unwrap(), &data)
}

fn events(dialect: Dialect, operation: Operation, answer: &Value) -> Vec<Value> {
    let events = scatter(dialect, operation, answer).unwrap();
    events.iter().filter_map(|event| serde_json::from_str(&event.data).ok()).collect()
}

#[test]
fn what_an_answer_has_is_covered_and_nothing_else() {
    let chat = json!({"choices": [{"index": 0, "message": {"role": "assistant", "content": "a", "reasoning": "b",
        "tool_calls": [{"id": "t", "type": "function", "function": {"name": "f", "arguments": "{\"a\":1}"}}]}, "finish_reason": "stop"}]});
    let (dialect, operation) = (Dialect::OpenAi, Operation::Chat);
    let mut list = events(dialect, operation, &chat);
    assert!(is_covered(dialect, operation, &list));
    list[0]["choices"][0]["delta"]["vendor"] = "c".into();
    assert!(!is_covered(dialect, operation, &list));
    assert!(!covers(dialect, operation, &chat, &["no json"]));
    assert!(!is_covered(
        dialect,
        operation,
        &[json!({"choices": [{"delta": {"audio": {"id": "a", "data": "QUJD"}}}]})]
    ));

    let response = json!({"id": "r", "status": "completed", "instructions": "be brief", "output": [
        {"type": "message", "id": "m", "content": [{"type": "output_text", "text": "a", "annotations": []}]},
        {"type": "image_generation_call", "id": "i", "result": "QUJD"},
        {"type": "function_call", "id": "f", "arguments": "{}"}]});
    let (dialect, operation) = (Dialect::OpenAi, Operation::Responses);
    let mut list = events(dialect, operation, &response);
    assert!(is_covered(dialect, operation, &list));
    let delta = list.iter_mut().find(|event| event["type"] == "response.output_text.delta").unwrap();
    delta["delta"] = "another".into();
    assert!(!is_covered(dialect, operation, &list));

    let message = json!({"type": "message", "id": "m", "role": "assistant", "content": [{"type": "thinking", "thinking": "a", "signature": "s"},
        {"type": "tool_use", "id": "t", "name": "n", "input": {"a": ["x", 1], "b": "y"}}], "usage": {"output_tokens": 1}});
    let (dialect, operation) = (Dialect::Anthropic, Operation::Messages);
    let mut list = events(dialect, operation, &message);
    assert!(is_covered(dialect, operation, &list));
    list.push(json!({"type": "novelty", "words": "z"}));
    assert!(!is_covered(dialect, operation, &list));
    assert!(!covers(dialect, Operation::Other, &message, &[]));
}

/// The streams of the cases of translation that a dialect's clients would get, by the API's name in them.
fn told(dialect: Dialect) -> Vec<(String, Vec<Value>)> {
    let names: &[&str] = if dialect == Dialect::Gemini { &["gemini", "vertex"] } else { &["converse"] };
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/translation");
    let list = |folder: &std::path::Path| -> Vec<std::path::PathBuf> {
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect()
    };
    let mut streams = Vec::new();
    for client in list(&root) {
        for file in list(&client).iter().flat_map(|provider| list(provider)) {
            let case: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
            let api = |path: Option<&std::path::Path>| {
                path.unwrap().file_name().unwrap().to_string_lossy().into_owned()
            };
            for (key, api) in [("events", api(file.parent())), ("streamed", api(Some(&client)))] {
                let data = case[key].as_array().into_iter().flatten().map(|event| event["data"].clone());
                let data: Vec<Value> = data.filter(Value::is_object).collect();
                if names.contains(&&*api) && !data.is_empty() {
                    streams.push((file.display().to_string(), data));
                }
            }
        }
    }
    streams
}

#[test]
fn answers_cover_the_streams_that_providers_send() {
    for (dialect, operation) in
        [(Dialect::Gemini, Operation::GenerateContent), (Dialect::Bedrock, Operation::Converse)]
    {
        let streams = told(dialect);
        assert!(streams.len() > 3, "{}", streams.len());
        for (file, list) in streams {
            assert!(is_covered(dialect, operation, &list), "{file}");
            let mut editor = crate::stream::edit_stream(dialect, operation).unwrap();
            let mut replay = Replay::new(&mut *editor, Pace::Free, same);
            assert_eq!(data(replay.events(&list)), list, "{file}");
        }
    }
}
