//! Verdicts of the transform hooks.

use serde_json::Value;

use crate::bindings::host::tidegate::plugin::types::{HeaderEdit, JsonEdit, JsonSet, Reply};
use crate::bindings::transform::exports::tidegate::plugin::transform::{
    BodyChange, Change, EventVerdict, Verdict,
};
use crate::{Event, headers};

/// The answer of the transform hooks, made by [`unchanged`], [`changed`] or [`reply`].
#[derive(Debug, Clone, PartialEq)]
pub struct Transform(pub(crate) Verdict);

/// Nothing changes.
pub fn unchanged() -> Transform {
    Transform(Verdict::Unchanged)
}

/// What is named on it changes: `changed().set("/temperature", 0).set_header("x-team", "a")`.
pub fn changed() -> Transform {
    Transform(Verdict::Changed(Change { headers: Vec::new(), body: None, cluster: None, reroute: false }))
}

/// The exchange ends with this answer of the plugin's own. The status is 200 to 599.
pub fn reply(status: u16, body: impl Into<Vec<u8>>) -> Transform {
    Transform(Verdict::Reply(Reply { status, headers: Vec::new(), body: body.into() }))
}

impl Transform {
    /// Of a change: replaces or creates the value at a pointer (RFC 6901), with missing objects on its way.
    #[must_use]
    pub fn set(self, pointer: impl Into<String>, value: impl Into<Value>) -> Self {
        self.edit(JsonEdit::Set(place(pointer, value)))
    }

    /// Of a change: puts an element into an array before the one at its place; `-` appends.
    #[must_use]
    pub fn insert(self, pointer: impl Into<String>, value: impl Into<Value>) -> Self {
        self.edit(JsonEdit::Insert(place(pointer, value)))
    }

    /// Of a change: takes the value at a pointer away; what is not there needs no removal.
    #[must_use]
    pub fn remove(self, pointer: impl Into<String>) -> Self {
        self.edit(JsonEdit::Remove(pointer.into()))
    }

    /// Of a change: another body, as JSON text. Edits before and after it are forgotten.
    #[must_use]
    pub fn replace_body(self, json: impl Into<String>) -> Self {
        self.change(|change| change.body = Some(BodyChange::Replace(json.into())))
    }

    /// Of a change: replaces all fields of this name.
    #[must_use]
    pub fn set_header(self, name: impl Into<String>, value: impl Into<Vec<u8>>) -> Self {
        self.change(|change| change.headers.push(HeaderEdit::Set(headers::field(name, value))))
    }

    /// Of a change: appends a field.
    #[must_use]
    pub fn add_header(self, name: impl Into<String>, value: impl Into<Vec<u8>>) -> Self {
        self.change(|change| change.headers.push(HeaderEdit::Add(headers::field(name, value))))
    }

    /// Of a change: removes all fields of this name.
    #[must_use]
    pub fn remove_header(self, name: impl Into<String>) -> Self {
        self.change(|change| change.headers.push(HeaderEdit::Remove(name.into())))
    }

    /// Of a change of the request: sends it to this cluster in place of the route's own.
    #[must_use]
    pub fn cluster(self, cluster: impl Into<String>) -> Self {
        self.change(|change| change.cluster = Some(cluster.into()))
    }

    /// Of a change of the request: picks the route anew; once a request.
    #[must_use]
    pub fn reroute(self) -> Self {
        self.change(|change| change.reroute = true)
    }

    /// Of a reply: a field of it.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<Vec<u8>>) -> Self {
        if let Verdict::Reply(reply) = &mut self.0 {
            reply.headers.push(headers::field(name, value));
        }
        self
    }

    fn edit(self, edit: JsonEdit) -> Self {
        self.change(|change| match &mut change.body {
            Some(BodyChange::Edits(edits)) => edits.push(edit),
            Some(BodyChange::Replace(_)) => {}
            none => *none = Some(BodyChange::Edits(vec![edit])),
        })
    }

    fn change(mut self, apply: impl FnOnce(&mut Change)) -> Self {
        if let Verdict::Changed(change) = &mut self.0 {
            apply(change);
        }
        self
    }
}

fn place(pointer: impl Into<String>, value: impl Into<Value>) -> JsonSet {
    JsonSet { pointer: pointer.into(), value: value.into().to_string() }
}

/// The answer of [`crate::Plugin::transform_event`], made by [`keep`], [`replace`] or [`drop`].
#[derive(Debug, Clone, PartialEq)]
pub struct Events(pub(crate) EventVerdict);

/// The event passes as it came.
pub fn keep() -> Events {
    Events(EventVerdict::Keep)
}

/// These pass in its place.
pub fn replace(events: impl IntoIterator<Item = Event>) -> Events {
    Events(EventVerdict::Replace(events.into_iter().collect()))
}

/// It does not pass.
pub fn drop() -> Events {
    Events(EventVerdict::Drop)
}

impl Event {
    /// An event without a name.
    pub fn of(data: impl Into<String>) -> Self {
        Self { name: None, data: data.into() }
    }
}
