//! JSON text to Python's values.

use std::borrow::Cow;

use memchr::memchr2;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyList, PyString};

use crate::gave_up::{GaveUp, attempt};
use crate::keys;
use crate::new;

/// Nested deeper than that, Python's own limit has to be asked.
const DEEPEST: usize = 100;

/// `loads` of `_jsontext.py`, which is `reference`.
#[pyfunction]
pub(crate) fn loads<'py>(
    reference: &Bound<'py, PyAny>,
    text: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyAny>> {
    attempt(|| {
        let text_of = text.cast_exact::<PyString>().map_err(|_| GaveUp)?.to_str()?;
        Parser::new(text.py(), text_of.as_bytes()).document()
    })
    .or_else(|GaveUp| reference.call1((text,)))
}

/// Goes through a text once. Strings are not known to be UTF-8 before a Python string is made of them.
pub(crate) struct Parser<'a, 'py> {
    py: Python<'py>,
    text: &'a [u8],
    at: usize,
    depth: usize,
}

impl<'a, 'py> Parser<'a, 'py> {
    pub(crate) fn new(py: Python<'py>, text: &'a [u8]) -> Self {
        Self { py, text, at: 0, depth: 0 }
    }

    /// The interpreter.
    pub(crate) fn py(&self) -> Python<'py> {
        self.py
    }

    /// All of the text as one value.
    pub(crate) fn document(&mut self) -> Result<Bound<'py, PyAny>, GaveUp> {
        let value = self.value()?;
        self.end()?;
        Ok(value)
    }

    /// Nothing may follow but spaces.
    pub(crate) fn end(&mut self) -> Result<(), GaveUp> {
        self.skip_spaces();
        if self.at == self.text.len() { Ok(()) } else { Err(GaveUp) }
    }

    /// The next value, whatever it is.
    pub(crate) fn value(&mut self) -> Result<Bound<'py, PyAny>, GaveUp> {
        match self.peek()? {
            b'"' => Ok(self.string()?.into_any()),
            b'{' => Ok(self.object()?.into_any()),
            b'[' => Ok(self.array(Self::value)?.into_any()),
            b't' => self.word("true", PyBool::new(self.py, true).to_owned().into_any()),
            b'f' => self.word("false", PyBool::new(self.py, false).to_owned().into_any()),
            b'n' => self.word("null", self.py.None().into_bound(self.py)),
            _ => self.number(),
        }
    }

    /// The first byte of the next value.
    pub(crate) fn peek(&mut self) -> Result<u8, GaveUp> {
        self.skip_spaces();
        self.text.get(self.at).copied().ok_or(GaveUp)
    }

    /// The members of an object, one after the other: `each` reads the value.
    pub(crate) fn members(
        &mut self,
        mut each: impl FnMut(&mut Self, Cow<'a, [u8]>) -> Result<(), GaveUp>,
    ) -> Result<(), GaveUp> {
        self.enter(b'{')?;
        if self.peek()? == b'}' {
            return self.leave();
        }
        loop {
            self.take(b'"')?;
            let key = self.characters()?;
            self.take(b':')?;
            each(self, key)?;
            if self.peek()? == b'}' {
                return self.leave();
            }
            self.take(b',')?;
        }
    }

    /// An array whose elements are read by `each`.
    pub(crate) fn array(
        &mut self,
        mut each: impl FnMut(&mut Self) -> Result<Bound<'py, PyAny>, GaveUp>,
    ) -> Result<Bound<'py, PyList>, GaveUp> {
        self.enter(b'[')?;
        let list = new::list(self.py)?;
        if self.peek()? == b']' {
            self.leave()?;
            return Ok(list);
        }
        loop {
            list.append(each(self)?)?;
            if self.peek()? == b']' {
                self.leave()?;
                return Ok(list);
            }
            self.take(b',')?;
        }
    }

    fn object(&mut self) -> Result<Bound<'py, PyDict>, GaveUp> {
        let dict = new::dict(self.py)?;
        self.members(|parser, key| {
            let key = keys::key(parser.py, &key)?;
            Ok(dict.set_item(key, parser.value()?)?)
        })?;
        Ok(dict)
    }

    fn string(&mut self) -> Result<Bound<'py, PyString>, GaveUp> {
        self.take(b'"')?;
        let characters = self.characters()?;
        Ok(PyString::from_bytes(self.py, &characters)?)
    }

    fn word(&mut self, word: &str, value: Bound<'py, PyAny>) -> Result<Bound<'py, PyAny>, GaveUp> {
        if !self.text[self.at..].starts_with(word.as_bytes()) {
            return Err(GaveUp);
        }
        self.at += word.len();
        Ok(value)
    }

    fn number(&mut self) -> Result<Bound<'py, PyAny>, GaveUp> {
        let start = self.at;
        self.skip(|byte| byte == b'-', 1);
        let whole_at = self.at;
        let digits = self.digits()?;
        if digits > 1 && self.text[whole_at] == b'0' {
            return Err(GaveUp);
        }
        let mut is_whole = true;
        if self.skip(|byte| byte == b'.', 1) == 1 {
            is_whole = false;
            self.digits()?;
        }
        if self.skip(|byte| byte == b'e' || byte == b'E', 1) == 1 {
            is_whole = false;
            self.skip(|byte| byte == b'+' || byte == b'-', 1);
            self.digits()?;
        }
        let text = std::str::from_utf8(&self.text[start..self.at]).map_err(|_| GaveUp)?;
        if is_whole {
            let number: i64 = text.parse().map_err(|_| GaveUp)?;
            return Ok(new::int(self.py, number)?);
        }
        let number: f64 = text.parse().map_err(|_| GaveUp)?;
        Ok(new::float(self.py, number)?)
    }

    fn digits(&mut self) -> Result<usize, GaveUp> {
        match self.skip(|byte| byte.is_ascii_digit(), usize::MAX) {
            0 => Err(GaveUp),
            count => Ok(count),
        }
    }

    /// What stands up to the closing quote; the opening one has been taken.
    pub(crate) fn characters(&mut self) -> Result<Cow<'a, [u8]>, GaveUp> {
        let (plain, is_over) = self.plain()?;
        if is_over { Ok(Cow::Borrowed(plain)) } else { self.escaped(plain).map(Cow::Owned) }
    }

    /// What stands up to a quote or a backslash, and whether it was the quote.
    fn plain(&mut self) -> Result<(&'a [u8], bool), GaveUp> {
        let rest = &self.text[self.at..];
        let end = memchr2(b'"', b'\\', rest).ok_or(GaveUp)?;
        let plain = &rest[..end];
        // All of them, without an early end: the compiler makes few instructions of that.
        if plain.iter().fold(false, |found, byte| found | (*byte < 0x20)) {
            return Err(GaveUp);
        }
        self.at += end + 1;
        Ok((plain, rest[end] == b'"'))
    }

    fn escaped(&mut self, plain: &[u8]) -> Result<Vec<u8>, GaveUp> {
        let mut made = Vec::new();
        put(&mut made, plain)?;
        loop {
            let mut utf8 = [0; 4];
            put(&mut made, self.escape()?.encode_utf8(&mut utf8).as_bytes())?;
            let (plain, is_over) = self.plain()?;
            put(&mut made, plain)?;
            if is_over {
                return Ok(made);
            }
        }
    }

    fn escape(&mut self) -> Result<char, GaveUp> {
        Ok(match self.next()? {
            byte @ (b'"' | b'\\' | b'/') => char::from(byte),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => return self.unicode(),
            _ => return Err(GaveUp),
        })
    }

    /// A character by its number. Half of a surrogate pair is one that Python knows, and Rust does not.
    fn unicode(&mut self) -> Result<char, GaveUp> {
        let unit = self.unit()?;
        if !(0xD800..0xDC00).contains(&unit) {
            return char::from_u32(unit).ok_or(GaveUp);
        }
        if (self.next()?, self.next()?) != (b'\\', b'u') {
            return Err(GaveUp);
        }
        let low = self.unit()?;
        if !(0xDC00..0xE000).contains(&low) {
            return Err(GaveUp);
        }
        char::from_u32(0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00)).ok_or(GaveUp)
    }

    fn unit(&mut self) -> Result<u32, GaveUp> {
        let mut unit = 0;
        for _ in 0..4 {
            unit = unit * 16 + char::from(self.next()?).to_digit(16).ok_or(GaveUp)?;
        }
        Ok(unit)
    }

    fn enter(&mut self, open: u8) -> Result<(), GaveUp> {
        self.take(open)?;
        self.depth += 1;
        if self.depth > DEEPEST { Err(GaveUp) } else { Ok(()) }
    }

    fn leave(&mut self) -> Result<(), GaveUp> {
        self.at += 1;
        self.depth -= 1;
        Ok(())
    }

    fn take(&mut self, wanted: u8) -> Result<(), GaveUp> {
        if self.peek()? != wanted {
            return Err(GaveUp);
        }
        self.at += 1;
        Ok(())
    }

    fn next(&mut self) -> Result<u8, GaveUp> {
        let byte = self.text.get(self.at).copied().ok_or(GaveUp)?;
        self.at += 1;
        Ok(byte)
    }

    fn skip_spaces(&mut self) {
        self.skip(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r'), usize::MAX);
    }

    fn skip(&mut self, is_skipped: impl Fn(u8) -> bool, most: usize) -> usize {
        let count = self.text[self.at..].iter().take(most).take_while(|byte| is_skipped(**byte)).count();
        self.at += count;
        count
    }
}

/// Appends; where there is no memory for it, Python says so.
pub(crate) fn put(made: &mut Vec<u8>, bytes: &[u8]) -> Result<(), GaveUp> {
    made.try_reserve(bytes.len())?;
    made.extend_from_slice(bytes);
    Ok(())
}
