//! What a reservation is known by until it is settled.

use std::fmt::Write;

use tidegate_pipeline::Counted;

use crate::hex::hex;

/// Between its parts; in none of them.
const AND: char = ' ';

/// Digits of an id.
const ID: usize = 32;

/// Bytes of most texts, and a few more.
const ROOM: usize = 64;

/// The id of a reservation, what was expected of the request, and what it counts, as they are read from a text.
///
/// The id is the gateway's own: that of the request is the client's, who could repeat it. What it counts is part of it since
/// the limits of a principal may be others by the time that it is settled.
pub(super) struct Ticket<'t> {
    pub(super) id: &'t str,
    pub(super) estimated_input: u64,
    pub(super) estimated_cost: u64,
    letters: &'t str,
}

impl<'t> Ticket<'t> {
    /// The text of a new one.
    pub(super) fn made(
        estimated_input: u64,
        estimated_cost: u64,
        counted: impl Iterator<Item = Counted>,
    ) -> String {
        let id: [u8; ID / 2] = fastrand::u128(..).to_ne_bytes();
        let mut text = String::with_capacity(ROOM);
        text.push_str(&hex(&id));
        // A text takes whatever is written.
        let _ = write!(text, "{AND}{estimated_input}{AND}{estimated_cost}{AND}");
        counted.filter_map(letter).for_each(|letter| text.push(letter));
        text
    }

    /// The id alone.
    pub(super) fn id(text: &str) -> &str {
        text.get(..ID).unwrap_or(text)
    }

    pub(super) fn read(text: &'t str) -> Self {
        let id = Self::id(text);
        let mut parts = text[id.len()..].splitn(4, AND).skip(1);
        let mut part = || parts.next().unwrap_or_default();
        let (input, cost, letters) = (part(), part(), part());
        let number = |text: &str| text.parse().unwrap_or_default();
        Self { id, estimated_input: number(input), estimated_cost: number(cost), letters }
    }

    /// What was reserved, in its order.
    pub(super) fn counted(&self) -> impl Iterator<Item = Counted> {
        self.letters.chars().filter_map(counted)
    }
}

/// One for each of them, in their order.
fn letter(counted: Counted) -> Option<char> {
    ('a'..).zip(Counted::ALL).find_map(|(letter, other)| (other == counted).then_some(letter))
}

fn counted(letter: char) -> Option<Counted> {
    ('a'..).zip(Counted::ALL).find_map(|(other, counted)| (other == letter).then_some(counted))
}
