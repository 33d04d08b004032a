//! What the gateway offers to a plugin: how a verdict is told, and services.

use std::ffi::c_void;

use abi_stable::StableAbi;

use crate::values::{Bytes, Event, Field, Finding, List, Windows};

/// A call under way; only the gateway knows what is in it. Good until the hook returns, on the thread that it was called on.
#[repr(C)]
#[derive(Debug, StableAbi)]
pub struct Call {
    _private: *mut c_void,
}

/// What a service answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(i32)]
pub enum Code {
    /// It is done; what was asked for is in the places that were given.
    Ok = 0,
    /// There is no such value, or another version stands there.
    None = 1,
    /// Not granted.
    Denied = 2,
    /// Larger than the service takes.
    TooLarge = 3,
    /// The store gives no answer.
    Unavailable = 4,
    /// No answer in time.
    Timeout = 5,
    /// The notes of a request have no more room.
    Full = 6,
    /// Anything else.
    Failed = 7,
}

impl Code {
    /// The code of that number; an unknown one is a failure.
    pub fn of(number: i32) -> Self {
        let known = [
            Self::Ok,
            Self::None,
            Self::Denied,
            Self::TooLarge,
            Self::Unavailable,
            Self::Timeout,
            Self::Full,
        ];
        known.into_iter().find(|code| *code as i32 == number).unwrap_or(Self::Failed)
    }
}

/// How serious a line of the log is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub enum Level {
    /// For the plugin's author.
    Debug = 0,
    /// Worth knowing.
    Info = 1,
    /// Something is not as it should be.
    Warn = 2,
    /// Something failed.
    Error = 3,
}

/// A request of a plugin.
#[repr(C)]
#[derive(Debug, Clone, Copy, StableAbi)]
pub struct HttpRequest {
    /// Upper case.
    pub method: Bytes,
    /// Absolute, `https` or `http`.
    pub url: Bytes,
    /// Besides host and framing.
    pub headers: List<Field>,
    /// Its body.
    pub body: Bytes,
    /// 0: as long as the call may take.
    pub timeout_ms: u32,
}

/// The answer to a request of a plugin; what it points to is good until the hook returns.
#[repr(C)]
#[derive(Debug, Clone, Copy, StableAbi)]
pub struct HttpAnswer {
    /// A [`Code`]; all else is only there with [`HTTP_OK`].
    pub code: i32,
    /// Of the answer.
    pub status: u16,
    /// Of the answer.
    pub headers: List<Field>,
    /// Of the answer; where there is none, why.
    pub body: Bytes,
}

/// [`HttpAnswer::code`] of an answer.
pub const HTTP_OK: i32 = Code::Ok as i32;

/// The gateway's functions. All take the call that the hook was given, copy what they are given, and may be called in any number.
///
/// A hook that tells nothing passes, allows, admits, leaves unchanged.
#[repr(C)]
#[derive(Debug, Clone, Copy, StableAbi)]
pub struct Host {
    /// Bytes of this table; functions beyond it are not there.
    pub size: usize,

    /// Why the hook has no verdict, or `configure` refuses: one sentence. Counts where the hook returns that it failed.
    pub fail: unsafe extern "C" fn(*mut Call, reason: Bytes),

    /// `configure`: this hook is wanted. Without a word, all are that the plugin has; an empty name is a word that names none.
    pub subscribe: unsafe extern "C" fn(*mut Call, hook: Bytes),
    /// `configure`: how much of a body, or of the headers, is given; without it all. See `Side` and `Need`.
    pub want: unsafe extern "C" fn(*mut Call, side: u32, need: u32),
    /// `configure`: what stands at this pointer is given; of headers, the fields of this name.
    pub want_field: unsafe extern "C" fn(*mut Call, side: u32, pointer: Bytes),
    /// `configure`: `authenticate` is given the SHA-256 of the body.
    pub want_digest: unsafe extern "C" fn(*mut Call),
    /// `configure`: how streams are cut for `moderate_output`.
    pub want_windows: unsafe extern "C" fn(*mut Call, windows: *const Windows),
    /// `configure`: a dialect that transforms understand; without any, `openai`.
    pub dialect: unsafe extern "C" fn(*mut Call, name: Bytes),

    /// `authenticate`: the credential is good; tenant may be none.
    pub grant: unsafe extern "C" fn(*mut Call, id: Bytes, tenant: Bytes),
    /// `authenticate`, after `grant`: what else is known of the principal.
    pub attribute: unsafe extern "C" fn(*mut Call, name: Bytes, value: Bytes),
    /// `authenticate`, `admit`: no.
    pub refuse: unsafe extern "C" fn(*mut Call, status: u16, code: Bytes, message: Bytes),
    /// `admit`: yes, and `settle` is told this ticket.
    pub ticket: unsafe extern "C" fn(*mut Call, ticket: Bytes),

    /// Of a request or an answer that passes: replaces all fields of this name.
    pub set_header: unsafe extern "C" fn(*mut Call, name: Bytes, value: Bytes),
    /// Of a request or an answer that passes: appends a field.
    pub add_header: unsafe extern "C" fn(*mut Call, name: Bytes, value: Bytes),
    /// Of a request or an answer that passes: removes all fields of this name.
    pub remove_header: unsafe extern "C" fn(*mut Call, name: Bytes),
    /// After `refuse` or `reply`: a field of that answer.
    pub header: unsafe extern "C" fn(*mut Call, name: Bytes, value: Bytes),

    /// Transforms: replaces or creates the value at a pointer.
    pub set: unsafe extern "C" fn(*mut Call, pointer: Bytes, json: Bytes),
    /// Transforms: puts an element into an array.
    pub insert: unsafe extern "C" fn(*mut Call, pointer: Bytes, json: Bytes),
    /// Transforms: takes the value at a pointer away.
    pub remove: unsafe extern "C" fn(*mut Call, pointer: Bytes),
    /// Transforms: another body, in place of edits.
    pub replace_body: unsafe extern "C" fn(*mut Call, json: Bytes),
    /// `transform_request`: sends the request to this cluster.
    pub cluster: unsafe extern "C" fn(*mut Call, cluster: Bytes),
    /// `transform_request`: picks the route anew.
    pub reroute: unsafe extern "C" fn(*mut Call),
    /// Transforms: ends the exchange with this answer.
    pub reply: unsafe extern "C" fn(*mut Call, status: u16, body: Bytes),

    /// `transform_event`: the next event passes as it came. Events about which nothing is told pass, too.
    pub keep_event: unsafe extern "C" fn(*mut Call),
    /// `transform_event`: these pass in place of the next event.
    pub replace_event: unsafe extern "C" fn(*mut Call, events: List<Event>),
    /// `transform_event`: the next event does not pass.
    pub drop_event: unsafe extern "C" fn(*mut Call),

    /// Moderation: ends the exchange; the reason is told to the client.
    pub block: unsafe extern "C" fn(*mut Call, reason: Bytes),
    /// Moderation: replaces bytes of a text.
    pub edit: unsafe extern "C" fn(*mut Call, id: u32, start: u32, end: u32, replacement: Bytes),
    /// Moderation: for logs and metrics.
    pub finding: unsafe extern "C" fn(*mut Call, finding: *const Finding),
    /// Moderation of a stream: how many bytes at the end of a text to keep back.
    pub hold: unsafe extern "C" fn(*mut Call, id: u32, bytes: u32),

    /// An attribute of the request. [`Code::None`] where it is unknown.
    pub info: unsafe extern "C" fn(*mut Call, name: Bytes, value: *mut Bytes) -> i32,
    /// A note of an earlier hook.
    pub note: unsafe extern "C" fn(*mut Call, key: Bytes, value: *mut Bytes) -> i32,
    /// Keeps a note for later hooks of the same request.
    pub set_note: unsafe extern "C" fn(*mut Call, key: Bytes, value: Bytes) -> i32,
    /// A line of the gateway's log; the level is a [`Level`].
    pub log: unsafe extern "C" fn(*mut Call, level: u32, message: Bytes, fields: List<Field>),
    /// Adds to a counter.
    pub count: unsafe extern "C" fn(*mut Call, name: Bytes, by: f64, labels: List<Field>),
    /// Observes a value in a histogram.
    pub observe: unsafe extern "C" fn(*mut Call, name: Bytes, value: f64, labels: List<Field>),
    /// A secret by its name.
    pub secret: unsafe extern "C" fn(*mut Call, name: Bytes, value: *mut Bytes) -> i32,
    /// A value that outlives the request, and its version.
    pub kv_get: unsafe extern "C" fn(*mut Call, key: Bytes, value: *mut Bytes, version: *mut u64) -> i32,
    /// Stores a value; `ttl_ms` and `if_version` may be null. `version` gets the new one; [`Code::None`]: another stands there.
    pub kv_set: unsafe extern "C" fn(
        *mut Call,
        key: Bytes,
        value: Bytes,
        ttl_ms: *const u64,
        if_version: *const u64,
        version: *mut u64,
    ) -> i32,
    /// Takes a value away; [`Code::None`]: there was none.
    pub kv_delete: unsafe extern "C" fn(*mut Call, key: Bytes) -> i32,
    /// Adds to a number, from 0; `ttl_ms` may be null. `value` gets the sum.
    pub kv_increment:
        unsafe extern "C" fn(*mut Call, key: Bytes, by: i64, ttl_ms: *const u64, value: *mut i64) -> i32,
    /// Sends requests, all at once; `answers` has room for as many.
    pub http: unsafe extern "C" fn(*mut Call, requests: List<HttpRequest>, answers: *mut HttpAnswer),
    /// Asks a model through a route.
    pub model: unsafe extern "C" fn(*mut Call, route: Bytes, body: Bytes, answer: *mut Bytes) -> i32,
    /// The sentence of the last service that answered with another code than [`Code::Ok`] and [`Code::None`].
    pub why: unsafe extern "C" fn(*mut Call) -> Bytes,
}
