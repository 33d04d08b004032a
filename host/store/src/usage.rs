//! Accounts of exchanges: a queue, a thread that writes it in batches, another one that sums up what was written.

mod account;
mod lines;
mod queue;
mod seen;
mod sums;

pub use account::Account;
pub(crate) use account::{Scan, Sink, Visit};
pub(crate) use seen::{Seen, Tags};

#[cfg(test)]
#[path = "usage/usage_tests.rs"]
mod tests;
