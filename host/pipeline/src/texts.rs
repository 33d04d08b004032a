//! Texts of a body for moderation, and what is edited of them put back where it stood.

use std::borrow::Cow;

use serde_json::Value;
use tidegate_contract::{Text, TextEdit};

use crate::fields;
use crate::plugin::HookError;

/// Finds the texts of bodies; implemented where dialects are known.
pub trait FindTexts: Send + Sync {
    /// The texts of a request.
    fn request(&self, body: &Value) -> Vec<TextPlace>;

    /// The texts of an answer.
    fn answer(&self, body: &Value) -> Vec<TextPlace>;
}

/// Where a text stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextPlace {
    /// RFC 6901; a string stands there, unless the kind is `media`.
    pub pointer: String,
    /// See [`tidegate_contract::ROLES`].
    pub role: &'static str,
    /// See [`tidegate_contract::KINDS`].
    pub kind: &'static str,
    /// Whether it stands after the last answer of the conversation.
    pub new_turn: bool,
    /// For what is no string in the body, such as media: what is told of it.
    pub shown: Option<String>,
}

/// The texts at these places, complete.
pub(crate) fn read<'a>(tree: &'a Value, places: &'a [TextPlace]) -> Vec<Text<'a>> {
    let text = |(id, place): (usize, &'a TextPlace)| {
        let content = match &place.shown {
            Some(shown) => shown.as_str(),
            None => fields::at(tree, &place.pointer).and_then(Value::as_str).unwrap_or_default(),
        };
        Text {
            id: u32::try_from(id).unwrap_or(u32::MAX),
            role: place.role,
            kind: place.kind,
            content: Cow::Borrowed(content),
            start: 0,
            released: 0,
            complete: true,
            new_turn: place.new_turn,
        }
    };
    places.iter().enumerate().map(text).collect()
}

/// Puts edits into the body.
///
/// # Errors
/// Where an edit names no text, or leaves its borders, or breaks the JSON of a tool's arguments.
pub(crate) fn write(tree: &mut Value, places: &[TextPlace], edits: &[TextEdit]) -> Result<(), HookError> {
    let mut rest = edits;
    while let Some(first) = rest.first() {
        let length = rest.iter().take_while(|edit| edit.id == first.id).count();
        let (own, others) = rest.split_at(length);
        if others.iter().any(|edit| edit.id == first.id) {
            return Err(invalid("the edits of a text do not stand together"));
        }
        let place = usize::try_from(first.id).ok().and_then(|id| places.get(id));
        let place = place.filter(|place| place.shown.is_none());
        let place =
            place.ok_or_else(|| invalid("an edit names a text that does not exist or cannot be edited"))?;
        if let Some(Value::String(text)) = tree.pointer_mut(&place.pointer) {
            let edited = edit(text, own)?;
            if place.kind == "tool-arguments" && is_json(text) && !is_json(&edited) {
                return Err(invalid("the edited arguments of a tool are no JSON any more"));
            }
            *text = edited;
        }
        rest = others;
    }
    Ok(())
}

/// A text with edits made: in order, on borders of characters, without overlap.
///
/// # Errors
/// Where they are not.
pub fn edit(text: &str, edits: &[TextEdit]) -> Result<String, HookError> {
    check_edits(text.len(), edits, |at| text.is_char_boundary(at))?;
    let mut edited = String::with_capacity(text.len());
    let mut at = 0;
    for edit in edits {
        edited.push_str(&text[at..edit.start as usize]);
        edited.push_str(&edit.replacement);
        at = edit.end as usize;
    }
    edited.push_str(&text[at..]);
    Ok(edited)
}

/// Whether edits can be made in a text of this length.
///
/// # Errors
/// Where they cannot.
pub(crate) fn check_edits(
    length: usize,
    edits: &[TextEdit],
    is_boundary: impl Fn(usize) -> bool,
) -> Result<(), HookError> {
    let mut at = 0;
    for edit in edits {
        let (start, end) = (edit.start as usize, edit.end as usize);
        if start < at || end < start || end > length || !is_boundary(start) || !is_boundary(end) {
            return Err(invalid(
                "an edit is out of order, overlaps another or is not on borders of characters",
            ));
        }
        at = end;
    }
    Ok(())
}

pub(crate) fn is_json(text: &str) -> bool {
    serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok()
}

fn invalid(text: &str) -> HookError {
    HookError::Invalid(text.to_owned())
}

#[cfg(test)]
#[path = "texts_tests.rs"]
mod tests;
