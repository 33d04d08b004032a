//! Texts put before and after what a prompt says.

use serde_json::{Value, json};
use tidegate_contract::{JsonEdit, JsonSet};

use crate::transform::sketch::Sketch;

const MESSAGES: &str = "/messages";
const PROMPT: &str = "/prompt";
const SYSTEM: &str = "/system";
const INSTRUCTIONS: &str = "/instructions";
const INPUT: &str = "/input";
const CONTENTS: &str = "/contents";
/// Google's readers know both spellings.
const GEMINI_SYSTEM: [&str; 2] = ["/systemInstruction", "/system_instruction"];
/// What tokens are counted of, where it is a whole request.
const COUNTED: &str = "/generateContentRequest";

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
        const ALL: [&str; 7] = [MESSAGES, PROMPT, SYSTEM, INSTRUCTIONS, INPUT, CONTENTS, COUNTED];
        if self.is_empty() {
            return Vec::new();
        }
        ALL.into_iter().chain(GEMINI_SYSTEM).map(str::to_owned).collect()
    }

    /// The edits of a body; none where it has no prompt, or one of tokens.
    pub(super) fn plan(&self, operation: &str, body: &Sketch) -> Vec<JsonEdit> {
        let chat = || body.get(MESSAGES).and_then(Value::as_array).map(|messages| self.chat(messages));
        let completion = || body.get(PROMPT).map(|prompt| self.completion(prompt));
        match operation {
            "chat" => chat(),
            "completion" => completion(),
            "tokenize" => chat().or_else(completion),
            "count_tokens" if body.get(COUNTED).is_some() => {
                body.get(COUNTED).map(|request| self.gemini(COUNTED, &|key| request.pointer(key)))
            }
            "generate_content" | "count_tokens" if body.get(CONTENTS).is_some() => {
                Some(self.gemini("", &|key| body.get(key)))
            }
            "messages" | "count_tokens" => Some(self.messages(body)),
            "converse" => Some(self.converse(body)),
            "responses" | "responses_input_tokens" => Some(self.responses(body)),
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

    /// Of Anthropic's: the system prompt stands beside the messages.
    fn messages(&self, body: &Sketch) -> Vec<JsonEdit> {
        let messages = body.get(MESSAGES).and_then(Value::as_array);
        let appended = self.append_user.as_deref().zip(messages).and_then(|(text, messages)| {
            let last = messages.iter().rposition(|message| message["role"] == "user");
            joined(messages, last, text, Side::Behind)
        });
        let prepended = self.prepend_system.as_deref().and_then(|text| {
            let system = body.get(SYSTEM).unwrap_or(&Value::Null);
            in_content(SYSTEM.into(), system, text, (Side::Before, "text"))
        });
        appended.into_iter().chain(prepended).collect()
    }

    /// Of Gemini's: everything said is a list of parts.
    fn gemini<'b>(&self, base: &str, at: &dyn Fn(&str) -> Option<&'b Value>) -> Vec<JsonEdit> {
        let part = |text: &str| json!({"text": text});
        let appended = self.append_user.as_deref().zip(at(CONTENTS).and_then(Value::as_array)).map(
            |(text, contents)| {
                let last = contents.iter().rposition(|content| content["role"] != "model");
                match last.filter(|last| contents[*last]["parts"].is_array()) {
                    Some(last) => insert(format!("{base}{CONTENTS}/{last}/parts/-"), &part(text)),
                    None => {
                        let content = json!({"role": "user", "parts": [part(text)]});
                        insert(format!("{base}{CONTENTS}/-"), &content)
                    }
                }
            },
        );
        let prepended = self.prepend_system.as_deref().map(|text| {
            let said =
                GEMINI_SYSTEM.into_iter().find(|key| at(key).is_some_and(|one| one["parts"].is_array()));
            match said {
                Some(key) => insert(format!("{base}{key}/parts/0"), &part(text)),
                None => set(format!("{base}{}", GEMINI_SYSTEM[0]), json!({"parts": [part(text)]})),
            }
        });
        appended.into_iter().chain(prepended).collect()
    }

    /// Of Bedrock's: everything said is a list of blocks.
    fn converse(&self, body: &Sketch) -> Vec<JsonEdit> {
        let block = |text: &str| json!({"text": text});
        let messages = body.get(MESSAGES).and_then(Value::as_array);
        let appended = self.append_user.as_deref().zip(messages).map(|(text, messages)| {
            let last = messages.iter().rposition(|message| message["role"] == "user");
            match last.filter(|last| messages[*last]["content"].is_array()) {
                Some(last) => insert(format!("{MESSAGES}/{last}/content/-"), &block(text)),
                None => insert(format!("{MESSAGES}/-"), &json!({"role": "user", "content": [block(text)]})),
            }
        });
        let prepended = self.prepend_system.as_deref().map(|text| match body.get(SYSTEM) {
            Some(Value::Array(_)) => insert(format!("{SYSTEM}/0"), &block(text)),
            _ => set(SYSTEM.into(), json!([block(text)])),
        });
        appended.into_iter().chain(prepended).collect()
    }

    fn responses(&self, body: &Sketch) -> Vec<JsonEdit> {
        let appended = self.append_user.as_deref().and_then(|text| {
            let input = body.get(INPUT).unwrap_or(&Value::Null);
            let Value::Array(items) = input else {
                return in_content(INPUT.into(), input, text, (Side::Behind, "input_text"));
            };
            let Some(last) = items.iter().rposition(|item| item["role"] == "user") else {
                return Some(insert(format!("{INPUT}/-"), &json!({"role": "user", "content": text})));
            };
            let pointer = format!("{INPUT}/{last}/content");
            in_content(pointer, &items[last]["content"], text, (Side::Behind, "input_text"))
        });
        let prepended = self.prepend_system.as_deref().and_then(|text| {
            match body.get(INSTRUCTIONS).unwrap_or(&Value::Null) {
                Value::Array(_) => {
                    let message = json!({"role": "developer", "content": text});
                    Some(insert(format!("{INSTRUCTIONS}/0"), &message))
                }
                old => in_content(INSTRUCTIONS.into(), old, text, (Side::Before, "input_text")),
            }
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
    in_content(pointer, &messages[at]["content"], text, (side, "text"))
}

/// The text joined to a content: a string, or a list of parts, in which it becomes one of this type.
fn in_content(
    pointer: String,
    content: &Value,
    text: &str,
    (side, name): (Side, &'static str),
) -> Option<JsonEdit> {
    match content {
        Value::Null => Some(set(pointer, text.into())),
        Value::String(old) => Some(set(pointer, join(old, text, side).into())),
        Value::Array(parts) => {
            let is_text = |part: &Value| part.is_string() || part["type"] == name;
            let place = match side {
                Side::Before => parts.iter().position(is_text).unwrap_or(0),
                Side::Behind => parts.iter().rposition(is_text).map_or(parts.len(), |last| last + 1),
            };
            Some(insert(format!("{pointer}/{place}"), &json!({"type": name, "text": text})))
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
