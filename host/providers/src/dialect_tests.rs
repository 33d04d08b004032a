use serde_json::{Value, json};

use super::*;

const ERROR: ErrorBody<'_> = ErrorBody {
    status: 401,
    kind: "authentication_error",
    code: Some("invalid_api_key"),
    param: None,
    message: "say \"please\"",
};

fn expected_error() -> Value {
    let message = "say \"please\"";
    json!({"error": {"message": message, "type": "authentication_error", "param": null, "code": "invalid_api_key"}})
}

#[test]
fn an_error_has_the_dialects_shape() {
    let body: Value = serde_json::from_slice(&error_body(Dialect::OpenAi, &ERROR)).unwrap();
    assert_eq!(body, expected_error());
}

#[test]
fn an_error_in_a_stream_is_one_event_and_no_end() {
    let event = error_event(Dialect::OpenAi, &ErrorBody { message: "say \"please\"", ..ERROR });
    let data = event.strip_prefix(b"data: ").and_then(|rest| rest.strip_suffix(b"\n\n")).unwrap();
    assert!(!data.contains(&b'\n'));
    assert_eq!(serde_json::from_slice::<Value>(data).unwrap(), expected_error());
}

#[test]
fn a_line_end_in_a_message_does_not_end_the_event() {
    let event = error_event(Dialect::OpenAi, &ErrorBody { message: "a\n\ndata: [DONE]\r\n\r\n", ..ERROR });
    assert_eq!(event.iter().filter(|byte| matches!(byte, b'\n' | b'\r')).count(), 2);
}

#[test]
fn models_have_every_field_that_clients_expect() {
    let model = |id| json!({"id": id, "object": "model", "created": 0, "owned_by": "tidegate"});
    let list: Value = serde_json::from_slice(&models_body(Dialect::OpenAi, &["b", "a"])).unwrap();
    assert_eq!(list, json!({"object": "list", "data": [model("b"), model("a")]}));
    let one: Value = serde_json::from_slice(&model_body(Dialect::OpenAi, "a")).unwrap();
    assert_eq!(one, model("a"));
}

#[test]
fn each_status_has_its_kind() {
    let kinds =
        [400, 401, 403, 404, 409, 413, 422, 429, 500, 503].map(|status| error_kind(Dialect::OpenAi, status));
    let bad = "invalid_request_error";
    let client = [bad, "authentication_error", "permission_error", "not_found_error", bad, bad, bad];
    assert_eq!(kinds[..7], client);
    assert_eq!(kinds[7..], ["rate_limit_error", "server_error", "server_error"]);
}

#[test]
fn anthropics_shapes_are_its_own() {
    let expected =
        json!({"type": "error", "error": {"type": "authentication_error", "message": "say \"please\""}});
    let body: Value = serde_json::from_slice(&error_body(Dialect::Anthropic, &ERROR)).unwrap();
    assert_eq!(body, expected);
    let event = error_event(Dialect::Anthropic, &ERROR);
    let data =
        event.strip_prefix(b"event: error\ndata: ").and_then(|rest| rest.strip_suffix(b"\n\n")).unwrap();
    assert_eq!(serde_json::from_slice::<Value>(data).unwrap(), expected);
    let model =
        |id| json!({"type": "model", "id": id, "display_name": id, "created_at": "1970-01-01T00:00:00Z"});
    let list: Value = serde_json::from_slice(&models_body(Dialect::Anthropic, &["b", "a"])).unwrap();
    assert_eq!(
        list,
        json!({"data": [model("b"), model("a")], "has_more": false, "first_id": "b", "last_id": "a"})
    );
    let none: Value = serde_json::from_slice(&models_body(Dialect::Anthropic, &[])).unwrap();
    assert_eq!(none["first_id"], Value::Null);
    let one: Value = serde_json::from_slice(&model_body(Dialect::Anthropic, "a")).unwrap();
    assert_eq!(one, model("a"));
    let kinds = [400, 401, 403, 404, 413, 422, 429, 500, 503, 504, 529]
        .map(|status| error_kind(Dialect::Anthropic, status));
    assert_eq!(
        kinds,
        [
            "invalid_request_error",
            "authentication_error",
            "permission_error",
            "not_found_error",
            "request_too_large",
            "invalid_request_error",
            "rate_limit_error",
            "api_error",
            "api_error",
            "timeout_error",
            "overloaded_error"
        ]
    );
}
