//! What plugin authors work with.

#![forbid(unsafe_code)]

mod encode;
mod world;

pub use encode::{EncodeError, encode};
pub use world::{CONTRACT, WORLD, cut, interface, services};
