//! Python's values to JSON text.

use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyFloat, PyInt, PyList, PyString, PyTuple};

use crate::gave_up::{GaveUp, attempt};
use crate::read::put;

/// Nested deeper than that, Python's own limit has to be asked.
const DEEPEST: usize = 100;

/// Room that is enough for most verdicts.
const USUAL: usize = 256;

/// `dumps` of `_jsontext.py`, which is `reference`.
#[pyfunction]
pub(crate) fn dumps<'py>(
    reference: &Bound<'py, PyAny>,
    value: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyAny>> {
    attempt(|| {
        let mut writer = Writer { made: Vec::new(), depth: 0 };
        writer.made.try_reserve(USUAL)?;
        writer.value(value)?;
        Ok(PyString::from_bytes(value.py(), &writer.made)?.into_any())
    })
    .or_else(|GaveUp| reference.call1((value,)))
}

/// Types are matched exactly: what a subclass stands for is Python's to say.
struct Writer {
    made: Vec<u8>,
    depth: usize,
}

impl Writer {
    fn value(&mut self, value: &Bound<'_, PyAny>) -> Result<(), GaveUp> {
        if let Ok(text) = value.cast_exact::<PyString>() {
            self.string(text)
        } else if let Ok(dict) = value.cast_exact::<PyDict>() {
            self.nested(|writer| writer.object(dict))
        } else if let Ok(list) = value.cast_exact::<PyList>() {
            self.nested(|writer| writer.array(list.iter()))
        } else if let Ok(tuple) = value.cast_exact::<PyTuple>() {
            self.nested(|writer| writer.array(tuple.iter()))
        } else if value.is_none() {
            self.put(b"null")
        } else if let Ok(flag) = value.cast_exact::<PyBool>() {
            self.put(if flag.is_true() { b"true" } else { b"false" })
        } else if value.is_exact_instance_of::<PyInt>() {
            self.put(value.repr()?.to_str()?.as_bytes())
        } else if let Ok(number) = value.cast_exact::<PyFloat>() {
            self.float(number)
        } else {
            Err(GaveUp)
        }
    }

    fn object(&mut self, dict: &Bound<'_, PyDict>) -> Result<(), GaveUp> {
        self.put(b"{")?;
        for (place, (key, value)) in dict.iter().enumerate() {
            if place > 0 {
                self.put(b",")?;
            }
            self.string(key.cast_exact::<PyString>().map_err(|_| GaveUp)?)?;
            self.put(b":")?;
            self.value(&value)?;
        }
        self.put(b"}")
    }

    fn array<'py>(&mut self, values: impl Iterator<Item = Bound<'py, PyAny>>) -> Result<(), GaveUp> {
        self.put(b"[")?;
        for (place, value) in values.enumerate() {
            if place > 0 {
                self.put(b",")?;
            }
            self.value(&value)?;
        }
        self.put(b"]")
    }

    /// Python's own digits, which are not those that Rust would write.
    fn float(&mut self, number: &Bound<'_, PyFloat>) -> Result<(), GaveUp> {
        if !number.value().is_finite() {
            return Err(GaveUp);
        }
        self.put(number.repr()?.to_str()?.as_bytes())
    }

    fn string(&mut self, text: &Bound<'_, PyString>) -> Result<(), GaveUp> {
        self.put(b"\"")?;
        let mut rest = text.to_str()?.as_bytes();
        while let Some(at) = rest.iter().position(|byte| *byte < 0x20 || *byte == b'"' || *byte == b'\\') {
            self.put(&rest[..at])?;
            self.escape(rest[at])?;
            rest = &rest[at + 1..];
        }
        self.put(rest)?;
        self.put(b"\"")
    }

    fn escape(&mut self, byte: u8) -> Result<(), GaveUp> {
        match byte {
            b'"' => self.put(b"\\\""),
            b'\\' => self.put(b"\\\\"),
            b'\n' => self.put(b"\\n"),
            b'\r' => self.put(b"\\r"),
            b'\t' => self.put(b"\\t"),
            0x08 => self.put(b"\\b"),
            0x0c => self.put(b"\\f"),
            other => {
                let digit = |four: u8| b"0123456789abcdef"[usize::from(four)];
                self.put(&[b'\\', b'u', b'0', b'0', digit(other >> 4), digit(other & 15)])
            }
        }
    }

    fn nested(&mut self, write: impl FnOnce(&mut Self) -> Result<(), GaveUp>) -> Result<(), GaveUp> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(GaveUp);
        }
        write(self)?;
        self.depth -= 1;
        Ok(())
    }

    fn put(&mut self, bytes: &[u8]) -> Result<(), GaveUp> {
        put(&mut self.made, bytes)
    }
}
