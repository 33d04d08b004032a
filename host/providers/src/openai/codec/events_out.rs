//! From canonical events to the stream of a chat completion.

use std::collections::BTreeMap;

use tidegate_contract::{Dialect, Usage};

use crate::exchange::answer::{Delta, Event, Opening, Start};
use crate::exchange::codec::{Asked, EncodeEvents, error_event};
use crate::exchange::json::{Json, Object, Text, object};
use crate::exchange::request::{Part, Thought};
use crate::sse::SseEvent;

use super::answer::{annotation, encode_finish, encode_usage, shown};
use super::encode::extra;

pub(super) struct Encoder {
    asked: Asked,
    id: String,
    model: String,
    created: u64,
    fingerprint: Option<String>,
    service_tier: Option<String>,
    /// What each part of each choice is.
    parts: BTreeMap<(u64, u64), Kind>,
    /// Calls of each choice.
    calls: BTreeMap<u64, u64>,
    usage: Option<Usage>,
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    Text,
    Reasoning,
    Refusal,
    Call(u64),
}

impl Encoder {
    pub(super) fn new(asked: &Asked) -> Self {
        Self {
            id: format!("chatcmpl-{}", asked.id),
            model: asked.model.clone(),
            created: asked.now,
            asked: asked.clone(),
            fingerprint: None,
            service_tier: None,
            parts: BTreeMap::new(),
            calls: BTreeMap::new(),
            usage: None,
        }
    }

    fn chunk<'c>(&'c self, choices: Vec<Json<'c>>) -> Object<'c> {
        let mut chunk = object! {
            "id": &*self.id,
            "object": "chat.completion.chunk",
            "created": self.created,
            "model": &*self.model,
            "choices": choices,
        };
        chunk.set_some("service_tier", self.service_tier.as_deref());
        chunk.set_some("system_fingerprint", self.fingerprint.as_deref());
        chunk
    }

    fn delta(&self, choice: u64, delta: Object<'static>) -> SseEvent {
        let choice = object! { "index": choice, "delta": delta, "finish_reason": Json::Null };
        data(self.chunk(vec![choice.into()]))
    }

    fn start(&mut self, start: Start, out: &mut Vec<SseEvent>) {
        let Start { id, model, created, fingerprint } = start;
        self.id = Some(id).filter(|id| !id.is_empty()).unwrap_or_else(|| std::mem::take(&mut self.id));
        self.model =
            Some(model).filter(|model| !model.is_empty()).unwrap_or_else(|| self.asked.model.clone());
        self.created = created.unwrap_or(self.created);
        self.fingerprint = fingerprint;
        out.push(self.delta(0, object! { "role": "assistant", "content": "", "refusal": Json::Null }));
    }

    fn open(&mut self, (choice, part): (u64, u64), opening: Opening, out: &mut Vec<SseEvent>) {
        let kind = match opening {
            Opening::Text => Kind::Text,
            Opening::Reasoning => Kind::Reasoning,
            Opening::Refusal => Kind::Refusal,
            Opening::ToolCall { id, name, signature } => {
                let calls = self.calls.entry(choice).or_default();
                let index = *calls;
                *calls += 1;
                let function = object! { "name": name, "arguments": "" };
                let mut call = object! { "index": index, "id": id, "type": "function", "function": function };
                call.set_some("extra_content", signature.map(Text::Owned).map(extra));
                out.push(self.delta(choice, object! { "tool_calls": vec![call] }));
                Kind::Call(index)
            }
            Opening::Whole(block) => {
                if let Part::Media(media) = block.part {
                    let text = shown(media).map(Text::into_owned);
                    out.extend(text.map(|text| self.delta(choice, object! { "content": text })));
                }
                Kind::Text
            }
        };
        self.parts.insert((choice, part), kind);
    }

    fn more(&mut self, (choice, part): (u64, u64), delta: Delta, out: &mut Vec<SseEvent>) {
        let Some(kind) = self.parts.get(&(choice, part)).copied() else { return };
        let delta = match (kind, delta) {
            (Kind::Text, Delta::Text(text)) => object! { "content": text },
            (Kind::Reasoning, Delta::Text(text)) => object! { "reasoning_content": text },
            (Kind::Refusal, Delta::Text(text)) => object! { "refusal": text },
            (Kind::Call(index), Delta::Arguments(arguments)) => {
                let call = object! { "index": index, "function": object! { "arguments": arguments } };
                object! { "tool_calls": vec![call] }
            }
            (Kind::Call(index), Delta::Signature(signature)) => {
                let extra = extra(Text::Owned(signature));
                let call = object! { "index": index, "function": object! {}, "extra_content": extra };
                object! { "tool_calls": vec![call] }
            }
            (Kind::Reasoning, Delta::Signature(signature)) => {
                let thought = Thought { signature: Some(signature.into()), ..Thought::default() };
                object! { "thinking_blocks": vec![signed(thought)] }
            }
            (Kind::Reasoning, Delta::Redacted(data)) => {
                let block = object! { "type": "redacted_thinking", "data": data };
                object! { "thinking_blocks": vec![block] }
            }
            (Kind::Text, Delta::Citation(citation)) => {
                let Some(annotation) = annotation(*citation, 0, 0) else { return };
                object! { "annotations": vec![annotation] }
            }
            _ => return,
        };
        out.push(self.delta(choice, delta));
    }

    fn end(&mut self, out: &mut Vec<SseEvent>) {
        if self.asked.stream_usage {
            let mut chunk = self.chunk(Vec::new());
            chunk.set("usage", self.usage.as_ref().map(encode_usage));
            out.push(data(chunk));
        }
        out.push(SseEvent { data: "[DONE]".into(), ..SseEvent::default() });
    }
}

impl EncodeEvents for Encoder {
    fn encode(&mut self, event: Event, out: &mut Vec<SseEvent>) {
        match event {
            Event::Start(start) => self.start(start, out),
            Event::Open { choice, part, opening } => self.open((choice, part), opening, out),
            Event::Delta { choice, part, delta } => self.more((choice, part), delta, out),
            Event::Close { .. } | Event::Ping => {}
            Event::LogProbabilities { choice, entries } => {
                let choice = object! {
                    "index": choice, "delta": object! {}, "logprobs": entries, "finish_reason": Json::Null,
                };
                out.push(data(self.chunk(vec![choice.into()])));
            }
            Event::Finish { choice, finish } => {
                let choice =
                    object! { "index": choice, "delta": object! {}, "finish_reason": encode_finish(&finish) };
                out.push(data(self.chunk(vec![choice.into()])));
            }
            Event::Usage(usage) => self.usage = Some(usage),
            Event::ServiceTier(tier) => self.service_tier = Some(tier),
            Event::Error(failure) => out.push(error_event(Dialect::OpenAi, &failure)),
            Event::End => self.end(out),
        }
    }
}

fn signed(thought: Thought<'static>) -> Object<'static> {
    object! {
        "type": "thinking",
        "thinking": thought.text,
        "signature": thought.signature.unwrap_or_default(),
    }
}

fn data(chunk: Object<'_>) -> SseEvent {
    SseEvent { data: Json::from(chunk).to_text(), ..SseEvent::default() }
}
