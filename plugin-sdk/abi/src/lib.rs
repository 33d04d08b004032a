//! The border between the gateway and native plugins.
//!
//! A plugin is a shared library with one function, [`SYMBOL`], that gives a [`Plugin`]: a table of functions with its version and
//! its size. The gateway hands it another one, [`Host`]. All that crosses is plain C: `include/tidegate_plugin.h` says the same
//! for authors in C and in every language that speaks its calling convention.
//!
//! Values that go into a call are borrowed until it returns. A verdict is not returned but told, piece by piece, by functions
//! of the host, which copies at once: no memory changes its owner.
//!
//! Libraries written in Rust have a second door, [`Door`], where abi_stable compares how both sides lay out these tables before
//! anything is called.
//!
//! Structs are frozen. What is added stands at the end of the tables, whose `size` says how much of them is there.

#![allow(unsafe_code, reason = "what stands behind a pointer of the other side is only known by agreement")]

mod door;
mod host;
mod plugin;
mod values;

#[doc(hidden)]
pub use abi_stable;
pub use door::{Door, DoorRef, HEADER_SYMBOL, enter, root_module};
pub use host::{Call, Code, HTTP_OK, Host, HttpAnswer, HttpRequest, Level};
pub use plugin::{Instance, MAGIC, MAJOR, MINOR, Plugin, Returned, SYMBOL, UNWINDS};
pub use values::{
    Body, BodyKind, Bytes, Context, Event, Field, Finding, Head, List, Need, Outcome, Peer, Principal, Side,
    Text, Usage, Windows,
};
