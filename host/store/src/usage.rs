//! Accounts of exchanges: a queue, a thread that writes it in batches, another one that sums up what was written.

mod account;
mod lines;
mod queue;
mod seen;
mod sums;

pub(crate) use account::{Account, Scan, Sink, Visit};
pub use lines::JsonLinesUsage;
pub(crate) use seen::{Seen, Tags};

#[cfg(test)]
#[path = "usage/usage_tests.rs"]
mod tests;
