//! What the providers of other APIs want back with the next turn, in the place that clients of this API give back as it is:
//! the `encrypted_content` of reasoning.
//!
//! Each is marked by what it is, so that it is never taken for OpenAI's own. The words that a signature belongs to stand in
//! the `summary` beside it. A call has no such place; its signature stands in a reasoning item right before it.

use crate::exchange::json::Text;

/// What stands in `encrypted_content`.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Sealed<'a> {
    /// Of the thought whose words stand beside it.
    Signature(Text<'a>),
    /// Of the call behind it.
    Call(Text<'a>),
    /// A thought that only its provider can read; one without a mark is OpenAI's.
    Redacted(Text<'a>),
}

const SIGNATURE: &str = "tidegate.signature.";
const CALL: &str = "tidegate.call.";
const REDACTED: &str = "tidegate.redacted.";

impl<'a> Sealed<'a> {
    pub(super) fn seal(self) -> String {
        match self {
            Self::Signature(text) => [SIGNATURE, &text].concat(),
            Self::Call(text) => [CALL, &text].concat(),
            Self::Redacted(text) => [REDACTED, &text].concat(),
        }
    }

    pub(super) fn open(content: Text<'a>) -> Self {
        match [SIGNATURE, CALL, REDACTED].into_iter().find(|mark| content.starts_with(mark)) {
            Some(SIGNATURE) => Self::Signature(without(content, SIGNATURE.len())),
            Some(CALL) => Self::Call(without(content, CALL.len())),
            Some(mark) => Self::Redacted(without(content, mark.len())),
            None => Self::Redacted(content),
        }
    }
}

/// The rest behind a beginning that was seen to be there.
fn without(text: Text<'_>, length: usize) -> Text<'_> {
    match text {
        Text::Borrowed(text) => Text::Borrowed(text.get(length..).unwrap_or_default()),
        Text::Owned(mut text) => {
            text.drain(..length);
            Text::Owned(text)
        }
    }
}
