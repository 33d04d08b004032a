//! What goes into a call. Everything is borrowed from whoever calls, until the call returns.

use std::ptr;

use abi_stable::StableAbi;

/// Some values in a row. Without values its pointer may be null.
#[repr(C)]
#[derive(Debug, StableAbi)]
pub struct List<T> {
    /// The first.
    pub data: *const T,
    /// How many.
    pub len: usize,
}

// Not derived: a list is a pointer, whatever it points to.
impl<T> Clone for List<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for List<T> {}

/// Bytes; where they are text, UTF-8 without a final zero. A null pointer where there may be none stands for none.
pub type Bytes = List<u8>;

impl<T> List<T> {
    /// No value, which is not the same as an empty one.
    pub const NONE: Self = Self { data: ptr::null(), len: 0 };

    /// Of a slice that outlives the call.
    pub const fn of(slice: &[T]) -> Self {
        Self { data: slice.as_ptr(), len: slice.len() }
    }

    /// The values; none for a null pointer.
    ///
    /// # Safety
    /// `data` points to `len` values that live and do not change for `'a`, or `len` is 0.
    pub unsafe fn as_slice<'a>(self) -> &'a [T] {
        if self.data.is_null() || self.len == 0 {
            return &[];
        }
        // SAFETY: the caller's promise.
        unsafe { std::slice::from_raw_parts(self.data, self.len) }
    }

    /// Whether there is no value, not even an empty one.
    pub fn is_none(self) -> bool {
        self.data.is_null()
    }
}

impl Bytes {
    /// Of a text.
    pub const fn text(text: &str) -> Self {
        Self::of(text.as_bytes())
    }

    /// Of a text that there may be.
    pub fn maybe(text: Option<&str>) -> Self {
        text.map_or(Self::NONE, Self::text)
    }
}

/// A name and its value: a field of a message, an attribute, a label, a place of a body with its JSON.
#[repr(C)]
#[derive(Debug, Clone, Copy, StableAbi)]
pub struct Field {
    /// Text.
    pub name: Bytes,
    /// Text, but of fields of messages bytes.
    pub value: Bytes,
}

/// Who calls.
#[repr(C)]
#[derive(Debug, Clone, Copy, StableAbi)]
pub struct Principal {
    /// Its name.
    pub id: Bytes,
    /// Or none.
    pub tenant: Bytes,
    /// What else is known of it.
    pub attributes: List<Field>,
}

/// What every hook knows of its request.
#[repr(C)]
#[derive(Debug, Clone, Copy, StableAbi)]
pub struct Context {
    /// The id in `x-request-id`.
    pub request_id: Bytes,
    /// Empty before one is picked.
    pub route: Bytes,
    /// Such as `openai`.
    pub dialect: Bytes,
    /// `chat`, `completion`, `embeddings`, `responses`, `messages`, `models`, `other` and others.
    pub operation: Bytes,
    /// Or none.
    pub model: Bytes,
    /// Or null.
    pub principal: *const Principal,
    /// What is left for this call, in milliseconds.
    pub deadline_ms: u32,
    /// Tries upstream, from 1; 0 before the first.
    pub attempt: u32,
    /// 1 where the answer is a stream.
    pub streaming: u8,
}

/// The other end of the client's connection.
#[repr(C)]
#[derive(Debug, Clone, Copy, StableAbi)]
pub struct Peer {
    /// An IP address, as text.
    pub address: Bytes,
    /// 32 bytes, or none.
    pub certificate_sha256: Bytes,
    /// The names in that certificate.
    pub names: List<Bytes>,
}

/// The head of a request.
#[repr(C)]
#[derive(Debug, Clone, Copy, StableAbi)]
pub struct Head {
    /// Such as `POST`.
    pub method: Bytes,
    /// `http` or `https`.
    pub scheme: Bytes,
    /// Host and, where given, port.
    pub authority: Bytes,
    /// Normalised.
    pub path: Bytes,
    /// Without its `?`; empty where there is none.
    pub query: Bytes,
    /// Names in lower case, repeated fields repeated.
    pub headers: List<Field>,
    /// Who connected.
    pub client: Peer,
    /// 32 bytes where `configure` asked for them, else none.
    pub body_sha256: Bytes,
}

/// Tokens; `input` includes `cached_input` and `cache_write`, `output` includes `reasoning`.
#[repr(C)]
#[derive(Debug, Clone, Copy, StableAbi)]
pub struct Usage {
    /// Of the prompt.
    pub input: u64,
    /// Of the answer.
    pub output: u64,
    /// Taken from the provider's cache.
    pub cached_input: u64,
    /// Written to it.
    pub cache_write: u64,
    /// Of the answer.
    pub reasoning: u64,
    /// Millionths of a dollar, where `has_cost` is 1.
    pub cost_micro_usd: u64,
    /// Whether the cost is known.
    pub has_cost: u8,
    /// 1 where the counts are a guess from sizes.
    pub estimated: u8,
}

/// The values of [`Body::kind`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub enum BodyKind {
    /// Nothing was asked for, or there is none.
    Absent = 0,
    /// What was asked for and is there, in `fields`.
    Fields = 1,
    /// All of it as JSON, in `text`.
    Whole = 2,
    /// A body that is no JSON; its media type in `text`.
    Opaque = 3,
}

/// A body, or what was asked for of it.
#[repr(C)]
#[derive(Debug, Clone, Copy, StableAbi)]
pub struct Body {
    /// A [`BodyKind`].
    pub kind: u32,
    /// JSON, or a media type.
    pub text: Bytes,
    /// Pointers (RFC 6901) with the JSON that stands there.
    pub fields: List<Field>,
}

/// An event of a stream.
#[repr(C)]
#[derive(Debug, Clone, Copy, StableAbi)]
pub struct Event {
    /// Or none.
    pub name: Bytes,
    /// Text.
    pub data: Bytes,
}

/// A piece of text that a model reads or wrote.
#[repr(C)]
#[derive(Debug, Clone, Copy, StableAbi)]
pub struct Text {
    /// `system`, `user`, `assistant` or `tool`.
    pub role: Bytes,
    /// `text`, `reasoning`, `refusal`, `tool-arguments`, `tool-result`, `transcript` or `media`.
    pub kind: Bytes,
    /// The text, or what has arrived of it.
    pub content: Bytes,
    /// Where `content` begins in the whole text.
    pub start: u64,
    /// Stable through a request.
    pub id: u32,
    /// How many bytes of `content` have left already.
    pub released: u32,
    /// 1 where nothing more will come.
    pub complete: u8,
    /// 1 where it was in no earlier request of the conversation.
    pub new_turn: u8,
}

/// Something found, for logs and metrics.
#[repr(C)]
#[derive(Debug, Clone, Copy, StableAbi)]
pub struct Finding {
    /// A short fixed word.
    pub category: Bytes,
    /// For people; never what was found itself.
    pub detail: Bytes,
    /// 0 to 1, where `has_score` is 1.
    pub score: f32,
    /// The id of a text, where `has_text` is 1.
    pub text: u32,
    /// Whether there is a score.
    pub has_score: u8,
    /// Whether it is in a text.
    pub has_text: u8,
}

/// A finished exchange.
#[repr(C)]
#[derive(Debug, Clone, Copy, StableAbi)]
pub struct Outcome {
    /// Why it failed, or none.
    pub error: Bytes,
    /// Which was tried last, or none.
    pub cluster: Bytes,
    /// Of all moderation filters.
    pub findings: List<Finding>,
    /// What was used.
    pub usage: Usage,
    /// Tries in all.
    pub attempts: u32,
    /// To the last byte of the answer.
    pub duration_ms: u32,
    /// To the first part of a stream, where `has_first_token` is 1.
    pub first_token_ms: u32,
    /// What the client got.
    pub status: u16,
    /// Whether there was a first part.
    pub has_first_token: u8,
    /// 1 where the client left before the end.
    pub cancelled: u8,
}

/// How a stream is cut for `moderate_output`.
#[repr(C)]
#[derive(Debug, Clone, Copy, StableAbi)]
pub struct Windows {
    /// `carry`, `window`, `full` or `watch`.
    pub mode: Bytes,
    /// Smallest window in bytes.
    pub min: u32,
    /// Largest window in bytes.
    pub max: u32,
    /// Bytes that the next window repeats.
    pub overlap: u32,
    /// The longest match that is looked for.
    pub max_match: u32,
    /// The longest that text is kept back.
    pub max_hold_ms: u32,
}

/// What [`crate::Host::want`] is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub enum Side {
    /// The request's body.
    Request = 0,
    /// The answer's body.
    Response = 1,
    /// Header fields of both, also of the head in `authenticate`; "fields" are their names, in lower case.
    Headers = 2,
}

/// What of it is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub enum Need {
    /// Nothing, but for what [`crate::Host::want_field`] names.
    Nothing = 0,
    /// All of it.
    Whole = 1,
}
