use serde_json::json;
use tidegate_contract::{Dialect, Operation};

use crate::openai::texts::tests::{assert_covered, checked};
use crate::{FoundText, answer_texts, request_texts};

use super::*;

fn found(body: &Value) -> Vec<FoundText> {
    checked(request_texts(Dialect::OpenAi, Operation::Responses, body), body)
}

/// Texts begin with `+`, and nothing else does.
fn every_field_of_a_request() -> Value {
    json!({
        "model": "gpt", "stream": true, "user": "u", "metadata": {"a": "b"}, "previous_response_id": "r",
        "reasoning": {"effort": "low", "summary": "auto"}, "include": ["x"], "truncation": "auto",
        "instructions": "+i", "prompt": {"id": "p", "version": "1", "variables": {"a/b": "+v", "c": {"type": "input_text", "text": "+w"}}},
        "text": {"verbosity": "low", "format": {"type": "json_schema", "name": "n", "description": "+fd",
            "schema": {"properties": {"x": {"type": "string", "description": "+fx"}}}}},
        "tools": [
            {"type": "function", "name": "f", "description": "+td", "parameters": {"title": "+tp"}},
            {"type": "custom", "name": "g", "description": "+cd", "format": {"type": "grammar", "syntax": "lark", "definition": "+gd"}},
            {"type": "mcp", "server_label": "l", "server_description": "+sd", "server_url": "u", "headers": {"authorization": "k"}},
            {"type": "namespace", "name": "n", "description": "+nd", "tools": [{"type": "function", "name": "h", "description": "+hd"}]},
        ],
        "input": [
            {"role": "developer", "content": "+d"},
            {"type": "message", "role": "user", "content": [
                {"type": "input_text", "text": "+u"},
                {"type": "input_image", "image_url": "https://a:b@host/p?sig=1", "detail": "low"},
                {"type": "input_file", "filename": "r.pdf", "file_data": "data:application/pdf;base64,QUJD"},
                {"type": "hologram", "size": "x"},
            ]},
            {"type": "reasoning", "id": "rs", "summary": [{"type": "summary_text", "text": "+rs"}],
                "content": [{"type": "reasoning_text", "text": "+rc"}], "encrypted_content": "e"},
            {"type": "function_call", "id": "fc", "call_id": "c", "name": "f", "arguments": "+a"},
            {"type": "custom_tool_call", "call_id": "c", "name": "g", "input": "+ci"},
            {"type": "web_search_call", "id": "ws", "status": "completed", "action": {"type": "search", "query": "+q"}},
            {"type": "code_interpreter_call", "id": "ci", "container_id": "k", "code": "+code", "outputs": [{"type": "logs", "logs": "+logs"}]},
            {"type": "mcp_list_tools", "id": "ml", "server_label": "l", "tools": [{"name": "t", "description": "+md", "input_schema": {"title": "+mi"}}]},
            {"type": "message", "role": "assistant", "id": "m", "status": "completed", "content": [
                {"type": "output_text", "text": "+o", "annotations": [{"type": "url_citation", "title": "+at", "url": "+au"}],
                    "logprobs": [{"token": "t"}]},
                {"type": "refusal", "refusal": "+r"}]},
            {"type": "function_call_output", "call_id": "c", "output": "+fo"},
            {"type": "function_call_output", "call_id": "c", "output": [{"type": "input_text", "text": "+fl"}]},
            {"type": "custom_tool_call_output", "call_id": "c", "output": "+co"},
            {"type": "shell_call_output", "call_id": "c", "output": [{"stdout": "+so", "outcome": {"type": "exit"}}]},
            {"type": "item_reference", "id": "x"},
            {"type": "novelty", "id": "n", "words": {"deep": ["+n"]}},
        ],
    })
}

#[test]
fn every_text_of_a_request_is_found_and_nothing_else() {
    let body = every_field_of_a_request();
    assert_covered(&found(&body), &body);
    let short = json!({"model": "m", "input": "+a", "instructions": [{"role": "system", "content": "+b"}]});
    assert_covered(&found(&short), &short);
}

#[test]
fn media_are_told_without_bytes_and_secrets() {
    let found = found(&every_field_of_a_request());
    let shown: Vec<&str> = found.iter().filter_map(|text| text.shown.as_deref()).collect();
    assert_eq!(shown, ["image_url https://host/p", "input_file r.pdf", "hologram"]);
}

#[test]
fn roles_kinds_and_turns_are_the_contracts() {
    let found = found(&every_field_of_a_request());
    let of = |pointer: &str| {
        let text = found.iter().find(|text| text.pointer == pointer).unwrap();
        (text.role, text.kind, text.new_turn)
    };
    assert_eq!(of("/instructions"), ("system", "text", false));
    assert_eq!(of("/input/0/content"), ("system", "text", false));
    assert_eq!(of("/input/2/summary/0/text"), ("assistant", "reasoning", false));
    assert_eq!(of("/input/2/content/0/text"), ("assistant", "reasoning", false));
    assert_eq!(of("/input/3/arguments"), ("assistant", "tool-arguments", false));
    assert_eq!(of("/input/6/outputs/0/logs"), ("tool", "tool-result", false));
    assert_eq!(of("/input/8/content/1/refusal"), ("assistant", "refusal", false));
    assert_eq!(of("/input/9/output"), ("tool", "tool-result", true));
    assert_eq!(of("/input/10/output/0/text"), ("tool", "tool-result", true));
    assert_eq!(of("/prompt/variables/a~1b"), ("user", "text", true));
}

#[test]
fn every_text_of_an_answer_is_found_and_nothing_else() {
    let body = json!({
        "id": "resp", "object": "response", "created_at": 1, "status": "failed", "model": "m", "user": "u",
        "incomplete_details": {"reason": "max_output_tokens"}, "reasoning": {"effort": "low", "summary": "auto"},
        "error": {"code": "server_error", "message": "+e", "misalignment": {"steer": {"message": "+es"}}}, "instructions": "+i", "metadata": {"k": "+m"},
        "tool_choice": {"type": "function", "name": "f"}, "usage": {"input_tokens": 1}, "novelty": {"words": "+n"},
        "text": {"format": {"type": "text"}, "verbosity": "low"}, "truncation": "disabled",
        "tools": [{"type": "function", "name": "f", "description": "+td", "parameters": {"type": "object"}}],
        "output": [
            {"type": "reasoning", "id": "rs", "summary": [{"type": "summary_text", "text": "+s"}], "encrypted_content": "e"},
            {"type": "message", "id": "m", "role": "assistant", "status": "completed",
                "content": [{"type": "output_text", "text": "+o", "annotations": [], "logprobs": []}]},
            {"type": "function_call", "id": "f", "call_id": "c", "name": "f", "arguments": "+a"},
            {"type": "image_generation_call", "id": "g", "result": "QUJD", "revised_prompt": "+p"},
        ],
    });
    let found = checked(answer_texts(Dialect::OpenAi, Operation::Responses, &body), &body);
    assert_covered(&found, &body);
    let media: Vec<_> = found.iter().filter_map(|text| text.shown.as_deref()).collect();
    assert_eq!(media, ["image_generation_call"]);
    let error = json!({"error": {"message": "+m", "type": "t", "param": "p", "code": "c"}});
    assert_covered(&answer_texts(Dialect::OpenAi, Operation::InputTokens, &error), &error);
}

#[test]
fn odd_shapes_do_no_harm() {
    for body in
        [json!(null), json!([1]), json!("x"), json!({"input": [1, null], "output": {"a": 1}, "tools": 7})]
    {
        assert_eq!(request(&body), [], "{body}");
        assert_eq!(response(&body), [], "{body}");
    }
}
