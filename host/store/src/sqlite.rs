//! Stores in a SQLite database. All work is done by threads of their own, never by those that serve requests.

mod file;
mod usage;

pub use usage::SqliteUsage;
