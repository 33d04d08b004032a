//! Responses: a text, whole or streamed.

use bytes::Bytes;
use serde_json::{Value, json};
use tidegate_contract::{Dialect, Operation};

use super::model::Call;
use super::plan::Plan;
use super::request::{Body, Refused, bounded, tokens};
use super::stream::{CREATED, fragments, named};
use crate::dialect::JSON;
use crate::{request_texts, text};

/// `POST /v1/responses`
pub(super) fn answer(call: Call<'_>) -> Result<Plan, Refused> {
    let body = Body::parse(call.request.body)?;
    let said = call.text();
    bounded(1, &said)?;
    let streamed = body.streamed()?;
    let answer = Answer {
        id: format!("resp_mock_{}", call.number),
        message: format!("msg_mock_{}", call.number),
        model: body.model()?.to_owned(),
        instructions: body.get("instructions").cloned().unwrap_or(Value::Null),
        metadata: body.get("metadata").cloned().unwrap_or_else(|| json!({})),
        said,
        input_tokens: input_tokens(body)?,
    };
    if !streamed {
        let output = json!([answer.item("completed", Some(&answer.said))]);
        return Ok(Plan::whole(200, JSON, text::bytes(&answer.response("completed", &output))));
    }
    let pace = call.settings.stream;
    Ok(Plan::events(200, answer.events(pace.chunk), pace.every))
}

/// `POST /v1/responses/input_tokens`
pub(super) fn count(call: Call<'_>) -> Result<Plan, Refused> {
    let body = Body::parse(call.request.body)?;
    let count = json!({"object": "response.input_tokens", "input_tokens": input_tokens(body)?});
    Ok(Plan::whole(200, JSON, text::bytes(&count)))
}

/// The tokens of every text that a model would read.
fn input_tokens(body: Body) -> Result<usize, Refused> {
    match body.get("input") {
        None | Some(Value::String(_) | Value::Array(_)) => {}
        Some(_) => return Err(Refused::field("input", "\"input\" must be a text or an array of items")),
    }
    let body = body.value();
    let texts = request_texts(Dialect::OpenAi, Operation::Responses, &body);
    Ok(texts.iter().filter_map(|found| body.pointer(&found.pointer)?.as_str()).map(tokens).sum())
}

#[derive(Clone)]
struct Answer {
    id: String,
    message: String,
    model: String,
    instructions: Value,
    metadata: Value,
    input_tokens: usize,
    said: String,
}

impl Answer {
    fn response(&self, status: &str, output: &Value) -> Value {
        let counts = || {
            let (input, output) = (self.input_tokens, tokens(&self.said));
            json!({
                "input_tokens": input,
                "input_tokens_details": {"cached_tokens": 0},
                "output_tokens": output,
                "output_tokens_details": {"reasoning_tokens": 0},
                "total_tokens": input + output,
            })
        };
        json!({
            "id": self.id,
            "object": "response",
            "created_at": CREATED,
            "status": status,
            "error": null,
            "incomplete_details": null,
            "instructions": self.instructions,
            "metadata": self.metadata,
            "model": self.model,
            "output": output,
            "parallel_tool_calls": true,
            "temperature": 1.0,
            "text": {"format": {"type": "text"}},
            "tool_choice": "auto",
            "tools": [],
            "top_p": 1.0,
            "usage": (status == "completed").then(counts),
        })
    }

    fn item(&self, status: &str, said: Option<&str>) -> Value {
        let content: Vec<Value> = said.into_iter().map(part).collect();
        json!({"id": self.message, "type": "message", "status": status, "role": "assistant", "content": content})
    }

    /// An event of the only part of the only item.
    fn of_part(&self, name: &str, number: usize, (key, value): (&str, Value)) -> Value {
        let mut event = json!({"type": name, "sequence_number": number, "item_id": self.message,
            "output_index": 0, "content_index": 0});
        event[key] = value;
        event
    }

    fn events(self, size: usize) -> impl Iterator<Item = Bytes> + Send + Sync + 'static {
        let empty = json!([]);
        let begun = self.response("in_progress", &empty);
        let opening = [
            json!({"type": "response.created", "sequence_number": 0, "response": begun}),
            json!({"type": "response.in_progress", "sequence_number": 1, "response": begun}),
            json!({"type": "response.output_item.added", "sequence_number": 2, "output_index": 0,
                "item": self.item("in_progress", None)}),
            self.of_part("response.content_part.added", 3, ("part", part(""))),
        ];
        let first = opening.len();
        let count = fragments(self.said.clone(), size).count();
        let closing = self.closing(first + count);
        let deltas = fragments(self.said.clone(), size).enumerate().map(move |(index, delta)| {
            let mut event =
                self.of_part("response.output_text.delta", first + index, ("delta", delta.into()));
            event["logprobs"] = json!([]);
            named(&event)
        });
        let named = |event: Value| named(&event);
        opening.into_iter().map(named).chain(deltas).chain(closing.into_iter().map(named))
    }

    fn closing(&self, number: usize) -> [Value; 4] {
        let item = self.item("completed", Some(&self.said));
        let mut done = self.of_part("response.output_text.done", number, ("text", self.said.clone().into()));
        done["logprobs"] = json!([]);
        [
            done,
            self.of_part("response.content_part.done", number + 1, ("part", part(&self.said))),
            json!({"type": "response.output_item.done", "sequence_number": number + 2, "output_index": 0,
                "item": item}),
            json!({"type": "response.completed", "sequence_number": number + 3,
                "response": self.response("completed", &json!([item]))}),
        ]
    }
}

fn part(text: &str) -> Value {
    json!({"type": "output_text", "text": text, "annotations": [], "logprobs": []})
}
