//! Keys of objects that came before: every frame has the same ones, and so has every message of a long list.

use std::sync::Mutex;

use pyo3::prelude::*;
use pyo3::types::PyString;

/// A power of two. What has the same place takes it over, so that nobody fills it with keys of his own.
const PLACES: usize = 256;
/// Longer keys are rare.
const LONGEST: usize = 24;

static KNOWN: Mutex<[Option<Known>; PLACES]> = Mutex::new([const { None }; PLACES]);

struct Known {
    bytes: [u8; LONGEST],
    length: usize,
    key: Py<PyString>,
}

/// The key as a Python string.
///
/// # Errors
/// Where it is not UTF-8, or there is no memory.
pub(crate) fn key<'py>(py: Python<'py>, bytes: &[u8]) -> PyResult<Bound<'py, PyString>> {
    let made = || PyString::from_bytes(py, bytes);
    if bytes.len() > LONGEST {
        return made();
    }
    // Nobody waits for a lock while holding the GIL.
    let Ok(mut places) = KNOWN.try_lock() else { return made() };
    let place = &mut places[place(bytes)];
    if let Some(known) = place {
        if &known.bytes[..known.length] == bytes {
            return Ok(known.key.bind(py).clone());
        }
    }
    let made = made()?;
    let mut known = Known { bytes: [0; LONGEST], length: bytes.len(), key: made.clone().unbind() };
    known.bytes[..bytes.len()].copy_from_slice(bytes);
    *place = Some(known);
    Ok(made)
}

fn place(bytes: &[u8]) -> usize {
    let mixed = bytes.iter().fold(bytes.len(), |mixed, byte| mixed.rotate_left(3) ^ usize::from(*byte));
    (mixed ^ (mixed >> 16)) % PLACES
}
