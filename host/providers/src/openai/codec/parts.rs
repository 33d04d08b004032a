//! What messages are made of, both ways.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::exchange::codec::split_data_url;
use crate::exchange::fields::{self, Fields};
use crate::exchange::json::{Json, Object, Text, object};
use crate::exchange::place::Place;
use crate::exchange::refused::Refused;
use crate::exchange::request::{Block, Cache, Function, Media, MediaKind, Part, Source, Thought};

use super::decode::none_of;
use super::encode::joined;
use super::{Chat, mistral};

/// A string, or a list of parts.
pub(super) fn content<'a>(
    content: Json<'a>,
    place: Place<'_>,
    unknown: &mut Vec<String>,
) -> Result<Vec<Block<'a>>, Refused> {
    match content {
        Json::Text(text) => Ok(vec![Block::new(Part::Text(text))]),
        Json::List(parts) => {
            let part = |(index, part)| block(Fields::of(part, place.at(index))?, unknown);
            parts.into_iter().enumerate().map(part).collect()
        }
        other => {
            let cause = format!("must be a string or a list of parts, not {}", other.kind());
            Err(Refused::invalid(&place, cause))
        }
    }
}

fn block<'a>(mut part: Fields<'a, '_>, unknown: &mut Vec<String>) -> Result<Block<'a>, Refused> {
    let (control, own) = (cache(&mut part, unknown)?, cache_breakpoint(&mut part, unknown)?);
    let cache = control.or(own);
    let kind = part.need_text("type")?;
    let read = match &*kind {
        "text" | "input_text" | "output_text" => Part::Text(part.need_text("text")?),
        "refusal" => Part::Refusal(part.need_text("refusal")?),
        "thinking" => Part::Reasoning(Thought {
            text: thinking(&mut part)?,
            signature: part.text("signature")?,
            redacted: None,
        }),
        "image_url" => Part::Media(addressed(&mut part, "image_url", MediaKind::Image)?),
        "video_url" => Part::Media(addressed(&mut part, "video_url", MediaKind::Video)?),
        "audio_url" => Part::Media(addressed(&mut part, "audio_url", MediaKind::Audio)?),
        "input_audio" => Part::Media(audio(&mut part)?),
        "file" => Part::Media(file(&mut part, unknown)?),
        _ => {
            let known = "text, image_url, input_audio, file, video_url, audio_url, refusal";
            return Err(none_of(&part.place().key("type"), &kind, known));
        }
    };
    part.done(unknown);
    Ok(Block { part: read, cache })
}

/// The words of a thought: a text, or a list of parts with one each, as Mistral writes them.
pub(super) fn thinking<'a>(part: &mut Fields<'a, '_>) -> Result<Text<'a>, Refused> {
    let place = part.place();
    match part.take("thinking") {
        None => Ok(Text::default()),
        Some(Json::List(list)) => {
            let told = |part| if let Json::Object(mut part) = part { part.take("text") } else { None };
            Ok(joined(list.into_iter().filter_map(told).map(Json::into_text).collect()).unwrap_or_default())
        }
        Some(told) => fields::text(told, &place.key("thinking")),
    }
}

/// `{url, detail}` under a key, or the URL alone.
fn addressed<'a>(part: &mut Fields<'a, '_>, key: &str, kind: MediaKind) -> Result<Media<'a>, Refused> {
    let place = part.place();
    let place = place.key(key);
    let (url, detail) = match part.take(key).ok_or_else(|| part.missing(key))? {
        Json::Text(url) => (url, None),
        other => {
            let mut inner = Fields::of(other, place)?;
            (inner.need_text("url")?, inner.text("detail")?)
        }
    };
    Ok(Media { detail, ..Media::new(kind, source(url, &place.key("url"))?) })
}

/// A `data:` URL, or an address.
pub(in crate::openai) fn source<'a>(url: Text<'a>, place: &Place<'_>) -> Result<Source<'a>, Refused> {
    if !url.starts_with("data:") {
        return Ok(Source::Url { url, media_type: None });
    }
    let (media_type, data) = split_data_url(&url).ok_or_else(|| {
        Refused::invalid(place, "must be a URL, or \"data:\", a media type and \";base64,\" with data")
    })?;
    Ok(Source::Data { media_type, data })
}

pub(in crate::openai) fn audio<'a>(part: &mut Fields<'a, '_>) -> Result<Media<'a>, Refused> {
    let place = part.place();
    let inner = part.object("input_audio")?.ok_or_else(|| part.missing("input_audio"))?;
    let mut inner = Fields::of_object(inner, place.key("input_audio"));
    let data = inner.need_text("data")?;
    let format = inner.need_text("format")?;
    let media_type = match &*format {
        "mp3" => Text::Borrowed("audio/mpeg"),
        other => Text::Owned(format!("audio/{other}")),
    };
    Ok(Media::new(MediaKind::Audio, Source::Data { media_type, data }))
}

fn file<'a>(part: &mut Fields<'a, '_>, unknown: &mut Vec<String>) -> Result<Media<'a>, Refused> {
    let place = part.place();
    let place = place.key("file");
    let inner = part.object("file")?.ok_or_else(|| part.missing("file"))?;
    let mut inner = Fields::of_object(inner, place);
    let name = inner.text("filename")?;
    let data = match inner.text("file_data")? {
        Some(url) if url.starts_with("data:") => Some(source(url, &place.key("file_data"))?),
        Some(data) => Some(Source::Data { media_type: "application/pdf".into(), data }),
        None => None,
    };
    let source = match data {
        Some(source) => source,
        None => Source::File(inner.text("file_id")?.ok_or_else(|| inner.missing("file_data"))?),
    };
    inner.done(unknown);
    Ok(Media { name, ..Media::new(MediaKind::Document, source) })
}

/// A mark at the end of what may be cached. The API's own spans are longer than any other's, whose longest is an hour.
pub(in crate::openai) fn cache_breakpoint<'a>(
    part: &mut Fields<'a, '_>,
    unknown: &mut Vec<String>,
) -> Result<Option<Cache<'a>>, Refused> {
    let place = part.place();
    let Some(mark) = part.object("prompt_cache_breakpoint")? else { return Ok(None) };
    let mut mark = Fields::of_object(mark, place.key("prompt_cache_breakpoint"));
    mark.take("mode");
    let ttl = mark.text("ttl")?.map(|_| Text::Borrowed("1h"));
    mark.done(unknown);
    Ok(Some(Cache { ttl }))
}

/// `cache_control`, which is Anthropic's and which several gateways know beside every part.
pub(super) fn cache<'a>(
    fields: &mut Fields<'a, '_>,
    unknown: &mut Vec<String>,
) -> Result<Option<Cache<'a>>, Refused> {
    let place = fields.place();
    let Some(control) = fields.object("cache_control")? else { return Ok(None) };
    let mut control = Fields::of_object(control, place.key("cache_control"));
    control.take("type");
    let ttl = control.text("ttl")?;
    control.done(unknown);
    Ok(Some(Cache { ttl }))
}

pub(super) fn function<'a>(
    function: Object<'a>,
    place: Place<'_>,
    unknown: &mut Vec<String>,
) -> Result<Function<'a>, Refused> {
    let mut function = Fields::of_object(function, place);
    let read = Function {
        name: function.need_text("name")?,
        description: function.text("description")?,
        parameters: function.take("parameters"),
        strict: function.bool("strict")?,
        cache: None,
    };
    function.done(unknown);
    Ok(read)
}

/// `{google: {thought_signature}}`, as Gemini's own endpoint for this API has it.
pub(super) fn thought_signature(mut extra: Object<'_>) -> Option<Text<'_>> {
    let Json::Object(mut google) = extra.take("google")? else { return None };
    google.take("thought_signature").map(Json::into_text)
}

/// A part of a user's message.
///
/// # Errors
/// With what has no place in this API.
pub(super) fn encode<'a>(chat: Chat, part: Part<'a>) -> Result<Object<'a>, &'static str> {
    match part {
        Part::Refusal(text) if chat == Chat::Mistral => Ok(object! { "type": "text", "text": text }),
        Part::Text(text) | Part::Cited { text, .. } => Ok(object! { "type": "text", "text": text }),
        Part::Refusal(refusal) => Ok(object! { "type": "refusal", "refusal": refusal }),
        Part::Media(media) if chat == Chat::Mistral => mistral::media(media),
        Part::Media(media) => encode_media(media),
        Part::Reasoning(_) | Part::ToolCall(_) | Part::ToolResult(_) | Part::Own { .. } => {
            Err("a part of this kind")
        }
    }
}

fn encode_media(media: Media<'_>) -> Result<Object<'_>, &'static str> {
    let Media { kind, source, detail, name, context: _, cite: _ } = media;
    match (kind, source) {
        (MediaKind::Image, source) => {
            let mut image = object! { "url": url(source).ok_or("an image by the id of its file")? };
            image.set_some("detail", detail);
            Ok(object! { "type": "image_url", "image_url": image })
        }
        (MediaKind::Audio, Source::Data { media_type, data }) => {
            let format = match &*media_type {
                "audio/mpeg" | "audio/mp3" => "mp3",
                "audio/wav" | "audio/x-wav" | "audio/wave" => "wav",
                _ => return Err("audio that is neither WAV nor MP3"),
            };
            Ok(object! { "type": "input_audio", "input_audio": object! { "data": data, "format": format } })
        }
        (MediaKind::Audio, source) => {
            let url = url(source).ok_or("audio by the id of its file")?;
            Ok(object! { "type": "audio_url", "audio_url": object! { "url": url } })
        }
        (MediaKind::Video, source) => {
            let url = url(source).ok_or("a video by the id of its file")?;
            Ok(object! { "type": "video_url", "video_url": object! { "url": url } })
        }
        (MediaKind::Document, Source::File(id)) => {
            Ok(object! { "type": "file", "file": object! { "file_id": id } })
        }
        (MediaKind::Document, Source::Url { .. }) => Err("a document by its address"),
        (MediaKind::Document, source) => {
            let mut file = Object::default();
            file.set("filename", file_name(name, &source));
            file.set_some("file_data", url(source));
            Ok(object! { "type": "file", "file": file })
        }
    }
}

/// Endings by media types.
const ENDINGS: [(&str, &str); 12] = [
    ("application/pdf", "pdf"),
    ("text/plain", "txt"),
    ("text/markdown", "md"),
    ("text/html", "html"),
    ("text/csv", "csv"),
    ("text/xml", "xml"),
    ("application/xml", "xml"),
    ("application/json", "json"),
    ("application/msword", "doc"),
    ("application/vnd.ms-excel", "xls"),
    ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", "docx"),
    ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx"),
];

/// The name of a file, by whose ending the API knows what is in it; other APIs have names without one, or none.
pub(in crate::openai) fn file_name<'a>(name: Option<Text<'a>>, source: &Source<'_>) -> Text<'a> {
    let name = name.filter(|name| !name.is_empty()).unwrap_or(Text::Borrowed("document"));
    match ending(source) {
        Some(ending) if !has_ending(&name) => Cow::Owned(format!("{name}.{ending}")),
        _ => name,
    }
}

fn ending(source: &Source<'_>) -> Option<&'static str> {
    let media_type = match source {
        Source::Data { media_type, .. } => media_type,
        Source::Plain(_) | Source::Texts(_) => "text/plain",
        Source::Url { .. } | Source::File(_) => return None,
    };
    ENDINGS.iter().find(|(of, _)| *of == media_type).map(|(_, ending)| *ending)
}

/// Any, not only the one of its kind: whoever named the file knows best.
fn has_ending(name: &str) -> bool {
    let is_ending = |ending: &str| {
        let is_short = ending.len() <= 4 && ending.chars().all(char::is_alphanumeric);
        is_short && ending.starts_with(char::is_alphabetic)
    };
    name.rsplit_once('.').is_some_and(|(_, ending)| is_ending(ending))
}

/// An address, or the data as one; `None` for a file that only another provider has.
pub(in crate::openai) fn url(source: Source<'_>) -> Option<Text<'_>> {
    match source {
        Source::Url { url, .. } => Some(url),
        Source::Data { media_type, data } => {
            let mut url = String::with_capacity(media_type.len() + data.len() + 13);
            url.extend(["data:", &media_type, ";base64,", &data]);
            Some(Cow::Owned(url))
        }
        Source::Plain(text) => Some(plain(&text)),
        Source::Texts(texts) => Some(plain(&texts.join("\n\n"))),
        Source::File(_) => None,
    }
}

fn plain(text: &str) -> Text<'static> {
    Cow::Owned(format!("data:text/plain;base64,{}", STANDARD.encode(text)))
}
