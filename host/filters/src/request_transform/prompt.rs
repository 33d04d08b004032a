//! Texts put before and after what a prompt says.

use serde_json::{Value, json};
use tidegate_contract::{JsonEdit, JsonSet};

use crate::transform::sketch::Sketch;

const MESSAGES: &str = "/messages";
const PROMPT: &str = "/prompt";

/// The texts.
#[derive(Debug, Default)]
pub(super) struct Prompt {
    /// Before the first system text.
    pub(super) prepend_system: Option<String>,
    /// After the last user text.
    pub(super) append_user: Option<String>,
}

/// On which side of what is there.
#[derive(Clone, Copy)]
enum Side {
    Before,
    Behind,
}

impl Prompt {
    pub(super) fn is_empty(&self) -> bool {
        self.prepend_system.is_none() && self.append_user.is_none()
    }

    /// The pointers that must be seen.
    pub(super) fn watched(&self) -> Vec<String> {
        if self.is_empty() { Vec::new() } else { vec![MESSAGES.into(), PROMPT.into()] }
    }

    /// The edits of a body; none where it has no prompt, or one of tokens.
    pub(super) fn plan(&self, operation: &str, body: &Sketch) -> Vec<JsonEdit> {
        match operation {
            "chat" => body.get(MESSAGES).and_then(Value::as_array).map(|messages| self.chat(messages)),
            "completion" => body.get(PROMPT).map(|prompt| self.completion(prompt)),
            _ => None,
        }
        .unwrap_or_default()
    }

    fn chat(&self, messages: &[Value]) -> Vec<JsonEdit> {
        let is_system = |message: &Value| matches!(message["role"].as_str(), Some("system" | "developer"));
        // The new system message moves all others: its edit comes last.
        let appended = self.append_user.as_deref().and_then(|text| {
            let last = messages.iter().rposition(|message| message["role"] == "user");
            joined(messages, last, text, Side::Behind)
        });
        let prepended = self.prepend_system.as_deref().and_then(|text| {
            let first = messages.iter().position(is_system);
            joined(messages, first, text, Side::Before)
        });
        appended.into_iter().chain(prepended).collect()
    }

    fn completion(&self, prompt: &Value) -> Vec<JsonEdit> {
        let both = |old: &str| {
            let whole = self.prepend_system.as_deref().map(|text| join(old, text, Side::Before));
            let whole = whole.unwrap_or_else(|| old.to_owned());
            self.append_user.as_deref().map(|text| join(&whole, text, Side::Behind)).unwrap_or(whole)
        };
        match prompt {
            Value::String(old) => vec![set(PROMPT.into(), both(old).into())],
            Value::Array(prompts) => {
                let texts =
                    prompts.iter().enumerate().filter_map(|(index, prompt)| Some((index, prompt.as_str()?)));
                texts.map(|(index, old)| set(format!("{PROMPT}/{index}"), both(old).into())).collect()
            }
            _ => Vec::new(),
        }
    }
}

/// The text joined to that of one message, or in a new message where there is none.
fn joined(messages: &[Value], at: Option<usize>, text: &str, side: Side) -> Option<JsonEdit> {
    let Some(at) = at else {
        let (pointer, role) = match side {
            Side::Before => ("/messages/0", "system"),
            Side::Behind => ("/messages/-", "user"),
        };
        return Some(insert(pointer.into(), &json!({"role": role, "content": text})));
    };
    let pointer = format!("{MESSAGES}/{at}/content");
    match &messages[at]["content"] {
        Value::Null => Some(set(pointer, text.into())),
        Value::String(old) => Some(set(pointer, join(old, text, side).into())),
        Value::Array(parts) => {
            let is_text = |part: &Value| part.is_string() || part["type"] == "text";
            let place = match side {
                Side::Before => parts.iter().position(is_text).unwrap_or(0),
                Side::Behind => parts.iter().rposition(is_text).map_or(parts.len(), |last| last + 1),
            };
            Some(insert(format!("{pointer}/{place}"), &json!({"type": "text", "text": text})))
        }
        _ => None,
    }
}

/// With an empty line between them.
fn join(old: &str, text: &str, side: Side) -> String {
    match side {
        _ if old.is_empty() => text.to_owned(),
        Side::Before => format!("{text}\n\n{old}"),
        Side::Behind => format!("{old}\n\n{text}"),
    }
}

fn set(pointer: String, value: Value) -> JsonEdit {
    JsonEdit::Set(JsonSet { pointer, value: value.to_string() })
}

fn insert(pointer: String, value: &Value) -> JsonEdit {
    JsonEdit::Insert(JsonSet { pointer, value: value.to_string() })
}
