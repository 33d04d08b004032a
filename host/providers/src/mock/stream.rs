//! The events of a streamed answer.

use std::sync::Arc;

use bytes::Bytes;
use serde::Serialize;
use serde_json::Value;

use crate::text;

/// A constant time of making (2025-01-01), so that answers can be compared.
pub(super) const CREATED: u64 = 1_735_689_600;

/// The fields that every object of one answer begins with.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Head {
    pub(super) id: String,
    pub(super) object: &'static str,
    pub(super) created: u64,
    pub(super) model: String,
}

/// Makes the events of one answer.
#[derive(Debug, Clone)]
pub(super) struct Events {
    /// The beginning of each event, up to its choices.
    head: Arc<[u8]>,
    /// Whether each event has a `usage`, null in all but the last.
    usage: Option<Value>,
}

impl Events {
    /// `usage` is `Some` where the client wants it in the stream.
    pub(super) fn new(head: &Head, usage: Option<Value>) -> Self {
        let mut bytes = b"data: ".to_vec();
        text::push(&mut bytes, head);
        // The object goes on after its first fields.
        bytes.pop();
        Self { head: bytes.into(), usage }
    }

    /// An event with these choices.
    pub(super) fn choices(&self, choices: &Value) -> Bytes {
        self.event(choices, &Value::Null)
    }

    /// What follows the last choice: the usage where it is wanted, and the end.
    pub(super) fn end(&self) -> impl Iterator<Item = Bytes> + Send + Sync + use<> {
        let usage = self.usage.as_ref().map(|usage| self.event(&Value::Array(Vec::new()), usage));
        usage.into_iter().chain([Bytes::from_static(b"data: [DONE]\n\n")])
    }

    fn event(&self, choices: &Value, usage: &Value) -> Bytes {
        let mut out = Vec::with_capacity(self.head.len() + 160);
        out.extend_from_slice(&self.head);
        out.extend_from_slice(b",\"choices\":");
        text::push(&mut out, choices);
        if self.usage.is_some() {
            out.extend_from_slice(b",\"usage\":");
            text::push(&mut out, usage);
        }
        out.extend_from_slice(b"}\n\n");
        out.into()
    }
}

/// An event under the name that its data has as `type`.
pub(super) fn named(data: &Value) -> Bytes {
    text::named_event(data["type"].as_str().unwrap_or_default(), data)
}

/// The text in parts of `size` characters.
pub(super) fn fragments(text: String, size: usize) -> impl Iterator<Item = String> + Send + Sync + 'static {
    let mut at = 0;
    std::iter::from_fn(move || {
        let rest = &text[at..];
        let end = rest.char_indices().nth(size.max(1)).map_or(rest.len(), |(end, _)| end);
        at += end;
        (end > 0).then(|| rest[..end].to_owned())
    })
}
