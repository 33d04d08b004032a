//! New objects of Python, and its error where there is no memory for one.
//!
//! What pyo3 has for these panics then, and a panic needs memory of its own: the process would be aborted, in place of one call
//! that fails with MemoryError.

#![allow(unsafe_code)]

use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList};

/// An empty dict.
pub(crate) fn dict(py: Python<'_>) -> PyResult<Bound<'_, PyDict>> {
    // SAFETY: the function gives a new reference, or null with an error set.
    Ok(unsafe { Bound::from_owned_ptr_or_err(py, ffi::PyDict_New()) }?.cast_into()?)
}

/// An empty list.
pub(crate) fn list(py: Python<'_>) -> PyResult<Bound<'_, PyList>> {
    // SAFETY: the function gives a new reference, or null with an error set; a list of length 0 has no items that are not set.
    Ok(unsafe { Bound::from_owned_ptr_or_err(py, ffi::PyList_New(0)) }?.cast_into()?)
}

/// Bytes.
pub(crate) fn bytes<'py>(py: Python<'py>, content: &[u8]) -> PyResult<Bound<'py, PyBytes>> {
    PyBytes::new_with(py, content.len(), |bytes| {
        bytes.copy_from_slice(content);
        Ok(())
    })
}

/// An int.
pub(crate) fn int(py: Python<'_>, value: i64) -> PyResult<Bound<'_, PyAny>> {
    // SAFETY: the function gives a new reference, or null with an error set.
    unsafe { Bound::from_owned_ptr_or_err(py, ffi::PyLong_FromLongLong(value)) }
}

/// A float.
pub(crate) fn float(py: Python<'_>, value: f64) -> PyResult<Bound<'_, PyAny>> {
    // SAFETY: the function gives a new reference, or null with an error set.
    unsafe { Bound::from_owned_ptr_or_err(py, ffi::PyFloat_FromDouble(value)) }
}
