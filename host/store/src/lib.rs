//! Stores: where values outlive a request, behind the traits `KeyValue`, `Quotas`, `Records` and `UsageLog` of the pipeline.
//!
//! [`MemoryStore`] and [`MemoryQuotas`] live and die with the process; what [`Sqlite`] gives does the same work and outlives
//! it, and [`Redis`] is a server that several gateways share. Every owner of values has a share of a store that it cannot exceed, so a plugin that fills its own share takes nothing
//! from the others. [`Account`] keeps the account of exchanges in a file.

#![forbid(unsafe_code)]

#[cfg(test)]
mod killed;
mod memory;
mod open_error;
mod quotas;
mod records;
mod redis;
mod room;
mod shard;
mod space;
mod sqlite;
#[cfg(test)]
mod suite;
mod usage;

pub use memory::MemoryStore;
pub use open_error::{OpenError, Problem};
pub use quotas::MemoryQuotas;
pub use records::MemoryRecords;
pub use redis::{BadSettings, Redis, RedisSettings, RedisTls, Servers};
pub use room::Bounds;
pub use sqlite::{DurableQuotas, Sqlite, SqliteRecords, SqliteStore};
pub use usage::Account;
