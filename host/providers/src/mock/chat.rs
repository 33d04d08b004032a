//! Chat completions: a text or a tool call, whole or streamed.

use bytes::Bytes;
use serde_json::{Value, json};

use super::model::Call;
use super::plan::Plan;
use super::request::{Body, Refused, bounded, tokens};
use super::stream::{CREATED, Events, Head, fragments};
use super::tools::{self, ToolCall};
use crate::dialect::JSON;
use crate::text;

/// What the assistant says.
#[derive(Debug, Clone)]
enum Said {
    Text(String),
    Tool(ToolCall),
}

/// `POST /v1/chat/completions`
pub(super) fn answer(call: Call<'_>) -> Result<Plan, Refused> {
    let body = Body::parse(call.request.body)?;
    let model = body.model()?.to_owned();
    let messages = messages(&body)?;
    let choices = body.choices()?;
    let said = match tools::wanted(&body, messages)? {
        Some(tool) => Said::Tool(tool.called(call.number)),
        None => Said::Text(call.text()),
    };
    bounded(choices, said.text())?;
    let usage = usage(messages, &said, choices);
    let id = format!("chatcmpl-mock-{}", call.number);
    if !body.streamed()? {
        let head = Head { id, object: "chat.completion", created: CREATED, model };
        return Ok(Plan::whole(200, JSON, whole(&head, &said, choices, &usage)));
    }
    let head = Head { id, object: "chat.completion.chunk", created: CREATED, model };
    let events = Events::new(&head, body.wants_usage().then_some(usage));
    let pace = call.settings.stream;
    Ok(Plan::events(200, streamed(events, said, choices, pace.chunk), pace.every))
}

/// The text of a message: its string, or its text parts.
pub(super) fn text_of(message: &Value) -> String {
    match message.get("content") {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(parts)) => parts.iter().filter_map(|part| part.get("text")?.as_str()).collect(),
        _ => String::new(),
    }
}

fn messages(body: &Body) -> Result<&[Value], Refused> {
    match body.get("messages").and_then(Value::as_array) {
        Some(messages) if !messages.is_empty() => Ok(messages),
        _ => Err(Refused::field("messages", "\"messages\" must be an array with at least one message")),
    }
}

/// `prompt_tokens` count the texts of all messages, `completion_tokens` what all choices say.
fn usage(messages: &[Value], said: &Said, choices: usize) -> Value {
    let prompt: usize = messages.iter().map(|message| tokens(&text_of(message))).sum();
    let completion = tokens(said.text()) * choices;
    json!({
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
        "prompt_tokens_details": {"cached_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": 0},
    })
}

fn whole(head: &Head, said: &Said, choices: usize, usage: &Value) -> Bytes {
    let choice = |index| {
        json!({
            "index": index,
            "message": said.message(index),
            "logprobs": null,
            "finish_reason": said.finish_reason(),
        })
    };
    let mut answer = json!(head);
    answer["choices"] = (0..choices).map(choice).collect();
    answer["usage"] = usage.clone();
    text::bytes(&answer)
}

/// First the role of each choice, then the fragments, then the finish of each, then usage and end.
fn streamed(
    events: Events,
    said: Said,
    choices: usize,
    size: usize,
) -> impl Iterator<Item = Bytes> + Send + Sync + 'static {
    let (opening, closing, end) = (events.clone(), events.clone(), events.end());
    let (opener, finish, text) = (said.clone(), said.finish_reason(), said.text().to_owned());
    let openings =
        (0..choices).map(move |index| opening.choices(&choice(index, opener.opening(index), None)));
    let middle = fragments(text, size).flat_map(move |part| {
        let delta = said.fragment(&part);
        let events: Vec<Bytes> =
            (0..choices).map(|index| events.choices(&choice(index, delta.clone(), None))).collect();
        events
    });
    let finishes = (0..choices).map(move |index| closing.choices(&choice(index, json!({}), Some(finish))));
    openings.chain(middle).chain(finishes).chain(end)
}

fn choice(index: usize, delta: Value, finish: Option<&str>) -> Value {
    json!([{"index": index, "delta": delta, "logprobs": null, "finish_reason": finish}])
}

impl Said {
    /// What is streamed in fragments and counted.
    fn text(&self) -> &str {
        match self {
            Self::Text(text) => text,
            Self::Tool(call) => &call.arguments,
        }
    }

    fn finish_reason(&self) -> &'static str {
        match self {
            Self::Text(_) => "stop",
            Self::Tool(_) => "tool_calls",
        }
    }

    fn message(&self, choice: usize) -> Value {
        match self {
            Self::Text(text) => json!({"role": "assistant", "content": text, "refusal": null}),
            Self::Tool(call) => {
                let calls = json!([call.json(choice, &call.arguments)]);
                json!({"role": "assistant", "content": null, "refusal": null, "tool_calls": calls})
            }
        }
    }

    fn opening(&self, choice: usize) -> Value {
        match self {
            Self::Text(_) => json!({"role": "assistant", "content": "", "refusal": null}),
            Self::Tool(call) => {
                let mut first = call.json(choice, "");
                first["index"] = json!(0);
                json!({"role": "assistant", "content": null, "tool_calls": [first]})
            }
        }
    }

    fn fragment(&self, part: &str) -> Value {
        match self {
            Self::Text(_) => json!({"content": part}),
            Self::Tool(_) => json!({"tool_calls": [{"index": 0, "function": {"arguments": part}}]}),
        }
    }
}
