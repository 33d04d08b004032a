//! The embedded model: the APIs of OpenAI and Anthropic answered by pure code, for trying things out and for tests.
//!
//! A [`Model`] says what to answer as a [`Plan`]: a head and steps of bytes with the waits between them. Who
//! carries a plan out (the gateway's in-memory upstream) owns the clock and the connection.

mod chat;
mod completion;
mod echo;
mod embeddings;
mod media;
mod messages;
mod model;
mod plan;
mod request;
mod rerank;
mod responses;
mod script;
mod settings;
mod stream;
mod tools;
pub(crate) mod upstream;

pub use model::{MockRequest, Model};
pub use plan::{Plan, Step, Steps};
pub use settings::{Pace, Scripted, ScriptedBody, Settings};
