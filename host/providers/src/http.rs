//! An opaque HTTP upstream.

pub(crate) mod upstream;
