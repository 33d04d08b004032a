//! `tidegate_worker`: what costs most in a worker, once more in Rust. The package in Python says what is right.
//!
//! Each part does what is common, and gives up where anything is not: the same is then done by the function in Python that it
//! stands for. So numbers without end, halves of surrogates, errors and their texts are Python's own, and there is one place
//! that defines them.

mod call;
mod frame;
mod gave_up;
mod keys;
mod new;
mod read;
mod reader;
mod record;
mod write;

use pyo3::prelude::*;

/// The module. `VERSION` and `PROTOCOL` are those of the package that it belongs to: another one must not use it.
#[pymodule]
mod tidegate_worker {
    #[pymodule_export]
    use crate::frame::frame;
    #[pymodule_export]
    use crate::read::loads;
    #[pymodule_export]
    use crate::reader::Reader;
    #[pymodule_export]
    use crate::write::dumps;

    #[pymodule_export]
    const VERSION: &str = env!("CARGO_PKG_VERSION");
    #[pymodule_export]
    const PROTOCOL: u32 = 1;
}
