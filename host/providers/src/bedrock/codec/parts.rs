//! What messages are made of, both ways.

use crate::exchange::fields::Fields;
use crate::exchange::json::{Json, Object, Text, object};
use crate::exchange::place::Place;
use crate::exchange::refused::Refused;
use crate::exchange::request::{Block, Cache, MediaKind, Part, Thought, ToolCall, ToolResult};

use super::citations;
use super::media::{self, Names};
use super::model::{Model, Vendor};

/// The blocks of a message. A point of the cache marks what stands before it.
pub(super) fn content<'a>(
    list: Vec<Json<'a>>,
    place: Place<'_>,
    unknown: &mut Vec<String>,
) -> Result<Vec<Block<'a>>, Refused> {
    let mut blocks: Vec<Block<'a>> = Vec::with_capacity(list.len());
    for (index, block) in list.into_iter().enumerate() {
        let mut block = Fields::of(block, place.at(index))?;
        match cache(&mut block, unknown)? {
            // At the very beginning there is nothing to keep.
            Some(cache) => {
                blocks.iter_mut().last().into_iter().for_each(|last| last.cache = Some(cache.clone()))
            }
            None => blocks.push(Block::new(known(&mut block, unknown)?)),
        }
        block.done(unknown);
    }
    Ok(blocks)
}

fn known<'a>(block: &mut Fields<'a, '_>, unknown: &mut Vec<String>) -> Result<Part<'a>, Refused> {
    let kinds = "text, image, document, video, audio, toolUse, toolResult, reasoningContent, citationsContent, \
                 guardContent, searchResult, cachePoint";
    let none = Refused::invalid(&block.place(), format_args!("has none of {kinds}"));
    part(block, unknown)?.ok_or(none)
}

/// `{cachePoint: {type, ttl}}`, a block of its own.
pub(super) fn cache<'a>(
    block: &mut Fields<'a, '_>,
    unknown: &mut Vec<String>,
) -> Result<Option<Cache<'a>>, Refused> {
    let place = block.place();
    let Some(point) = block.object("cachePoint")? else { return Ok(None) };
    let mut point = Fields::of_object(point, place.key("cachePoint"));
    point.take("type");
    let ttl = point.text("ttl")?;
    point.done(unknown);
    Ok(Some(Cache { ttl }))
}

/// A block that is a union; `None` where it is of a kind that is not known.
pub(super) fn part<'a>(
    block: &mut Fields<'a, '_>,
    unknown: &mut Vec<String>,
) -> Result<Option<Part<'a>>, Refused> {
    let place = block.place();
    if let Some(text) = block.text("text")? {
        return Ok(Some(Part::Text(text)));
    }
    for (key, kind) in media::KINDS {
        if let Some(media) = block.take(key) {
            return media::decode(kind, media, place.key(key), unknown).map(Part::Media).map(Some);
        }
    }
    let mut inner = |key: &'static str| block.object(key);
    if let Some(call) = inner("toolUse")? {
        return decode_call(Fields::of_object(call, place.key("toolUse")), unknown).map(Some);
    }
    if let Some(result) = inner("toolResult")? {
        return decode_result(Fields::of_object(result, place.key("toolResult")), unknown).map(Some);
    }
    if let Some(thought) = inner("reasoningContent")? {
        return decode_thought(Fields::of_object(thought, place.key("reasoningContent")), unknown).map(Some);
    }
    if let Some(cited) = inner("citationsContent")? {
        let cited = Fields::of_object(cited, place.key("citationsContent"));
        return citations::decode_block(cited, unknown).map(Some);
    }
    if let Some(guarded) = inner("guardContent")? {
        return decode_guarded(Fields::of_object(guarded, place.key("guardContent")), unknown).map(Some);
    }
    let Some(find) = block.take("searchResult") else { return Ok(None) };
    media::decode_find(find, place.key("searchResult"), unknown).map(Part::Media).map(Some)
}

fn decode_call<'a>(mut call: Fields<'a, '_>, unknown: &mut Vec<String>) -> Result<Part<'a>, Refused> {
    let read = ToolCall {
        id: call.need_text("toolUseId")?,
        name: call.need_text("name")?,
        arguments: call.take("input").map(|input| Text::Owned(input.to_text())).unwrap_or_default(),
        signature: None,
    };
    call.done(unknown);
    Ok(Part::ToolCall(read))
}

fn decode_result<'a>(mut result: Fields<'a, '_>, unknown: &mut Vec<String>) -> Result<Part<'a>, Refused> {
    let place = result.place();
    let place = place.key("content");
    let id = result.need_text("toolUseId")?;
    let mut parts = Vec::new();
    for (index, block) in result.list("content")?.unwrap_or_default().into_iter().enumerate() {
        let mut block = Fields::of(block, place.at(index))?;
        match block.take("json") {
            Some(json) => parts.push(Part::Text(Text::Owned(json.to_text()))),
            None => parts.push(known(&mut block, unknown)?),
        }
        block.done(unknown);
    }
    let is_error = result.text("status")?.is_some_and(|status| status == "error");
    result.done(unknown);
    Ok(Part::ToolResult(ToolResult { id, name: None, parts, is_error }))
}

fn decode_thought<'a>(mut block: Fields<'a, '_>, unknown: &mut Vec<String>) -> Result<Part<'a>, Refused> {
    let place = block.place();
    let mut thought = Thought { redacted: block.text("redactedContent")?, ..Thought::default() };
    if let Some(told) = block.object("reasoningText")? {
        let mut told = Fields::of_object(told, place.key("reasoningText"));
        thought.text = told.text("text")?.unwrap_or_default();
        thought.signature = told.text("signature")?;
        told.done(unknown);
    }
    block.done(unknown);
    Ok(Part::Reasoning(thought))
}

/// What a guardrail is to look at. Without such marks it looks at everything, so the mark may go; what else it says is
/// noted as unknown.
fn decode_guarded<'a>(mut block: Fields<'a, '_>, unknown: &mut Vec<String>) -> Result<Part<'a>, Refused> {
    let place = block.place();
    let part = match block.object("text")? {
        Some(text) => {
            let mut text = Fields::of_object(text, place.key("text"));
            let words = text.need_text("text")?;
            text.done(unknown);
            Part::Text(words)
        }
        None => {
            let image = block.take("image").ok_or_else(|| block.missing("text"))?;
            Part::Media(media::decode(MediaKind::Image, image, place.key("image"), unknown)?)
        }
    };
    block.done(unknown);
    Ok(part)
}

/// What is said, as blocks, and what must be known of the request for it.
#[derive(Debug)]
pub(super) struct Writer {
    pub(super) model: Model,
    pub(super) names: Names,
}

impl Writer {
    /// One block; `None` where it says nothing or the provider would only refuse it.
    ///
    /// # Errors
    /// With what has no place in this API.
    pub(super) fn part<'a>(&mut self, part: Part<'a>) -> Result<Option<Object<'a>>, String> {
        match part {
            Part::Text(text) | Part::Refusal(text) => Ok(spoken(text)),
            Part::Cited { text, citations } => Ok(Some(citations::encode_block(text, citations))),
            Part::Media(media) => media::encode(media, &mut self.names).map(Some),
            Part::Reasoning(thought) => Ok(self.takes(&thought).then(|| encode_thought(thought))),
            Part::ToolCall(call) => encode_call(call).map(Some),
            Part::ToolResult(result) => self.result(result).map(Some),
            Part::Own { kind, .. } => Err(format!("a part of type {kind}")),
        }
    }

    /// Claude takes back only what it has signed, `DeepSeek` no thoughts at all.
    fn takes(&self, thought: &Thought<'_>) -> bool {
        match self.model.vendor {
            Vendor::Anthropic => thought.signature.is_some() || thought.redacted.is_some(),
            Vendor::DeepSeek => false,
            _ => true,
        }
    }

    fn result<'a>(&mut self, result: ToolResult<'a>) -> Result<Object<'a>, String> {
        let ToolResult { id, name: _, parts, is_error } = result;
        let mut content = Vec::with_capacity(parts.len());
        for part in parts {
            match part {
                Part::Media(media) if media.kind == MediaKind::Audio => {
                    return Err("audio in a tool's result".to_owned());
                }
                Part::Text(_) | Part::Cited { .. } | Part::Refusal(_) | Part::Media(_) => {
                    content.extend(self.part(part)?);
                }
                Part::Reasoning(_) | Part::ToolCall(_) | Part::ToolResult(_) | Part::Own { .. } => {}
            }
        }
        let mut encoded = object! { "toolUseId": safe_id(id), "content": content };
        if is_error && self.model.takes_status() {
            encoded.set("status", "error");
        }
        Ok(object! { "toolResult": encoded })
    }

    /// The mark behind a block.
    pub(super) fn point<'a>(&self, cache: Option<Cache<'a>>) -> Option<Object<'a>> {
        let Cache { ttl } = cache.filter(|_| self.model.caches())?;
        let mut point = object! { "type": "default" };
        // Nova keeps everything for five minutes.
        point.set_some("ttl", ttl.filter(|_| self.model.vendor != Vendor::Nova));
        Some(object! { "cachePoint": point })
    }
}

/// A text that is blank is refused.
pub(super) fn spoken(text: Text<'_>) -> Option<Object<'_>> {
    (!text.trim().is_empty()).then(|| object! { "text": text })
}

pub(super) fn encode_thought(thought: Thought<'_>) -> Object<'_> {
    let Thought { text, signature, redacted } = thought;
    let content = match redacted {
        Some(data) => object! { "redactedContent": data },
        None => {
            let mut told = object! { "text": text };
            told.set_some("signature", signature);
            object! { "reasoningText": told }
        }
    };
    object! { "reasoningContent": content }
}

fn encode_call(call: ToolCall<'_>) -> Result<Object<'_>, String> {
    let ToolCall { id, name, arguments, signature: _ } = call;
    let input = input(arguments).map_err(|_| format!("a call of {name} whose arguments are no JSON"))?;
    Ok(object! { "toolUse": object! { "toolUseId": safe_id(id), "name": name, "input": input } })
}

/// Arguments as the value they stand for; none are an empty object.
///
/// # Errors
/// With the text where it is no JSON.
pub(super) fn input(arguments: Text<'_>) -> Result<Json<'_>, Text<'_>> {
    if arguments.trim().is_empty() {
        return Ok(Object::default().into());
    }
    match arguments {
        Text::Borrowed(text) => Json::read(text.as_bytes()).map_err(|_| Text::Borrowed(text)),
        Text::Owned(text) => {
            let read = Json::read(text.as_bytes()).map(Json::into_owned);
            read.map_err(|_| Text::Owned(text))
        }
    }
}

/// Longest id of a call.
const MAX_ID: usize = 64;

/// An id of another provider in the letters that Bedrock allows; the same for a call and for its result.
fn safe_id(id: Text<'_>) -> Text<'_> {
    let is_safe = |letter: char| letter.is_ascii_alphanumeric() || "_.:-".contains(letter);
    if !id.is_empty() && id.len() <= MAX_ID && id.chars().all(is_safe) {
        return id;
    }
    let letters = id.chars().map(|letter| if is_safe(letter) { letter } else { '_' });
    // The end tells ids apart that begin the same.
    let safe: String = letters.skip(id.chars().count().saturating_sub(MAX_ID)).collect();
    Text::Owned(if safe.is_empty() { "call".to_owned() } else { safe })
}
