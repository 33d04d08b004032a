//! From canonical events to the stream of ConverseStream.

use tidegate_contract::{Dialect, Usage};

use crate::exchange::answer::{Delta, Event, Finish, Opening};
use crate::exchange::codec::{EncodeEvents, error_event};
use crate::exchange::json::{Json, Object, object};
use crate::exchange::request::{Block, Part};
use crate::sse::SseEvent;

use super::answer::{encode_finish, encode_usage, metrics, shown};
use super::citations;

/// Converse answers once.
const CHOICE: u64 = 0;

#[derive(Default)]
pub(super) struct Encoder {
    /// The block that is written.
    current: Option<Written>,
    /// Of other blocks: clients take them one after the other.
    waiting: Vec<Event>,
    /// Blocks that were written.
    blocks: u64,
    usage: Usage,
    service_tier: Option<String>,
    failed: bool,
}

struct Written {
    part: u64,
    kind: Kind,
    /// Whether something of it was sent.
    begun: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Reasoning,
    /// Arguments of a call, and whether there were any yet.
    Call {
        has_input: bool,
    },
}

impl EncodeEvents for Encoder {
    fn encode(&mut self, event: Event, out: &mut Vec<SseEvent>) {
        if self.failed {
            return;
        }
        match event {
            Event::Start(_) => out.push(named("messageStart", object! { "role": "assistant" })),
            Event::Open { choice, part, .. }
            | Event::Delta { choice, part, .. }
            | Event::Close { choice, part } => {
                if choice == CHOICE {
                    self.of_part(part, event, out);
                }
            }
            Event::Finish { choice, finish } => {
                if choice == CHOICE {
                    self.finish(finish, out);
                }
            }
            Event::Usage(usage) => self.usage = usage,
            Event::ServiceTier(tier) => self.service_tier = Some(tier),
            Event::LogProbabilities { .. } | Event::Ping => {}
            Event::Error(failure) => {
                self.failed = true;
                out.push(error_event(Dialect::Bedrock, &failure));
            }
            Event::End => self.end(out),
        }
    }
}

impl Encoder {
    fn of_part(&mut self, part: u64, event: Event, out: &mut Vec<SseEvent>) {
        if self.current.as_ref().is_some_and(|current| current.part != part) {
            self.waiting.push(event);
            return;
        }
        match event {
            Event::Open { opening, .. } => self.open(part, opening, out),
            Event::Delta { delta, .. } => self.more(delta, out),
            Event::Close { .. } => {
                self.close(out);
                let waiting = std::mem::take(&mut self.waiting);
                waiting.into_iter().for_each(|event| self.encode(event, out));
            }
            _ => {}
        }
    }

    /// Of texts and thoughts only the first piece says that they have begun.
    fn open(&mut self, part: u64, opening: Opening, out: &mut Vec<SseEvent>) {
        let kind = match &opening {
            Opening::ToolCall { .. } => Kind::Call { has_input: false },
            Opening::Reasoning => Kind::Reasoning,
            Opening::Text | Opening::Refusal | Opening::Whole(_) => Kind::Text,
        };
        self.current = Some(Written { part, kind, begun: false });
        match opening {
            Opening::ToolCall { id, name, signature: _ } => {
                let call = object! { "toolUseId": id, "name": name };
                self.block("contentBlockStart", "start", object! { "toolUse": call }, out);
            }
            Opening::Whole(block) => self.whole(*block, out),
            Opening::Text | Opening::Reasoning | Opening::Refusal => {}
        }
    }

    /// A part that comes at once: a picture, or words.
    fn whole(&mut self, block: Block<'static>, out: &mut Vec<SseEvent>) {
        let Part::Media(media) = block.part else { return };
        let Some(mut shown) = shown(media) else { return };
        if let Some(text) = shown.take("text") {
            self.block("contentBlockDelta", "delta", object! { "text": text }, out);
        }
        if let Some(Json::Object(mut image)) = shown.take("image") {
            let format = image.take("format");
            self.block("contentBlockStart", "start", object! { "image": object! { "format": format } }, out);
            let source = object! { "source": image.take("source") };
            self.block("contentBlockDelta", "delta", object! { "image": source }, out);
        }
    }

    fn more(&mut self, delta: Delta, out: &mut Vec<SseEvent>) {
        let Some(current) = &mut self.current else { return };
        let thought = |key: &'static str, text: String| {
            let mut inner = Object::default();
            inner.set(key, text);
            object! { "reasoningContent": inner }
        };
        let delta = match (&mut current.kind, delta) {
            (Kind::Text, Delta::Text(text)) => object! { "text": text },
            (Kind::Text, Delta::Citation(citation)) => object! { "citation": citations::encode(*citation) },
            (Kind::Reasoning, Delta::Text(text)) => thought("text", text),
            (Kind::Reasoning, Delta::Signature(signature)) => thought("signature", signature),
            (Kind::Reasoning, Delta::Redacted(data)) => thought("redactedContent", data),
            (Kind::Call { has_input }, Delta::Arguments(input)) => {
                *has_input |= !input.is_empty();
                object! { "toolUse": object! { "input": input } }
            }
            _ => return,
        };
        self.block("contentBlockDelta", "delta", delta, out);
    }

    /// A part that has said nothing was never a block.
    fn close(&mut self, out: &mut Vec<SseEvent>) {
        let Some(current) = &self.current else { return };
        if current.kind == (Kind::Call { has_input: false }) {
            // Clients read the pieces of arguments as JSON, which none are not.
            let delta = object! { "toolUse": object! { "input": "{}" } };
            self.block("contentBlockDelta", "delta", delta, out);
        }
        if self.current.take().is_some_and(|current| current.begun) {
            out.push(named("contentBlockStop", object! { "contentBlockIndex": self.blocks }));
            self.blocks += 1;
        }
    }

    fn block(
        &mut self,
        name: &'static str,
        key: &'static str,
        value: Object<'static>,
        out: &mut Vec<SseEvent>,
    ) {
        if let Some(current) = &mut self.current {
            current.begun = true;
        }
        let mut data = Object::default();
        data.set(key, value);
        data.set("contentBlockIndex", self.blocks);
        out.push(named(name, data));
    }

    fn finish(&mut self, finish: Finish<'static>, out: &mut Vec<SseEvent>) {
        // Who did not close its parts has said all of them by now.
        while let Some(current) = &self.current {
            let part = current.part;
            self.of_part(part, Event::Close { choice: CHOICE, part }, out);
        }
        let (reason, told) = encode_finish(Some(finish));
        let mut data = object! { "stopReason": reason };
        data.set_some("additionalModelResponseFields", told);
        out.push(named("messageStop", data));
    }

    fn end(&mut self, out: &mut Vec<SseEvent>) {
        let mut data = object! { "usage": encode_usage(&self.usage), "metrics": metrics() };
        data.set_some("serviceTier", self.service_tier.take().map(|tier| object! { "type": tier }));
        out.push(named("metadata", data));
    }
}

fn named(name: &str, data: Object<'static>) -> SseEvent {
    SseEvent { name: Some(name.to_owned()), data: Json::from(data).to_text(), ..SseEvent::default() }
}
