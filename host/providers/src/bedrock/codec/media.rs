//! Images, documents, audio and video, both ways.

use std::collections::HashSet;

use crate::exchange::fields::Fields;
use crate::exchange::json::{Json, Object, Text, object};
use crate::exchange::place::Place;
use crate::exchange::refused::Refused;
use crate::exchange::request::{Media, MediaKind, Source};

/// Under which key each kind stands.
pub(super) const KINDS: [(&str, MediaKind); 4] = [
    ("image", MediaKind::Image),
    ("document", MediaKind::Document),
    ("video", MediaKind::Video),
    ("audio", MediaKind::Audio),
];

/// Formats by their names here and their media types; where several rows fit, the first counts.
const FORMATS: [(MediaKind, &str, &str); 50] = [
    (MediaKind::Image, "png", "image/png"),
    (MediaKind::Image, "jpeg", "image/jpeg"),
    (MediaKind::Image, "jpeg", "image/jpg"),
    (MediaKind::Image, "gif", "image/gif"),
    (MediaKind::Image, "webp", "image/webp"),
    (MediaKind::Document, "pdf", "application/pdf"),
    (MediaKind::Document, "csv", "text/csv"),
    (MediaKind::Document, "doc", "application/msword"),
    (MediaKind::Document, "docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    (MediaKind::Document, "xls", "application/vnd.ms-excel"),
    (MediaKind::Document, "xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    (MediaKind::Document, "html", "text/html"),
    (MediaKind::Document, "txt", "text/plain"),
    (MediaKind::Document, "md", "text/markdown"),
    (MediaKind::Document, "md", "text/x-markdown"),
    (MediaKind::Video, "mp4", "video/mp4"),
    (MediaKind::Video, "mkv", "video/x-matroska"),
    (MediaKind::Video, "mov", "video/quicktime"),
    (MediaKind::Video, "mov", "video/mov"),
    (MediaKind::Video, "webm", "video/webm"),
    (MediaKind::Video, "flv", "video/x-flv"),
    (MediaKind::Video, "mpeg", "video/mpeg"),
    (MediaKind::Video, "mpg", "video/mpeg"),
    (MediaKind::Video, "mpg", "video/mpg"),
    (MediaKind::Video, "wmv", "video/x-ms-wmv"),
    (MediaKind::Video, "wmv", "video/wmv"),
    (MediaKind::Video, "three_gp", "video/3gpp"),
    (MediaKind::Video, "three_gp", "video/3gp"),
    (MediaKind::Audio, "mp3", "audio/mpeg"),
    (MediaKind::Audio, "mp3", "audio/mp3"),
    (MediaKind::Audio, "mpeg", "audio/mpeg"),
    (MediaKind::Audio, "mpga", "audio/mpeg"),
    (MediaKind::Audio, "opus", "audio/opus"),
    (MediaKind::Audio, "wav", "audio/wav"),
    (MediaKind::Audio, "wav", "audio/x-wav"),
    (MediaKind::Audio, "wav", "audio/wave"),
    (MediaKind::Audio, "aac", "audio/aac"),
    (MediaKind::Audio, "x-aac", "audio/x-aac"),
    (MediaKind::Audio, "flac", "audio/flac"),
    (MediaKind::Audio, "flac", "audio/x-flac"),
    (MediaKind::Audio, "mp4", "audio/mp4"),
    (MediaKind::Audio, "m4a", "audio/m4a"),
    (MediaKind::Audio, "m4a", "audio/x-m4a"),
    (MediaKind::Audio, "ogg", "audio/ogg"),
    (MediaKind::Audio, "mkv", "audio/x-matroska"),
    (MediaKind::Audio, "mka", "audio/x-matroska"),
    (MediaKind::Audio, "pcm", "audio/pcm"),
    (MediaKind::Audio, "pcm", "audio/l16"),
    (MediaKind::Audio, "pcm", "audio/pcm16"),
    (MediaKind::Audio, "webm", "audio/webm"),
];

fn media_type(kind: MediaKind, format: &str) -> Option<&'static str> {
    FORMATS.iter().find(|(of, name, _)| *of == kind && *name == format).map(|(_, _, media_type)| *media_type)
}

fn format(kind: MediaKind, media_type: &str) -> Option<&'static str> {
    let is_it = |known: &str| known.eq_ignore_ascii_case(media_type);
    FORMATS.iter().find(|(of, _, known)| *of == kind && is_it(known)).map(|(_, name, _)| *name)
}

/// `{format, source}`, and of a document also `{name, context, citations}`.
pub(super) fn decode<'a>(
    kind: MediaKind,
    block: Json<'a>,
    place: Place<'_>,
    unknown: &mut Vec<String>,
) -> Result<Media<'a>, Refused> {
    let mut block = Fields::of(block, place)?;
    let format = block.text("format")?;
    let known = format.as_deref().map(|format| {
        let unknown = || {
            Refused::invalid(&place.key("format"), format_args!("is \"{format}\", which is none of its kind"))
        };
        media_type(kind, format).ok_or_else(unknown)
    });
    let media_type = known.transpose()?;
    let source = block.object("source")?.ok_or_else(|| block.missing("source"))?;
    let mut source = Fields::of_object(source, place.key("source"));
    let mut media = Media::new(kind, decode_source(&mut source, media_type, unknown)?);
    source.done(unknown);
    // In answers only: why there is nothing in it.
    block.take("error");
    if kind == MediaKind::Document {
        media.name = block.text("name")?;
        media.context = block.text("context")?;
        media.cite = cites(&mut block)?;
    }
    block.done(unknown);
    Ok(media)
}

/// `{citations: {enabled}}`.
fn cites(block: &mut Fields<'_, '_>) -> Result<bool, Refused> {
    let place = block.place();
    let Some(citations) = block.object("citations")? else { return Ok(false) };
    Ok(Fields::of_object(citations, place.key("citations")).bool("enabled")?.unwrap_or(false))
}

fn decode_source<'a>(
    source: &mut Fields<'a, '_>,
    media_type: Option<&'static str>,
    unknown: &mut Vec<String>,
) -> Result<Source<'a>, Refused> {
    let place = source.place();
    if let Some(data) = source.text("bytes")? {
        let missing = || Refused::invalid(&place, "has bytes of no format; name it beside");
        return Ok(Source::Data { media_type: media_type.ok_or_else(missing)?.into(), data });
    }
    if let Some(text) = source.text("text")? {
        return Ok(Source::Plain(text));
    }
    if let Some(location) = source.object("s3Location")? {
        let mut location = Fields::of_object(location, place.key("s3Location"));
        let url = location.need_text("uri")?;
        location.done(unknown);
        return Ok(Source::Url { url, media_type: media_type.map(Text::Borrowed) });
    }
    let content = source.list("content")?.ok_or_else(|| source.missing("bytes"))?;
    texts(content, place.key("content")).map(Source::Texts)
}

/// The texts of `[{text}]`.
pub(super) fn texts<'a>(list: Vec<Json<'a>>, place: Place<'_>) -> Result<Vec<Text<'a>>, Refused> {
    let text = |(index, text)| Fields::of(text, place.at(index))?.need_text("text");
    list.into_iter().enumerate().map(text).collect()
}

/// `{source, title, content, citations}`: a find of a search, which other APIs have as a document.
pub(super) fn decode_find<'a>(
    find: Json<'a>,
    place: Place<'_>,
    unknown: &mut Vec<String>,
) -> Result<Media<'a>, Refused> {
    let mut find = Fields::of(find, place)?;
    let content = find.list("content")?.ok_or_else(|| find.missing("content"))?;
    let texts = texts(content, place.key("content"))?;
    let mut media = Media::new(MediaKind::Document, Source::Texts(texts));
    media.name = find.text("title")?;
    media.context = find.text("source")?;
    media.cite = cites(&mut find)?;
    find.done(unknown);
    Ok(media)
}

/// Names of the documents of a request, each of which must be another.
#[derive(Debug, Default)]
pub(super) struct Names(HashSet<String>);

impl Names {
    fn take(&mut self, name: &str) -> String {
        let name = safe(name);
        let numbered = (2_u64..).map(|number| format!("{name} ({number})"));
        let free = std::iter::once(name.clone()).chain(numbered).find(|name| !self.0.contains(name));
        let free = free.unwrap_or(name);
        self.0.insert(free.clone());
        free
    }
}

/// Longest name of a document, with room for a number.
const MAX_NAME: usize = 180;

/// The name in the letters that Bedrock allows: letters, digits, single spaces, hyphens, parentheses, brackets. The ending
/// of a file goes, since it is told as the format.
fn safe(name: &str) -> String {
    let is_ending =
        |(_, ending): &(&str, &str)| ending.len() <= 4 && ending.chars().all(char::is_alphanumeric);
    let stem = name.rsplit_once('.').filter(is_ending).map_or(name, |(stem, _)| stem);
    let mut safe = String::with_capacity(stem.len().min(MAX_NAME));
    for letter in stem.chars() {
        let letter = match letter {
            letter if letter.is_ascii_alphanumeric() || "()[]".contains(letter) => letter,
            letter if letter.is_whitespace() => ' ',
            _ => '-',
        };
        let repeats = matches!(letter, ' ' | '-') && (safe.is_empty() || safe.ends_with(letter));
        if !repeats && safe.len() < MAX_NAME {
            safe.push(letter);
        }
    }
    let safe = safe.trim_end_matches([' ', '-']);
    if safe.chars().any(|letter| letter.is_ascii_alphanumeric()) {
        safe.to_owned()
    } else {
        "document".to_owned()
    }
}

/// # Errors
/// With what has no place in this API.
pub(super) fn encode<'a>(media: Media<'a>, names: &mut Names) -> Result<Object<'a>, String> {
    let Media { kind, source, detail: _, name, context, cite } = media;
    let (format, source) = encode_source(kind, source)?;
    let mut block = object! { "format": format };
    if kind == MediaKind::Document {
        block.set("name", names.take(name.as_deref().unwrap_or_default()));
    }
    block.set("source", source);
    if kind == MediaKind::Document {
        block.set_some("context", context.filter(|context| !context.is_empty()));
        if cite {
            block.set("citations", object! { "enabled": true });
        }
    }
    let mut outer = Object::default();
    outer.set(key(kind), block);
    Ok(outer)
}

fn encode_source<'a>(kind: MediaKind, source: Source<'a>) -> Result<(&'static str, Object<'a>), String> {
    let noun = noun(kind);
    match source {
        Source::Data { media_type, data } => {
            let format = format(kind, &media_type).ok_or_else(|| format!("{noun} of type {media_type}"))?;
            Ok((format, object! { "bytes": data }))
        }
        Source::Url { url, media_type } if url.starts_with("s3://") => {
            let told = media_type.and_then(|media_type| format(kind, &media_type));
            let format = told.or_else(|| by_ending(kind, &url));
            let format = format.ok_or_else(|| format!("{noun} of a type that its address does not tell"))?;
            Ok((format, object! { "s3Location": object! { "uri": url } }))
        }
        Source::Url { .. } => Err(format!("{noun} by its address")),
        Source::File(_) => Err(format!("{noun} by the id of its file")),
        Source::Plain(text) if kind == MediaKind::Document => Ok(("txt", object! { "text": text })),
        Source::Texts(texts) if kind == MediaKind::Document => {
            let texts: Vec<Object<'a>> = texts.into_iter().map(|text| object! { "text": text }).collect();
            Ok(("txt", object! { "content": texts }))
        }
        Source::Plain(_) | Source::Texts(_) => Err(format!("{noun} that is text")),
    }
}

/// The format by the ending of an address.
fn by_ending(kind: MediaKind, url: &str) -> Option<&'static str> {
    let (_, ending) = url.rsplit_once('.')?;
    let ending = ending.to_ascii_lowercase();
    let ending = match &*ending {
        "jpg" => "jpeg",
        "htm" => "html",
        "3gp" => "three_gp",
        other => other,
    };
    FORMATS.iter().find(|(of, name, _)| *of == kind && *name == ending).map(|(_, name, _)| *name)
}

fn key(kind: MediaKind) -> &'static str {
    KINDS.iter().find(|(_, of)| *of == kind).map_or("document", |(key, _)| key)
}

fn noun(kind: MediaKind) -> &'static str {
    match kind {
        MediaKind::Image => "an image",
        MediaKind::Audio => "audio",
        MediaKind::Video => "a video",
        MediaKind::Document => "a document",
    }
}

#[cfg(test)]
#[path = "media_tests.rs"]
mod tests;
