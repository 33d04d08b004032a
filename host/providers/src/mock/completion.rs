//! Completions of a prompt, whole or streamed.

use bytes::Bytes;
use serde_json::{Value, json};

use super::model::Call;
use super::plan::Plan;
use super::request::{Body, Refused, bounded, tokens};
use super::stream::{CREATED, Events, Head, fragments};
use crate::dialect::JSON;
use crate::text;

/// `POST /v1/completions`; several prompts get `n` choices each.
pub(super) fn answer(call: Call<'_>) -> Result<Plan, Refused> {
    let body = Body::parse(call.request.body)?;
    let (prompts, prompt_tokens) = prompts(&body)?;
    let choices = body.choices()? * prompts;
    let said = call.text();
    bounded(choices, &said)?;
    let usage = usage(prompt_tokens, tokens(&said) * choices);
    let id = format!("cmpl-mock-{}", call.number);
    let head = Head { id, object: "text_completion", created: CREATED, model: body.model()?.to_owned() };
    if !body.streamed()? {
        return Ok(Plan::whole(200, JSON, whole(&head, &said, choices, &usage)));
    }
    let events = Events::new(&head, body.wants_usage().then_some(usage));
    let pace = call.settings.stream;
    Ok(Plan::events(200, streamed(events, said, choices, pace.chunk), pace.every))
}

/// How many prompts there are, and their tokens: a text, texts, tokens, or lists of tokens.
fn prompts(body: &Body) -> Result<(usize, usize), Refused> {
    let wrong =
        || Refused::field("prompt", "\"prompt\" must be a string, or an array of strings or of tokens");
    match body.get("prompt") {
        None => Ok((1, 0)),
        Some(Value::String(text)) => Ok((1, tokens(text))),
        Some(Value::Array(parts)) => match parts.first() {
            Some(Value::Number(_)) => Ok((1, parts.len())),
            Some(Value::String(_) | Value::Array(_)) => {
                Ok((parts.len(), parts.iter().map(part_tokens).sum()))
            }
            _ => Err(wrong()),
        },
        Some(_) => Err(wrong()),
    }
}

fn part_tokens(part: &Value) -> usize {
    match part {
        Value::String(text) => tokens(text),
        Value::Array(ids) => ids.len(),
        _ => 0,
    }
}

fn usage(prompt: usize, completion: usize) -> Value {
    json!({"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion})
}

fn whole(head: &Head, said: &str, choices: usize, usage: &Value) -> Bytes {
    let mut answer = json!(head);
    answer["choices"] = (0..choices).map(|index| choice(index, said, Some("stop"))).collect();
    answer["usage"] = usage.clone();
    text::bytes(&answer)
}

fn streamed(
    events: Events,
    said: String,
    choices: usize,
    size: usize,
) -> impl Iterator<Item = Bytes> + Send + Sync + 'static {
    let (closing, end) = (events.clone(), events.end());
    let middle = fragments(said, size).flat_map(move |part| {
        let event = |index| events.choices(&json!([choice(index, &part, None)]));
        (0..choices).map(event).collect::<Vec<Bytes>>()
    });
    let finishes = (0..choices).map(move |index| closing.choices(&json!([choice(index, "", Some("stop"))])));
    middle.chain(finishes).chain(end)
}

fn choice(index: usize, text: &str, finish: Option<&str>) -> Value {
    json!({"text": text, "index": index, "logprobs": null, "finish_reason": finish})
}
