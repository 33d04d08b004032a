//! What repeats the texts of whole answers.

use serde_json::Value;

use crate::{anthropic, bedrock, gemini, openai};

/// Takes what repeats edited texts out of an answer that was edited, by comparing it with the answer as it came.
///
/// Log probabilities hold each token of a text, audio speaks its transcript, and a signature vouches for a thought as it
/// was. Texts that are the same keep all of it. Each dialect looks for its own shapes.
pub fn forget_repeats(before: &Value, after: &mut Value) {
    openai::stream_texts::repeats::forget_repeats(before, after);
    openai::responses::edited::forget_repeats(before, after);
    anthropic::edited::forget_repeats(before, after);
    gemini::edited::forget_repeats(before, after);
    bedrock::edited::forget_repeats(before, after);
}
