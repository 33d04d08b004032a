//! Whole messages, both ways.

use std::borrow::Cow;

use tidegate_contract::Usage;

use crate::exchange::answer::{Answer, Choice, Finish};
use crate::exchange::codec::Asked;
use crate::exchange::fields::Fields;
use crate::exchange::json::{Json, Object, Text, object};
use crate::exchange::place::Place;
use crate::exchange::refused::{Refused, Unreadable};
use crate::exchange::request::{Block, Media, MediaKind, Part, Source, Thought, ToolCall};

use super::{citations, parts};

pub(super) fn decode<'a>(body: Json<'a>) -> Result<Answer<'a>, Unreadable> {
    let mut fields = Fields::of(body, Place::BODY)?;
    let content = fields.list("content")?.ok_or_else(|| fields.missing("content"))?;
    let place = Place::BODY.key("content");
    let mut blocks = Vec::with_capacity(content.len() + 1);
    for (index, block) in content.into_iter().enumerate() {
        blocks.extend(decode_block(Fields::of(block, place.at(index))?)?.map(Block::new));
    }
    let sequence = fields.text("stop_sequence")?;
    let finish = fields.text("stop_reason")?.map(|word| decode_finish(&word, sequence));
    blocks.extend(explanation(&fields).map(|text| Block::new(Part::Refusal(text.to_owned().into()))));
    let usage = fields.take("usage");
    let mut counts = Counts::default();
    usage.iter().for_each(|usage| counts.add(usage));
    Ok(Answer {
        id: fields.text("id")?.unwrap_or_default(),
        model: fields.text("model")?.unwrap_or_default(),
        created: None,
        choices: vec![Choice { blocks, finish, log_probabilities: None }],
        usage: counts.usage(),
        service_tier: usage.as_ref().and_then(decode_tier).map(|tier| tier.to_owned().into()),
        fingerprint: None,
    })
}

/// A block that has words here; servers may answer with kinds that nobody knows yet.
fn decode_block<'a>(mut block: Fields<'a, '_>) -> Result<Option<Part<'a>>, Refused> {
    let kind = block.text("type")?.unwrap_or_default();
    if parts::is_own(&kind) {
        return Ok(Some(Part::Own { kind, spec: block.rest() }));
    }
    if kind == "text" && !block.has("text") {
        return Ok(None);
    }
    let says_nothing = |part: &Part<'_>| matches!(part, Part::Text(text) if text.is_empty());
    Ok(parts::part(&mut block, &kind, &mut Vec::new())?.filter(|part| !says_nothing(part)))
}

/// Why the provider's filter stepped in, where it says so to a person.
pub(super) fn explanation<'f>(fields: &'f Fields<'_, '_>) -> Option<&'f str> {
    fields.get("stop_details")?.at(&["explanation"])?.as_str()
}

/// The reason in a word of this API; what is added to it some day counts as a regular end. A `refusal` is a filter's, which
/// stops the model's words in the middle.
pub(super) fn decode_finish<'a>(word: &str, sequence: Option<Text<'a>>) -> Finish<'a> {
    match word {
        "max_tokens" => Finish::Length,
        "stop_sequence" => Finish::StopSequence(sequence),
        "tool_use" => Finish::ToolCalls,
        "pause_turn" => Finish::Pause,
        "refusal" => Finish::ContentFilter,
        "model_context_window_exceeded" => Finish::ContextWindow,
        _ => Finish::Stop,
    }
}

/// The reason, and the text that ended the answer. Not every provider says that it waits for tools, which every client of
/// this API must know.
pub(super) fn encode_finish(finish: Option<Finish<'_>>, calls: bool) -> (&'static str, Option<Text<'_>>) {
    match finish {
        None | Some(Finish::Stop) if calls => ("tool_use", None),
        None | Some(Finish::Stop) => ("end_turn", None),
        Some(Finish::StopSequence(sequence)) => ("stop_sequence", sequence),
        Some(Finish::Length) => ("max_tokens", None),
        Some(Finish::ContextWindow) => ("model_context_window_exceeded", None),
        Some(Finish::ToolCalls) => ("tool_use", None),
        Some(Finish::ContentFilter | Finish::Refusal) => ("refusal", None),
        Some(Finish::Pause) => ("pause_turn", None),
    }
}

/// What `usage` says by now; a later report leaves out what it says no more of.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Counts {
    input: Option<u64>,
    output: Option<u64>,
    read: Option<u64>,
    written: Option<u64>,
    thoughts: Option<u64>,
}

impl Counts {
    pub(super) fn add(&mut self, usage: &Json<'_>) {
        let count = |path: &[&str], before: Option<u64>| usage.at(path).and_then(Json::as_u64).or(before);
        self.input = count(&["input_tokens"], self.input);
        self.output = count(&["output_tokens"], self.output);
        self.read = count(&["cache_read_input_tokens"], self.read);
        self.written = count(&["cache_creation_input_tokens"], self.written);
        self.thoughts = count(&["output_tokens_details", "thinking_tokens"], self.thoughts);
    }

    /// The API counts what the cache took or gave beside the rest of the input.
    pub(super) fn usage(self) -> Option<Usage> {
        if self.input.is_none() && self.output.is_none() {
            return None;
        }
        let [input, output, read, written, thoughts] =
            [self.input, self.output, self.read, self.written, self.thoughts].map(Option::unwrap_or_default);
        Some(Usage {
            input: input.saturating_add(read).saturating_add(written),
            output,
            cached_input: read,
            cache_write: written,
            reasoning: thoughts,
            ..Usage::default()
        })
    }
}

/// The tier that answered; the one without a promise is called `default` everywhere else.
pub(super) fn decode_tier<'u>(usage: &'u Json<'_>) -> Option<&'u str> {
    let tier = usage.at(&["service_tier"])?.as_str()?;
    Some(if tier == "standard" { "default" } else { tier })
}

pub(super) fn encode_usage(usage: Option<&Usage>, tier: Option<&str>) -> Object<'static> {
    let Usage { input, output, cached_input, cache_write, reasoning, .. } =
        usage.copied().unwrap_or_default();
    let mut encoded = object! {
        "input_tokens": input.saturating_sub(cached_input).saturating_sub(cache_write),
        "cache_creation_input_tokens": cache_write,
        "cache_read_input_tokens": cached_input,
        "output_tokens": output,
    };
    if reasoning > 0 {
        encoded.set("output_tokens_details", object! { "thinking_tokens": reasoning });
    }
    encoded.set_some("service_tier", tier.and_then(encode_tier));
    encoded
}

fn encode_tier(tier: &str) -> Option<&'static str> {
    match tier {
        "default" | "standard" => Some("standard"),
        "priority" => Some("priority"),
        "batch" => Some("batch"),
        _ => None,
    }
}

/// The id under which a client knows the answer.
pub(super) fn id<'a>(own: Text<'a>, asked: &Asked) -> Text<'a> {
    if own.is_empty() { Text::Owned(format!("msg_{}", asked.id)) } else { own }
}

/// The id of a call whose provider gives none: never the same twice in a conversation.
pub(super) fn call_id<'a>(own: Text<'a>, asked: &Asked, index: usize) -> Text<'a> {
    if own.is_empty() { Text::Owned(format!("toolu_{}_{index}", asked.id)) } else { own }
}

pub(super) fn encode<'a>(answer: Answer<'a>, asked: &'a Asked) -> Object<'a> {
    // The API has one answer to a request, and no places for the others.
    let Answer { id: own, model, created: _, choices, usage, service_tier, fingerprint: _ } = answer;
    let Choice { blocks, finish, log_probabilities: _ } = choices.into_iter().next().unwrap_or_default();
    let is_filtered = finish == Some(Finish::ContentFilter);
    let (mut content, mut calls, mut details) = (Vec::with_capacity(blocks.len()), false, None);
    for block in blocks {
        match block.part {
            Part::Refusal(text) if is_filtered => details = Some(stop_details(text)),
            part => {
                calls |= matches!(part, Part::ToolCall(_));
                let index = content.len();
                content.extend(encode_part(part, asked, index));
            }
        }
    }
    let (reason, sequence) = encode_finish(finish, calls);
    let mut body = object! {
        "id": id(own, asked),
        "type": "message",
        "role": "assistant",
        "model": if model.is_empty() { Text::Borrowed(&*asked.model) } else { model },
        "content": content,
        "stop_reason": reason,
        "stop_sequence": sequence,
    };
    body.set_some("stop_details", details);
    body.set("usage", encode_usage(usage.as_ref(), service_tier.as_deref()));
    body
}

pub(super) fn stop_details(explanation: Text<'_>) -> Object<'_> {
    object! { "type": "refusal", "category": Json::Null, "explanation": explanation }
}

fn encode_part<'a>(part: Part<'a>, asked: &'a Asked, index: usize) -> Option<Object<'a>> {
    match part {
        Part::Text(text) | Part::Refusal(text) => Some(parts::spoken(text)),
        Part::Cited { text, citations } => {
            let mut block = parts::spoken(text);
            block.set("citations", citations.into_iter().filter_map(citations::encode).collect::<Vec<_>>());
            Some(block)
        }
        Part::Reasoning(thought) => Some(encode_thought(thought)),
        Part::ToolCall(ToolCall { id, name, arguments, signature: _ }) => Some(object! {
            "type": "tool_use",
            "id": call_id(id, asked, index),
            "name": name,
            "input": parts::input(arguments),
        }),
        Part::Media(media) => shown(media).map(parts::spoken),
        Part::Own { kind, spec } if parts::is_own(&kind) => Some(parts::typed(kind, spec)),
        // No model answers with the one, and only another API knows the other.
        Part::ToolResult(_) | Part::Own { .. } => None,
    }
}

/// Clients demand a signature; the empty one says on the way back that there is none.
fn encode_thought(thought: Thought<'_>) -> Object<'_> {
    let Thought { text, signature, redacted } = thought;
    match redacted {
        Some(data) => object! { "type": "redacted_thinking", "data": data },
        None => object! {
            "type": "thinking", "thinking": text, "signature": signature.unwrap_or_default(),
        },
    }
}

/// A picture in an answer, as Markdown: the API's answers hold text only.
pub(super) fn shown(media: Media<'_>) -> Option<Text<'_>> {
    match media.source {
        _ if media.kind != MediaKind::Image => None,
        Source::Url { url, .. } => Some(Cow::Owned(format!("![image]({url})"))),
        Source::Data { media_type, data } => {
            Some(Cow::Owned(format!("![image](data:{media_type};base64,{data})")))
        }
        Source::File(_) | Source::Plain(_) | Source::Texts(_) => None,
    }
}
