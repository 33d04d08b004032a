//! What a step tells the plugin: `in` of the case file.

use http::{HeaderMap, HeaderName, HeaderValue};
use serde::Deserialize;
use serde_json::Value;
use tidegate_contract::{Hook, Outcome, Usage};

use crate::decode::{Wrong, decode};
use crate::shape::{BodyShape, EventShape, Fields, HeadShape, OutcomeShape, TextShape, UsageShape};

#[derive(Debug, Clone)]
pub(crate) enum Input {
    Authenticate(Box<HeadShape>),
    Admit(Usage),
    Settle { ticket: String, actual: Usage },
    Message { hook: Hook, status: u16, headers: HeaderMap, body: BodyShape },
    Events(Vec<EventShape>),
    Texts { hook: Hook, texts: Vec<TextShape>, last: bool },
    Completed(Box<Outcome>),
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Authenticate {
    head: HeadShape,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Admit {
    estimate: UsageShape,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Settle {
    ticket: String,
    #[serde(default)]
    actual: UsageShape,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Request {
    headers: Fields,
    body: BodyShape,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Response {
    #[serde(default = "ok")]
    status: u16,
    #[serde(default)]
    headers: Fields,
    #[serde(default)]
    body: BodyShape,
}

fn ok() -> u16 {
    200
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Events {
    events: Vec<EventShape>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct InputTexts {
    texts: Vec<TextShape>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OutputTexts {
    texts: Vec<TextShape>,
    #[serde(default = "yes")]
    last: bool,
}

fn yes() -> bool {
    true
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Completed {
    outcome: OutcomeShape,
}

impl Input {
    /// Bytes of the longest text.
    pub(crate) fn longest_text(&self) -> usize {
        let Self::Texts { texts, .. } = self else { return 0 };
        texts.iter().map(|text| text.content.len()).max().unwrap_or_default()
    }

    /// Whether it is texts of which nothing has left and nothing more comes.
    pub(crate) fn is_whole(&self) -> bool {
        let Self::Texts { texts, .. } = self else { return false };
        texts
            .iter()
            .enumerate()
            .map(|(index, text)| text.text(index))
            .all(|text| text.complete && text.released == 0 && text.start == 0)
    }
}

/// Reads `in` of a step of `hook`.
pub(crate) fn input(hook: Hook, place: &str, value: Value) -> Result<Input, Wrong> {
    let message = |status, fields: &Fields, body| {
        let headers =
            header_map(fields).map_err(|problem| Wrong::at(&format!("{place}.headers"), problem))?;
        Ok(Input::Message { hook, status, headers, body })
    };
    match hook {
        Hook::Authenticate => {
            let Authenticate { head } = decode(place, value)?;
            header_map(&head.headers)
                .map_err(|problem| Wrong::at(&format!("{place}.head.headers"), problem))?;
            Ok(Input::Authenticate(Box::new(head)))
        }
        Hook::Admit => decode(place, value).map(|Admit { estimate }| Input::Admit(estimate.usage())),
        Hook::Settle => decode(place, value)
            .map(|Settle { ticket, actual }| Input::Settle { ticket, actual: actual.usage() }),
        Hook::TransformRequest | Hook::TransformUpstream => {
            let Request { headers, body } = decode(place, value)?;
            message(0, &headers, body)
        }
        Hook::TransformResponse => {
            let Response { status, headers, body } = decode(place, value)?;
            message(status, &headers, body)
        }
        Hook::TransformEvent => decode(place, value).map(|Events { events }| Input::Events(events)),
        Hook::ModerateInput => {
            decode(place, value).map(|InputTexts { texts }| Input::Texts { hook, texts, last: true })
        }
        Hook::ModerateOutput => {
            decode(place, value).map(|OutputTexts { texts, last }| Input::Texts { hook, texts, last })
        }
        Hook::Completed => {
            decode(place, value).map(|Completed { outcome }| Input::Completed(Box::new(outcome.outcome())))
        }
    }
}

pub(crate) fn header_map(fields: &Fields) -> Result<HeaderMap, String> {
    let mut map = HeaderMap::new();
    for (name, value) in fields.pairs() {
        let field = HeaderName::from_bytes(name.as_bytes());
        let field = field.map_err(|_| format!("\"{name}\" is no name that HTTP allows"))?;
        let value = HeaderValue::from_bytes(&value.bytes());
        let value =
            value.map_err(|_| format!("the value of \"{name}\" has bytes that HTTP does not allow"))?;
        map.append(field, value);
    }
    Ok(map)
}
