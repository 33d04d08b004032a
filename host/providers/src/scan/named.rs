//! The model that an answer, or an event of one, says it comes from.

use std::ops::Range;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::text;

/// Where APIs name the model: at the top, or in what an event is about.
#[derive(Deserialize)]
struct Names<'a> {
    #[serde(borrow, default)]
    model: Option<&'a RawValue>,
    /// Gemini's.
    #[serde(borrow, default, rename = "modelVersion")]
    version: Option<&'a RawValue>,
    /// Of the events of OpenAI's responses.
    #[serde(borrow, default)]
    response: Option<&'a RawValue>,
    /// Of the first event of Anthropic's messages.
    #[serde(borrow, default)]
    message: Option<&'a RawValue>,
}

/// An answer, or the data of an event, with another model where it names one; `None` where it names none.
pub fn rename_answer(body: &str, name: &str) -> Option<String> {
    let Names { model, version, response, message } = serde_json::from_str(body).ok()?;
    let within = |part: Option<&'_ RawValue>| -> Option<Range<usize>> {
        let inner: Names<'_> = serde_json::from_str(part?.get()).ok()?;
        place(body, inner.model)
    };
    let places = [place(body, model), place(body, version), within(response), within(message)];
    let mut places: Vec<Range<usize>> = places.into_iter().flatten().collect();
    places.sort_by_key(|place| place.start);
    if places.is_empty() {
        return None;
    }
    let mut renamed = Vec::with_capacity(body.len() + places.len() * name.len());
    let mut written = 0;
    for place in places {
        renamed.extend_from_slice(&body.as_bytes()[written..place.start]);
        text::push(&mut renamed, name);
        written = place.end;
    }
    renamed.extend_from_slice(&body.as_bytes()[written..]);
    String::from_utf8(renamed).ok()
}

/// Where in the body a value stands, which was borrowed from it and is a string.
fn place(body: &str, value: Option<&RawValue>) -> Option<Range<usize>> {
    let value = value?.get();
    let start = value.as_ptr().addr() - body.as_ptr().addr();
    value.starts_with('"').then_some(start..start + value.len())
}

#[cfg(test)]
mod tests {
    use super::rename_answer;

    fn renamed(body: &str) -> Option<String> {
        rename_answer(body, "m\"x")
    }

    #[test]
    fn every_api_names_its_model_at_its_own_place() {
        for (body, expected) in [
            (r#"{"model": "gpt-4o-2024", "usage": 1.50}"#, r#"{"model": "m\"x", "usage": 1.50}"#),
            (
                r#"{"candidates":[{"model":"kept"}],"modelVersion":"g"}"#,
                r#"{"candidates":[{"model":"kept"}],"modelVersion":"m\"x"}"#,
            ),
            (
                r#"{"type":"response.created","response":{"id":"r","model":"g"}}"#,
                r#"{"type":"response.created","response":{"id":"r","model":"m\"x"}}"#,
            ),
            (
                r#"{"type":"message_start","message":{"model":"c","content":[]}}"#,
                r#"{"type":"message_start","message":{"model":"m\"x","content":[]}}"#,
            ),
        ] {
            assert_eq!(renamed(body).as_deref(), Some(expected));
        }
    }

    #[test]
    fn what_names_none_stays() {
        for body in [
            "[DONE]",
            "{}",
            r#"{"model":null}"#,
            r#"{"message":"no model"}"#,
            r#"{"model":"a","model":"b"}"#,
            "[",
        ] {
            assert_eq!(renamed(body), None, "{body}");
        }
    }
}
