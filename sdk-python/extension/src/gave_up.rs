//! How the quick way ends where it is not the right one.

use std::collections::TryReserveError;
use std::panic::{AssertUnwindSafe, catch_unwind};

use pyo3::PyErr;

/// Something is not as it commonly is; the reference in Python decides what becomes of it.
///
/// No Python code runs on the quick way, so that no error that is dropped here can be one that a plugin waits for.
#[derive(Debug)]
pub(crate) struct GaveUp;

impl From<PyErr> for GaveUp {
    fn from(_: PyErr) -> Self {
        Self
    }
}

impl From<TryReserveError> for GaveUp {
    fn from(_: TryReserveError) -> Self {
        Self
    }
}

/// Runs the quick way. A panic that pyo3 has in store does not come through either.
pub(crate) fn attempt<T>(quick: impl FnOnce() -> Result<T, GaveUp>) -> Result<T, GaveUp> {
    catch_unwind(AssertUnwindSafe(quick)).unwrap_or(Err(GaveUp))
}
