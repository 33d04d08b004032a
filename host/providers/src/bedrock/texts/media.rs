//! Images, documents, audio and video.

use std::fmt::Display;

use serde_json::{Value, json};

use super::{is_no_word, words};
use crate::openai::texts::finder::{Finder, Voice, below};
use crate::openai::texts::media;

/// `{format, source}`, and of a document also its name, which models read.
pub(super) fn find(
    finder: &mut Finder,
    (name, at): (&str, &dyn Display),
    block: &Value,
    (kind, voice): (&'static str, Voice),
) {
    let format = block["format"].as_str().unwrap_or_default();
    let mut has_source = false;
    for (key, field) in block.as_object().into_iter().flatten() {
        let at = below(at, key);
        match (key.as_str(), field) {
            ("source", Value::Object(_)) => {
                let before = finder.found.len();
                source(finder, (name, format), (&at, field), (kind, voice));
                has_source = finder.found.len() > before;
            }
            ("name", _) => finder.strings(&at, field, kind, voice),
            (key, field) if is_no_word(key, field) => {}
            _ => words(finder, &at, field, kind, voice),
        }
    }
    if !has_source {
        finder.media(at, told(name, format), voice);
    }
}

/// Such as `image png`.
pub(in crate::bedrock) fn told(name: &str, format: &str) -> String {
    media::sourced(name, &json!({"media_type": format}))
}

/// What it is made from: bytes, an address in S3, or words.
fn source(
    finder: &mut Finder,
    (name, format): (&str, &str),
    (at, source): (&dyn Display, &Value),
    (kind, voice): (&'static str, Voice),
) {
    for (key, field) in source.as_object().into_iter().flatten() {
        let at = below(at, key);
        match (key.as_str(), field) {
            ("bytes", Value::String(bytes)) if !bytes.is_empty() => {
                finder.media(&at, told(name, format), voice);
            }
            ("s3Location", Value::Object(location)) => {
                for (key, field) in location {
                    let at = below(&at, key);
                    match key.as_str() {
                        "uri" if media::holds_bytes(field) => {
                            finder.media(&at, media::sourced(name, &json!({"url": field})), voice);
                        }
                        key if is_no_word(key, field) => {}
                        _ => words(finder, &at, field, kind, voice),
                    }
                }
            }
            (key, field) if is_no_word(key, field) => {}
            _ => words(finder, &at, field, kind, voice),
        }
    }
}
