use serde_json::json;
use tidegate_contract::{Dialect, Operation};

use crate::openai::texts::tests::{assert_covered, checked};
use crate::{answer_texts, forget_repeats, request_texts};

use super::*;

fn found(body: &Value) -> Vec<FoundText> {
    checked(request_texts(Dialect::Anthropic, Operation::Messages, body), body)
}

/// Texts begin with `+`, and nothing else does.
fn every_field_of_a_request() -> Value {
    json!({
        "model": "claude", "max_tokens": 5, "stream": true, "metadata": {"user_id": "u"}, "stop_sequences": ["s"],
        "system": [{"type": "text", "text": "+s", "cache_control": {"type": "ephemeral", "ttl": "5m"}}],
        "tool_choice": {"type": "tool", "name": "t"}, "mcp_servers": [{"type": "url", "url": "u", "authorization_token": "k"}],
        "output_config": {"format": {"type": "json_schema", "schema": {"description": "+of"}}},
        "tools": [
            {"name": "t", "description": "+td", "input_schema": {"type": "object", "properties": {"x": {"description": "+tx"}}},
                "input_examples": [{"x": "+te"}]},
            {"type": "web_search_20250305", "name": "web_search", "user_location": {"type": "approximate", "city": "Berlin"}},
        ],
        "messages": [
            {"role": "user", "content": "+u"},
            {"role": "assistant", "content": [
                {"type": "thinking", "thinking": "+th", "signature": "s"},
                {"type": "redacted_thinking", "data": "QUJD"},
                {"type": "text", "text": "+a", "citations": [{"type": "char_location", "cited_text": "+ct", "document_title": "+dt", "document_index": 0}]},
                {"type": "tool_use", "id": "toolu_1", "name": "t", "input": {"id": "+i", "deep": {"name": ["+j"]}}},
                {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {"query": "+q"}},
                {"type": "web_search_tool_result", "tool_use_id": "s", "content": [
                    {"type": "web_search_result", "title": "+wt", "url": "+wu", "encrypted_content": "e", "page_age": "+wa"}]},
                {"type": "code_execution_tool_result", "tool_use_id": "c", "content": {"type": "code_execution_result", "stdout": "+so", "stderr": "", "return_code": 0}},
            ]},
            {"role": "user", "content": [
                {"type": "tool_result", "tool_use_id": "toolu_1", "content": "+r1"},
                {"type": "tool_result", "tool_use_id": "toolu_2", "is_error": true, "content": [{"type": "text", "text": "+r2"},
                    {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "QUJD"}}]},
                {"type": "tool_result", "tool_use_id": "toolu_3"},
                {"type": "image", "source": {"type": "url", "url": "https://a:b@host/p?sig=1"}},
                {"type": "document", "title": "+d", "context": "+dc", "source": {"type": "text", "media_type": "text/plain", "data": "+dd"}},
                {"type": "document", "source": {"type": "content", "content": [{"type": "text", "text": "+de"}]}},
                {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": "QUJD"}},
                {"type": "search_result", "source": "+su", "title": "+st", "content": [{"type": "text", "text": "+sx"}]},
                {"type": "hologram", "id": "x"},
                {"type": "novelty", "words": ["+n"]},
                {"type": "text", "text": "+last"},
            ]},
        ],
    })
}

#[test]
fn every_text_of_a_request_is_found_and_nothing_else() {
    let body = every_field_of_a_request();
    assert_covered(&found(&body), &body);
    let short = json!({"system": "+s", "messages": [{"role": "user", "content": "+u"}]});
    assert_covered(&found(&short), &short);
}

#[test]
fn media_are_told_without_bytes_and_secrets() {
    let found = found(&every_field_of_a_request());
    let shown: Vec<&str> = found.iter().filter_map(|text| text.shown.as_deref()).collect();
    assert_eq!(shown, ["image image/png", "image https://host/p", "document application/pdf", "hologram"]);
}

#[test]
fn roles_kinds_and_turns_are_the_contracts() {
    let found = found(&every_field_of_a_request());
    let of = |pointer: &str| {
        let text = found.iter().find(|text| text.pointer == pointer).unwrap();
        (text.role, text.kind, text.new_turn)
    };
    assert_eq!(of("/system/0/text"), ("system", "text", false));
    assert_eq!(of("/messages/0/content"), ("user", "text", false));
    assert_eq!(of("/messages/1/content/0/thinking"), ("assistant", "reasoning", false));
    assert_eq!(of("/messages/1/content/3/input/id"), ("assistant", "tool-arguments", false));
    assert_eq!(of("/messages/1/content/5/content/0/title"), ("tool", "tool-result", false));
    assert_eq!(of("/messages/2/content/1/content/0/text"), ("tool", "tool-result", true));
    assert_eq!(of("/messages/2/content/10/text"), ("user", "text", true));
    assert_eq!(of("/tools/0/description"), ("system", "text", false));
}

#[test]
fn every_text_of_an_answer_is_found_and_nothing_else() {
    let body = json!({
        "id": "msg", "type": "message", "role": "assistant", "model": "m", "stop_reason": "refusal", "stop_sequence": null,
        "stop_details": {"type": "refusal", "category": "c", "explanation": "+e"}, "container": {"id": "c", "expires_at": "x"},
        "usage": {"input_tokens": 1, "service_tier": "standard", "x": "y"},
        "content": [{"type": "thinking", "thinking": "+h", "signature": "s"}, {"type": "text", "text": "+t"},
            {"type": "tool_use", "id": "i", "name": "n", "input": {"a": "+i"}}],
    });
    let checked_answer =
        |body: &Value| checked(answer_texts(Dialect::Anthropic, Operation::Messages, body), body);
    assert_covered(&checked_answer(&body), &body);
    let error = json!({"type": "error", "error": {"type": "t", "message": "+m"}, "request_id": "r"});
    assert_covered(&checked_answer(&error), &error);
}

#[test]
fn an_edited_thought_is_signed_no_more() {
    let thought =
        |text: &str, signature: &str| json!({"type": "thinking", "thinking": text, "signature": signature});
    let before = json!({"content": [thought("a", "s"), thought("b", "s"), {"type": "text", "text": "c"}]});
    let mut after = before.clone();
    forget_repeats(&before, &mut after);
    assert_eq!(after, before);
    after["content"][1]["thinking"] = "x".into();
    forget_repeats(&before, &mut after);
    assert_eq!(after["content"], json!([thought("a", "s"), thought("x", ""), {"type": "text", "text": "c"}]));
}

#[test]
fn odd_shapes_do_no_harm() {
    for body in
        [json!(null), json!([1]), json!("x"), json!({"messages": [1, null], "content": 5, "tools": 7})]
    {
        assert_eq!(request(&body), [], "{body}");
        assert_eq!(answer(&body), [], "{body}");
    }
}
