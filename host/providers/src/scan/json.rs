//! Takes the raw values of a few top-level keys out of one JSON object that arrives in pieces.

use memchr::memchr2;

/// Wanted keys are shorter than this.
const MAX_KEY: usize = 32;

/// A scanner of one JSON document, fed in pieces that may be split at any byte.
///
/// It keeps the values of the wanted keys and nothing else, so its memory does not grow with the document. It does
/// not judge the document: what is no JSON merely yields no values. Keys written with escapes are not recognised.
#[derive(Debug)]
pub struct JsonFields<const N: usize> {
    keys: [&'static str; N],
    values: [Option<Vec<u8>>; N],
    cap: usize,
    place: Place,
    /// Nesting inside the current top-level value.
    depth: usize,
    /// The last byte was a backslash in a string.
    escaped: bool,
    key: KeyText,
    capture: Option<Capture>,
}

/// Where the next byte stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Start,
    BeforeKey,
    Key,
    Colon,
    BeforeValue,
    /// A string that is itself a top-level value.
    Text,
    /// A number, `true`, `false` or `null` at the top level.
    Scalar,
    Nested,
    NestedText,
    Done,
    Broken,
}

#[derive(Debug)]
struct Capture {
    slot: usize,
    raw: Vec<u8>,
}

/// The current key, as far as it can matter.
#[derive(Debug, Default)]
struct KeyText {
    bytes: [u8; MAX_KEY],
    length: usize,
}

impl<const N: usize> JsonFields<N> {
    /// A scanner for `keys`; a value longer than `cap` bytes counts as absent.
    pub fn new(keys: [&'static str; N], cap: usize) -> Self {
        Self {
            keys,
            values: [const { None }; N],
            cap,
            place: Place::Start,
            depth: 0,
            escaped: false,
            key: KeyText::default(),
            capture: None,
        }
    }

    /// Takes the next piece of the document.
    pub fn feed(&mut self, piece: &[u8]) {
        let mut rest = piece;
        while !rest.is_empty() {
            let capturing = self.capture.is_some();
            let taken = self.step(rest);
            let (bytes, after) = rest.split_at(taken);
            if capturing {
                self.keep(bytes);
            }
            rest = after;
        }
    }

    /// The raw value of the key at `index`, once it has arrived whole; of several the last.
    pub fn get(&self, index: usize) -> Option<&[u8]> {
        self.values.get(index)?.as_deref()
    }

    /// Like [`JsonFields::get`], but gives the value away.
    pub fn take(&mut self, index: usize) -> Option<Vec<u8>> {
        self.values.get_mut(index)?.take()
    }

    /// Whether the closing brace of the document has been seen.
    pub fn is_complete(&self) -> bool {
        self.place == Place::Done
    }

    /// Goes one step on and says how many bytes it took; 0 only where the place changed.
    fn step(&mut self, rest: &[u8]) -> usize {
        match self.place {
            Place::Start => self.start(rest[0]),
            Place::BeforeKey => self.before_key(rest[0]),
            Place::Key => self.key(rest),
            Place::Colon => self.colon(rest[0]),
            Place::BeforeValue => self.before_value(rest[0]),
            Place::Text => self.text(rest),
            Place::Scalar => self.scalar(rest),
            Place::Nested => self.nested(rest),
            Place::NestedText => self.nested_text(rest),
            Place::Done | Place::Broken => rest.len(),
        }
    }

    fn start(&mut self, byte: u8) -> usize {
        match byte {
            b'{' => self.place = Place::BeforeKey,
            // White space, or a byte of a byte order mark.
            b' ' | b'\t' | b'\n' | b'\r' | 0xef | 0xbb | 0xbf => {}
            _ => self.place = Place::Broken,
        }
        1
    }

    fn before_key(&mut self, byte: u8) -> usize {
        match byte {
            b'"' => {
                self.key.length = 0;
                self.place = Place::Key;
            }
            b'}' => self.place = Place::Done,
            b',' | b' ' | b'\t' | b'\n' | b'\r' => {}
            _ => self.place = Place::Broken,
        }
        1
    }

    fn key(&mut self, rest: &[u8]) -> usize {
        let (taken, ended) = self.string_part(rest);
        self.key.push(&rest[..taken - usize::from(ended)]);
        if ended {
            self.place = Place::Colon;
        }
        taken
    }

    fn colon(&mut self, byte: u8) -> usize {
        match byte {
            b':' => self.place = Place::BeforeValue,
            b' ' | b'\t' | b'\n' | b'\r' => {}
            _ => self.place = Place::Broken,
        }
        1
    }

    fn before_value(&mut self, byte: u8) -> usize {
        self.place = match byte {
            b' ' | b'\t' | b'\n' | b'\r' => return 1,
            b'"' => Place::Text,
            b'{' | b'[' => Place::Nested,
            b't' | b'f' | b'n' | b'-' | b'0'..=b'9' => Place::Scalar,
            _ => Place::Broken,
        };
        self.depth = usize::from(self.place == Place::Nested);
        self.begin(byte);
        1
    }

    fn text(&mut self, rest: &[u8]) -> usize {
        let (taken, ended) = self.string_part(rest);
        if ended {
            self.end(&rest[..taken]);
        }
        taken
    }

    fn scalar(&mut self, rest: &[u8]) -> usize {
        let ends = |byte: &u8| matches!(byte, b',' | b'}' | b' ' | b'\t' | b'\n' | b'\r');
        match rest.iter().position(ends) {
            Some(at) => {
                self.end(&rest[..at]);
                at
            }
            None => rest.len(),
        }
    }

    fn nested(&mut self, rest: &[u8]) -> usize {
        for (at, byte) in rest.iter().enumerate() {
            match byte {
                b'"' => {
                    self.place = Place::NestedText;
                    return at + 1;
                }
                b'{' | b'[' => self.depth += 1,
                b'}' | b']' => {
                    self.depth -= 1;
                    if self.depth == 0 {
                        self.end(&rest[..=at]);
                        return at + 1;
                    }
                }
                _ => {}
            }
        }
        rest.len()
    }

    fn nested_text(&mut self, rest: &[u8]) -> usize {
        let (taken, ended) = self.string_part(rest);
        if ended {
            self.place = Place::Nested;
        }
        taken
    }

    /// How many bytes belong to the current string, its closing quote included, and whether that quote is among them.
    fn string_part(&mut self, rest: &[u8]) -> (usize, bool) {
        let mut at = usize::from(std::mem::take(&mut self.escaped));
        while let Some(found) = rest.get(at..).and_then(|tail| memchr2(b'"', b'\\', tail)) {
            at += found + 1;
            if rest[at - 1] == b'"' {
                return (at, true);
            }
            self.escaped = at == rest.len();
            at += 1;
        }
        (rest.len(), false)
    }

    /// Starts to keep the value whose first byte this is, where its key is wanted.
    fn begin(&mut self, first: u8) {
        let Some(slot) = self.keys.iter().position(|key| self.key.is(key)) else { return };
        self.values[slot] = None;
        // Room for most values: an object such as `usage`, or a short text.
        let mut raw = Vec::with_capacity(if first == b'{' { 256 } else { 32 });
        raw.push(first);
        self.capture = Some(Capture { slot, raw });
    }

    fn keep(&mut self, bytes: &[u8]) {
        if let Some(capture) = &mut self.capture {
            if capture.raw.len() + bytes.len() > self.cap {
                self.capture = None;
            } else {
                capture.raw.extend_from_slice(bytes);
            }
        }
    }

    /// The current value ends with these bytes.
    fn end(&mut self, last: &[u8]) {
        self.place = Place::BeforeKey;
        self.keep(last);
        if let Some(Capture { slot, raw }) = self.capture.take() {
            self.values[slot] = Some(raw);
        }
    }
}

impl KeyText {
    fn push(&mut self, part: &[u8]) {
        let end = self.length + part.len();
        match self.bytes.get_mut(self.length..end) {
            Some(room) => {
                room.copy_from_slice(part);
                self.length = end;
            }
            // Stays full, so that no later part can make it look short again.
            None => self.length = MAX_KEY,
        }
    }

    fn is(&self, key: &str) -> bool {
        self.bytes[..self.length] == *key.as_bytes()
    }
}

#[cfg(test)]
#[path = "json_tests.rs"]
mod tests;
