//! A whole response as the events of a stream.

use serde_json::{Value, json};
use tidegate_contract::Event;

use crate::stream::named;

/// The events that say this answer, in the order in which OpenAI's clients expect them, numbered from zero.
pub(crate) fn scatter(answer: &Value) -> Vec<Event> {
    let mut events = Events::default();
    if !answer["error"].is_null() && !answer["output"].is_array() {
        let error = &answer["error"];
        let message = if error.is_string() { error } else { &error["message"] };
        events.add("error", json!({"code": error["code"], "message": message, "param": error["param"]}));
        return events.numbered();
    }
    for name in ["response.created", "response.in_progress"] {
        events.add(name, json!({"response": begun(answer)}));
    }
    for (output, item) in answer["output"].as_array().into_iter().flatten().enumerate() {
        events.item(output, item);
    }
    let name = match answer["status"].as_str() {
        Some("incomplete") => "response.incomplete",
        Some("failed") => "response.failed",
        _ => "response.completed",
    };
    events.add(name, json!({"response": answer}));
    events.numbered()
}

/// The answer as it is before anything of it was said.
fn begun(answer: &Value) -> Value {
    let mut begun = answer.clone();
    for key in ["usage", "error", "incomplete_details", "completed_at"] {
        if let Some(field) = begun.get_mut(key) {
            *field = Value::Null;
        }
    }
    if let Some(fields) = begun.as_object_mut() {
        fields.insert("status".into(), "in_progress".into());
        fields.insert("output".into(), json!([]));
    }
    begun
}

/// A text of an item that deltas bring: its key, and the type of its events.
fn text_of(item: &Value) -> Option<(&'static str, &'static str)> {
    match item["type"].as_str()? {
        "function_call" => Some(("arguments", "response.function_call_arguments")),
        "mcp_call" => Some(("arguments", "response.mcp_call_arguments")),
        "custom_tool_call" => Some(("input", "response.custom_tool_call_input")),
        "code_interpreter_call" => Some(("code", "response.code_interpreter_call_code")),
        _ => None,
    }
}

/// The same of a part.
fn text_of_part(part: &Value) -> Option<(&'static str, &'static str)> {
    match part["type"].as_str()? {
        "output_text" => Some(("text", "response.output_text")),
        "refusal" => Some(("refusal", "response.refusal")),
        "reasoning_text" => Some(("text", "response.reasoning_text")),
        "summary_text" => Some(("text", "response.reasoning_summary_text")),
        _ => None,
    }
}

#[derive(Default)]
struct Events(Vec<Value>);

impl Events {
    fn add(&mut self, name: &str, fields: Value) {
        let mut event = json!({"type": name, "sequence_number": self.0.len()});
        if let Value::Object(fields) = fields {
            fields.into_iter().for_each(|(key, value)| event[key] = value);
        }
        self.0.push(event);
    }

    fn numbered(self) -> Vec<Event> {
        self.0.iter().map(named).collect()
    }

    fn item(&mut self, output: usize, item: &Value) {
        let id = item["id"].as_str();
        let mut added = item.clone();
        if added["status"].is_string() {
            added["status"] = "in_progress".into();
        }
        for list in ["content", "summary"].into_iter().filter(|list| is_parts(item, list)) {
            added[list] = json!([]);
        }
        let text = text_of(item).filter(|(key, _)| item[*key].is_string());
        if let Some((key, _)) = text {
            added[key] = "".into();
        }
        self.add("response.output_item.added", json!({"output_index": output, "item": added}));
        for (list, index, name) in [
            ("summary", "summary_index", "response.reasoning_summary_part"),
            ("content", "content_index", "response.content_part"),
        ] {
            let parts = item[list].as_array().filter(|_| is_parts(item, list));
            for (at, part) in parts.into_iter().flatten().enumerate() {
                let place = with_id(id, json!({"output_index": output, index: at}));
                self.part(name, &place, part);
            }
        }
        if let Some((key, name)) = text {
            self.text(name, &with_id(id, json!({"output_index": output})), (key, item));
        }
        self.add("response.output_item.done", json!({"output_index": output, "item": item}));
    }

    fn part(&mut self, name: &str, place: &Value, part: &Value) {
        let with = |part: &Value| {
            let mut fields = place.clone();
            fields["part"] = part.clone();
            fields
        };
        let text = text_of_part(part).filter(|(key, _)| part[*key].is_string());
        let mut added = part.clone();
        if let Some((key, _)) = text {
            added[key] = "".into();
            for list in ["annotations", "logprobs"].into_iter().filter(|list| part[*list].is_array()) {
                added[list] = json!([]);
            }
        }
        self.add(&format!("{name}.added"), with(&added));
        if let Some((key, events)) = text {
            self.text(events, place, (key, part));
        }
        self.add(&format!("{name}.done"), with(part));
    }

    /// A text of an item or a part: what it says, what points into it, and all of it once more.
    fn text(&mut self, name: &str, place: &Value, (key, of): (&str, &Value)) {
        let with = |key: &str, value: &Value| {
            let mut fields = place.clone();
            fields[key] = value.clone();
            if name == "response.output_text" {
                fields["logprobs"] = json!([]);
            }
            fields
        };
        if of[key] != "" {
            self.add(&format!("{name}.delta"), with("delta", &of[key]));
        }
        for (at, annotation) in of["annotations"].as_array().into_iter().flatten().enumerate() {
            let mut fields = place.clone();
            fields["annotation_index"] = at.into();
            fields["annotation"] = annotation.clone();
            self.add("response.output_text.annotation.added", fields);
        }
        self.add(&format!("{name}.done"), with(key, &of[key]));
    }
}

/// Whether a list of an item is one of parts that have events of their own.
fn is_parts(item: &Value, list: &str) -> bool {
    let has_parts = matches!(item["type"].as_str(), Some("message" | "reasoning"));
    has_parts && item[list].is_array()
}

fn with_id(id: Option<&str>, mut place: Value) -> Value {
    if let Some(id) = id {
        place["item_id"] = id.into();
    }
    place
}

#[cfg(test)]
#[path = "scatter_tests.rs"]
mod tests;
