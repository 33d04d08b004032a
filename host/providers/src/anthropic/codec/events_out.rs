//! From canonical events to the stream of a message.

use std::collections::BTreeMap;

use serde::de::IgnoredAny;
use tidegate_contract::{Dialect, Usage};

use crate::exchange::answer::{Delta, Event, Finish, Opening, Start};
use crate::exchange::codec::{Asked, EncodeEvents, error_event};
use crate::exchange::json::{Json, Object, Text, object};
use crate::exchange::request::{Block, Part};
use crate::sse::SseEvent;

use super::answer::{call_id, encode_finish, encode_usage, id, shown, stop_details};
use super::{citations, parts};

pub(super) struct Encoder {
    asked: Asked,
    /// What the stream begins with, until it is told; what was used may come right behind it.
    start: Option<Start>,
    usage: Option<Usage>,
    service_tier: Option<String>,
    finish: Option<Finish<'static>>,
    parts: BTreeMap<u64, Kind>,
    /// Blocks that were opened.
    blocks: u64,
    calls: bool,
    /// Why the model declines, until it is known whether a filter says so.
    refusal: String,
    is_over: bool,
}

/// What a part is, and its block, where one is open.
enum Kind {
    Text(Option<u64>),
    Reasoning(Option<u64>),
    Refusal,
    Call { block: Option<u64>, arguments: String },
    Whole,
}

impl Kind {
    fn block(&mut self) -> Option<&mut Option<u64>> {
        match self {
            Self::Text(block) | Self::Reasoning(block) | Self::Call { block, .. } => Some(block),
            Self::Refusal | Self::Whole => None,
        }
    }

    /// The block that is open; no longer so afterwards, unless it is a call's whose arguments are not whole yet: two that go on
    /// beside each other.
    fn make_way(&mut self) -> Option<u64> {
        match self {
            Self::Call { block: Some(_), arguments }
                if serde_json::from_str::<IgnoredAny>(arguments).is_err() =>
            {
                None
            }
            _ => self.block()?.take(),
        }
    }
}

impl Encoder {
    pub(super) fn new(asked: &Asked) -> Self {
        Self {
            asked: asked.clone(),
            start: Some(Start::default()),
            usage: None,
            service_tier: None,
            finish: None,
            parts: BTreeMap::new(),
            blocks: 0,
            calls: false,
            refusal: String::new(),
            is_over: false,
        }
    }

    fn begin(&mut self, out: &mut Vec<SseEvent>) {
        let Some(Start { id: own, model, created: _, fingerprint: _ }) = self.start.take() else { return };
        let message = object! {
            "id": id(Text::Owned(own), &self.asked),
            "type": "message",
            "role": "assistant",
            "model": if model.is_empty() { self.asked.model.clone() } else { model },
            "content": Vec::<Json<'_>>::new(),
            "stop_reason": Json::Null,
            "stop_sequence": Json::Null,
            "usage": encode_usage(self.usage.as_ref(), self.service_tier.as_deref()),
        };
        out.push(event("message_start", object! { "message": message }));
    }

    fn open(&mut self, part: u64, opening: Opening, out: &mut Vec<SseEvent>) {
        let kind = match opening {
            // Their blocks begin with the first word.
            Opening::Text => Kind::Text(None),
            Opening::Reasoning => Kind::Reasoning(None),
            Opening::Refusal => Kind::Refusal,
            Opening::ToolCall { id, name, signature: _ } => {
                self.calls = true;
                let id = call_id(Text::Owned(id), &self.asked, self.blocks as usize);
                let input = Object::default();
                let call = object! { "type": "tool_use", "id": id, "name": name, "input": input };
                Kind::Call { block: Some(self.start_block(call, out)), arguments: String::new() }
            }
            Opening::Whole(block) => {
                self.whole(*block, out);
                Kind::Whole
            }
        };
        self.parts.insert(part, kind);
    }

    /// Opens the next block. What can be closed is closed before: many a client reads one block after the other.
    fn start_block(&mut self, block: Object<'static>, out: &mut Vec<SseEvent>) -> u64 {
        out.extend(self.parts.values_mut().filter_map(Kind::make_way).map(stop));
        let index = self.blocks;
        self.blocks += 1;
        out.push(event("content_block_start", object! { "index": index, "content_block": block }));
        index
    }

    fn whole(&mut self, block: Block<'static>, out: &mut Vec<SseEvent>) {
        let (block, delta) = match block.part {
            Part::Media(media) => {
                let Some(text) = shown(media) else { return };
                (parts::spoken("".into()), Some(object! { "type": "text_delta", "text": text }))
            }
            Part::Own { kind, mut spec } if parts::is_own(&kind) => {
                let input = spec.take("input").map(|input| input.to_text());
                if input.is_some() {
                    spec.set("input", Object::default());
                }
                let delta = |json| object! { "type": "input_json_delta", "partial_json": json };
                (parts::typed(kind, spec), input.map(delta))
            }
            _ => return,
        };
        let index = self.start_block(block, out);
        out.extend(delta.map(|delta| more(index, delta)));
        out.push(stop(index));
    }

    fn delta(&mut self, part: u64, delta: Delta, out: &mut Vec<SseEvent>) {
        let Some(kind) = self.parts.get_mut(&part) else { return };
        let (block, delta) = match (kind, delta) {
            (Kind::Text(block), Delta::Text(text)) => {
                (*block, object! { "type": "text_delta", "text": text })
            }
            (Kind::Text(block), Delta::Citation(citation)) => {
                let Some(citation) = citations::encode(*citation) else { return };
                (*block, object! { "type": "citations_delta", "citation": citation })
            }
            (Kind::Reasoning(block), Delta::Text(text)) => {
                (*block, object! { "type": "thinking_delta", "thinking": text })
            }
            (Kind::Reasoning(block), Delta::Signature(signature)) => {
                (*block, object! { "type": "signature_delta", "signature": signature })
            }
            (Kind::Reasoning(block), Delta::Redacted(data)) => {
                // A thought that was told already ends before the one that nobody can read.
                out.extend(block.take().map(stop));
                return self.redacted(part, data, out);
            }
            (Kind::Call { block: Some(block), arguments }, Delta::Arguments(more)) => {
                arguments.push_str(&more);
                (Some(*block), object! { "type": "input_json_delta", "partial_json": more })
            }
            (Kind::Refusal, Delta::Text(text)) => return self.refusal.push_str(&text),
            _ => return,
        };
        let index = match block {
            Some(index) => index,
            None => self.start_said(part, out),
        };
        out.push(more(index, delta));
    }

    /// The block of words or thoughts, which may have been closed by another in between.
    fn start_said(&mut self, part: u64, out: &mut Vec<SseEvent>) -> u64 {
        let is_thought = matches!(self.parts.get(&part), Some(Kind::Reasoning(_)));
        let block = if is_thought {
            object! { "type": "thinking", "thinking": "", "signature": "" }
        } else {
            parts::spoken("".into())
        };
        let index = self.start_block(block, out);
        if let Some(block) = self.parts.get_mut(&part).and_then(Kind::block) {
            *block = Some(index);
        }
        index
    }

    fn redacted(&mut self, part: u64, data: String, out: &mut Vec<SseEvent>) {
        let index = self.start_block(object! { "type": "redacted_thinking", "data": data }, out);
        if let Some(block) = self.parts.get_mut(&part).and_then(Kind::block) {
            *block = Some(index);
        }
    }

    fn close(&mut self, part: u64, out: &mut Vec<SseEvent>) {
        let kind = self.parts.remove(&part);
        out.extend(kind.and_then(|mut kind| kind.block()?.take()).map(stop));
    }

    fn end(&mut self, out: &mut Vec<SseEvent>) {
        out.extend(self.parts.values_mut().filter_map(|kind| kind.block()?.take()).map(stop));
        let refusal = std::mem::take(&mut self.refusal);
        let mut details = None;
        match &self.finish {
            _ if refusal.is_empty() => {}
            Some(Finish::ContentFilter) => details = Some(stop_details(Text::Owned(refusal))),
            _ => {
                let index = self.start_block(parts::spoken("".into()), out);
                out.push(more(index, object! { "type": "text_delta", "text": refusal }));
                out.push(stop(index));
            }
        }
        let (reason, sequence) = encode_finish(self.finish.take(), self.calls);
        let mut delta = object! { "stop_reason": reason, "stop_sequence": sequence };
        delta.set_some("stop_details", details);
        let usage = encode_usage(self.usage.as_ref(), None);
        out.push(event("message_delta", object! { "delta": delta, "usage": usage }));
        out.push(event("message_stop", Object::default()));
        self.is_over = true;
    }
}

impl EncodeEvents for Encoder {
    fn encode(&mut self, event: Event, out: &mut Vec<SseEvent>) {
        match event {
            _ if self.is_over => return,
            Event::Start(start) if self.start.is_some() => return self.start = Some(start),
            Event::Usage(usage) => return self.usage = Some(usage),
            Event::ServiceTier(tier) => return self.service_tier = Some(tier),
            Event::Error(failure) => {
                self.is_over = true;
                return out.push(error_event(Dialect::Anthropic, &failure));
            }
            _ => self.begin(out),
        }
        match event {
            Event::Open { choice: 0, part, opening } => self.open(part, opening, out),
            Event::Delta { choice: 0, part, delta } => self.delta(part, delta, out),
            Event::Close { choice: 0, part } => self.close(part, out),
            Event::Finish { choice: 0, finish } => self.finish = Some(finish),
            Event::Ping => out.push(self::event("ping", Object::default())),
            Event::End => self.end(out),
            // The API has one answer to a request, and no log probabilities.
            _ => {}
        }
    }
}

fn more(index: u64, delta: Object<'static>) -> SseEvent {
    event("content_block_delta", object! { "index": index, "delta": delta })
}

fn stop(index: u64) -> SseEvent {
    event("content_block_stop", object! { "index": index })
}

fn event(kind: &'static str, fields: Object<'static>) -> SseEvent {
    let data = Json::from(parts::typed(Text::Borrowed(kind), fields)).to_text();
    SseEvent { name: Some(kind.to_owned()), data, ..SseEvent::default() }
}
