//! How a stream ends that was blocked.

use serde_json::{Value, json};
use tidegate_contract::Event;

use super::ChatStream;

/// The mark behind the last event.
const DONE: &str = "[DONE]";

/// Each choice that is not finished refuses to go on. Without any, the first does.
pub(super) fn blocked(stream: &ChatStream, reason: &str) -> Vec<Event> {
    let mut choices: Vec<u64> = stream.reader.choices.keys().copied().collect();
    if choices.is_empty() {
        choices.push(0);
    }
    let open = choices.into_iter().filter(|index| !stream.finished.contains(index));
    let events = open.map(|index| {
        let mut event = head(stream);
        event["choices"] = json!([if stream.completion {
            json!({"index": index, "text": "", "logprobs": null, "finish_reason": "content_filter"})
        } else {
            let mut delta = json!({"refusal": reason});
            if !stream.opened.contains(&index) {
                delta["role"] = "assistant".into();
            }
            json!({"index": index, "delta": delta, "logprobs": null, "finish_reason": "content_filter"})
        }]);
        event.to_string()
    });
    events.chain([DONE.to_owned()]).map(|data| Event { name: None, data }).collect()
}

fn head(stream: &ChatStream) -> Value {
    let (id, object) = match stream.completion {
        true => ("cmpl-blocked", "text_completion"),
        false => ("chatcmpl-blocked", "chat.completion.chunk"),
    };
    let mut head = json!({"id": id, "object": object, "created": 0, "model": ""});
    stream.head.iter().for_each(|(key, value)| head[key] = value.clone());
    head
}
