//! Messages in Anthropic's dialect: a text, whole or streamed.

use bytes::Bytes;
use serde_json::{Value, json};
use tidegate_contract::{Dialect, Operation};

use super::model::Call;
use super::plan::Plan;
use super::request::{Body, Refused, bounded, tokens};
use super::stream::{fragments, named};
use crate::dialect::JSON;
use crate::{request_texts, text};

/// `POST /v1/messages`
pub(super) fn answer(call: Call<'_>) -> Result<Plan, Refused> {
    let body = Body::parse(call.request.body)?;
    let said = call.text();
    bounded(1, &said)?;
    let streamed = body.streamed()?;
    let id = format!("msg_mock_{}", call.number);
    let answer = Answer { id, model: body.model()?.to_owned(), said, input_tokens: input_tokens(body)? };
    if !streamed {
        let content = json!([{"type": "text", "text": answer.said}]);
        let message = answer.message(content, "end_turn".into(), tokens(&answer.said));
        return Ok(Plan::whole(200, JSON, text::bytes(&message)));
    }
    let pace = call.settings.stream;
    Ok(Plan::events(200, answer.events(pace.chunk), pace.every))
}

/// `POST /v1/messages/count_tokens`
pub(super) fn count(call: Call<'_>) -> Result<Plan, Refused> {
    let body = Body::parse(call.request.body)?;
    let count = json!({"input_tokens": input_tokens(body)?});
    Ok(Plan::whole(200, JSON, text::bytes(&count)))
}

/// The tokens of every text that a model would read.
fn input_tokens(body: Body) -> Result<usize, Refused> {
    match body.get("messages").and_then(Value::as_array) {
        Some(messages) if !messages.is_empty() => {}
        _ => {
            let wrong = "\"messages\" must be an array with at least one message";
            return Err(Refused::field("messages", wrong));
        }
    }
    let body = body.value();
    let texts = request_texts(Dialect::Anthropic, Operation::Messages, &body);
    Ok(texts.iter().filter_map(|found| body.pointer(&found.pointer)?.as_str()).map(tokens).sum())
}

struct Answer {
    id: String,
    model: String,
    said: String,
    input_tokens: usize,
}

impl Answer {
    fn message(&self, content: Value, stop_reason: Value, output_tokens: usize) -> Value {
        json!({
            "id": self.id,
            "type": "message",
            "role": "assistant",
            "model": self.model,
            "content": content,
            "stop_reason": stop_reason,
            "stop_sequence": null,
            "usage": {
                "input_tokens": self.input_tokens,
                "cache_creation_input_tokens": 0,
                "cache_read_input_tokens": 0,
                "output_tokens": output_tokens,
            },
        })
    }

    fn events(self, size: usize) -> impl Iterator<Item = Bytes> + Send + Sync + 'static {
        let count = tokens(&self.said);
        let opening = [
            json!({"type": "message_start", "message": self.message(json!([]), Value::Null, count.min(1))}),
            json!({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}),
            json!({"type": "ping"}),
        ];
        let closing = [
            json!({"type": "content_block_stop", "index": 0}),
            json!({"type": "message_delta", "delta": {"stop_reason": "end_turn", "stop_sequence": null},
                "usage": {"output_tokens": count}}),
            json!({"type": "message_stop"}),
        ];
        let delta = |part: String| json!({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": part}});
        let deltas = fragments(self.said, size).map(delta);
        opening.into_iter().chain(deltas).chain(closing).map(|event| named(&event))
    }
}
