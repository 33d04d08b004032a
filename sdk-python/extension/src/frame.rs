//! Frames as they are sent.

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};

use crate::gave_up::{GaveUp, attempt};

/// Bytes before the meta.
pub(crate) const HEAD: usize = 16;
/// Those of them that the length counts.
pub(crate) const REST_OF_HEAD: usize = 12;

/// `frame` of `_worker/frames.py`, which is `reference`.
#[pyfunction]
#[pyo3(signature = (reference, kind, id, meta, body=None))]
pub(crate) fn frame<'py>(
    reference: &Bound<'py, PyAny>,
    kind: &Bound<'py, PyAny>,
    id: &Bound<'py, PyAny>,
    meta: &Bound<'py, PyAny>,
    body: Option<&Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyAny>> {
    if let Ok(made) = attempt(|| made(kind, id, meta, body)) {
        return Ok(made.into_any());
    }
    match body {
        Some(body) => reference.call1((kind, id, meta, body)),
        None => reference.call1((kind, id, meta)),
    }
}

fn made<'py>(
    kind: &Bound<'py, PyAny>,
    id: &Bound<'py, PyAny>,
    meta: &Bound<'py, PyAny>,
    body: Option<&Bound<'py, PyAny>>,
) -> Result<Bound<'py, PyBytes>, GaveUp> {
    let py = meta.py();
    let (kind, id): (u8, u32) = (kind.extract()?, id.extract()?);
    let meta = meta.cast_exact::<PyString>().map_err(|_| GaveUp)?.to_str()?.as_bytes();
    let body = match body {
        Some(body) => body.cast_exact::<PyBytes>().map_err(|_| GaveUp)?.as_bytes(),
        None => &[],
    };
    let length = u32::try_from(REST_OF_HEAD + meta.len() + body.len()).map_err(|_| GaveUp)?;
    let meta_length = u32::try_from(meta.len()).map_err(|_| GaveUp)?;
    Ok(PyBytes::new_with(py, HEAD + meta.len() + body.len(), |bytes| {
        let (head, rest) = bytes.split_at_mut(HEAD);
        head[..4].copy_from_slice(&length.to_le_bytes());
        head[4] = kind;
        head[8..12].copy_from_slice(&id.to_le_bytes());
        head[12..].copy_from_slice(&meta_length.to_le_bytes());
        rest[..meta.len()].copy_from_slice(meta);
        rest[meta.len()..].copy_from_slice(body);
        Ok(())
    })?)
}
