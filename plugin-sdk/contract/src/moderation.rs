//! The moderation hooks: texts, whatever the dialect, and what is judged of them.

use std::borrow::Cow;

/// The values of [`Text::role`].
pub const ROLES: [&str; 4] = ["system", "user", "assistant", "tool"];

/// The values of [`Text::kind`].
pub const KINDS: [&str; 7] =
    ["text", "reasoning", "refusal", "tool-arguments", "tool-result", "transcript", "media"];

/// A piece of text that a model reads or wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text<'a> {
    /// Stable through a request.
    pub id: u32,
    /// One of [`ROLES`].
    pub role: &'static str,
    /// One of [`KINDS`].
    pub kind: &'static str,
    /// The text, or what has arrived of it.
    pub content: Cow<'a, str>,
    /// Of a stream: where `content` begins in the whole text, in bytes.
    pub start: u64,
    /// Of a stream: how many bytes of `content` have left already. They are context and cannot be edited.
    pub released: u32,
    /// Whether nothing more of it will come.
    pub complete: bool,
    /// Whether it was in no earlier request of the conversation: it stands after the last answer.
    pub new_turn: bool,
}

/// Bytes `start..end` of the content of text `id`, and what stands in their place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextEdit {
    /// The text's.
    pub id: u32,
    /// On a border of characters.
    pub start: u32,
    /// On a border of characters, behind `start`.
    pub end: u32,
    /// In place of these bytes.
    pub replacement: String,
}

/// Something found, for logs and metrics.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// A short fixed word such as `email`.
    pub category: String,
    /// 0 to 1, where there is one.
    pub score: Option<f32>,
    /// In which text.
    pub text: Option<u32>,
    /// More for people; never what was found itself.
    pub detail: String,
}

/// What becomes of the texts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Judgement {
    /// They pass.
    #[default]
    Allow,
    /// They pass with these edits: for each text in order and without overlap.
    Edit(Vec<TextEdit>),
    /// The exchange ends; the reason is told to the client.
    Block(String),
}

/// The answer of a moderation hook.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Judged {
    /// What becomes of the texts.
    pub judgement: Judgement,
    /// For logs and metrics, whatever the judgement.
    pub findings: Vec<Finding>,
    /// For a text by its id, how many bytes at its end to keep back until more is known.
    pub hold: Vec<(u32, u32)>,
}

/// How a stream is cut into windows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Windows {
    /// `carry`, `window`, `full` or `watch`.
    pub mode: String,
    /// Smallest window in bytes.
    pub min: u32,
    /// Largest window in bytes.
    pub max: u32,
    /// Bytes of a window that the next one repeats.
    pub overlap: u32,
    /// The longest match that a plugin looks for, in bytes.
    pub max_match: u32,
    /// The longest that text is kept back, in milliseconds.
    pub max_hold_ms: u32,
}
