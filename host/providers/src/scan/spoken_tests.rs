use super::text_bytes;

#[test]
fn what_a_model_said_is_counted_once_in_every_api() {
    for (event, bytes) in [
        (
            r#"{"id": "chatcmpl-1", "model": "m", "choices": [{"delta": {"role": "assistant", "content": "four"}}]}"#,
            4,
        ),
        (
            r#"{"choices": [{"delta": {"tool_calls": [{"id": "call_1", "function": {"name": "f", "arguments": "{}"}}]}}]}"#,
            2,
        ),
        (r#"{"choices": [{"text": "abc", "finish_reason": "stop"}]}"#, 3),
        (
            r#"{"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "abcde"}}"#,
            5,
        ),
        (
            r#"{"type": "content_block_delta", "delta": {"type": "input_json_delta", "partial_json": "{\"a\""}}"#,
            4,
        ),
        (r#"{"type": "response.output_text.delta", "item_id": "msg_1", "delta": "ab"}"#, 2),
        (r#"{"type": "response.output_text.done", "text": "abcdef"}"#, 0),
        (r#"{"candidates": [{"content": {"role": "model", "parts": [{"text": "xyz"}]}}]}"#, 3),
        (r#"{"contentBlockIndex": 0, "delta": {"text": "xy"}}"#, 2),
        (r#"{"choices": [], "usage": {"prompt_tokens": 7}}"#, 0),
        ("[DONE]", 0),
    ] {
        assert_eq!(text_bytes(event.as_bytes()), bytes, "{event}");
    }
}
