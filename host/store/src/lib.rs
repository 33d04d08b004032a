//! Stores: where values outlive a request, behind the one trait `KeyValue` of the pipeline.
//!
//! [`MemoryStore`] lives and dies with the process. Every owner of keys has a share of it that it cannot exceed, so a plugin
//! that fills its own share takes nothing from the others.

#![forbid(unsafe_code)]

mod memory;
mod room;
mod shard;
mod space;

pub use memory::MemoryStore;
pub use room::Bounds;
