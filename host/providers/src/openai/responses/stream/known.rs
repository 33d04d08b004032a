//! The deltas that are known, and the places of their texts in items.

use serde_json::{Value, json};

use crate::openai::texts::media;
use crate::stream::places::Way;

/// A kind of delta.
pub(crate) struct Delta {
    /// The type of its events, up to `.delta` and `.done`.
    prefix: &'static str,
    pub(crate) within: Within,
    /// The key under which the last event repeats it.
    pub(crate) done: &'static str,
    /// One of the contract's kinds.
    pub(crate) kind: &'static str,
}

/// Where in its item a text stands.
#[derive(Clone, Copy)]
pub(crate) enum Within {
    /// Under this key of a part of the content.
    Content(&'static str),
    /// The text of a part of the summary.
    Summary,
    /// Under this key of the item.
    Item(&'static str),
    /// A command of a shell.
    Command,
}

/// The list of what a shell is to do.
pub(crate) const COMMANDS: &str = "commands";

const ARGUMENTS: &str = "tool-arguments";

const DELTAS: [Delta; 11] = [
    delta("response.output_text", Within::Content("text"), ("text", "text")),
    delta("response.refusal", Within::Content("refusal"), ("refusal", "refusal")),
    delta("response.reasoning_text", Within::Content("text"), ("text", "reasoning")),
    delta("response.reasoning_summary_text", Within::Summary, ("text", "reasoning")),
    delta("response.function_call_arguments", Within::Item("arguments"), ("arguments", ARGUMENTS)),
    delta("response.mcp_call_arguments", Within::Item("arguments"), ("arguments", ARGUMENTS)),
    delta("response.custom_tool_call_input", Within::Item("input"), ("input", ARGUMENTS)),
    delta("response.code_interpreter_call_code", Within::Item("code"), ("code", ARGUMENTS)),
    delta("response.shell_call_command", Within::Command, ("command", ARGUMENTS)),
    delta("response.audio.transcript", Within::Content("transcript"), ("transcript", "transcript")),
    delta("response.output_audio_transcript", Within::Content("transcript"), ("transcript", "transcript")),
];

const fn delta(prefix: &'static str, within: Within, (done, kind): (&'static str, &'static str)) -> Delta {
    Delta { prefix, within, done, kind }
}

impl Delta {
    /// By the type of its events, without its last part.
    pub(crate) fn of(prefix: &str) -> Option<&'static Self> {
        DELTAS.iter().find(|delta| delta.prefix == prefix)
    }

    /// The list of an item that its text stands in, and where in that.
    pub(crate) fn list(&self, event: &Value) -> (&'static str, u64) {
        match self.within {
            Within::Command => (COMMANDS, event["command_index"].as_u64().unwrap_or(0)),
            Within::Content(_) | Within::Summary | Within::Item(_) => list_of(event),
        }
    }

    /// The type of the part that it stands in.
    pub(crate) fn part(&self) -> &'static str {
        match self.kind {
            "refusal" => "refusal",
            "transcript" => "output_audio",
            "reasoning" if matches!(self.within, Within::Summary) => "summary_text",
            "reasoning" => "reasoning_text",
            _ => "output_text",
        }
    }

    /// The item that it stands in, where nobody said more of that.
    pub(crate) fn item(&self) -> Value {
        match self.within {
            Within::Content(_) if self.kind != "reasoning" => json!({"type": "message", "role": "assistant"}),
            Within::Content(_) | Within::Summary => json!({"type": "reasoning", "summary": []}),
            Within::Item(_) | Within::Command => {
                let name = self.prefix.trim_start_matches("response.");
                json!({"type": name.rsplit_once('_').map_or(name, |(name, _)| name)})
            }
        }
    }

    /// The pointer to its text in the item that the event is about.
    pub(super) fn path(&self, event: &Value) -> String {
        let index = |key: &str| event[key].as_u64().unwrap_or(0);
        match self.within {
            Within::Content(key) => format!("/content/{}/{key}", index("content_index")),
            Within::Summary => format!("/summary/{}/text", index("summary_index")),
            Within::Item(key) => format!("/{key}"),
            Within::Command => format!("/action/commands/{}", index("command_index")),
        }
    }
}

/// The list of an item that an event is about, and the place in it.
pub(crate) fn list_of(event: &Value) -> (&'static str, u64) {
    match event["summary_index"].as_u64() {
        Some(index) => ("summary", index),
        None => ("content", event["content_index"].as_u64().unwrap_or(0)),
    }
}

/// Whether the event brings encoded media.
pub(super) fn is_media(event: &Value) -> bool {
    matches!(event["type"].as_str(), Some("response.audio.delta" | "response.output_audio.delta"))
}

/// Where an event brings encoded media by itself, and what may be told of them.
pub(super) fn media(event: &Value) -> Option<(&'static str, &'static str)> {
    let has_some = |key: &str| media::holds_bytes(&event[key]);
    if is_media(event) {
        return has_some("delta").then_some(("/delta", "audio"));
    }
    has_some("partial_image_b64").then_some(("/partial_image_b64", "image"))
}

/// Whether a field of an event says about which place it is.
fn is_place(key: &str) -> bool {
    key.ends_with("_id") || key.ends_with("_index")
}

/// What the event says about its place.
pub(super) fn place(event: &Value) -> String {
    let fields = event.as_object().into_iter().flatten().filter(|(key, _)| is_place(key));
    fields.map(|(key, value)| format!("{key}={value} ")).collect()
}

/// The event as a carrier of more of the text at this pointer.
pub(super) fn bare(event: &Value, pointer: &str) -> Way {
    let keeps = |path: &[&str], key: &str| {
        path.is_empty() && (matches!(key, "type" | "sequence_number") || is_place(key))
    };
    Way::to(event, pointer, &keeps)
}

/// A carrier for the text at a place of an item, made from the event that began it; `None` where no delta brings such texts.
pub(super) fn carrier(event: &Value, (output, path): (u64, &str), kind: &str) -> Option<Way> {
    let tokens: Vec<&str> = path.split('/').skip(1).collect();
    let index = |token: &str| token.parse::<u64>().ok();
    let is_call = |name: &str| event["item"]["type"] == name;
    let (prefix, key, at) = match tokens.as_slice() {
        ["content", at, "text"] if kind == "reasoning" => {
            ("response.reasoning_text", "content_index", index(at)?)
        }
        ["content", at, "text"] => ("response.output_text", "content_index", index(at)?),
        ["content", at, "refusal"] => ("response.refusal", "content_index", index(at)?),
        ["summary", at, "text"] => ("response.reasoning_summary_text", "summary_index", index(at)?),
        ["arguments"] if is_call("mcp_call") => ("response.mcp_call_arguments", "", 0),
        ["arguments"] if is_call("function_call") => ("response.function_call_arguments", "", 0),
        ["input"] => ("response.custom_tool_call_input", "", 0),
        ["code"] => ("response.code_interpreter_call_code", "", 0),
        ["action", "commands", at] => ("response.shell_call_command", "command_index", index(at)?),
        _ => return None,
    };
    let id = [&event["item_id"], &event["item"]["id"]].into_iter().find(|id| id.is_string());
    let mut out = json!({"type": format!("{prefix}.delta"), "output_index": output, "delta": ""});
    if let Some(id) = id {
        out["item_id"] = id.clone();
    }
    if !key.is_empty() {
        out[key] = at.into();
    }
    if event["sequence_number"].is_number() {
        out["sequence_number"] = 0.into();
    }
    Some(bare(&out, "/delta"))
}
