//! Bodies, and how they change.

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use tidegate_contract::{BodyChange, Change, Event, EventVerdict, JsonEdit, JsonSet, Reply};
use tidegate_pipeline::{Body, Document};

use super::data::{Data, Fields, HeaderEditShape};

/// A body: nothing, JSON, or `{"opaque": MEDIA_TYPE}`.
#[derive(Debug, Clone, Default)]
pub(crate) enum BodyShape {
    #[default]
    Absent,
    Json(Value),
    Opaque(String),
}

impl<'de> Deserialize<'de> for BodyShape {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Value::deserialize(deserializer)? {
            Value::Null => Ok(Self::Absent),
            Value::Object(object) if object.len() == 1 && object.contains_key("opaque") => {
                let media_type = object.get("opaque").and_then(Value::as_str);
                let media_type =
                    media_type.ok_or_else(|| D::Error::custom("\"opaque\" names a media type"))?;
                Ok(Self::Opaque(media_type.to_owned()))
            }
            other => Ok(Self::Json(other)),
        }
    }
}

impl BodyShape {
    /// JSON arrives as text, as it does in the gateway: what is not asked for is never parsed.
    pub(crate) fn body(&self) -> Body {
        match self {
            Self::Absent => Body::Empty,
            Self::Json(value) => Body::Json(Document::new(value.to_string().into())),
            Self::Opaque(media_type) => {
                Body::Opaque { media_type: media_type.clone(), bytes: bytes::Bytes::from_static(b"\0") }
            }
        }
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum JsonEditShape {
    Set { pointer: String, value: Value },
    Insert { pointer: String, value: Value },
    Remove(String),
}

impl JsonEditShape {
    fn of(edit: &JsonEdit) -> Self {
        match edit {
            JsonEdit::Set(JsonSet { pointer, value }) => {
                Self::Set { pointer: pointer.clone(), value: parsed(value) }
            }
            JsonEdit::Insert(JsonSet { pointer, value }) => {
                Self::Insert { pointer: pointer.clone(), value: parsed(value) }
            }
            JsonEdit::Remove(pointer) => Self::Remove(pointer.clone()),
        }
    }
}

/// Text that is no JSON is shown as it is, and so equals nothing that a case can expect by accident.
fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| Value::String(format!("no JSON: {text}")))
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ChangeShape {
    headers: Vec<HeaderEditShape>,
    edits: Vec<JsonEditShape>,
    replace: Option<Value>,
    cluster: Option<String>,
    reroute: bool,
}

impl ChangeShape {
    pub(crate) fn of(change: &Change) -> Self {
        let (edits, replace) = match &change.body {
            None => (Vec::new(), None),
            Some(BodyChange::Edits(edits)) => (edits.iter().map(JsonEditShape::of).collect(), None),
            Some(BodyChange::Replace(text)) => (Vec::new(), Some(parsed(text))),
        };
        Self {
            headers: change.headers.iter().map(HeaderEditShape::of).collect(),
            edits,
            replace,
            cluster: change.cluster.clone(),
            reroute: change.reroute,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReplyShape {
    #[serde(default = "ok")]
    pub(crate) status: u16,
    #[serde(default)]
    pub(crate) headers: Fields,
    #[serde(default = "empty")]
    pub(crate) body: Data,
}

fn ok() -> u16 {
    200
}

fn empty() -> Data {
    Data::Text(String::new())
}

impl ReplyShape {
    pub(crate) fn of(reply: &Reply) -> Self {
        Self { status: reply.status, headers: Fields::of(&reply.headers), body: Data::of(&reply.body) }
    }

    pub(crate) fn reply(&self) -> Reply {
        Reply { status: self.status, headers: self.headers.headers(), body: self.body.bytes() }
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct EventShape {
    #[serde(default)]
    name: Option<String>,
    data: Value,
}

impl EventShape {
    fn of(event: &Event) -> Self {
        Self { name: event.name.clone(), data: parsed(&event.data) }
    }

    pub(crate) fn event(&self) -> Event {
        Event { name: self.name.clone(), data: self.data.to_string() }
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum EventVerdictShape {
    Keep,
    Drop,
    Replace(Vec<EventShape>),
}

impl EventVerdictShape {
    pub(crate) fn of(verdict: &EventVerdict) -> Self {
        match verdict {
            EventVerdict::Keep => Self::Keep,
            EventVerdict::Drop => Self::Drop,
            EventVerdict::Replace(events) => Self::Replace(events.iter().map(EventShape::of).collect()),
        }
    }
}
