use serde_json::json;
use tidegate_contract::Operation;

use super::events;
use crate::stream::gather;

fn again(operation: Operation, answer: &serde_json::Value) -> serde_json::Value {
    let events = events(operation, answer);
    assert_eq!(events.last().unwrap().data, "[DONE]");
    let data: Vec<&str> = events.iter().map(|event| event.data.as_str()).collect();
    gather(tidegate_contract::Dialect::OpenAi, operation, &data).unwrap()
}

#[test]
fn an_answer_adds_up_to_itself_again() {
    let chat = json!({
        "id": "c", "object": "chat.completion", "created": 5, "model": "m",
        "choices": [
            {"index": 0, "finish_reason": "tool_calls", "message": {"role": "assistant", "content": "hi", "reasoning_content": "hm",
             "tool_calls": [{"id": "t0", "type": "function", "function": {"name": "f", "arguments": "{}"}},
                            {"id": "t1", "type": "function", "function": {"name": "g", "arguments": "[1]"}}]}},
            {"index": 1, "finish_reason": "stop", "message": {"role": "assistant", "content": "ho"}},
        ],
        "usage": {"prompt_tokens": 1, "completion_tokens": 2},
    });
    assert_eq!(again(Operation::Chat, &chat), chat);
    let completion = json!({
        "id": "c", "object": "text_completion", "created": 5, "model": "m",
        "choices": [{"index": 0, "text": "a", "finish_reason": "stop"}, {"index": 1, "text": "b", "finish_reason": "length"}],
    });
    assert_eq!(again(Operation::Completion, &completion), completion);
}

#[test]
fn an_error_is_one_event() {
    let events = events(Operation::Chat, &json!({"error": {"message": "no"}}));
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].data, r#"{"error":{"message":"no"}}"#);
}

#[test]
fn what_is_no_choice_does_no_harm() {
    for operation in [Operation::Chat, Operation::Completion] {
        for choices in [json!(["x", 1, null, [2]]), json!("x"), json!({"a": "x"}), json!([{"message": "x"}])]
        {
            let events = events(operation, &json!({"choices": choices, "usage": "x"}));
            assert_eq!(events.last().unwrap().data, "[DONE]", "{choices}");
        }
    }
}
