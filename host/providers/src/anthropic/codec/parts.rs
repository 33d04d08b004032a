//! What messages are made of, both ways.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::exchange::fields::{Fields, text};
use crate::exchange::json::{Json, Object, Text, object};
use crate::exchange::place::Place;
use crate::exchange::refused::Refused;
use crate::exchange::request::{Block, Cache, Media, MediaKind, Part, Source, Thought, ToolCall, ToolResult};

use super::citations;
use super::decode::{Unknown, none_of};

/// A string, or a list of blocks.
pub(super) fn content<'a>(
    content: Json<'a>,
    place: Place<'_>,
    unknown: &mut Unknown,
) -> Result<Vec<Block<'a>>, Refused> {
    match content {
        Json::Text(text) => Ok(vec![Block::new(Part::Text(text))]),
        Json::List(blocks) => {
            let read = |(index, block)| block_of(Fields::of(block, place.at(index))?, unknown);
            blocks.into_iter().enumerate().map(read).collect()
        }
        other => {
            let cause = format!("must be a string or a list of blocks, not {}", other.kind());
            Err(Refused::invalid(&place, cause))
        }
    }
}

fn block_of<'a>(mut block: Fields<'a, '_>, unknown: &mut Unknown) -> Result<Block<'a>, Refused> {
    let cache = cache(&mut block, unknown)?;
    let kind = block.need_text("type")?;
    if kind == "tool_result" {
        let (result, marked) = result(&mut block, unknown)?;
        block.done(unknown);
        return Ok(Block { part: Part::ToolResult(result), cache: cache.or(marked) });
    }
    if is_own(&kind) || has_mixed_content(&block) {
        return Ok(Block { part: Part::Own { kind, spec: block.rest() }, cache });
    }
    let Some(part) = part(&mut block, &kind, unknown)? else {
        let known =
            "text, image, document, thinking, redacted_thinking, tool_use, tool_result, search_result";
        return Err(none_of(&block.place().key("type"), &kind, known));
    };
    block.done(unknown);
    Ok(Block { part, cache })
}

/// A block in a word of every API; `None` where the kind is none that is known.
pub(super) fn part<'a>(
    block: &mut Fields<'a, '_>,
    kind: &str,
    unknown: &mut Unknown,
) -> Result<Option<Part<'a>>, Refused> {
    Ok(Some(match kind {
        "text" => {
            let citations = citations::decode(block)?;
            let text = block.need_text("text")?;
            if citations.is_empty() { Part::Text(text) } else { Part::Cited { text, citations } }
        }
        "image" => Part::Media(Media::new(MediaKind::Image, source(block, unknown)?)),
        "document" => Part::Media(document(block, unknown)?),
        "thinking" => Part::Reasoning(Thought {
            text: block.text("thinking")?.unwrap_or_default(),
            signature: block.text("signature")?.filter(|signature| !signature.is_empty()),
            redacted: None,
        }),
        "redacted_thinking" => {
            Part::Reasoning(Thought { redacted: Some(block.need_text("data")?), ..Thought::default() })
        }
        "tool_use" => Part::ToolCall(call(block)?),
        _ => return Ok(None),
    }))
}

/// Whether only this API knows such blocks: what the provider's own tools did, results of a client's own search, and what
/// Anthropic keeps in a conversation for itself.
pub(super) fn is_own(kind: &str) -> bool {
    let is_named = matches!(
        kind,
        "server_tool_use" | "mcp_tool_use" | "search_result" | "container_upload" | "tool_reference"
    );
    let is_kept = matches!(kind, "compaction" | "fallback" | "browser_state");
    is_named || is_kept || kind.ends_with("_tool_result")
}

/// Whether it is a document made of more than texts, which no other API has.
fn has_mixed_content(block: &Fields<'_, '_>) -> bool {
    let is_text = |item: &Json<'_>| {
        let keys = item.as_object().map(|item| item.keys().all(|key| matches!(key, "type" | "text")));
        keys == Some(true) && item.at(&["text"]).and_then(Json::as_str).is_some()
    };
    let content = block.get("source").and_then(|source| source.at(&["content"]));
    matches!(content, Some(Json::List(items)) if !items.iter().all(is_text))
}

fn document<'a>(block: &mut Fields<'a, '_>, unknown: &mut Unknown) -> Result<Media<'a>, Refused> {
    let place = block.place();
    let source = source(block, unknown)?;
    let cite = match block.object("citations")? {
        Some(citations) => {
            let mut citations = Fields::of_object(citations, place.key("citations"));
            let cite = citations.bool("enabled")?.unwrap_or(false);
            citations.done(unknown);
            cite
        }
        None => false,
    };
    let name = block.text("title")?;
    let context = block.text("context")?;
    Ok(Media { name, context, cite, ..Media::new(MediaKind::Document, source) })
}

fn source<'a>(block: &mut Fields<'a, '_>, unknown: &mut Unknown) -> Result<Source<'a>, Refused> {
    let place = block.place();
    let place = place.key("source");
    let source = block.object("source")?.ok_or_else(|| block.missing("source"))?;
    let mut source = Fields::of_object(source, place);
    let kind = source.need_text("type")?;
    let read = match &*kind {
        "base64" => {
            Source::Data { media_type: source.need_text("media_type")?, data: source.need_text("data")? }
        }
        "url" => Source::Url { url: source.need_text("url")?, media_type: None },
        "file" => Source::File(source.need_text("file_id")?),
        "text" => {
            source.take("media_type");
            Source::Plain(source.need_text("data")?)
        }
        "content" => {
            let content = source.take("content").ok_or_else(|| source.missing("content"))?;
            Source::Texts(texts(content, place.key("content"))?)
        }
        _ => return Err(none_of(&place.key("type"), &kind, "base64, url, file, text, content")),
    };
    source.done(unknown);
    Ok(read)
}

fn texts<'a>(content: Json<'a>, place: Place<'_>) -> Result<Vec<Text<'a>>, Refused> {
    match content {
        Json::List(items) => {
            let read = |(index, item)| Fields::of(item, place.at(index))?.need_text("text");
            items.into_iter().enumerate().map(read).collect()
        }
        other => text(other, &place).map(|text| vec![text]),
    }
}

fn call<'a>(block: &mut Fields<'a, '_>) -> Result<ToolCall<'a>, Refused> {
    // Who calls: the model, or code that it runs; nobody else tells them apart.
    block.take("caller");
    Ok(ToolCall {
        id: block.need_text("id")?,
        name: block.need_text("name")?,
        arguments: block.take("input").map(Json::into_text).unwrap_or_default(),
        signature: None,
    })
}

/// And the mark of the last block in it that has one.
fn result<'a>(
    block: &mut Fields<'a, '_>,
    unknown: &mut Unknown,
) -> Result<(ToolResult<'a>, Option<Cache<'a>>), Refused> {
    let place = block.place();
    let id = block.need_text("tool_use_id")?;
    let is_error = block.bool("is_error")?.unwrap_or(false);
    let blocks = match block.take("content") {
        Some(inner) => content(inner, place.key("content"), unknown)?,
        None => Vec::new(),
    };
    let marked = blocks.iter().rev().find_map(|block| block.cache.clone());
    let parts = blocks.into_iter().map(|block| block.part).collect();
    Ok((ToolResult { id, name: None, parts, is_error }, marked))
}

/// `cache_control`, which stands beside every kind of block.
pub(super) fn cache<'a>(
    fields: &mut Fields<'a, '_>,
    unknown: &mut Unknown,
) -> Result<Option<Cache<'a>>, Refused> {
    let place = fields.place();
    let Some(control) = fields.object("cache_control")? else { return Ok(None) };
    let mut control = Fields::of_object(control, place.key("cache_control"));
    control.take("type");
    let ttl = control.text("ttl")?;
    control.done(unknown);
    Ok(Some(Cache { ttl }))
}

pub(super) fn encode_cache(cache: Cache<'_>) -> Object<'_> {
    let mut control = object! { "type": "ephemeral" };
    control.set_some("ttl", cache.ttl);
    control
}

pub(super) fn typed<'a>(kind: Text<'a>, spec: Object<'a>) -> Object<'a> {
    let kind = (Text::Borrowed("type"), Json::Text(kind));
    std::iter::once(kind).chain(spec.into_entries()).collect()
}

pub(super) fn encode_media(media: Media<'_>) -> Result<Object<'_>, &'static str> {
    // How closely to look at an image has no place in this API; it does so as closely as it can.
    let Media { kind, source, detail: _, name, context, cite } = media;
    match kind {
        MediaKind::Image => Ok(object! { "type": "image", "source": image_source(source)? }),
        MediaKind::Audio => Err("audio"),
        MediaKind::Video => Err("a video"),
        MediaKind::Document => {
            let mut block = object! { "type": "document", "source": document_source(source)? };
            block.set_some("title", name);
            block.set_some("context", context);
            if cite {
                block.set("citations", object! { "enabled": true });
            }
            Ok(block)
        }
    }
}

fn image_source(source: Source<'_>) -> Result<Object<'_>, &'static str> {
    match source {
        Source::Data { media_type, data } => Ok(encoded(media_type, data)),
        Source::Plain(_) | Source::Texts(_) => Err("an image that is text"),
        source => addressed(source),
    }
}

fn document_source(source: Source<'_>) -> Result<Object<'_>, &'static str> {
    match source {
        Source::Data { media_type, data } if media_type == "application/pdf" => Ok(encoded(media_type, data)),
        Source::Data { media_type, data } if is_text(&media_type) => {
            let bytes = STANDARD.decode(&*data).map_err(|_| "a document whose data is no base64")?;
            let text = String::from_utf8(bytes).map_err(|_| "a text that is not in UTF-8")?;
            Ok(plain(Cow::Owned(text)))
        }
        Source::Data { .. } => Err("a document that is neither PDF nor text"),
        Source::Plain(text) => Ok(plain(text)),
        Source::Texts(texts) => {
            let texts: Vec<_> = texts.into_iter().map(spoken).collect();
            Ok(object! { "type": "content", "content": texts })
        }
        source => addressed(source),
    }
}

fn is_text(media_type: &str) -> bool {
    media_type.starts_with("text/") || matches!(media_type, "application/json" | "application/xml")
}

fn encoded<'a>(media_type: Text<'a>, data: Text<'a>) -> Object<'a> {
    object! { "type": "base64", "media_type": media_type, "data": data }
}

fn plain(text: Text<'_>) -> Object<'_> {
    object! { "type": "text", "media_type": "text/plain", "data": text }
}

fn addressed(source: Source<'_>) -> Result<Object<'_>, &'static str> {
    match source {
        Source::Url { url, .. } if url.starts_with("gs:") || url.starts_with("s3:") => {
            Err("an address that only another provider can read")
        }
        Source::Url { url, .. } => Ok(object! { "type": "url", "url": url }),
        Source::File(id) => Ok(object! { "type": "file", "file_id": id }),
        Source::Data { .. } | Source::Plain(_) | Source::Texts(_) => Err("a source of this kind"),
    }
}

pub(super) fn spoken(text: Text<'_>) -> Object<'_> {
    object! { "type": "text", "text": text }
}

/// What the provider thought before; a thought without a signature is none that it would take back.
pub(super) fn encode_thought(thought: Thought<'_>) -> Option<Object<'_>> {
    let Thought { text, signature, redacted } = thought;
    match (signature.filter(|signature| !signature.is_empty()), redacted) {
        (_, Some(data)) => Some(object! { "type": "redacted_thinking", "data": data }),
        (Some(signature), None) => {
            Some(object! { "type": "thinking", "thinking": text, "signature": signature })
        }
        (None, None) => None,
    }
}

/// The arguments of a call as the object that the API demands. What a model wrote that is none stands under `arguments`, so
/// that the conversation can go on.
pub(super) fn input(arguments: Text<'_>) -> Json<'_> {
    if arguments.trim().is_empty() {
        return Object::default().into();
    }
    let read = match &arguments {
        Text::Borrowed(text) => Json::read(text.as_bytes()).ok(),
        Text::Owned(text) => Json::read(text.as_bytes()).ok().map(Json::into_owned),
    };
    match read {
        Some(Json::Object(object)) => object.into(),
        Some(Json::Null) => Object::default().into(),
        _ => object! { "arguments": arguments }.into(),
    }
}
