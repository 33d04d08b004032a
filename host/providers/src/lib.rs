//! Pure translation between what clients speak and what providers speak; no sockets, no runtime.
//!
//! A client's side is a dialect ([`claim`], [`error_body`], [`models_body`]), an upstream's side is a
//! [`Provider`]. What passes unchanged is only read: [`scan_request`] and [`AnswerScan`] take from the bytes what
//! the gateway must know and never change them. [`mock`] is the embedded model, as pure as the rest.

#![forbid(unsafe_code)]

mod anthropic;
mod azure;
mod bedrock;
mod client;
mod compatible;
mod dialect;
mod exchange;
mod framing;
mod gemini;
mod http;
pub mod mock;
mod openai;
mod repeats;
mod scan;
mod sse;
mod stream;
mod text;
mod texts;
mod upstream;

pub use client::{Claimed, Endpoint, claim, endpoints};
pub use compatible::upstream::{Compatible, Words};
pub use dialect::{
    ErrorBody, JSON, error_body, error_event, error_field, error_kind, model_body, models_body,
};
pub use exchange::api::{Api, Envelope, Speech};
pub use exchange::counted::{Count, Counter};
pub use exchange::embed::{Embed, Embedder};
pub use exchange::question::{Question, Task};
pub use exchange::refused::{Refused, Unreadable};
pub use exchange::streamed::StreamTranslation;
pub use exchange::translate::{Ask, Translated, Translation};
pub use framing::{Framer, Framing};
pub use openai::asked_usage::ask_for_usage;
pub use repeats::forget_repeats;
pub use scan::{
    AnswerScan, FormError, FormModel, FormScan, JsonFields, ModelName, RequestScan, ScanError, Seen,
    output_bound, rename_answer, replace_model, scan_request,
};
pub use sse::{Decoder, Frame, SseEvent, TooLong};
pub use stream::{
    Change, EditStream, Extent, Piece, Reading, StreamText, covers, edit_stream, gather, scatter,
};
pub use text::json_text;
pub use texts::{FoundText, answer_texts, request_texts};
pub use upstream::{Provider, Serving, Site, Target, all, by_name};
