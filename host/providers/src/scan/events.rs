//! Reads a passing stream of server-sent events, parsing only the few events that can say something new.

use tidegate_contract::Usage;

use super::lines::{Lines, MAX_LINE, reusable};
use super::spoken;
use crate::openai::answer::{self, Counts};

/// What is known of a stream so far.
#[derive(Debug, Default)]
pub(crate) struct EventScan {
    lines: Lines,
    event: Event,
    known: Known,
}

/// The data of the event that is arriving.
#[derive(Debug, Default)]
struct Event {
    data: Vec<u8>,
    begun: bool,
    overlong: bool,
}

/// Facts of the stream.
#[derive(Debug, Default)]
pub(crate) struct Known {
    /// The model's name, as the first event that has one spells it.
    pub(crate) model: Option<String>,
    /// What was used, as far as reported.
    counts: Option<Counts>,
    /// Some event had a part of the answer, not only a role.
    pub(crate) token: bool,
    /// The last choices were finished.
    pub(crate) finish: bool,
    /// The stream's own end has been seen.
    pub(crate) done: bool,
    /// Some event was an error.
    pub(crate) error: bool,
    /// Bytes of text, where they are counted.
    pub(crate) text_bytes: Option<u64>,
}

impl EventScan {
    /// One that counts the bytes of the text.
    pub(crate) fn counting() -> Self {
        Self { known: Known { text_bytes: Some(0), ..Known::default() }, ..Self::default() }
    }

    pub(crate) fn feed(&mut self, piece: &[u8]) {
        let Self { lines, event, known } = self;
        lines.feed(piece, |line| event.line(line, known));
    }

    pub(crate) fn known(&self) -> &Known {
        &self.known
    }

    pub(crate) fn overlong(&self) -> bool {
        self.lines.overlong() || self.event.overlong
    }
}

impl Event {
    fn line(&mut self, line: &[u8], known: &mut Known) {
        if line.is_empty() {
            self.dispatch(known);
        } else if let Some(value) = data_of(line) {
            // Taken at once: not every server sends the empty line after its last event.
            known.done |= value == b"[DONE]" && !self.begun;
            self.add(value);
        } else if line.starts_with(b"event") && line.ends_with(b"Exception") {
            // The data of Bedrock's does not say that it is one.
            known.error = true;
        }
    }

    fn add(&mut self, value: &[u8]) {
        if self.data.len() + value.len() >= MAX_LINE {
            self.overlong = true;
            self.data = Vec::new();
            return;
        }
        if self.begun {
            self.data.push(b'\n');
        }
        self.begun = true;
        self.data.extend_from_slice(value);
    }

    fn dispatch(&mut self, known: &mut Known) {
        if std::mem::take(&mut self.begun) {
            known.judge(&self.data);
            self.data = reusable(std::mem::take(&mut self.data));
        }
    }
}

impl Known {
    /// The last usage reported.
    pub(crate) fn usage(&self) -> Option<Usage> {
        self.counts.and_then(|counts| counts.usage())
    }

    fn judge(&mut self, data: &[u8]) {
        if let Some(bytes) = &mut self.text_bytes {
            *bytes += spoken::text_bytes(data);
        }
        // The model's name stands in the events before the first token, or nowhere.
        let curious = !self.token || self.finish;
        if !curious && !answer::says_something(data) {
            return;
        }
        let Some(part) = answer::part(data) else { return };
        if self.model.is_none() {
            self.model = part.model;
        }
        if let Some(counts) = part.counts.filter(|counts| counts.usage().is_some()) {
            self.counts = Some(self.counts.unwrap_or_default().then(counts));
        }
        self.error |= part.error;
        self.token |= part.token;
        // With several choices one may end while another goes on.
        self.finish = part.finish || (self.finish && !part.token);
    }
}

/// The value of a `data` field, without the one space that may stand before it.
fn data_of(line: &[u8]) -> Option<&[u8]> {
    let rest = line.strip_prefix(b"data")?;
    match rest.strip_prefix(b":") {
        Some(value) => Some(value.strip_prefix(b" ").unwrap_or(value)),
        None => rest.is_empty().then_some(rest),
    }
}
