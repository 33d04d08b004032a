//! What a transform is given of a body.

use std::cell::OnceCell;

use serde_json::Value;

use crate::bindings::host::tidegate::plugin::types::{JsonSet, Payload};
use crate::{Error, Result};

/// A body, or the part of it that [`crate::Subscription`] asked for. Parsed when it is first looked into, and once.
#[derive(Debug, Clone)]
pub struct Body {
    payload: Payload,
    tree: OnceCell<Value>,
}

impl Body {
    /// Nothing was asked for, or there is none.
    pub fn absent() -> Self {
        Self::of(Payload::Absent)
    }

    /// All of a JSON body; for tests of a plugin.
    pub fn whole(text: impl Into<String>) -> Self {
        Self::of(Payload::Whole(text.into()))
    }

    /// Some places of a JSON body and the JSON text that stands there; for tests of a plugin.
    pub fn fields<'a>(fields: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let field = |(pointer, value): (&str, &str)| JsonSet { pointer: pointer.into(), value: value.into() };
        Self::of(Payload::Fields(fields.into_iter().map(field).collect()))
    }

    pub(crate) fn of(payload: Payload) -> Self {
        Self { payload, tree: OnceCell::new() }
    }

    /// Whether there is nothing to look at.
    pub fn is_absent(&self) -> bool {
        matches!(self.payload, Payload::Absent)
    }

    /// What stands at a pointer (RFC 6901): of all of the body, or of the places that were asked for.
    pub fn get(&self, pointer: &str) -> Option<Value> {
        match &self.payload {
            Payload::Whole(_) => self.value().ok()?.pointer(pointer).cloned(),
            Payload::Fields(_) => serde_json::from_str(self.json(pointer)?).ok(),
            Payload::Absent | Payload::Opaque(_) => None,
        }
    }

    /// The JSON text at one of the places that were asked for, not parsed.
    pub fn json(&self, pointer: &str) -> Option<&str> {
        let Payload::Fields(fields) = &self.payload else { return None };
        fields.iter().find(|field| field.pointer == pointer).map(|field| field.value.as_str())
    }

    /// The places that were asked for and are there, each with its JSON text, in the order of the subscription.
    pub fn places(&self) -> impl Iterator<Item = (&str, &str)> {
        let fields = match &self.payload {
            Payload::Fields(fields) => fields.as_slice(),
            Payload::Absent | Payload::Whole(_) | Payload::Opaque(_) => &[],
        };
        fields.iter().map(|field| (field.pointer.as_str(), field.value.as_str()))
    }

    /// All of it as JSON text, where all was asked for.
    pub fn text(&self) -> Option<&str> {
        match &self.payload {
            Payload::Whole(text) => Some(text),
            Payload::Absent | Payload::Fields(_) | Payload::Opaque(_) => None,
        }
    }

    /// All of it as a tree, where all was asked for.
    ///
    /// # Errors
    /// Where the body was not asked for as a whole, or is none.
    pub fn value(&self) -> Result<&Value> {
        if let Some(tree) = self.tree.get() {
            return Ok(tree);
        }
        let text = self
            .text()
            .ok_or_else(|| Error::from("the body is not here as a whole; subscribe to all of it"))?;
        let tree = serde_json::from_str(text)?;
        Ok(self.tree.get_or_init(|| tree))
    }

    /// The media type of a body that is no JSON.
    pub fn media_type(&self) -> Option<&str> {
        match &self.payload {
            Payload::Opaque(media_type) => Some(media_type),
            Payload::Absent | Payload::Fields(_) | Payload::Whole(_) => None,
        }
    }
}

#[cfg(test)]
#[path = "body_tests.rs"]
mod tests;
