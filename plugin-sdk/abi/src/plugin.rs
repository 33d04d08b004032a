//! What a plugin offers to the gateway.

use std::ffi::c_void;

use abi_stable::StableAbi;

use crate::host::{Call, Host};
use crate::values::{Body, Bytes, Context, Event, Field, Head, List, Outcome, Text, Usage};

/// The function that every plugin exports: `const struct tidegate_plugin *tidegate_plugin_abi(void)`.
pub const SYMBOL: &str = "tidegate_plugin_abi";

/// The first field of a table: `TIDE`.
pub const MAGIC: u32 = 0x4544_4954;

/// Another major version has another meaning of what is here; it is refused.
pub const MAJOR: u16 = 0;

/// A later minor version adds functions at the end of tables.
pub const MINOR: u16 = 1;

/// A flag: what goes wrong in this plugin comes back as [`Returned::Failed`] or [`Returned::Panicked`] and does not end the process.
/// Rust built with `panic = "abort"` has no such promise to make.
pub const UNWINDS: u32 = 1;

/// A configured instance; only the plugin knows what is in it.
pub type Instance = *mut c_void;

/// What a hook returns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(i32)]
pub enum Returned {
    /// The verdict is what was told.
    Done = 0,
    /// There is no verdict; [`Host::fail`] has said why.
    Failed = 1,
    /// The same, and the instance is of no use any more.
    Panicked = 2,
}

/// A plugin's functions. Hooks that it does not have are null.
///
/// An instance serves one call at a time, not always on the same thread. Hooks return a [`Returned`].
#[repr(C)]
#[derive(Debug, Clone, Copy, StableAbi)]
pub struct Plugin {
    /// [`MAGIC`].
    pub magic: u32,
    /// [`MAJOR`] of the tables that it was built with.
    pub major: u16,
    /// [`MINOR`] of the tables that it was built with.
    pub minor: u16,
    /// Bytes of this table.
    pub size: usize,
    /// [`UNWINDS`]; all other bits are 0.
    pub flags: u32,
    /// The version of the plugin contract, such as `0.1`.
    pub contract: Bytes,

    /// Makes an instance of a configuration, JSON text. The host's table stays for as long as the process lives.
    pub configure:
        unsafe extern "C" fn(*const Host, *mut Call, config: Bytes, instance: *mut Instance) -> i32,
    /// Ends an instance.
    pub destroy: unsafe extern "C" fn(Instance),

    /// Who calls.
    pub authenticate: Option<unsafe extern "C" fn(Instance, *mut Call, *const Context, *const Head) -> i32>,
    /// May it be spent.
    pub admit: Option<unsafe extern "C" fn(Instance, *mut Call, *const Context, *const Usage) -> i32>,
    /// What was spent.
    pub settle: Option<unsafe extern "C" fn(Instance, *mut Call, *const Context, Bytes, *const Usage) -> i32>,
    /// The request.
    pub transform_request:
        Option<unsafe extern "C" fn(Instance, *mut Call, *const Context, List<Field>, *const Body) -> i32>,
    /// The request of one attempt.
    pub transform_upstream:
        Option<unsafe extern "C" fn(Instance, *mut Call, *const Context, List<Field>, *const Body) -> i32>,
    /// The answer.
    pub transform_response: Option<
        unsafe extern "C" fn(Instance, *mut Call, *const Context, u16, List<Field>, *const Body) -> i32,
    >,
    /// Events of a stream.
    pub transform_event:
        Option<unsafe extern "C" fn(Instance, *mut Call, *const Context, List<Event>) -> i32>,
    /// The texts of a request.
    pub moderate_input: Option<unsafe extern "C" fn(Instance, *mut Call, *const Context, List<Text>) -> i32>,
    /// The texts of an answer; the last argument is 1 in the last call.
    pub moderate_output:
        Option<unsafe extern "C" fn(Instance, *mut Call, *const Context, List<Text>, u8) -> i32>,
    /// The finished exchange.
    pub completed: Option<unsafe extern "C" fn(Instance, *mut Call, *const Context, *const Outcome) -> i32>,
}

// SAFETY: a table is read only, and its functions may be called from any thread.
unsafe impl Sync for Plugin {}
// SAFETY: as above.
unsafe impl Send for Plugin {}
