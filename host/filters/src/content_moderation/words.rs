//! Many words at once, in time that grows with the text and not with the list.

use std::ops::Range;

use aho_corasick::{AhoCorasick, BuildError};

use super::fold::{Folded, fold};

/// Words in one automaton.
#[derive(Debug, Default)]
pub(super) struct Words {
    automaton: Option<AhoCorasick>,
    /// The same, folded and in order.
    folded: Vec<String>,
    /// Bytes of the longest one.
    longest: usize,
}

impl Words {
    pub(super) fn new(words: &[String]) -> Result<Self, BuildError> {
        if words.is_empty() {
            return Ok(Self::default());
        }
        let mut folded: Vec<String> = words.iter().map(|word| fold(word.trim())).collect();
        let automaton = AhoCorasick::new(&folded)?;
        folded.sort_unstable();
        let longest = folded.iter().map(String::len).max().unwrap_or_default();
        Ok(Self { automaton: Some(automaton), folded, longest })
    }

    /// Where the first word begins that ends with the text and could be there once more has come; the length of the text
    /// where none does.
    pub(super) fn open(&self, text: &str) -> usize {
        if self.folded.is_empty() {
            return text.len();
        }
        // A character is folded to one byte at least, so no word has more characters than it has bytes.
        let tail = text.char_indices().rev().nth(self.longest).map_or(0, |(at, _)| at);
        let end = text.get(tail..).unwrap_or_default();
        let folded = Folded::of(end);
        let starts = end.char_indices().map(|(at, _)| at).filter(|at| {
            let before = text.get(..tail + at).and_then(|before| before.chars().next_back());
            !joined(before, end.get(*at..).and_then(|rest| rest.chars().next()))
        });
        let mut begins = starts.filter(|at| folded.rest(*at).is_some_and(|rest| self.may_become(rest)));
        begins.next().map_or(text.len(), |at| tail + at)
    }

    /// Whether a word begins so, and is longer or needs to stand alone.
    fn may_become(&self, beginning: &str) -> bool {
        let first = self.folded.partition_point(|word| word.as_str() < beginning);
        let words = self.folded.get(first..).unwrap_or_default();
        let mut words = words.iter().take_while(|word| word.starts_with(beginning));
        words.any(|word| word.len() > beginning.len() || word.chars().next_back().is_some_and(may_join))
    }

    /// Calls `found` with the index and the place of each word, whatever its case. Words may overlap.
    pub(super) fn find(&self, text: &str, mut found: impl FnMut(usize, Range<usize>)) {
        let Some(automaton) = &self.automaton else { return };
        let folded = Folded::of(text);
        for hit in automaton.find_overlapping_iter(folded.text()) {
            let range = folded.original(hit.range()).filter(|range| stands_alone(text, range));
            if let Some(range) = range {
                found(hit.pattern().as_usize(), range);
            }
        }
    }
}

/// Whether no letter that belongs to the same word stands beside it. A word that begins or ends with a sign needs no
/// border there: `C++` is in `C++11`.
fn stands_alone(text: &str, range: &Range<usize>) -> bool {
    let inside = &text[range.clone()];
    let before = text[..range.start].chars().next_back();
    let behind = text[range.end..].chars().next();
    !joined(before, inside.chars().next()) && !joined(inside.chars().next_back(), behind)
}

fn joined(left: Option<char>, right: Option<char>) -> bool {
    left.is_some_and(joins) && right.is_some_and(joins)
}

/// The same of a letter that is folded: what it was is not known, unless it is ASCII.
fn may_join(folded: char) -> bool {
    joins(folded) || !folded.is_ascii()
}

/// Whether a character holds words together.
fn joins(character: char) -> bool {
    (character.is_alphanumeric() || character == '_') && !is_of_script_without_spaces(character)
}

/// Thai to Myanmar, Khmer, kana and bopomofo, Han, hangul (whose particles join on): words there have no borders.
fn is_of_script_without_spaces(character: char) -> bool {
    matches!(u32::from(character),
        0x0E00..=0x109F | 0x1100..=0x11FF | 0x1780..=0x17FF | 0x3040..=0x318F | 0x31F0..=0x31FF | 0x3400..=0x4DBF
        | 0x4E00..=0x9FFF | 0xAC00..=0xD7FF | 0xF900..=0xFAFF | 0xFF66..=0xFFDC | 0x20000..=0x3FFFF)
}
