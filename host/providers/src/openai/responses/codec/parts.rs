//! What messages and results are made of, both ways.

use crate::exchange::fields::Fields;
use crate::exchange::json::{Json, Object, Text, object};
use crate::exchange::place::Place;
use crate::exchange::refused::Refused;
use crate::exchange::request::{Block, Media, MediaKind, Part, Source};
use crate::openai::codec::decode::none_of;
use crate::openai::codec::parts::{audio, cache_breakpoint, file_name, source, url};

use super::annotations;
use super::decode::Unknown;

/// A string, or a list of parts.
pub(super) fn content<'a>(
    content: Json<'a>,
    place: Place<'_>,
    unknown: &mut Unknown,
) -> Result<Vec<Block<'a>>, Refused> {
    match content {
        Json::Text(text) => Ok(vec![Block::new(Part::Text(text))]),
        Json::List(parts) => {
            let read = |(index, part)| block(Fields::of(part, place.at(index))?, unknown);
            parts.into_iter().enumerate().map(read).collect()
        }
        other => {
            let cause = format!("must be a string or a list of parts, not {}", other.kind());
            Err(Refused::invalid(&place, cause))
        }
    }
}

fn block<'a>(mut part: Fields<'a, '_>, unknown: &mut Unknown) -> Result<Block<'a>, Refused> {
    let cache = cache_breakpoint(&mut part, unknown)?;
    let kind = part.need_text("type")?;
    let read = match &*kind {
        "input_text" | "text" => Part::Text(part.need_text("text")?),
        "output_text" => said(&mut part)?,
        "refusal" => Part::Refusal(part.need_text("refusal")?),
        "input_image" => Part::Media(image(&mut part)?),
        "input_file" => Part::Media(file(&mut part)?),
        "input_audio" => Part::Media(audio(&mut part)?),
        _ => {
            let known = "input_text, input_image, input_file, input_audio, output_text, refusal";
            return Err(none_of(&part.place().key("type"), &kind, known));
        }
    };
    part.done(unknown);
    Ok(Block { part: read, cache })
}

/// Words of the model, with what they rest on.
pub(super) fn said<'a>(part: &mut Fields<'a, '_>) -> Result<Part<'a>, Refused> {
    let citations = annotations::decode(part)?;
    let text = part.need_text("text")?;
    // How likely each word was, which tells nobody anything later.
    part.take("logprobs");
    Ok(if citations.is_empty() { Part::Text(text) } else { Part::Cited { text, citations } })
}

fn image<'a>(part: &mut Fields<'a, '_>) -> Result<Media<'a>, Refused> {
    let place = part.place();
    let detail = part.text("detail")?;
    let source = match part.text("image_url")? {
        Some(url) => source(url, &place.key("image_url"))?,
        None => Source::File(part.text("file_id")?.ok_or_else(|| part.missing("image_url"))?),
    };
    Ok(Media { detail, ..Media::new(MediaKind::Image, source) })
}

fn file<'a>(part: &mut Fields<'a, '_>) -> Result<Media<'a>, Refused> {
    let place = part.place();
    let (name, detail) = (part.text("filename")?, part.text("detail")?);
    let source = match (part.text("file_data")?, part.text("file_url")?) {
        (Some(url), _) if url.starts_with("data:") => source(url, &place.key("file_data"))?,
        (Some(data), _) => Source::Data { media_type: "application/pdf".into(), data },
        (None, Some(url)) => Source::Url { url, media_type: None },
        (None, None) => Source::File(part.text("file_id")?.ok_or_else(|| part.missing("file_data"))?),
    };
    Ok(Media { name, detail, ..Media::new(MediaKind::Document, source) })
}

/// A part of a user's message or of a result.
///
/// # Errors
/// With what has no place in this API.
pub(super) fn encode<'a>(part: Part<'a>) -> Result<Object<'a>, &'static str> {
    match part {
        Part::Text(text) | Part::Cited { text, .. } | Part::Refusal(text) => {
            Ok(object! { "type": "input_text", "text": text })
        }
        Part::Media(media) => encode_media(media),
        Part::Own { .. } => Err("what only another provider knows"),
        Part::Reasoning(_) | Part::ToolCall(_) | Part::ToolResult(_) => Err("a part of this kind"),
    }
}

fn encode_media(media: Media<'_>) -> Result<Object<'_>, &'static str> {
    let Media { kind, source, detail, name, context: _, cite: _ } = media;
    let mut part = match kind {
        MediaKind::Image => object! { "type": "input_image" },
        MediaKind::Document => object! { "type": "input_file" },
        MediaKind::Audio => return encode_audio(source),
        MediaKind::Video => return Err("a video"),
    };
    match (kind, source) {
        (_, Source::Url { url, .. }) if url.starts_with("gs:") || url.starts_with("s3:") => {
            return Err("an address that only another provider can read");
        }
        (_, Source::File(id)) => part.set("file_id", id),
        (MediaKind::Image, source) => part.set_some("image_url", url(source)),
        (_, Source::Url { url, .. }) => part.set("file_url", url),
        (_, source) => {
            part.set("filename", file_name(name, &source));
            part.set_some("file_data", url(source));
        }
    }
    part.set_some("detail", detail);
    Ok(part)
}

fn encode_audio(source: Source<'_>) -> Result<Object<'_>, &'static str> {
    let Source::Data { media_type, data } = source else {
        return Err("audio that is not in the request itself");
    };
    let format = match &*media_type {
        "audio/mpeg" | "audio/mp3" => "mp3",
        "audio/wav" | "audio/x-wav" | "audio/wave" => "wav",
        _ => return Err("audio that is neither WAV nor MP3"),
    };
    Ok(object! { "type": "input_audio", "input_audio": object! { "data": data, "format": format } })
}

/// One text as a string, anything else as parts.
pub(super) fn encode_content<'a>(parts: Vec<Part<'a>>) -> Result<Json<'a>, &'static str> {
    let is_alone = parts.len() == 1;
    let mut encoded = Vec::with_capacity(parts.len());
    for part in parts {
        match part {
            Part::Text(text) if is_alone => return Ok(text.into()),
            part => encoded.push(encode(part)?),
        }
    }
    Ok(encoded.into())
}

/// The picture of an `image_generation_call`; `None` where there is none yet.
pub(super) fn picture<'a>(item: &mut Fields<'a, '_>) -> Result<Option<Media<'a>>, Refused> {
    let format = item.text("output_format")?.unwrap_or(Text::Borrowed("png"));
    let Some(data) = item.text("result")? else { return Ok(None) };
    let media_type = Text::Owned(format!("image/{format}"));
    Ok(Some(Media::new(MediaKind::Image, Source::Data { media_type, data })))
}

/// A picture of the model's as such a call, still without an id.
///
/// # Errors
/// With the words that tell it as Markdown where it is only an address, and with none where it is no picture.
pub(super) fn encode_picture(media: Media<'_>) -> Result<Object<'_>, Option<String>> {
    match (media.kind, media.source) {
        (MediaKind::Image, Source::Data { media_type, data }) => {
            let format = media_type.strip_prefix("image/").map(str::to_owned);
            let mut call = object! { "type": "image_generation_call", "status": "completed" };
            call.set_some("output_format", format);
            call.set("result", data);
            Ok(call)
        }
        (MediaKind::Image, Source::Url { url, .. }) => Err(Some(format!("![image]({url})"))),
        _ => Err(None),
    }
}

/// A picture with strings of its own.
pub(super) fn owned_picture(media: Media<'_>) -> Option<Media<'static>> {
    let Source::Data { media_type, data } = media.source else { return None };
    let source = Source::Data { media_type: media_type.into_owned().into(), data: data.into_owned().into() };
    Some(Media::new(MediaKind::Image, source))
}
