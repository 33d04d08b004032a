//! A JSON body that several hooks read and change: parsed at most once, written at most once, never copied for a hook.

use std::borrow::Cow;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use serde_json::Value;
use tidegate_contract::{BodyChange, JsonEdit, Need};

use crate::edit::{self, EditError};
use crate::fields::{self, Index};
use crate::strict;

/// A body.
#[derive(Debug)]
pub struct Document {
    /// As it came, or as it was last written.
    text: OnceLock<Bytes>,
    tree: OnceLock<Arc<Value>>,
    /// Of the text, as long as nothing was parsed.
    index: OnceLock<Index>,
    changed: bool,
}

/// The body is none that hooks can read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the body is no JSON that can be read in one way only: {0}")]
pub struct NotJson(pub String);

impl Document {
    /// A body as it came; not looked at yet.
    pub fn new(text: Bytes) -> Self {
        Self { text: OnceLock::from(text), tree: OnceLock::new(), index: OnceLock::new(), changed: false }
    }

    /// A body made of a tree; it counts as what came.
    pub fn from_tree(tree: Value) -> Self {
        Self {
            text: OnceLock::new(),
            tree: OnceLock::from(Arc::new(tree)),
            index: OnceLock::new(),
            changed: false,
        }
    }

    /// Whether it differs from what came.
    pub fn is_changed(&self) -> bool {
        self.changed
    }

    /// The tree. Whoever holds a clone of it when an edit comes makes the edit copy the tree: let go first.
    ///
    /// # Errors
    /// Where the body is no JSON, or an object in it has a key twice: two readers could then read two bodies.
    pub fn tree(&self) -> Result<&Arc<Value>, NotJson> {
        if let Some(tree) = self.tree.get() {
            return Ok(tree);
        }
        let tree = strict::parse(self.text.get().map_or(&[][..], |text| &text[..]))?;
        Ok(self.tree.get_or_init(|| Arc::new(tree)))
    }

    /// The text as it stands now.
    pub fn text(&self) -> Bytes {
        let write = || {
            let tree = self.tree.get().map_or(&Value::Null, |tree| &**tree);
            // A tree has no keys that are not strings, and a Vec takes every write.
            serde_json::to_vec(tree).unwrap_or_default().into()
        };
        self.text.get_or_init(write).clone()
    }

    /// How many bytes it has.
    pub fn len(&self) -> usize {
        self.text.get().map_or_else(|| self.text().len(), Bytes::len)
    }

    /// Whether there is no body.
    pub fn is_empty(&self) -> bool {
        self.tree.get().is_none() && self.text.get().is_none_or(Bytes::is_empty)
    }

    /// What stands at `pointers` now, each as JSON text; those that are not there are left out.
    ///
    /// Where nothing was parsed yet, the text is scanned and only what was asked for is read.
    ///
    /// # Errors
    /// Where the body is no JSON.
    pub fn fields<'a>(&'a self, pointers: &'a [String]) -> Result<Vec<Field<'a>>, NotJson> {
        match (self.tree.get(), self.text.get()) {
            (Some(tree), _) => Ok(pointers
                .iter()
                .filter_map(|pointer| {
                    let value = fields::at(tree, pointer)?.to_string();
                    Some(Field { pointer, value: Cow::Owned(value) })
                })
                .collect()),
            (None, Some(text)) => self.scanned(text, pointers),
            (None, None) => Ok(Vec::new()),
        }
    }

    fn scanned<'a>(&'a self, text: &'a [u8], pointers: &'a [String]) -> Result<Vec<Field<'a>>, NotJson> {
        let index = match self.index.get() {
            Some(index) => index,
            None => match Index::of(text)? {
                Some(index) => self.index.get_or_init(|| index),
                None => return fields::scan(text, pointers),
            },
        };
        index.fields(text, pointers)
    }

    /// Makes a change; on an error nothing of it is made.
    ///
    /// # Errors
    /// Where an edit has no place to go, or a value is no JSON.
    pub fn apply(&mut self, change: &BodyChange) -> Result<(), EditError> {
        match change {
            BodyChange::Replace(text) => {
                let tree = strict::parse(text.as_bytes()).map_err(|error| EditError::Value(error.0))?;
                self.replace(tree);
            }
            BodyChange::Edits(edits) => self.edit(edits)?,
        }
        Ok(())
    }

    fn edit(&mut self, edits: &[JsonEdit]) -> Result<(), EditError> {
        if edits.is_empty() {
            return Ok(());
        }
        let ready = edit::prepare(edits)?;
        self.tree().map_err(|error| EditError::Body(error.0))?;
        let Some(tree) = self.tree.get_mut() else { return Ok(()) };
        edit::apply(Arc::make_mut(tree), ready)?;
        self.note_change();
        Ok(())
    }

    /// Changes the tree in place.
    ///
    /// # Errors
    /// Where the body is no JSON.
    pub fn change<T>(&mut self, change: impl FnOnce(&mut Value) -> T) -> Result<T, NotJson> {
        self.tree()?;
        let tree = self.tree.get_mut().map(Arc::make_mut);
        let mut nothing = Value::Null;
        let changed = change(tree.unwrap_or(&mut nothing));
        self.note_change();
        Ok(changed)
    }

    fn replace(&mut self, tree: Value) {
        self.tree = OnceLock::from(Arc::new(tree));
        self.note_change();
    }

    fn note_change(&mut self) {
        self.text = OnceLock::new();
        self.changed = true;
    }
}

/// What stands at a pointer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field<'a> {
    /// RFC 6901, as subscribed.
    pub pointer: &'a str,
    /// JSON text.
    pub value: Cow<'a, str>,
}

/// What a hook is given of a body.
#[derive(Debug, Clone, Copy)]
pub enum Payload<'a> {
    /// Nothing was asked for, or there is none.
    Absent,
    /// What stands at the subscribed pointers.
    Fields(&'a [Field<'a>]),
    /// All of it, as text or as tree, whichever the runtime needs.
    Whole(&'a Document),
    /// No JSON; its media type.
    Opaque(&'a str),
}

/// A body on its way through a chain.
#[derive(Debug)]
pub enum Body {
    /// None at all.
    Empty,
    /// JSON.
    Json(Document),
    /// Anything else; passed as it is, seen by its media type.
    Opaque {
        /// The essence of the media type.
        media_type: String,
        /// The bytes.
        bytes: Bytes,
    },
}

impl Body {
    /// The JSON document, where it is one.
    pub fn document(&self) -> Option<&Document> {
        match self {
            Self::Json(document) => Some(document),
            Self::Empty | Self::Opaque { .. } => None,
        }
    }

    /// The JSON document to change, where it is one.
    pub fn document_mut(&mut self) -> Option<&mut Document> {
        match self {
            Self::Json(document) => Some(document),
            Self::Empty | Self::Opaque { .. } => None,
        }
    }

    /// The media type, where it is a sound, an image or a film as a whole.
    pub(crate) fn media(&self) -> Option<&str> {
        let Self::Opaque { media_type, .. } = self else { return None };
        let is_media = ["audio/", "image/", "video/"].iter().any(|kind| media_type.starts_with(kind));
        is_media.then_some(media_type)
    }

    /// How many bytes it has.
    pub fn len(&self) -> usize {
        match self {
            Self::Empty => 0,
            Self::Json(document) => document.len(),
            Self::Opaque { bytes, .. } => bytes.len(),
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What `need` asks for: the fields are kept in `fields` as long as the payload lives.
    ///
    /// # Errors
    /// Where the body should be JSON and is not.
    pub(crate) fn payload<'a>(
        &'a self,
        need: &'a Need,
        fields: &'a mut Vec<Field<'a>>,
    ) -> Result<Payload<'a>, NotJson> {
        match (need, self) {
            (Need::Nothing, _) | (_, Self::Empty) => Ok(Payload::Absent),
            (_, Self::Opaque { media_type, .. }) => Ok(Payload::Opaque(media_type)),
            (Need::Fields(pointers), Self::Json(document)) => {
                *fields = document.fields(pointers)?;
                Ok(Payload::Fields(fields))
            }
            (Need::Whole, Self::Json(document)) => Ok(Payload::Whole(document)),
        }
    }
}

#[cfg(test)]
#[path = "document_tests.rs"]
mod tests;
