//! What was written of a stream, and how it ends when it was blocked.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use tidegate_contract::Event;

use crate::stream::named;

/// What was written so far.
#[derive(Debug, Default)]
pub(super) struct Written {
    begun: bool,
    /// Blocks that are not closed.
    open: BTreeSet<u64>,
    /// The last count of what the model said.
    output_tokens: u64,
    stopped: bool,
    over: bool,
}

impl Written {
    /// Remembers what an event says that is written next.
    pub(super) fn note(&mut self, event: &Value) {
        let index = event["index"].as_u64().unwrap_or(0);
        match event["type"].as_str().unwrap_or_default() {
            "message_start" => self.begun = true,
            "content_block_start" => drop(self.open.insert(index)),
            "content_block_stop" => drop(self.open.remove(&index)),
            "message_delta" => self.stopped |= event["delta"]["stop_reason"].is_string(),
            "message_stop" => self.over = true,
            _ => {}
        }
        let counts = ["/usage/output_tokens", "/message/usage/output_tokens"];
        if let Some(count) = counts.iter().find_map(|at| event.pointer(at)?.as_u64()) {
            self.output_tokens = count;
        }
    }

    /// The answer closes what is open, and stops as one that was refused.
    pub(super) fn blocked(&mut self, reason: &str) -> Vec<Event> {
        let mut events = Vec::new();
        if !self.begun {
            events.push(json!({"type": "message_start", "message": {
                "id": "msg_blocked", "type": "message", "role": "assistant", "model": "", "content": [],
                "stop_reason": null, "stop_sequence": null, "usage": {"input_tokens": 0, "output_tokens": 0},
            }}));
        }
        events.extend(self.open.iter().map(|index| json!({"type": "content_block_stop", "index": index})));
        if !self.stopped {
            let details = json!({"type": "refusal", "category": null, "explanation": reason});
            events.push(json!({
                "type": "message_delta",
                "delta": {"stop_reason": "refusal", "stop_sequence": null, "stop_details": details},
                "usage": {"output_tokens": self.output_tokens},
            }));
        }
        if !self.over {
            events.push(json!({"type": "message_stop"}));
        }
        events.iter().map(named).collect()
    }
}
