use std::time::Duration;

use bytes::Bytes;
use http::HeaderValue;
use serde_json::{Value, json};

use super::*;
use crate::mock::{Pace, Scripted, ScriptedBody};

fn ask(model: &Model, path: &str, body: &Value) -> Plan {
    let (headers, body) = (HeaderMap::new(), body.to_string());
    model.answer(&MockRequest {
        method: &Method::POST,
        path,
        query: "",
        headers: &headers,
        body: body.as_bytes(),
    })
}

fn bytes(plan: Plan) -> Vec<u8> {
    plan.steps.flat_map(|step| step.bytes).collect()
}

fn answer(model: &Model, path: &str, body: &Value) -> Value {
    serde_json::from_slice(&bytes(ask(model, path, body))).unwrap()
}

fn embedding(input: Value, encoding: &str) -> Value {
    let body = json!({"model": "m", "input": input, "dimensions": 64, "encoding_format": encoding});
    answer(&Model::new(Settings::default()), "/v1/embeddings", &body)["data"][0]["embedding"].clone()
}

fn floats(vector: &Value) -> Vec<f32> {
    serde_json::from_value(vector.clone()).unwrap()
}

#[test]
fn embeddings_are_unit_vectors_of_their_input_alone() {
    let vector = floats(&embedding(json!("tide"), "float"));
    assert_eq!(vector.len(), 64);
    assert!((vector.iter().map(|part| part * part).sum::<f32>() - 1.0).abs() < 1e-5);
    assert_eq!(vector, floats(&embedding(json!(["tide"]), "float")));
    assert_ne!(vector, floats(&embedding(json!("tides"), "float")));
    assert_eq!(embedding(json!([1, 2]), "float"), embedding(json!([[1, 2]]), "float"));
}

#[test]
fn ranks_go_by_the_words_that_a_document_shares_with_the_query() {
    let documents = json!(["The moon.", {"text": "High tide, low tide"}, "A tide of the moon"]);
    let body = json!({"model": "m", "query": "Tide of the moon", "documents": documents, "top_n": 2});
    let ranked = answer(&Model::new(Settings::default()), "/v2/rerank", &body);
    let expected = json!([{"index": 2, "relevance_score": 1.0}, {"index": 0, "relevance_score": 0.5}]);
    assert_eq!(ranked["results"], expected);
    for wrong in [json!({"documents": []}), json!({"query": 1}), json!({"top_n": 0}), json!({"model": ""})] {
        let mut body = body.clone();
        body.as_object_mut().unwrap().extend(wrong.as_object().unwrap().clone());
        assert_eq!(ask(&Model::new(Settings::default()), "/v2/rerank", &body).status, 400, "{wrong}");
    }
}

#[test]
fn both_encodings_hold_the_same_numbers() {
    use base64::Engine;
    let text = embedding(json!("tide"), "base64");
    let raw = base64::engine::general_purpose::STANDARD.decode(text.as_str().unwrap()).unwrap();
    let (parts, rest) = raw.as_chunks();
    assert!(rest.is_empty());
    let decoded: Vec<f32> = parts.iter().map(|part| f32::from_le_bytes(*part)).collect();
    assert_eq!(decoded, floats(&embedding(json!("tide"), "float")));
}

#[test]
fn an_echo_is_the_request_byte_for_byte() {
    let model = Model::new(Settings { echo: true, ..Settings::default() });
    let mut headers = HeaderMap::new();
    headers.append("x-a", HeaderValue::from_static("1"));
    headers.append("x-a", HeaderValue::from_static("2"));
    headers.append("x-b", HeaderValue::from_static("3"));
    let body = br#"{ "model":"m","messages":[{"role":"user","content":"\u0061"}] }"#;
    let request = MockRequest {
        method: &Method::POST,
        path: "/v1/chat/completions",
        query: "q=1",
        headers: &headers,
        body,
    };
    let answer: Value = serde_json::from_slice(&bytes(model.answer(&request))).unwrap();
    let text = answer["choices"][0]["message"]["content"].as_str().unwrap();
    assert!(text.contains(str::from_utf8(body).unwrap()), "{text}");
    let echo: Value = serde_json::from_str(text).unwrap();
    let head = json!([echo["method"], echo["path"], echo["query"], echo["headers"]]);
    assert_eq!(head, json!(["POST", "/v1/chat/completions", "q=1", {"x-a": ["1", "2"], "x-b": "3"}]));
}

#[test]
fn an_echo_answers_on_any_path() {
    let model = Model::new(Settings { echo: true, ..Settings::default() });
    let headers = HeaderMap::new();
    let request =
        MockRequest { method: &Method::PUT, path: "/x", query: "", headers: &headers, body: b"\xff" };
    let plan = model.answer(&request);
    assert_eq!(plan.status, 200);
    let echo: Value = serde_json::from_slice(&bytes(plan)).unwrap();
    assert_eq!(echo, json!({"method": "PUT", "path": "/x", "query": "", "headers": {}, "body": "\u{fffd}"}));
}

#[test]
fn a_script_starts_again_after_its_last_entry() {
    let entry = |status| Scripted {
        status,
        headers: Vec::new(),
        body: ScriptedBody::Whole { bytes: Bytes::new(), content_type: "text/plain" },
        cut_after: None,
    };
    let model = Model::new(Settings { script: vec![entry(500), entry(200)], ..Settings::default() });
    let statuses = [(); 5].map(|()| ask(&model, "/v1/models", &Value::Null).status);
    assert_eq!(statuses, [500, 200, 500, 200, 500]);
}

#[test]
fn a_stream_is_cut_at_every_byte() {
    let events = vec!["one".to_owned(), "two\nlines".to_owned()];
    let whole = b"data: one\n\ndata: two\ndata: lines\n\n";
    for limit in 0..whole.len() + 2 {
        let body = ScriptedBody::Events(events.clone());
        let entry = Scripted { status: 200, headers: Vec::new(), body, cut_after: Some(limit) };
        let plan =
            ask(&Model::new(Settings { script: vec![entry], ..Settings::default() }), "/", &Value::Null);
        assert!(plan.cut);
        assert_eq!(bytes(plan), whole[..limit.min(whole.len())]);
    }
}

#[test]
fn a_stream_keeps_its_pace_and_no_character_is_split() {
    let stream = Pace { chunk: 1, every: Duration::from_millis(7) };
    let reply = "a\u{e9}\u{1f44b}";
    let model = Model::new(Settings { reply: Some(reply.into()), stream, ..Settings::default() });
    let body = json!({"model": "m", "prompt": "p", "stream": true});
    let steps: Vec<_> = ask(&model, "/v1/completions", &body).steps.collect();
    let waits: Vec<u128> = steps.iter().map(|step| step.wait.as_millis()).collect();
    assert_eq!(waits, [0, 7, 7, 7, 7]);
    let text = |step: &crate::mock::Step| {
        let data = step.bytes.strip_prefix(b"data: ").unwrap().to_vec();
        serde_json::from_slice::<Value>(&data).unwrap()["choices"][0]["text"].as_str().unwrap().to_owned()
    };
    assert_eq!(steps[..3].iter().map(text).collect::<Vec<_>>(), ["a", "\u{e9}", "\u{1f44b}"]);
}

#[test]
fn a_long_stream_is_made_as_it_is_read() {
    let stream = Pace { chunk: 0, every: Duration::ZERO };
    let model = Model::new(Settings { reply: Some("x".repeat(10_000_000)), stream, ..Settings::default() });
    let body = json!({"model": "m", "messages": [{"role": "user", "content": "hi"}], "stream": true});
    assert_eq!(ask(&model, "/v1/chat/completions", &body).steps.take(3).count(), 3);
}

#[test]
fn a_schema_that_refers_to_itself_ends() {
    let schema = json!({"$ref": "#/$defs/a", "$defs": {"a": {"type": "object", "required": ["a"], "properties": {"a": {"$ref": "#/$defs/a"}}}}});
    let body = json!({
        "model": "m",
        "messages": [{"role": "user", "content": "hi"}],
        "tools": [{"type": "function", "function": {"name": "f", "parameters": schema}}],
        "tool_choice": "required",
    });
    let answer = answer(&Model::new(Settings::default()), "/v1/chat/completions", &body);
    let arguments =
        answer["choices"][0]["message"]["tool_calls"][0]["function"]["arguments"].as_str().unwrap();
    assert!(serde_json::from_str::<Value>(arguments).unwrap()["a"]["a"].is_object());
}

#[test]
fn an_echo_is_not_multiplied_without_bound() {
    let model = Model::new(Settings { reply: Some("x".repeat(1_000_000)), ..Settings::default() });
    let body = json!({"model": "m", "messages": [{"role": "user", "content": "hi"}], "n": 128});
    assert_eq!(ask(&model, "/v1/chat/completions", &body).status, 400);
    let body = json!({"model": "m", "prompt": vec!["p"; 100], "n": 1});
    assert_eq!(ask(&model, "/v1/completions", &body).status, 400);
}

#[test]
fn a_status_without_a_body_has_no_length_either() {
    for status in [204, 304] {
        let model = Model::new(Settings { status: Some(status), ..Settings::default() });
        let plan =
            ask(&model, "/v1/chat/completions", &json!({"model": "m", "messages": [{"role": "user"}]}));
        assert_eq!(plan.status, status);
        assert!(!plan.headers.iter().any(|(name, _)| name == http::header::CONTENT_LENGTH));
        assert!(bytes(plan).is_empty());
    }
}

#[test]
fn an_empty_reply_is_empty() {
    let said = |reply: Option<&str>| {
        let model = Model::new(Settings { reply: reply.map(Into::into), ..Settings::default() });
        let body = json!({"model": "m", "messages": [{"role": "user", "content": "x"}]});
        answer(&model, "/v1/chat/completions", &body)["choices"][0]["message"]["content"].clone()
    };
    assert_eq!(said(Some("")), "");
    assert_ne!(said(None), "");
}

#[test]
fn scripted_events_are_named_where_the_dialect_names_them() {
    let entry = Scripted {
        status: 200,
        headers: Vec::new(),
        body: ScriptedBody::Events(vec![
            r#"{"type":"a"}"#.to_owned(),
            "b".to_owned(),
            r#"{"type":"c\nd"}"#.to_owned(),
        ]),
        cut_after: None,
    };
    let model = Model::new(Settings { script: vec![entry], ..Settings::default() });
    let stream = |path| String::from_utf8(bytes(ask(&model, path, &json!({})))).unwrap();
    let (named, rest) = ("event: a\n", "data: {\"type\":\"a\"}\n\ndata: b\n\ndata: {\"type\":\"c\\nd\"}\n\n");
    assert_eq!(stream("/v1/messages"), format!("{named}{rest}"));
    assert_eq!(stream("/v1/responses"), format!("{named}{rest}"));
    assert_eq!(stream("/v1/chat/completions"), rest);
}
