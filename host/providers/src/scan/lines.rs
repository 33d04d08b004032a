//! Splits a stream of server-sent events into lines, wherever its pieces are cut.

use memchr::memchr2;

/// Bytes of one line, and of the data of one event, that are still looked at.
pub(crate) const MAX_LINE: usize = 1024 * 1024;

/// A buffer that once had to be larger than this is given back after use: open streams are many.
const KEEP: usize = 4 * 1024;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// The line splitter: lines end in LF, CR or CRLF (WHATWG HTML, section 9.2.5).
#[derive(Debug, Default)]
pub(crate) struct Lines {
    /// The beginning of a line whose end has not arrived.
    begun: Vec<u8>,
    /// The last byte was a CR, so an LF that follows belongs to it.
    after_cr: bool,
    /// The rest of a line that is too long.
    skipping: bool,
    past_first: bool,
    overlong: bool,
}

impl Lines {
    /// Takes the next piece and gives every line that ends in it, without its end, to `each`.
    pub(crate) fn feed(&mut self, piece: &[u8], mut each: impl FnMut(&[u8])) {
        let mut rest = piece;
        if rest.is_empty() {
            return;
        }
        if std::mem::take(&mut self.after_cr) {
            rest = rest.strip_prefix(b"\n").unwrap_or(rest);
        }
        while let Some(at) = memchr2(b'\n', b'\r', rest) {
            let (line, end) = rest.split_at(at);
            self.complete(line, &mut each);
            self.after_cr = end == b"\r";
            rest = end.strip_prefix(b"\r\n").unwrap_or(&end[1..]);
        }
        self.keep(rest);
    }

    /// Whether a line was too long to be looked at.
    pub(crate) fn overlong(&self) -> bool {
        self.overlong
    }

    fn complete(&mut self, last: &[u8], each: &mut impl FnMut(&[u8])) {
        if self.begun.is_empty() && last.len() <= MAX_LINE {
            if !std::mem::take(&mut self.skipping) {
                self.hand_out(last, each);
            }
            return;
        }
        self.keep(last);
        if !std::mem::take(&mut self.skipping) {
            let line = std::mem::take(&mut self.begun);
            self.hand_out(&line, each);
            self.begun = reusable(line);
        }
    }

    fn hand_out(&mut self, line: &[u8], each: &mut impl FnMut(&[u8])) {
        let first = !std::mem::replace(&mut self.past_first, true);
        each(if first { line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(line) } else { line });
    }

    fn keep(&mut self, part: &[u8]) {
        if self.skipping {
            return;
        }
        if self.begun.len() + part.len() > MAX_LINE {
            self.begun = Vec::new();
            self.skipping = true;
            self.past_first = true;
            self.overlong = true;
        } else {
            self.begun.extend_from_slice(part);
        }
    }
}

/// The buffer, empty; without its memory where that is large.
pub(crate) fn reusable(mut buffer: Vec<u8>) -> Vec<u8> {
    if buffer.capacity() > KEEP {
        return Vec::new();
    }
    buffer.clear();
    buffer
}

#[cfg(test)]
#[path = "lines_tests.rs"]
mod tests;
