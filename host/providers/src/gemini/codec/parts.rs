//! What contents are made of, both ways.

use std::borrow::Cow;

use crate::exchange::fields::Fields;
use crate::exchange::json::{Json, Object, Text};
use crate::exchange::place::Place;
use crate::exchange::refused::Refused;
use crate::exchange::request::{Block, Media, MediaKind, Part, Source, Thought, ToolCall, ToolResult};

use super::parts_out::NO_SIGNATURE;

/// Where the Gemini API keeps files that were uploaded to it.
const FILES: &str = "https://generativelanguage.googleapis.com/";

/// Media types by the ends of file names.
const MEDIA_TYPES: [(&str, &str); 32] = [
    ("jpg", "image/jpeg"),
    ("jpeg", "image/jpeg"),
    ("png", "image/png"),
    ("webp", "image/webp"),
    ("gif", "image/gif"),
    ("bmp", "image/bmp"),
    ("heic", "image/heic"),
    ("heif", "image/heif"),
    ("pdf", "application/pdf"),
    ("txt", "text/plain"),
    ("md", "text/markdown"),
    ("html", "text/html"),
    ("csv", "text/csv"),
    ("xml", "text/xml"),
    ("json", "application/json"),
    ("mp3", "audio/mpeg"),
    ("wav", "audio/wav"),
    ("ogg", "audio/ogg"),
    ("flac", "audio/flac"),
    ("aac", "audio/aac"),
    ("aiff", "audio/aiff"),
    ("m4a", "audio/m4a"),
    ("mp4", "video/mp4"),
    ("mpeg", "video/mpeg"),
    ("mpg", "video/mpg"),
    ("mov", "video/mov"),
    ("avi", "video/avi"),
    ("webm", "video/webm"),
    ("wmv", "video/wmv"),
    ("flv", "video/x-flv"),
    ("3gp", "video/3gpp"),
    ("htm", "text/html"),
];

/// The fields of an object; the API takes their names in both spellings, `inlineData` and `inline_data`.
pub(in crate::gemini) fn fields<'a, 'p>(
    value: Json<'a>,
    place: Place<'p>,
) -> Result<Fields<'a, 'p>, Refused> {
    match value {
        Json::Object(object) => Ok(Fields::of_object(camel(object), place)),
        other => Fields::of(other, place),
    }
}

/// The same with keys such as `inlineData` for `inline_data`.
pub(in crate::gemini) fn camel(object: Object<'_>) -> Object<'_> {
    object.into_entries().map(|(key, value)| (camel_key(key), value)).collect()
}

/// A field's name in the spelling that answers have.
pub(in crate::gemini) fn camel_key(key: Text<'_>) -> Text<'_> {
    let mut words = key.split('_');
    let first = words.next().unwrap_or_default();
    if first.is_empty() || first.len() == key.len() {
        return key;
    }
    let mut camel = first.to_owned();
    for word in words {
        let mut letters = word.chars();
        camel.extend(letters.next().map(|letter| letter.to_ascii_uppercase()));
        camel.push_str(letters.as_str());
    }
    Cow::Owned(camel)
}

/// The calls of a conversation or an answer by now; those without an id are given one, which says the same each time.
#[derive(Debug, Default)]
pub(super) struct Calls<'a> {
    /// How ids that are made begin.
    prefix: String,
    count: u64,
    /// Name and id of those that no result answers yet.
    open: Vec<(Text<'a>, Text<'a>)>,
}

impl<'a> Calls<'a> {
    pub(super) fn new(prefix: impl Into<String>) -> Self {
        Self { prefix: prefix.into(), ..Self::default() }
    }

    pub(super) fn count(&self) -> u64 {
        self.count
    }

    /// The id of the next call.
    pub(super) fn id(&mut self, name: &Text<'a>, own: Option<Text<'a>>) -> Text<'a> {
        let made = || Cow::Owned(format!("{}{}", self.prefix, self.count));
        let id = own.filter(|id| !id.is_empty()).unwrap_or_else(made);
        self.count += 1;
        self.open.push((name.clone(), id.clone()));
        id
    }

    /// The id of the call that a result answers; without one it answers the first of that name.
    fn answered(&mut self, name: &str, own: Option<Text<'a>>) -> Option<Text<'a>> {
        let at = self.open.iter().position(|(of, id)| match &own {
            Some(own) => id == own,
            None => of == name,
        });
        at.map(|at| self.open.remove(at).1).or(own)
    }
}

/// A list of parts, or one part in place of it.
pub(super) fn list<'a>(content: &mut Fields<'a, '_>) -> Result<Vec<Json<'a>>, Refused> {
    match content.take("parts") {
        Some(part @ Json::Object(_)) => Ok(vec![part]),
        Some(Json::List(parts)) => Ok(parts),
        None => Ok(Vec::new()),
        Some(other) => {
            let cause = format_args!("must be a list of parts, not {}", other.kind());
            Err(Refused::invalid(&content.place().key("parts"), cause))
        }
    }
}

/// A part, and the signature that stands beside it: as a thought without words where the part has no place for one.
pub(super) fn decode<'a>(
    part: Json<'a>,
    place: Place<'_>,
    calls: &mut Calls<'a>,
    unknown: &mut Vec<String>,
) -> Result<Vec<Block<'a>>, Refused> {
    let mut part = fields(part, place)?;
    let signature = part.text("thoughtSignature")?.filter(|signature| is_signature(signature)).map(standard);
    let is_thought = part.bool("thought")?.unwrap_or(false);
    let detail = part_detail(&mut part, unknown)?;
    let mut blocks = Vec::with_capacity(2);
    let mut beside = signature;
    if let Some(text) = part.text("text")? {
        if is_thought {
            blocks.push(Part::Reasoning(Thought { text, signature: beside.take(), redacted: None }));
        } else if !text.is_empty() || beside.is_none() {
            blocks.push(Part::Text(text));
        }
    } else if let Some(call) = part.object("functionCall")? {
        let mut call = Fields::of_object(call, place.key("functionCall"));
        let name = call.need_text("name")?;
        let id = calls.id(&name, call.text("id")?);
        let arguments =
            call.object("args")?.map_or_else(|| "{}".into(), |args| Json::from(args).to_text().into());
        call.done(unknown);
        blocks.push(Part::ToolCall(ToolCall { id, name, arguments, signature: beside.take() }));
    } else if let Some(response) = part.object("functionResponse")? {
        let place = place.key("functionResponse");
        blocks.push(Part::ToolResult(result(Fields::of_object(camel(response), place), calls, unknown)?));
    } else if let Some(media) = media(&mut part, unknown)? {
        blocks.push(Part::Media(Media { detail, ..media }));
    } else {
        blocks.extend(code(&mut part)?.map(Part::Text));
    }
    part.done(unknown);
    let bare = beside.map(|signature| Thought { signature: Some(signature), ..Thought::default() });
    Ok(blocks.into_iter().chain(bare.map(Part::Reasoning)).map(Block::new).collect())
}

/// Whether it is one, and not what stands for one where there is none.
fn is_signature(signature: &str) -> bool {
    !signature.is_empty() && signature != NO_SIGNATURE
}

/// Base64 as other APIs take it. Here it may also be written in the letters that are for addresses, as Google's own client
/// does, and without what fills it up. What has a length that no base64 has stays.
fn standard(data: Text<'_>) -> Text<'_> {
    let missing = data.len().wrapping_neg() % 4;
    if missing == 3 || (missing == 0 && !data.contains(['-', '_'])) {
        return data;
    }
    let mut standard = data.replace('-', "+").replace('_', "/");
    standard.extend(std::iter::repeat_n('=', missing));
    Cow::Owned(standard)
}

/// `{"level": "MEDIA_RESOLUTION_HIGH"}`.
fn part_detail<'a>(
    part: &mut Fields<'a, '_>,
    unknown: &mut Vec<String>,
) -> Result<Option<Text<'a>>, Refused> {
    let place = part.place();
    let Some(resolution) = part.object("mediaResolution")? else { return Ok(None) };
    let mut resolution = Fields::of_object(resolution, place.key("mediaResolution"));
    let level = resolution.text("level")?;
    resolution.done(unknown);
    Ok(level.as_deref().and_then(detail))
}

/// A resolution of media in OpenAI's words.
pub(super) fn detail(level: &str) -> Option<Text<'static>> {
    match level.strip_prefix("MEDIA_RESOLUTION_")? {
        "LOW" => Some("low".into()),
        "MEDIUM" => Some("auto".into()),
        "HIGH" | "ULTRA_HIGH" => Some("high".into()),
        _ => None,
    }
}

/// `inlineData` or `fileData`.
fn media<'a>(part: &mut Fields<'a, '_>, unknown: &mut Vec<String>) -> Result<Option<Media<'a>>, Refused> {
    let place = part.place();
    if let Some(inline) = part.object("inlineData")? {
        let mut inline = Fields::of_object(camel(inline), place.key("inlineData"));
        let media_type = inline.need_text("mimeType")?;
        let data = standard(inline.need_text("data")?);
        let name = inline.text("displayName")?;
        inline.done(unknown);
        let media = Media::new(kind(&media_type), Source::Data { media_type, data });
        return Ok(Some(Media { name, ..media }));
    }
    let Some(file) = part.object("fileData")? else { return Ok(None) };
    let mut file = Fields::of_object(camel(file), place.key("fileData"));
    let url = file.need_text("fileUri")?;
    let media_type = file.text("mimeType")?;
    let name = file.text("displayName")?;
    file.done(unknown);
    let is_video = url.contains("://www.youtube.com/") || url.contains("://youtu.be/");
    let kind = match media_type.as_deref().or_else(|| of_name(&url)) {
        None if is_video => MediaKind::Video,
        media_type => kind(media_type.unwrap_or_default()),
    };
    let source = if url.starts_with(FILES) { Source::File(url) } else { Source::Url { url, media_type } };
    Ok(Some(Media { name, ..Media::new(kind, source) }))
}

fn kind(media_type: &str) -> MediaKind {
    match media_type.split('/').next() {
        Some("image") => MediaKind::Image,
        Some("audio") => MediaKind::Audio,
        Some("video") => MediaKind::Video,
        _ => MediaKind::Document,
    }
}

pub(super) fn of_name(url: &str) -> Option<&'static str> {
    let path = url.split(['?', '#']).next()?;
    let (_, end) = path.rsplit_once('/')?.1.rsplit_once('.')?;
    MEDIA_TYPES.iter().find(|(name, _)| end.eq_ignore_ascii_case(name)).map(|(_, media_type)| *media_type)
}

/// Code that the provider ran, and what came of it, as Markdown: no other API has a part for it.
fn code<'a>(part: &mut Fields<'a, '_>) -> Result<Option<Text<'a>>, Refused> {
    if let Some(mut code) = part.object("executableCode")? {
        let language = code.take("language").map(Json::into_text).unwrap_or_default().to_ascii_lowercase();
        let code = code.take("code").map(Json::into_text).unwrap_or_default();
        return Ok(Some(Cow::Owned(format!("\n```{language}\n{}\n```\n", code.trim_end()))));
    }
    let Some(mut result) = part.object("codeExecutionResult")? else { return Ok(None) };
    let output = result.take("output").map(Json::into_text).unwrap_or_default();
    Ok(Some(Cow::Owned(format!("\n```\n{}\n```\n", output.trim_end()))))
}

fn result<'a>(
    mut response: Fields<'a, '_>,
    calls: &mut Calls<'a>,
    unknown: &mut Vec<String>,
) -> Result<ToolResult<'a>, Refused> {
    let place = response.place();
    let name = response.need_text("name")?;
    let id = response.text("id")?.filter(|id| !id.is_empty());
    let id = calls.answered(&name, id).ok_or_else(|| {
        Refused::invalid(
            &place,
            format_args!("answers a call of \"{name}\", but no earlier content makes one"),
        )
    })?;
    let (text, is_error) = said(response.object("response")?.unwrap_or_default());
    let mut parts = vec![Part::Text(text)];
    let list = place.key("parts");
    for (index, part) in response.list("parts")?.unwrap_or_default().into_iter().enumerate() {
        let mut part = fields(part, list.at(index))?;
        parts.extend(media(&mut part, unknown)?.map(Part::Media));
        part.done(unknown);
    }
    response.done(unknown);
    Ok(ToolResult { id, name: Some(name), parts, is_error })
}

/// `{output: "…"}` and `{error: "…"}` say a text, anything else is one; and whether it is an error.
fn said(mut response: Object<'_>) -> (Text<'_>, bool) {
    let is_error = response.get("error").is_some_and(|error| !error.is_null());
    let is_plain = is_error || matches!(response.get("output"), Some(Json::Text(_)));
    let key = if is_error { "error" } else { "output" };
    let alone = (response.keys().count() == 1 && is_plain).then(|| response.take(key)).flatten();
    (alone.unwrap_or_else(|| response.into()).into_text(), is_error)
}
