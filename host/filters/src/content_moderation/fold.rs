//! Text without case, and the way back to where it stands in the original.

use std::borrow::Cow;
use std::ops::Range;

/// A text in which letters of any case are the same, and all white space is a space.
pub(super) struct Folded<'t> {
    text: Cow<'t, str>,
    /// For each byte of `text`, and its end, where the character begins that it comes from; [`INSIDE`] within what one
    /// character became. `None` where all bytes stand where they stood.
    origins: Option<Vec<u32>>,
}

/// No character begins here.
const INSIDE: u32 = u32::MAX;

impl<'t> Folded<'t> {
    pub(super) fn of(text: &'t str) -> Self {
        if text.is_ascii() {
            return Self { text: Cow::Owned(fold(text)), origins: None };
        }
        let mut folded = String::with_capacity(text.len());
        let mut origins = Vec::with_capacity(text.len() + 1);
        for (at, character) in text.char_indices() {
            if character.is_ascii() {
                folded.push(char::from(fold_ascii(character as u8)));
                origins.push(u32::try_from(at).unwrap_or(INSIDE));
                continue;
            }
            let start = folded.len();
            folded.extend(folds(character));
            if folded.len() > start {
                origins.push(u32::try_from(at).unwrap_or(INSIDE));
                origins.resize(folded.len(), INSIDE);
            }
        }
        origins.push(u32::try_from(text.len()).unwrap_or(INSIDE));
        Self { text: Cow::Owned(folded), origins: Some(origins) }
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// What begins with the character at `at` of the original; `None` where nothing is left of that character.
    pub(super) fn rest(&self, at: usize) -> Option<&str> {
        let Some(origins) = &self.origins else { return self.text.get(at..) };
        let origin = u32::try_from(at).ok()?;
        // In order but for what is inside of a character.
        let place = origins.iter().position(|known| *known == origin)?;
        self.text.get(place..)
    }

    /// The same place in the original; `None` where it begins or ends within what one character became.
    pub(super) fn original(&self, range: Range<usize>) -> Option<Range<usize>> {
        let Some(origins) = &self.origins else { return Some(range) };
        let origin =
            |at: usize| origins.get(at).filter(|origin| **origin != INSIDE).map(|origin| *origin as usize);
        Some(origin(range.start)?..origin(range.end)?)
    }
}

/// The text alone.
pub(super) fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.bytes().map(|byte| char::from(fold_ascii(byte))).collect();
    }
    text.chars().flat_map(folds).collect()
}

/// The same as [`folds`], of one byte.
fn fold_ascii(byte: u8) -> u8 {
    if char::from(byte).is_whitespace() { b' ' } else { byte.to_ascii_lowercase() }
}

/// By way of the upper case, which is the same for more letters: `ß` and `ss`, both small sigmas.
fn folds(character: char) -> impl Iterator<Item = char> {
    let spaced = if character.is_whitespace() { ' ' } else { character };
    spaced.to_uppercase().flat_map(char::to_lowercase)
}
