//! Whole responses, both ways.

use crate::exchange::answer::{Answer, Choice, Finish};
use crate::exchange::codec::Asked;
use crate::exchange::fields::Fields;
use crate::exchange::json::{Json, Object, Text, object};
use crate::exchange::place::Place;
use crate::exchange::refused::{Refused, Unreadable};
use crate::exchange::request::{Block, Part, Thought, ToolCall};

use super::items::thought_text;
use super::response::{Response, decode_usage, id, outcome};
use super::{annotations, failure, output, own, parts};

pub(super) fn decode<'a>(body: Json<'a>) -> Result<Answer<'a>, Unreadable> {
    if body.at(&["status"]).and_then(Json::as_str) == Some("failed") {
        let failure = failure::streamed(&body);
        return Err(Unreadable(format!("it says that it failed: {}", failure.message)));
    }
    let mut fields = Fields::of(body, Place::BODY)?;
    let items = fields.list("output")?.ok_or_else(|| fields.missing("output"))?;
    let place = Place::BODY.key("output");
    let (mut blocks, mut probabilities) = (Vec::with_capacity(items.len()), Vec::new());
    for (index, item) in items.into_iter().enumerate() {
        let parts = decode_item(Fields::of(item, place.at(index))?, &mut probabilities)?;
        blocks.extend(parts.into_iter().map(Block::new));
    }
    let finish = decode_finish(&fields, &blocks);
    let probabilities = Some(probabilities).filter(|list| !list.is_empty()).map(in_chat);
    Ok(Answer {
        id: fields.text("id")?.unwrap_or_default(),
        model: fields.text("model")?.unwrap_or_default(),
        created: fields.count("created_at")?,
        choices: vec![Choice { blocks, finish, log_probabilities: probabilities }],
        usage: fields.take("usage").as_ref().and_then(decode_usage),
        service_tier: fields.text("service_tier")?,
        fingerprint: None,
    })
}

/// Log probabilities as chat completions have them.
pub(super) fn in_chat(probabilities: Vec<Json<'_>>) -> Json<'_> {
    object! { "content": probabilities, "refusal": Json::Null }.into()
}

/// What an item says. Servers may answer with kinds that nobody knows yet.
pub(super) fn decode_item<'a>(
    mut item: Fields<'a, '_>,
    probabilities: &mut Vec<Json<'a>>,
) -> Result<Vec<Part<'a>>, Refused> {
    let kind = item.text("type")?.unwrap_or_default();
    Ok(match &*kind {
        "message" => decode_message(item, probabilities)?,
        "function_call" => vec![Part::ToolCall(decode_call(&mut item)?)],
        "reasoning" => decode_thought(&mut item)?.into_iter().map(Part::Reasoning).collect(),
        "image_generation_call" => parts::picture(&mut item)?.map(Part::Media).into_iter().collect(),
        _ if own::is_call(&kind) || own::is_result(&kind) => vec![Part::Own { kind, spec: item.rest() }],
        _ => Vec::new(),
    })
}

fn decode_message<'a>(
    mut message: Fields<'a, '_>,
    probabilities: &mut Vec<Json<'a>>,
) -> Result<Vec<Part<'a>>, Refused> {
    let place = message.place();
    let place = place.key("content");
    let mut said = Vec::new();
    for (index, part) in message.list("content")?.unwrap_or_default().into_iter().enumerate() {
        let mut part = Fields::of(part, place.at(index))?;
        match &*part.text("type")?.unwrap_or_default() {
            "output_text" | "text" => {
                probabilities.extend(part.list("logprobs")?.unwrap_or_default());
                let says_nothing = |part: &Part<'_>| matches!(part, Part::Text(text) if text.is_empty());
                said.extend(Some(parts::said(&mut part)?).filter(|part| !says_nothing(part)));
            }
            "refusal" => said.push(Part::Refusal(part.text("refusal")?.unwrap_or_default())),
            _ => {}
        }
    }
    Ok(said)
}

pub(super) fn decode_call<'a>(item: &mut Fields<'a, '_>) -> Result<ToolCall<'a>, Refused> {
    let own = item.text("id")?;
    Ok(ToolCall {
        id: item.text("call_id")?.or(own).unwrap_or_default(),
        name: item.need_text("name")?,
        arguments: item.take("arguments").map(Json::into_text).unwrap_or_default(),
        signature: None,
    })
}

/// The words of a thought, and what its provider sealed of it: two thoughts, since nobody else has both in one.
pub(super) fn decode_thought<'a>(item: &mut Fields<'a, '_>) -> Result<Vec<Thought<'a>>, Refused> {
    let text = Some(thought_text(item)?).filter(|text| !text.is_empty());
    let redacted = item.text("encrypted_content")?;
    let told = text.map(|text| Thought { text, ..Thought::default() });
    let sealed = redacted.map(|data| Thought { redacted: Some(data), ..Thought::default() });
    Ok(told.into_iter().chain(sealed).collect())
}

fn decode_finish<'a>(fields: &Fields<'a, '_>, blocks: &[Block<'a>]) -> Option<Finish<'a>> {
    let has = |is: fn(&Part<'_>) -> bool| blocks.iter().any(|block| is(&block.part));
    let calls = has(|part| matches!(part, Part::ToolCall(_)));
    let refused = has(|part| matches!(part, Part::Refusal(_)));
    let status = fields.get("status").and_then(Json::as_str);
    let reason = fields.get("incomplete_details").and_then(|details| details.at(&["reason"])?.as_str());
    finish(status, reason, calls, refused)
}

/// Why an answer ends; `None` where it does not yet. One that is not whole for a reason that nobody knows was cut.
pub(super) fn finish(
    status: Option<&str>,
    reason: Option<&str>,
    calls: bool,
    refused: bool,
) -> Option<Finish<'static>> {
    match status {
        Some("queued" | "in_progress") => None,
        Some("incomplete") if reason == Some("content_filter") => Some(Finish::ContentFilter),
        Some("incomplete" | "cancelled") => Some(Finish::Length),
        _ if calls => Some(Finish::ToolCalls),
        _ if refused => Some(Finish::Refusal),
        _ => Some(Finish::Stop),
    }
}

pub(super) fn encode<'a>(answer: Answer<'a>, asked: &'a Asked) -> Object<'a> {
    // The API has one answer to a request, and no places for the others.
    let Answer { id: own, model, created, choices, usage, service_tier, fingerprint: _ } = answer;
    let Choice { blocks, finish, log_probabilities } = choices.into_iter().next().unwrap_or_default();
    let (status, reason) = outcome(finish.as_ref());
    let mut items = Items { asked, status, output: Vec::new(), said: Vec::new() };
    items.write(log_probabilities, blocks);
    let response = Response {
        id: id(own, asked),
        created: created.unwrap_or(asked.now),
        model: if model.is_empty() { Text::Borrowed(&*asked.model) } else { model },
        service_tier,
        status,
        reason,
        error: None,
        output: items.output,
        usage,
    };
    response.write(asked)
}

/// Items as they are written.
struct Items<'a> {
    asked: &'a Asked,
    /// Of the last item; those before it are whole.
    status: &'static str,
    output: Vec<Object<'a>>,
    /// The content of the message that goes on.
    said: Vec<Object<'a>>,
}

impl<'a> Items<'a> {
    /// The probabilities stand with the first text: others say them of the whole answer.
    fn write(&mut self, probabilities: Option<Json<'a>>, blocks: Vec<Block<'a>>) {
        let mut entries = probabilities.map(entries).unwrap_or_default();
        let last = blocks.len().saturating_sub(1);
        for (index, block) in blocks.into_iter().enumerate() {
            let status = if index == last { self.status } else { "completed" };
            self.add(block.part, status, &mut entries);
        }
        self.message(self.status);
    }

    fn add(&mut self, part: Part<'a>, status: &'static str, entries: &mut Vec<Json<'a>>) {
        match part {
            Part::Text(text) => self.said.push(output::text_part(text, Vec::new(), std::mem::take(entries))),
            Part::Cited { text, citations } => {
                let length = text.chars().count() as u64;
                let cited = citations.into_iter().filter_map(|one| annotations::encode(one, length));
                self.said.push(output::text_part(text, cited.collect(), std::mem::take(entries)));
            }
            Part::Refusal(refusal) => self.said.push(output::refusal_part(refusal)),
            Part::Media(media) => match parts::encode_picture(media) {
                Ok(call) => {
                    let id = self.next("ig");
                    self.output.push(output::named(id, call));
                }
                Err(words) => {
                    let said = words.map(|words| output::text_part(words, Vec::new(), Vec::new()));
                    self.said.extend(said);
                }
            },
            Part::Reasoning(thought) => {
                let id = self.next("rs");
                self.output.push(output::reasoning(id, thought));
            }
            Part::ToolCall(call) => self.call(call, status),
            Part::Own { kind, spec } if own::is_call(&kind) || own::is_result(&kind) => {
                self.message("completed");
                self.output.push(output::typed(kind, spec));
            }
            // No model answers with the one, and only another API knows the other.
            Part::ToolResult(_) | Part::Own { .. } => {}
        }
    }

    fn call(&mut self, call: ToolCall<'a>, status: &'static str) {
        let ToolCall { id, name, arguments, signature } = call;
        if let Some(signature) = signature {
            let id = self.next("rs");
            self.output.push(output::signature(id, signature));
        }
        let item = self.next("fc");
        let id = output::call_id(id, self.asked, self.output.len());
        let call = ToolCall { id, name, arguments, signature: None };
        self.output.push(output::call(item, status, call));
    }

    /// The id of the next item, before which the message ends.
    fn next(&mut self, prefix: &str) -> String {
        self.message("completed");
        output::id(prefix, self.asked, self.output.len())
    }

    fn message(&mut self, status: &'static str) {
        let said = std::mem::take(&mut self.said);
        if !said.is_empty() {
            let id = output::id("msg", self.asked, self.output.len());
            self.output.push(output::message(id, status, said));
        }
    }
}

/// The entries of log probabilities in the shape of chat completions.
pub(super) fn entries(probabilities: Json<'_>) -> Vec<Json<'_>> {
    let Json::Object(mut probabilities) = probabilities else { return Vec::new() };
    match probabilities.take("content") {
        Some(Json::List(entries)) => entries,
        _ => Vec::new(),
    }
}
