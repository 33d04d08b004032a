//! Stores: where values outlive a request, behind the traits `KeyValue`, `Quotas` and `Records` of the pipeline.
//!
//! [`Redis`] is a server that several gateways share. [`MemoryStore`] and [`MemoryQuotas`] live and die with the process. Every owner of values has a share of the first that
//! it cannot exceed, so a plugin that fills its own share takes nothing from the others.

#![forbid(unsafe_code)]

mod memory;
mod quotas;
mod redis;
mod room;
mod shard;
mod space;
#[cfg(test)]
mod suite;

pub use memory::MemoryStore;
pub use quotas::MemoryQuotas;
pub use redis::{BadSettings, Redis, RedisSettings, RedisTls, Servers};
pub use room::Bounds;
