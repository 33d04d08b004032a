//! The parts of a choice as the events of a stream tell them: numbered as they open, words one after the other.

use super::answer::{Event, Opening};

/// Words of a choice, by what they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Spoken {
    Text,
    Reasoning,
    Refusal,
}

/// What was opened of a choice, of a provider that does not number its parts.
#[derive(Debug, Default)]
pub(crate) struct Parts {
    opened: u64,
    /// What is said at the moment; calls may go on beside it.
    said: Option<(Spoken, u64)>,
}

impl Parts {
    /// Opens the next part, and gives its number.
    pub(crate) fn open(&mut self, choice: u64, opening: Opening, out: &mut Vec<Event>) -> u64 {
        let part = self.opened;
        self.opened += 1;
        out.push(Event::Open { choice, part, opening });
        part
    }

    /// The number of the part to which more words of this kind belong; it is opened where another was said before.
    pub(crate) fn say(&mut self, choice: u64, spoken: Spoken, out: &mut Vec<Event>) -> u64 {
        if let Some((_, part)) = self.said.filter(|(said, _)| *said == spoken) {
            return part;
        }
        self.close_said(choice, out);
        let opening = match spoken {
            Spoken::Text => Opening::Text,
            Spoken::Reasoning => Opening::Reasoning,
            Spoken::Refusal => Opening::Refusal,
        };
        let part = self.open(choice, opening, out);
        self.said = Some((spoken, part));
        part
    }

    /// Closes what is said.
    pub(crate) fn close_said(&mut self, choice: u64, out: &mut Vec<Event>) {
        if let Some((_, part)) = self.said.take() {
            out.push(Event::Close { choice, part });
        }
    }
}
