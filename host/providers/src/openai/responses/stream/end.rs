//! What was written of a stream, and how it ends when it was blocked.

use serde_json::{Map, Value, json};
use tidegate_contract::Event;

use crate::stream::named;

/// What was written so far.
#[derive(Debug, Default)]
pub(super) struct Written {
    /// Whether events are numbered.
    numbered: bool,
    /// The number of the next new event.
    next: u64,
    /// How many events were put in, less those that were left out.
    more: i64,
    /// Fields of the answer that no text stands in.
    head: Map<String, Value>,
    begun: bool,
    /// Items that were begun.
    outputs: u64,
}

/// What an answer repeats of its request, and is no text.
const HEAD: [&str; 9] = [
    "id",
    "object",
    "created_at",
    "model",
    "parallel_tool_calls",
    "temperature",
    "top_p",
    "truncation",
    "service_tier",
];

impl Written {
    /// Numbers an event that will be written next, and remembers what it says.
    pub(super) fn note(&mut self, event: &mut Value) {
        if let Some(number) = event["sequence_number"].as_u64() {
            let number = number.saturating_add_signed(self.more);
            event["sequence_number"] = number.into();
            (self.numbered, self.next) = (true, number.saturating_add(1));
        }
        self.begun |= event["response"].is_object();
        for key in HEAD {
            let value = &event["response"][key];
            if !value.is_null() && self.head.get(key) != Some(value) {
                self.head.insert(key.to_owned(), value.clone());
            }
        }
        if event["type"] == "response.output_item.added" {
            self.outputs = self.outputs.max(event["output_index"].as_u64().unwrap_or(self.outputs) + 1);
        }
    }

    /// An event is left out.
    pub(super) fn dropped(&mut self) {
        self.more -= 1;
    }

    /// A new event before the one that is written next.
    pub(super) fn inserted(&mut self, mut event: Value) -> Event {
        if self.numbered || event.get("sequence_number").is_some() {
            event["sequence_number"] = self.next.into();
            (self.numbered, self.next) = (true, self.next.saturating_add(1));
            self.more += 1;
        }
        named(&event)
    }

    /// The answer refuses to go on, in an item of its own, and is incomplete.
    pub(super) fn blocked(&mut self, reason: &str) -> Vec<Event> {
        let (id, at) = ("msg_blocked", self.outputs);
        let refusal = json!({"type": "refusal", "refusal": reason});
        let item = |status: &str, content: Value| json!({"id": id, "type": "message", "status": status, "role": "assistant", "content": content});
        let of_part = |name: &str, key: &str, value: Value| {
            let mut event = json!({"type": name, "item_id": id, "output_index": at, "content_index": 0});
            event[key] = value;
            event
        };
        let of_item = |name: &str, item: Value| json!({"type": name, "output_index": at, "item": item});
        let mut events = Vec::new();
        if !self.begun {
            events
                .push(json!({"type": "response.created", "response": self.answer("in_progress", json!([]))}));
        }
        events.extend([
            of_item("response.output_item.added", item("in_progress", json!([]))),
            of_part("response.content_part.added", "part", json!({"type": "refusal", "refusal": ""})),
            of_part("response.refusal.delta", "delta", reason.into()),
            of_part("response.refusal.done", "refusal", reason.into()),
            of_part("response.content_part.done", "part", refusal.clone()),
            of_item("response.output_item.done", item("completed", json!([&refusal]))),
        ]);
        let answer = self.answer("incomplete", json!([item("completed", json!([refusal]))]));
        events.push(json!({"type": "response.incomplete", "response": answer}));
        self.numbered |= !self.begun;
        events.into_iter().map(|event| self.inserted(event)).collect()
    }

    fn answer(&self, status: &str, output: Value) -> Value {
        let details = (status == "incomplete").then(|| json!({"reason": "content_filter"}));
        let mut answer = json!({
            "id": "resp_blocked", "object": "response", "created_at": 0, "status": status, "model": "",
            "error": null, "incomplete_details": details, "instructions": null, "metadata": {}, "output": output,
            "parallel_tool_calls": true, "temperature": null, "tool_choice": "auto", "tools": [], "top_p": null,
            "usage": null,
        });
        self.head.iter().for_each(|(key, value)| answer[key] = value.clone());
        answer
    }
}
