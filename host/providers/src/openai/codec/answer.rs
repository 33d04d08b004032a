//! Whole chat completions, both ways.

use tidegate_contract::Usage;

use crate::exchange::answer::{Answer, Choice, Finish};
use crate::exchange::codec::Asked;
use crate::exchange::fields::Fields;
use crate::exchange::json::{Json, Object, Text, object};
use crate::exchange::place::Place;
use crate::exchange::refused::{Refused, Unreadable};
use crate::exchange::request::{Block, Citation, Part, Thought, ToolCall};

use super::encode::{encode_call, joined};
use super::{Chat, parts};

pub(super) fn decode<'a>(body: Json<'a>) -> Result<Answer<'a>, Unreadable> {
    let mut fields = Fields::of(body, Place::BODY)?;
    let choices = fields.list("choices")?.ok_or_else(|| fields.missing("choices"))?;
    let place = Place::BODY.key("choices");
    let read = |(index, choice)| decode_choice(Fields::of(choice, place.at(index))?);
    Ok(Answer {
        id: fields.text("id")?.unwrap_or_default(),
        model: fields.text("model")?.unwrap_or_default(),
        created: fields.count("created")?,
        choices: choices.into_iter().enumerate().map(read).collect::<Result<_, Refused>>()?,
        usage: fields.take("usage").as_ref().and_then(decode_usage),
        service_tier: fields.text("service_tier")?,
        fingerprint: fields.text("system_fingerprint")?,
    })
}

fn decode_choice<'a>(mut choice: Fields<'a, '_>) -> Result<Choice<'a>, Refused> {
    let place = choice.place();
    let finish = choice.text("finish_reason")?;
    let log_probabilities = choice.take("logprobs");
    let message = choice.object("message")?.ok_or_else(|| choice.missing("message"))?;
    let mut message = Fields::of_object(message, place.key("message"));
    let mut blocks: Vec<Block<'a>> = Vec::new();
    if let Some(text) = thought(&mut message)? {
        blocks.push(Block::new(Part::Reasoning(Thought { text, ..Thought::default() })));
    }
    let citations = citations(&mut message)?;
    match message.take("content") {
        Some(Json::Text(text)) if !text.is_empty() => blocks.push(Block::new(said(text, citations))),
        Some(Json::Text(_)) | None => {}
        // Some servers answer in parts.
        Some(content) => blocks.extend(parts::content(content, place.key("content"), &mut Vec::new())?),
    }
    if let Some(refusal) = message.text("refusal")? {
        blocks.push(Block::new(Part::Refusal(refusal)));
    }
    for call in message.list("tool_calls")?.unwrap_or_default() {
        blocks.push(Block::new(Part::ToolCall(decode_call(Fields::of(call, place.key("tool_calls"))?)?)));
    }
    let has_refused = blocks.iter().any(|block| matches!(block.part, Part::Refusal(_)));
    let finish = finish.map(|word| decode_finish(&word)).map(|finish| match finish {
        Finish::Stop if has_refused => Finish::Refusal,
        other => other,
    });
    Ok(Choice { blocks, finish, log_probabilities })
}

/// What vendors call the thoughts of a message.
pub(super) fn thought<'a>(message: &mut Fields<'a, '_>) -> Result<Option<Text<'a>>, Refused> {
    let told = [message.take("reasoning_content"), message.take("reasoning")];
    let text = |value: Json<'a>| if let Json::Text(text) = value { Some(text) } else { None };
    Ok(told.into_iter().flatten().filter_map(text).find(|text| !text.is_empty()))
}

fn said<'a>(text: Text<'a>, citations: Vec<Citation<'a>>) -> Part<'a> {
    if citations.is_empty() { Part::Text(text) } else { Part::Cited { text, citations } }
}

fn citations<'a>(message: &mut Fields<'a, '_>) -> Result<Vec<Citation<'a>>, Refused> {
    let place = message.place();
    let list = message.list("annotations")?.unwrap_or_default();
    let mut citations = Vec::with_capacity(list.len());
    for annotation in list {
        let mut annotation = Fields::of(annotation, place.key("annotations"))?;
        let Some(cited) = annotation.object("url_citation")? else { continue };
        let mut cited = Fields::of_object(cited, place.key("annotations"));
        let range = cited.count("start_index")?.zip(cited.count("end_index")?);
        citations.push(Citation {
            url: cited.text("url")?,
            title: cited.text("title")?,
            range,
            ..Citation::default()
        });
    }
    Ok(citations)
}

fn decode_call<'a>(mut call: Fields<'a, '_>) -> Result<ToolCall<'a>, Refused> {
    let place = call.place();
    let id = call.text("id")?.unwrap_or_default();
    let signature = call.object("extra_content")?.and_then(parts::thought_signature);
    let function = call.object("function")?.ok_or_else(|| call.missing("function"))?;
    let mut function = Fields::of_object(function, place.key("function"));
    let name = function.need_text("name")?;
    // Some servers answer with the object itself.
    let arguments = function.take("arguments").map(Json::into_text).unwrap_or_default();
    Ok(ToolCall { id, name, arguments, signature })
}

/// The reason in a word of this API; what vendors say beyond it counts as a regular end.
pub(super) fn decode_finish(word: &str) -> Finish<'static> {
    match word {
        "length" | "max_tokens" => Finish::Length,
        "tool_calls" | "function_call" => Finish::ToolCalls,
        "content_filter" => Finish::ContentFilter,
        _ => Finish::Stop,
    }
}

pub(super) fn encode_finish(finish: &Finish<'_>) -> &'static str {
    match finish {
        Finish::Stop | Finish::StopSequence(_) | Finish::Refusal | Finish::Pause => "stop",
        Finish::Length | Finish::ContextWindow => "length",
        Finish::ToolCalls => "tool_calls",
        Finish::ContentFilter => "content_filter",
    }
}

pub(super) fn decode_usage(usage: &Json<'_>) -> Option<Usage> {
    let of_input = ("prompt_tokens", "prompt_tokens_details");
    usage_under(usage, of_input, ("completion_tokens", "completion_tokens_details"))
}

/// Counts of input and output, each beside its details, under the names that an API has for them.
pub(in crate::openai) fn usage_under(
    usage: &Json<'_>,
    (input, of_input): (&str, &str),
    (output, of_output): (&str, &str),
) -> Option<Usage> {
    let count = |path: &[&str]| usage.at(path).and_then(Json::as_u64);
    let (input, output) = (count(&[input]), count(&[output]));
    if input.is_none() && output.is_none() {
        return None;
    }
    let detail = |path: &[&str]| count(path).unwrap_or(0);
    Some(Usage {
        input: input.unwrap_or(0),
        output: output.unwrap_or(0),
        cached_input: detail(&[of_input, "cached_tokens"]),
        cache_write: detail(&[of_input, "cache_write_tokens"]),
        reasoning: detail(&[of_output, "reasoning_tokens"]),
        ..Usage::default()
    })
}

pub(super) fn encode_usage(usage: &Usage) -> Object<'static> {
    let Usage { input, output, cached_input, cache_write, reasoning, .. } = *usage;
    let mut of_input = object! { "cached_tokens": cached_input };
    if cache_write > 0 {
        of_input.set("cache_write_tokens", cache_write);
    }
    object! {
        "prompt_tokens": input,
        "completion_tokens": output,
        "total_tokens": input.saturating_add(output),
        "prompt_tokens_details": of_input,
        "completion_tokens_details": object! { "reasoning_tokens": reasoning },
    }
}

/// The id under which a client knows the answer.
pub(super) fn id<'a>(own: Text<'a>, asked: &'a Asked) -> Text<'a> {
    if own.is_empty() { Text::Owned(format!("chatcmpl-{}", asked.id)) } else { own }
}

pub(super) fn encode<'a>(answer: Answer<'a>, asked: &'a Asked) -> Object<'a> {
    let Answer { id: own, model, created, choices, usage, service_tier, fingerprint } = answer;
    let choice = |(index, choice): (usize, Choice<'a>)| encode_choice(index as u64, choice);
    let mut body = object! {
        "id": id(own, asked),
        "object": "chat.completion",
        "created": created.unwrap_or(asked.now),
        "model": if model.is_empty() { Text::Borrowed(&*asked.model) } else { model },
        "choices": choices.into_iter().enumerate().map(choice).collect::<Vec<_>>(),
    };
    body.set_some("usage", usage.as_ref().map(encode_usage));
    body.set_some("service_tier", service_tier);
    body.set_some("system_fingerprint", fingerprint);
    body
}

fn encode_choice(index: u64, choice: Choice<'_>) -> Object<'_> {
    let Choice { blocks, finish, log_probabilities } = choice;
    let finish = finish.as_ref().map(encode_finish);
    object! {
        "index": index,
        "message": encode_message(blocks),
        "logprobs": log_probabilities,
        "finish_reason": finish,
    }
}

fn encode_message(blocks: Vec<Block<'_>>) -> Object<'_> {
    let (mut texts, mut refusals, mut thoughts) = (Vec::new(), Vec::new(), Vec::new());
    let (mut calls, mut annotations, mut signed) = (Vec::new(), Vec::new(), Vec::new());
    let mut length = 0;
    for block in blocks {
        match block.part {
            Part::Text(text) => {
                length += text.chars().count() as u64;
                texts.push(text);
            }
            Part::Cited { text, citations } => {
                let from = length;
                length += text.chars().count() as u64;
                annotations.extend(citations.into_iter().filter_map(|one| annotation(one, from, length)));
                texts.push(text);
            }
            Part::Refusal(refusal) => refusals.push(refusal),
            Part::Reasoning(thought) => {
                signed.extend(thinking_block(&thought));
                thoughts.push(thought.text);
            }
            Part::ToolCall(call) => calls.push(encode_call(call)),
            Part::Media(media) => texts.extend(shown(media)),
            // No model answers with the one, and the API has no words for the other.
            Part::ToolResult(_) | Part::Own { .. } => {}
        }
    }
    let mut message = object! {
        "role": "assistant",
        "content": joined(texts),
        "refusal": joined(refusals),
    };
    message.set_some("reasoning_content", joined(thoughts).filter(|text| !text.is_empty()));
    if !signed.is_empty() {
        message.set("thinking_blocks", signed);
    }
    if !annotations.is_empty() {
        message.set("annotations", annotations);
    }
    if !calls.is_empty() {
        message.set("tool_calls", calls);
    }
    message
}

/// A thought that its provider wants back as it is; one without a signature is told in `reasoning_content` only.
fn thinking_block<'a>(thought: &Thought<'a>) -> Option<Object<'a>> {
    let Thought { text, signature, redacted } = thought.clone();
    match (signature, redacted) {
        (_, Some(data)) => Some(object! { "type": "redacted_thinking", "data": data }),
        (Some(signature), None) => {
            Some(object! { "type": "thinking", "thinking": text, "signature": signature })
        }
        (None, None) => None,
    }
}

/// The API knows addresses only. Where the provider does not say which words rest on it, all of the block's do.
pub(super) fn annotation(citation: Citation<'_>, from: u64, to: u64) -> Option<Object<'_>> {
    let (start, end) = citation.range.unwrap_or((from, to));
    let cited = object! {
        "start_index": start,
        "end_index": end,
        "title": citation.title.unwrap_or_default(),
        "url": citation.url?,
    };
    Some(object! { "type": "url_citation", "url_citation": cited })
}

/// A picture in an answer, as Markdown: the API's answers hold text only.
pub(super) fn shown(media: crate::exchange::request::Media<'_>) -> Option<Text<'_>> {
    let part = parts::encode(Chat::OpenAi, Part::Media(media)).ok()?;
    let url = part.get("image_url")?.at(&["url"])?.as_str()?;
    Some(Text::Owned(format!("![image]({url})")))
}
