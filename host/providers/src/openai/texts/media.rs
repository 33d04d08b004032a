//! What may be told of a part that is no text: its kind and source, never its bytes.

use serde_json::Value;

/// Keys that hold what is no text.
const KEYS: [&str; 9] =
    ["image_url", "video_url", "audio_url", "input_audio", "audio", "image", "video", "file", "document"];

/// The longest that is told, in characters.
const MOST: usize = 200;

/// Keys of parts that are a file or an image themselves.
const FLAT: [&str; 4] = ["file_url", "filename", "file_id", "file_data"];

/// Whether what stands under this key of a part is told as media.
pub(crate) fn holds(key: &str) -> bool {
    KEYS.contains(&key) || FLAT.contains(&key)
}

/// Such as `image_url https://host/path`, `input_audio wav`, `file report.pdf`; `None` where the part holds no media.
pub(crate) fn named(part: &Value) -> Option<String> {
    let held = KEYS.into_iter().map(|key| (key, &part[key])).find(|(_, value)| !value.is_null());
    let Some((key, value)) = held else { return flat(part) };
    let source = match value {
        Value::String(url) => source(url),
        _ => ["url", "format", "filename", "file_id", "media_type", "id", "file_data", "data"]
            .iter()
            .find_map(|key| value[*key].as_str().map(|text| of(key, text)))
            .unwrap_or_default(),
    };
    Some(cut(format!("{key} {source}").trim_end()))
}

/// The media of a message beside its content: their places in it, and what may be told of them.
pub(crate) fn beside_content(message: &Value) -> Vec<(String, String)> {
    let mut media = Vec::new();
    if holds_bytes(&message["audio"]["data"]) {
        media.push(("/audio/data".to_owned(), "audio".to_owned()));
    }
    for key in ["image", "video", "image_url", "video_url", "audio_url"] {
        if message[key].is_string() || message[key].is_object() {
            let shown = named(&serde_json::json!({key: message[key]})).unwrap_or_else(|| key.to_owned());
            media.push((format!("/{key}"), shown));
        }
    }
    for (index, image) in message["images"].as_array().into_iter().flatten().enumerate() {
        media.push((format!("/images/{index}"), named(image).unwrap_or_else(|| "image".to_owned())));
    }
    media
}

/// The media among the parts of a content.
pub(crate) fn among_parts(content: &Value) -> Vec<(String, String)> {
    let parts = content.as_array().into_iter().flatten().enumerate();
    parts.filter_map(|(index, part)| Some((format!("/{index}"), named(part)?))).collect()
}

/// Whether something stands where encoded media does.
pub(crate) fn holds_bytes(value: &Value) -> bool {
    value.as_str().is_some_and(|data| !data.is_empty())
}

/// Whether a string below media, under this key, is their bytes, and neither an address nor a name.
pub(crate) fn is_bytes(key: &str, text: &str) -> bool {
    text.starts_with("data:") || matches!(key, "b64_json" | "data" | "file_data")
}

/// What may be told of media of this name that stand at a source: its URL, type or id.
pub(crate) fn sourced(name: &str, from: &Value) -> String {
    let keys = ["url", "file_id", "media_type"];
    let told = keys.iter().find_map(|key| from[*key].as_str().map(|text| of(key, text)));
    cut(format!("{name} {}", told.unwrap_or_default()).trim_end())
}

fn flat(part: &Value) -> Option<String> {
    let name = part["type"].as_str()?;
    let told = FLAT.iter().find_map(|key| part[*key].as_str().map(|text| of(key, text)))?;
    Some(cut(format!("{name} {told}").trim_end()))
}

fn of(key: &str, text: &str) -> String {
    match key {
        "file_data" | "data" => source(text),
        "url" | "file_url" => source(text),
        _ => text.to_owned(),
    }
}

/// A URL without what may be secret in it: user, query, fragment. Of a `data:` URL its media type, of anything else nothing.
fn source(url: &str) -> String {
    if let Some(data) = url.strip_prefix("data:") {
        let media_type = data.split([';', ',']).next().unwrap_or_default();
        return format!("data:{}", cut(media_type));
    }
    let Some((scheme, rest)) = url.split_once("://") else { return String::new() };
    let bare = rest.split(['?', '#']).next().unwrap_or_default();
    let (authority, path) = bare.split_once('/').unwrap_or((bare, ""));
    let host = authority.rsplit('@').next().unwrap_or_default();
    if path.is_empty() { format!("{scheme}://{host}") } else { format!("{scheme}://{host}/{path}") }
}

/// What is told of encoded media in something of this type.
pub(crate) fn encoded(name: &str) -> String {
    cut(if name.is_empty() { "data" } else { name })
}

/// Not longer than is good for a log.
pub(crate) fn cut(text: &str) -> String {
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
