//! The whole answer that the events of a streamed response add up to.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::stream::known::{self, Delta, Within};

/// The answer of these events, by the data of each. What is no JSON object is left out.
///
/// It is the answer that the last event says, or, where that says none or not its items, what the others add up to. An
/// error event is the answer's `error`.
pub(crate) fn gather(events: &[&str]) -> Value {
    let mut gathered = Gathered::default();
    for data in events {
        if let Ok(event @ Value::Object(_)) = serde_json::from_str(data) {
            gathered.note(&event);
        }
    }
    gathered.answer()
}

/// What was said so far.
#[derive(Default)]
struct Gathered {
    /// The answer as it was told last.
    response: Value,
    is_final: bool,
    items: BTreeMap<u64, Item>,
    /// The place of each item in the output.
    outputs: BTreeMap<String, u64>,
    error: Option<Value>,
}

/// An item, as it was begun and as parts of it came.
#[derive(Default)]
struct Item {
    whole: Value,
    is_done: bool,
    parts: BTreeMap<(&'static str, u64), Value>,
}

impl Gathered {
    fn note(&mut self, event: &Value) {
        let name = event["type"].as_str().unwrap_or_default();
        if event["response"].is_object() {
            self.is_final |= matches!(name, "response.completed" | "response.incomplete" | "response.failed");
            self.response = event["response"].clone();
            return;
        }
        if name == "error" || (name.is_empty() && !event["error"].is_null()) {
            self.error = Some(error_of(event));
            return;
        }
        let Some((prefix, stage)) = name.rsplit_once('.') else { return };
        let output = self.output_of(event);
        match prefix {
            "response.output_item" => self.item(output, stage, &event["item"]),
            "response.content_part" | "response.reasoning_summary_part" => {
                let item = self.items.entry(output).or_default();
                item.parts.insert(known::list_of(event), event["part"].clone());
            }
            "response.output_text.annotation" => self.items.entry(output).or_default().annotate(event),
            _ => {
                if let Some(delta) = Delta::of(prefix).filter(|_| matches!(stage, "delta" | "done" | "added"))
                {
                    self.items.entry(output).or_default().say(delta, stage, event);
                }
            }
        }
    }

    fn item(&mut self, output: u64, stage: &str, item: &Value) {
        if let Some(id) = item["id"].as_str() {
            self.outputs.insert(id.to_owned(), output);
        }
        let known = self.items.entry(output).or_default();
        known.whole = item.clone();
        known.is_done = stage == "done";
    }

    /// The item that an event is about.
    fn output_of(&self, event: &Value) -> u64 {
        let by_id = || event["item_id"].as_str().and_then(|id| self.outputs.get(id)).copied();
        event["output_index"].as_u64().or_else(by_id).unwrap_or(0)
    }

    fn answer(self) -> Value {
        let Self { mut response, is_final, items, error, .. } = self;
        let is_whole = is_final && response["output"].as_array().is_some_and(|output| !output.is_empty());
        if response.is_null() && items.is_empty() {
            return json!({"error": error});
        }
        if !is_whole && !items.is_empty() {
            let items: Vec<Value> = items.into_values().map(Item::put_together).collect();
            response["output"] = items.into();
        }
        if let Some(error) = error {
            response["status"] = "failed".into();
            response["error"] = error;
        }
        response
    }
}

impl Item {
    fn annotate(&mut self, event: &Value) {
        let part = self.parts.entry(known::list_of(event)).or_default();
        if !part.is_object() {
            *part = json!({"type": "output_text"});
        }
        if let Value::Array(annotations) = &mut part["annotations"] {
            annotations.push(event["annotation"].clone());
        } else {
            part["annotations"] = json!([event["annotation"]]);
        }
    }

    /// More of a text, or, but in a delta, all of it.
    fn say(&mut self, delta: &Delta, stage: &str, event: &Value) {
        if self.whole.is_null() {
            self.whole = delta.item();
        }
        let place = match delta.within {
            Within::Item(key) if self.whole.is_object() => &mut self.whole[key],
            Within::Item(_) => return,
            Within::Command => self.parts.entry(delta.list(event)).or_insert(Value::Null),
            Within::Content(key) => self.part(delta, event, key),
            Within::Summary => self.part(delta, event, "text"),
        };
        let said = &event[if stage == "delta" { "delta" } else { delta.done }];
        match (place, said) {
            (Value::String(text), Value::String(more)) if stage == "delta" => text.push_str(more),
            (_, Value::Null) => {}
            (place, said) => *place = said.clone(),
        }
    }

    fn part(&mut self, delta: &Delta, event: &Value, key: &str) -> &mut Value {
        let part = self.parts.entry(delta.list(event)).or_default();
        if !part.is_object() {
            *part = json!({"type": delta.part()});
        }
        &mut part[key]
    }

    fn put_together(self) -> Value {
        let Self { mut whole, is_done, parts } = self;
        if is_done {
            return whole;
        }
        if !whole.is_object() {
            whole = json!({"type": "message", "role": "assistant"});
        }
        let mut lists: BTreeMap<&str, Vec<Value>> = BTreeMap::new();
        for ((list, _), part) in parts {
            lists.entry(list).or_default().push(part);
        }
        for (list, parts) in lists {
            match list {
                known::COMMANDS => {
                    if !whole["action"].is_object() {
                        whole["action"] = json!({});
                    }
                    whole["action"][list] = parts.into();
                }
                _ => whole[list] = parts.into(),
            }
        }
        whole
    }
}

/// The error of a whole answer that an error event tells.
fn error_of(event: &Value) -> Value {
    if !event["error"].is_null() {
        return event["error"].clone();
    }
    json!({"message": event["message"], "type": "server_error", "param": event["param"], "code": event["code"]})
}
