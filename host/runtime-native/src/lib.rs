//! Native plugins: shared libraries behind the C tables of `tidegate-abi`.
//!
//! In the gateway's process they are code like its own: as fast, and trusted with everything. In processes of their own
//! (`isolation: process`) all limits hold; the gateway's side of that is `tidegate-workers`, the other side is [`serve`].

#![deny(unsafe_code)]

mod asked;
mod code;
mod frame;
mod image;
mod instance;
mod lend;
mod library;
mod overdue;
mod plugin;
mod reach;
mod runtime;
mod seat;
mod table;
mod told;
mod worker;

pub use code::Worker;
pub use runtime::NativeRuntime;
pub use worker::serve;
