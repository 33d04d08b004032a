//! Whole answers of Converse, both ways.

use tidegate_contract::Usage;

use crate::exchange::answer::{Answer, Choice, Finish};
use crate::exchange::fields::Fields;
use crate::exchange::json::{Json, Object, Text, object};
use crate::exchange::place::Place;
use crate::exchange::refused::{Refused, Unreadable};
use crate::exchange::request::{Block, Media, MediaKind, Part, Source, ToolCall};

use super::media::Names;
use super::{citations, media, parts};

pub(super) fn decode(body: Json<'_>) -> Result<Answer<'_>, Unreadable> {
    let mut fields = Fields::of(body, Place::BODY)?;
    let place = Place::BODY.key("output");
    let output = fields.object("output")?.ok_or_else(|| fields.missing("output"))?;
    let mut output = Fields::of_object(output, place);
    let message = output.object("message")?.ok_or_else(|| output.missing("message"))?;
    let place = place.key("message");
    let mut message = Fields::of_object(message, place);
    let blocks = decode_blocks(message.list("content")?.unwrap_or_default(), place.key("content"))?;
    let told = fields.object("additionalModelResponseFields")?;
    let stop = told.and_then(|mut told| told.take("stop_sequence"));
    let finish = fields.text("stopReason")?.map(|word| decode_finish(&word, stop));
    let tier = fields.object("serviceTier")?.and_then(|mut tier| tier.take("type"));
    Ok(Answer {
        choices: vec![Choice { blocks, finish, log_probabilities: None }],
        usage: fields.take("usage").as_ref().and_then(decode_usage),
        service_tier: tier.map(Json::into_text),
        ..Answer::default()
    })
}

/// What the provider has run itself, and kinds that are not known, say nothing to the client.
fn decode_blocks<'a>(list: Vec<Json<'a>>, place: Place<'_>) -> Result<Vec<Block<'a>>, Refused> {
    let mut blocks = Vec::with_capacity(list.len());
    for (index, block) in list.into_iter().enumerate() {
        if is_own(&block) {
            continue;
        }
        let mut block = Fields::of(block, place.at(index))?;
        blocks.extend(parts::part(&mut block, &mut Vec::new())?.map(Block::new));
    }
    Ok(blocks)
}

/// A call that the provider answers itself, and its result.
pub(super) fn is_own(block: &Json<'_>) -> bool {
    block.at(&["toolResult"]).is_some() || block.at(&["toolUse", "type"]).is_some_and(|kind| !kind.is_null())
}

/// The reason in a word of this API, and the text that ended the answer where it is told.
pub(super) fn decode_finish<'a>(word: &str, stop: Option<Json<'a>>) -> Finish<'a> {
    match word {
        "tool_use" => Finish::ToolCalls,
        "max_tokens" => Finish::Length,
        "stop_sequence" => Finish::StopSequence(match stop {
            Some(Json::Text(text)) => Some(text),
            _ => None,
        }),
        "guardrail_intervened" | "content_filtered" => Finish::ContentFilter,
        "model_context_window_exceeded" => Finish::ContextWindow,
        "refusal" => Finish::Refusal,
        "pause_turn" => Finish::Pause,
        // Also where the model has got muddled, for which other APIs have no word.
        _ => Finish::Stop,
    }
}

/// The reason, and beside it the text that ended the answer.
pub(super) fn encode_finish<'a>(finish: Option<Finish<'a>>) -> (&'static str, Option<Object<'a>>) {
    match finish {
        None | Some(Finish::Stop | Finish::Pause) => ("end_turn", None),
        Some(Finish::StopSequence(stop)) => {
            ("stop_sequence", stop.map(|stop| object! { "stop_sequence": stop }))
        }
        Some(Finish::Length) => ("max_tokens", None),
        Some(Finish::ContextWindow) => ("model_context_window_exceeded", None),
        Some(Finish::ToolCalls) => ("tool_use", None),
        Some(Finish::ContentFilter | Finish::Refusal) => ("content_filtered", None),
    }
}

/// Tokens from and to the cache are counted beside the others here.
pub(super) fn decode_usage(usage: &Json<'_>) -> Option<Usage> {
    let count = |key: &str| usage.at(&[key]).and_then(Json::as_u64);
    let (input, output) = (count("inputTokens"), count("outputTokens"));
    if input.is_none() && output.is_none() {
        return None;
    }
    let cached_input = count("cacheReadInputTokens").unwrap_or(0);
    let cache_write = count("cacheWriteInputTokens").unwrap_or(0);
    Some(Usage {
        input: input.unwrap_or(0).saturating_add(cached_input).saturating_add(cache_write),
        output: output.unwrap_or(0),
        cached_input,
        cache_write,
        ..Usage::default()
    })
}

pub(super) fn encode_usage(usage: &Usage) -> Object<'static> {
    let Usage { input, output, cached_input, cache_write, .. } = *usage;
    let mut encoded = object! {
        "inputTokens": input.saturating_sub(cached_input).saturating_sub(cache_write),
        "outputTokens": output,
        "totalTokens": input.saturating_add(output),
    };
    encoded.set_some("cacheReadInputTokens", Some(cached_input).filter(|count| *count > 0));
    encoded.set_some("cacheWriteInputTokens", Some(cache_write).filter(|count| *count > 0));
    encoded
}

/// The shape wants the time that the model took, which nobody has measured.
pub(super) fn metrics() -> Object<'static> {
    object! { "latencyMs": 0_u64 }
}

pub(super) fn encode(answer: Answer<'_>) -> Object<'_> {
    let Answer { id: _, model: _, created: _, choices, usage, service_tier, fingerprint: _ } = answer;
    // More than one cannot be asked for.
    let Choice { blocks, finish, log_probabilities: _ } = choices.into_iter().next().unwrap_or_default();
    let content: Vec<Object<'_>> = blocks.into_iter().filter_map(|block| encode_part(block.part)).collect();
    let message = object! { "role": "assistant", "content": content };
    let (reason, told) = encode_finish(finish);
    let mut body = object! {
        "output": object! { "message": message },
        "stopReason": reason,
        "usage": encode_usage(&usage.unwrap_or_default()),
        "metrics": metrics(),
    };
    body.set_some("additionalModelResponseFields", told);
    body.set_some("serviceTier", service_tier.map(|tier| object! { "type": tier }));
    body
}

fn encode_part(part: Part<'_>) -> Option<Object<'_>> {
    match part {
        Part::Text(text) | Part::Refusal(text) => Some(object! { "text": text }),
        Part::Cited { text, citations } => Some(citations::encode_block(text, citations)),
        Part::Reasoning(thought) => Some(parts::encode_thought(thought)),
        Part::ToolCall(call) => Some(encode_call(call)),
        Part::Media(media) => shown(media),
        // No model answers with the one, and the API has no words for the other.
        Part::ToolResult(_) | Part::Own { .. } => None,
    }
}

/// A picture, or the address of one as Markdown; what cannot be shown is left out.
pub(super) fn shown(media: Media<'_>) -> Option<Object<'_>> {
    match media {
        Media { kind: MediaKind::Image, source: Source::Url { url, .. }, .. } => {
            Some(object! { "text": format!("![image]({url})") })
        }
        media => media::encode(media, &mut Names::default()).ok(),
    }
}

/// Arguments that are no JSON are told as the text that they are: the client must see what the model has said.
fn encode_call(call: ToolCall<'_>) -> Object<'_> {
    let ToolCall { id, name, arguments, signature: _ } = call;
    let input = parts::input(arguments).unwrap_or_else(Json::Text);
    object! { "toolUse": object! { "toolUseId": id, "name": name, "input": input } }
}

/// The tier of a stream or an answer.
pub(super) fn decode_tier(tier: &Json<'_>) -> Option<String> {
    tier.at(&["type"]).and_then(Json::as_str).map(str::to_owned)
}

/// The text that ended the answer, in an event.
pub(super) fn decode_stop(event: &Json<'_>) -> Option<Json<'static>> {
    let stop = event.at(&["additionalModelResponseFields", "stop_sequence"])?.as_str()?;
    Some(Json::Text(Text::Owned(stop.to_owned())))
}
