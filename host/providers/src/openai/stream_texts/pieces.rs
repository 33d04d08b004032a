//! The parts of texts in the events of a stream, and which text each belongs to.

use std::collections::BTreeMap;

use serde_json::Value;

/// A text of the whole answer.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    /// The index of its choice; `None` for what stands beside the choices.
    pub(crate) choice: Option<u64>,
    /// The number of its tool call, in order of appearance.
    pub(crate) call: Option<usize>,
    /// From the choice or the tool call on, without a slash before it.
    pub(crate) path: String,
}

/// A part of a text in an event.
#[derive(Debug)]
pub(crate) struct Piece {
    /// Where it stands in the event.
    pub(crate) pointer: String,
    pub(crate) place: Place,
    pub(crate) text: String,
}

/// What is read of an event.
#[derive(Debug, Default)]
pub(crate) struct Reading {
    pub(crate) pieces: Vec<Piece>,
    /// The numbers of the tool calls in it, in its order.
    pub(crate) calls: Vec<usize>,
}

/// Reads events in order and remembers which choices and tool calls there are.
#[derive(Debug, Default)]
pub(crate) struct Reader {
    pub(crate) choices: BTreeMap<u64, Vec<Call>>,
}

/// What tells a tool call from others.
#[derive(Debug)]
pub(crate) struct Call {
    index: u64,
    id: Option<String>,
}

/// Texts of a message under their own name.
const PLAIN: [&str; 5] = ["content", "refusal", "reasoning_content", "reasoning", "thinking"];

/// Texts in lists; of the answer they are one entry.
const LISTED: [(&str, &str); 3] =
    [("reasoning_details", "text"), ("reasoning_details", "summary"), ("thinking_blocks", "thinking")];

/// Texts of an error event, where they are in it and in the answer.
const ERRORS: [(&str, &str); 5] = [
    ("/error", "error/message"),
    ("/error/message", "error/message"),
    ("/error/metadata/raw", "error/metadata/raw"),
    ("/message", "message"),
    ("/detail", "detail"),
];

/// The index that a choice says it has, or else its place in the list.
pub(crate) fn index_of(choice: &Value, position: usize) -> u64 {
    choice["index"].as_u64().unwrap_or(position as u64)
}

/// The part of a message that a choice holds. Some servers repeat the whole message beside each delta: it counts only
/// where it is alone.
pub(crate) fn message_of(choice: &Value) -> (&'static str, &Value) {
    let key = if choice["delta"].is_object() { "delta" } else { "message" };
    (key, &choice[key])
}

impl Reader {
    /// Reads an event.
    pub(crate) fn read(&mut self, event: &Value) -> Reading {
        let mut reading = Reading::default();
        for (pointer, path) in ERRORS {
            if let Some(Value::String(text)) = event.pointer(pointer) {
                let place = Place { choice: None, call: None, path: path.to_owned() };
                let (pointer, text) = (pointer.to_owned(), text.clone());
                reading.pieces.push(Piece { pointer, place, text });
            }
        }
        for (position, choice) in event["choices"].as_array().into_iter().flatten().enumerate() {
            let index = index_of(choice, position);
            self.choices.entry(index).or_default();
            let mut parts = Parts { choice: index, pieces: &mut reading.pieces };
            let at = format!("/choices/{position}");
            parts.text(format!("{at}/text"), "text", &choice["text"]);
            let (key, message) = message_of(choice);
            parts.message(&format!("{at}/{key}"), message);
            for (position, call) in message["tool_calls"].as_array().into_iter().flatten().enumerate() {
                let number = self.number(index, position, call);
                reading.calls.push(number);
                parts.call(&format!("{at}/{key}/tool_calls/{position}"), number, call);
            }
        }
        reading
    }

    /// The number of a call. Some servers give all calls the same index, or none: then the id tells them apart.
    fn number(&mut self, choice: u64, position: usize, call: &Value) -> usize {
        let calls = self.choices.entry(choice).or_default();
        let index = index_of(call, position);
        let id = call["id"].as_str().filter(|id| !id.is_empty());
        let is_it = |known: &Call| {
            let same_id = id.is_none() || known.id.is_none() || known.id.as_deref() == id;
            known.index == index && same_id
        };
        let number = calls.iter().rposition(is_it).unwrap_or_else(|| {
            calls.push(Call { index, id: None });
            calls.len() - 1
        });
        if let Some(id) = id {
            calls[number].id = Some(id.to_owned());
        }
        number
    }

    /// Where a text stands in the answer; right once all events are read.
    pub(crate) fn pointer(&self, place: &Place) -> String {
        let path = &place.path;
        let Some(choice) = place.choice else { return format!("/{path}") };
        match place.call {
            None => format!("/choices/{}/{path}", self.position(choice)),
            Some(number) => format!("{}/{path}", self.call_pointer(choice, number)),
        }
    }

    /// Where a tool call stands in the answer; right once all events are read.
    pub(crate) fn call_pointer(&self, choice: u64, number: usize) -> String {
        let (position, call) = (self.position(choice), self.rank(choice, number));
        format!("/choices/{position}/message/tool_calls/{call}")
    }

    fn position(&self, choice: u64) -> usize {
        self.choices.range(..choice).count()
    }

    /// The place of a call in the list of the answer, which goes by index.
    fn rank(&self, choice: u64, number: usize) -> usize {
        let calls = self.choices.get(&choice).map(Vec::as_slice).unwrap_or_default();
        let key = |number: usize| calls.get(number).map(|call| (call.index, number));
        (0..calls.len()).filter(|other| key(*other) < key(number)).count()
    }
}

/// Collects the parts of one choice.
struct Parts<'p> {
    choice: u64,
    pieces: &'p mut Vec<Piece>,
}

impl Parts<'_> {
    fn message(&mut self, at: &str, message: &Value) {
        for key in PLAIN {
            self.content(format!("{at}/{key}"), key, &message[key]);
        }
        for (list, key) in LISTED {
            for (position, entry) in message[list].as_array().into_iter().flatten().enumerate() {
                self.text(
                    format!("{at}/{list}/{position}/{key}"),
                    &format!("message/{list}/0/{key}"),
                    &entry[key],
                );
            }
        }
        self.text(
            format!("{at}/audio/transcript"),
            "message/audio/transcript",
            &message["audio"]["transcript"],
        );
        let arguments = &message["function_call"]["arguments"];
        self.push(
            format!("{at}/function_call/arguments"),
            (None, "message/function_call/arguments"),
            arguments,
        );
    }

    fn call(&mut self, at: &str, number: usize, call: &Value) {
        for path in ["function/arguments", "custom/input"] {
            let value = call.pointer(&format!("/{path}")).unwrap_or(&Value::Null);
            self.push(format!("{at}/{path}"), (Some(number), path), value);
        }
    }

    /// A string, a part of content or a list of parts; of the answer it is one string.
    fn content(&mut self, pointer: String, key: &str, content: &Value) {
        match content {
            Value::Array(parts) => {
                for (position, part) in parts.iter().enumerate() {
                    self.content(format!("{pointer}/{position}"), key, part);
                }
            }
            Value::Object(_) => {
                self.content(format!("{pointer}/text"), key, &content["text"]);
                self.content(format!("{pointer}/content"), key, &content["content"]);
                self.content(format!("{pointer}/refusal"), "refusal", &content["refusal"]);
                self.content(format!("{pointer}/thinking"), "reasoning_content", &content["thinking"]);
            }
            _ => self.text(pointer, &format!("message/{key}"), content),
        }
    }

    fn text(&mut self, pointer: String, path: &str, value: &Value) {
        if value.is_string() {
            self.push(pointer, (None, path), value);
        }
    }

    fn push(&mut self, pointer: String, (call, path): (Option<usize>, &str), value: &Value) {
        let text = match value {
            Value::String(text) => text.clone(),
            // Some servers send arguments as an object.
            Value::Object(_) | Value::Array(_) => value.to_string(),
            _ => return,
        };
        let place = Place { choice: Some(self.choice), call, path: path.to_owned() };
        self.pieces.push(Piece { pointer, place, text });
    }
}
