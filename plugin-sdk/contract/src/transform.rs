//! The transform hooks: requests, answers and events changed on their way.

use crate::HeaderEdit;

/// A field: the name in lower case, the value's bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// Lower case.
    pub name: String,
    /// As they stand on the wire, without the white space around them.
    pub value: Vec<u8>,
}

/// A JSON value and its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JsonSet {
    /// RFC 6901.
    pub pointer: String,
    /// The text of one JSON value.
    pub value: String,
}

/// An edit of a JSON document. Edits are applied in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JsonEdit {
    /// Replaces or creates the value, with missing objects on its way, never arrays.
    Set(JsonSet),
    /// Puts an element into an array before the one at its place; `-` appends.
    Insert(JsonSet),
    /// Takes the value at this pointer away; what is not there needs no removal.
    Remove(String),
}

/// What of a JSON body, or of header fields, a plugin wants to see.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Need {
    /// Nothing of it.
    #[default]
    Nothing,
    /// What stands at these pointers; of header fields, those of these names.
    Fields(Vec<String>),
    /// All of it.
    Whole,
}

/// How the body changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BodyChange {
    /// Edits, applied in order.
    Edits(Vec<JsonEdit>),
    /// Another document in its place, as JSON text.
    Replace(String),
}

/// What a transform changes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Change {
    /// Applied in order.
    pub headers: Vec<HeaderEdit>,
    /// `None` leaves it as it is.
    pub body: Option<BodyChange>,
    /// Sends the request to this cluster in place of the route's own.
    pub cluster: Option<String>,
    /// Picks the route anew, with what was changed; once a request.
    pub reroute: bool,
}

impl Change {
    /// Whether it changes nothing after all.
    pub fn is_nothing(&self) -> bool {
        let Self { headers, body, cluster, reroute } = self;
        let edits = match body {
            None => true,
            Some(BodyChange::Edits(edits)) => edits.is_empty(),
            Some(BodyChange::Replace(_)) => false,
        };
        edits && headers.is_empty() && cluster.is_none() && !reroute
    }
}

/// An answer that a plugin gives itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reply {
    /// 200 to 599.
    pub status: u16,
    /// Its fields; framing and `x-tidegate-*` are the host's own.
    pub headers: Vec<Header>,
    /// Its body.
    pub body: Vec<u8>,
}

/// The answer of a transform hook.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum TransformVerdict {
    /// Nothing changes.
    #[default]
    Unchanged,
    /// This changes.
    Changed(Change),
    /// The exchange ends with this answer.
    Reply(Reply),
}

/// An event of a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// The value of its `event` field.
    pub name: Option<String>,
    /// Its data: JSON text, except for the marks by which a dialect ends a stream, which plugins never see.
    pub data: String,
}

/// What becomes of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EventVerdict {
    /// It passes as it came.
    Keep,
    /// These pass in its place.
    Replace(Vec<Event>),
    /// It does not pass.
    Drop,
}
