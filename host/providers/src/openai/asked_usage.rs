//! Usage that a client of OpenAI's API did not ask a stream for: asked in its place, and taken out of the answer again.

use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;
use tidegate_contract::Usage;

use super::answer;
use crate::sse::SseEvent;

/// What asks for it.
const ASKED: &[u8] = br#""stream_options":{"include_usage":true},"#;

/// The same request with usage asked for; `None` where it asks for no stream, or says itself what it wants of one.
pub fn ask_for_usage(body: &[u8]) -> Option<Bytes> {
    #[derive(Deserialize)]
    struct Asks<'a> {
        #[serde(default)]
        stream: bool,
        #[serde(borrow)]
        stream_options: Option<&'a RawValue>,
    }
    let Asks { stream: true, stream_options: None } = serde_json::from_slice(body).ok()? else { return None };
    let inside = body.iter().position(|byte| *byte == b'{')? + 1;
    Some([&body[..inside], ASKED, &body[inside..]].concat().into())
}

/// What was used, where an event says nothing else: the one that only those get who ask for it.
pub(crate) fn usage_alone(event: &SseEvent) -> Option<Usage> {
    let data = event.data.as_bytes();
    if !answer::says_something(data) {
        return None;
    }
    #[derive(Deserialize)]
    struct Alone {
        choices: Vec<serde::de::IgnoredAny>,
    }
    let Alone { choices } = serde_json::from_slice(data).ok()?;
    let part = answer::part(data).filter(|part| choices.is_empty() && !part.error)?;
    part.counts?.usage()
}

#[cfg(test)]
#[path = "asked_usage_tests.rs"]
mod tests;
