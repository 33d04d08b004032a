//! Whole answers of generateContent, both ways.

use tidegate_contract::Usage;

use crate::exchange::answer::{Answer, Choice, Finish};
use crate::exchange::codec::Asked;
use crate::exchange::fields::Fields;
use crate::exchange::json::{Json, Object, Text, object};
use crate::exchange::place::Place;
use crate::exchange::refused::{Refused, Unreadable};
use crate::exchange::request::{Block, Part};

use super::parts::{self, Calls};
use super::parts_out::{Turn, media, told};
use super::{Gemini, decode::tier, grounding, time, tokens};

pub(super) fn decode<'a>(body: Json<'a>) -> Result<Answer<'a>, Unreadable> {
    let mut fields = Fields::of(body, Place::BODY)?;
    let id = fields.text("responseId")?.unwrap_or_default();
    let feedback = fields.take("promptFeedback");
    let candidates = match fields.list("candidates")? {
        Some(candidates) => candidates,
        // A prompt that is blocked, or a model that says nothing.
        None if feedback.is_some() || fields.has("usageMetadata") => Vec::new(),
        None => return Err(fields.missing("candidates").into()),
    };
    let place = Place::BODY.key("candidates");
    let read =
        |(index, one)| decode_candidate(Fields::of(one, place.at(index))?, &call_prefix(&id, index as u64));
    let mut choices = candidates.into_iter().enumerate().map(read).collect::<Result<Vec<_>, Refused>>()?;
    if choices.is_empty() && feedback.as_ref().is_some_and(is_blocked) {
        choices.push(Choice { finish: Some(Finish::ContentFilter), ..Choice::default() });
    }
    let usage = fields.take("usageMetadata");
    Ok(Answer {
        model: fields.text("modelVersion")?.unwrap_or_default(),
        created: fields.text("createTime")?.as_deref().and_then(time::read),
        choices,
        service_tier: usage.as_ref().and_then(decode_tier).map(Text::Owned),
        usage: usage.as_ref().and_then(decode_usage),
        fingerprint: None,
        id,
    })
}

/// How the ids of calls begin that have none of their own: they are unlike those of other answers and choices.
pub(super) fn call_prefix(id: &str, choice: u64) -> String {
    let answer = if id.is_empty() { String::new() } else { format!("{id}_") };
    if choice == 0 { format!("call_{answer}") } else { format!("call_{answer}{choice}_") }
}

/// Whether `promptFeedback` says that the prompt is not answered.
pub(super) fn is_blocked(feedback: &Json<'_>) -> bool {
    feedback.at(&["blockReason"]).is_some_and(|reason| !reason.is_null())
}

fn decode_candidate<'a>(mut candidate: Fields<'a, '_>, prefix: &str) -> Result<Choice<'a>, Refused> {
    let place = candidate.place();
    let mut calls = Calls::new(prefix);
    let mut blocks = Vec::new();
    if let Some(content) = candidate.object("content")? {
        let mut content = Fields::of_object(content, place.key("content"));
        for (index, part) in parts::list(&mut content)?.into_iter().enumerate() {
            blocks.extend(parts::decode(part, content.place().at(index), &mut calls, &mut Vec::new())?);
        }
    }
    blocks.retain(|block| !matches!(&block.part, Part::Text(text) if text.is_empty()));
    let sources = (candidate.take("groundingMetadata"), candidate.take("citationMetadata"));
    if sources.0.is_some() || sources.1.is_some() {
        let cited = grounding::decode(sources.0, sources.1, &grounding::text_of(&blocks));
        grounding::attach(&mut blocks, cited);
    }
    let finish = candidate.text("finishReason")?.map(|word| decode_finish(&word, calls.count() > 0));
    let log_probabilities = candidate.take("logprobsResult").and_then(tokens::decode);
    Ok(Choice { blocks, finish, log_probabilities })
}

/// The reason in canonical words; what else the API may come to say counts as a regular end.
pub(super) fn decode_finish(word: &str, has_calls: bool) -> Finish<'static> {
    match word {
        "MAX_TOKENS" => Finish::Length,
        "SAFETY"
        | "RECITATION"
        | "LANGUAGE"
        | "BLOCKLIST"
        | "PROHIBITED_CONTENT"
        | "SPII"
        | "IMAGE_SAFETY"
        | "IMAGE_PROHIBITED_CONTENT"
        | "IMAGE_RECITATION"
        | "MODEL_ARMOR"
        | "ESCALATION" => Finish::ContentFilter,
        "CONTINUATION" => Finish::Pause,
        _ if has_calls => Finish::ToolCalls,
        _ => Finish::Stop,
    }
}

pub(super) fn encode_finish(finish: &Finish<'_>) -> &'static str {
    match finish {
        Finish::Stop | Finish::StopSequence(_) | Finish::ToolCalls => "STOP",
        Finish::Length | Finish::ContextWindow => "MAX_TOKENS",
        Finish::ContentFilter | Finish::Refusal => "SAFETY",
        Finish::Pause => "OTHER",
    }
}

pub(super) fn decode_usage(usage: &Json<'_>) -> Option<Usage> {
    let count = |key: &str| usage.at(&[key]).and_then(Json::as_u64);
    let prompt = count("promptTokenCount");
    if prompt.is_none() && count("candidatesTokenCount").is_none() && count("totalTokenCount").is_none() {
        return None;
    }
    let count = |key: &str| count(key).unwrap_or(0);
    let reasoning = count("thoughtsTokenCount");
    Some(Usage {
        // What the provider's own tools found is read by the model, too.
        input: prompt.unwrap_or(0).saturating_add(count("toolUsePromptTokenCount")),
        output: count("candidatesTokenCount").saturating_add(reasoning),
        cached_input: count("cachedContentTokenCount"),
        reasoning,
        ..Usage::default()
    })
}

/// The tier that served it, in OpenAI's words.
pub(super) fn decode_tier(usage: &Json<'_>) -> Option<String> {
    let word = |key: &str| usage.at(&[key]).and_then(Json::as_str);
    if let Some(word) = word("serviceTier") {
        return tier(word.into()).map(Text::into_owned);
    }
    match word("trafficType")? {
        "ON_DEMAND" => Some("default".into()),
        "ON_DEMAND_PRIORITY" => Some("priority".into()),
        "ON_DEMAND_FLEX" => Some("flex".into()),
        _ => None,
    }
}

pub(super) fn encode_usage(usage: &Usage, service_tier: Option<Text<'_>>) -> Object<'static> {
    let Usage { input, output, cached_input, cache_write: _, reasoning, .. } = *usage;
    let mut counts = object! {
        "promptTokenCount": input,
        "candidatesTokenCount": output.saturating_sub(reasoning),
        "totalTokenCount": input.saturating_add(output),
    };
    counts.set_some("thoughtsTokenCount", Some(reasoning).filter(|count| *count > 0));
    counts.set_some("cachedContentTokenCount", Some(cached_input).filter(|count| *count > 0));
    counts.set_some("serviceTier", service_tier.map(|tier| encode_tier(&tier)));
    counts
}

fn encode_tier(tier: &str) -> String {
    if tier == "default" { "standard".into() } else { tier.to_owned() }
}

pub(super) fn encode<'a>(answer: Answer<'a>, asked: &'a Asked) -> Object<'a> {
    let Answer { id, model, created, choices, usage, service_tier, fingerprint: _ } = answer;
    let candidate = |(index, choice)| encode_candidate(index as u64, choice);
    let mut body =
        object! { "candidates": choices.into_iter().enumerate().map(candidate).collect::<Vec<_>>() };
    body.set_some("usageMetadata", usage.as_ref().map(|usage| encode_usage(usage, service_tier)));
    body.set("modelVersion", if model.is_empty() { Text::Borrowed(&*asked.model) } else { model });
    body.set_some("createTime", created.map(time::write));
    body.set("responseId", if id.is_empty() { Text::Borrowed(&*asked.id) } else { id });
    body
}

fn encode_candidate(index: u64, choice: Choice<'_>) -> Object<'_> {
    let Choice { blocks, finish, log_probabilities } = choice;
    let grounding = grounding::of_blocks(&blocks);
    let parts = encode_parts(blocks);
    let mut content = Object::default();
    if !parts.is_empty() {
        content.set("parts", parts);
    }
    content.set("role", "model");
    let mut candidate = object! { "content": content };
    candidate.set_some("finishReason", finish.as_ref().map(encode_finish));
    candidate.set("index", index);
    candidate.set_some("groundingMetadata", grounding);
    candidate.set_some("avgLogprobs", log_probabilities.as_ref().and_then(tokens::mean));
    candidate.set_some("logprobsResult", log_probabilities.and_then(tokens::encode));
    candidate
}

/// A refusal is words like others here. Media that only their provider can read are left out.
fn encode_parts(blocks: Vec<Block<'_>>) -> Vec<Object<'_>> {
    let mut turn = Turn::default();
    let mut blocks = told(blocks).peekable();
    while let Some(part) = blocks.next() {
        match part {
            Part::Text(text) | Part::Cited { text, .. } | Part::Refusal(text) => turn.text(text),
            Part::Reasoning(thought) => turn.thought(thought, blocks.peek()),
            Part::ToolCall(call) => turn.call(call, true),
            Part::Media(one) => {
                if let Ok(media) = media(Gemini::Studio, one) {
                    turn.push(media);
                }
            }
            // No model of Google's answers with it.
            Part::ToolResult(_) | Part::Own { .. } => {}
        }
    }
    turn.done()
}
