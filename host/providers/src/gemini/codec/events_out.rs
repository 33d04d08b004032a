//! From canonical events to the stream of streamGenerateContent. Calls are said whole.

use std::collections::BTreeMap;

use tidegate_contract::Usage;

use crate::exchange::answer::{Delta, Event, Finish, Opening, Start};
use crate::exchange::codec::{Asked, EncodeEvents};
use crate::exchange::json::{Json, Object, object};
use crate::exchange::request::{Citation, Part, ToolCall};
use crate::sse::SseEvent;

use super::answer::{encode_finish, encode_usage};
use super::parts_out::{Turn, media};
use super::{Gemini, failure, grounding, time, tokens};

pub(super) struct Encoder {
    id: String,
    model: String,
    created: Option<u64>,
    /// Parts that are open.
    parts: BTreeMap<(u64, u64), Kind>,
    choices: BTreeMap<u64, Choice>,
    usage: Option<Usage>,
    service_tier: Option<String>,
}

enum Kind {
    /// From which character of the text on, and what it rests on.
    Text {
        from: u64,
        citations: Vec<Citation<'static>>,
    },
    /// Whether it has words.
    Reasoning(bool),
    Call(ToolCall<'static>),
    Whole,
}

/// What the last event says of a choice.
#[derive(Default)]
struct Choice {
    text: String,
    citations: Vec<Citation<'static>>,
    finish: Option<Finish<'static>>,
}

impl Encoder {
    pub(super) fn new(asked: &Asked) -> Self {
        Self {
            id: asked.id.clone(),
            model: asked.model.clone(),
            created: None,
            parts: BTreeMap::new(),
            choices: BTreeMap::new(),
            usage: None,
            service_tier: None,
        }
    }

    fn chunk(&self, candidates: Vec<Object<'static>>) -> Object<'static> {
        let mut chunk = object! { "candidates": candidates, "modelVersion": self.model.clone() };
        chunk.set_some("createTime", self.created.map(time::write));
        chunk.set("responseId", self.id.clone());
        chunk
    }

    fn say(&self, choice: u64, parts: Vec<Object<'static>>, out: &mut Vec<SseEvent>) {
        if !parts.is_empty() {
            let content = object! { "parts": parts, "role": "model" };
            out.push(data(self.chunk(vec![object! { "content": content, "index": choice }])));
        }
    }

    fn start(&mut self, start: Start) {
        let Start { id, model, created, fingerprint: _ } = start;
        if !id.is_empty() {
            self.id = id;
        }
        if !model.is_empty() {
            self.model = model;
        }
        self.created = created;
    }

    fn open(&mut self, (choice, part): (u64, u64), opening: Opening, out: &mut Vec<SseEvent>) {
        let kind = match opening {
            Opening::Text | Opening::Refusal => {
                let from = self.choices.entry(choice).or_default().text.chars().count() as u64;
                Kind::Text { from, citations: Vec::new() }
            }
            Opening::Reasoning => Kind::Reasoning(false),
            Opening::ToolCall { id, name, signature } => Kind::Call(ToolCall {
                id: id.into(),
                name: name.into(),
                arguments: String::new().into(),
                signature: signature.map(Into::into),
            }),
            Opening::Whole(block) => {
                if let Part::Media(one) = block.part {
                    self.say(choice, media(Gemini::Studio, one).into_iter().collect(), out);
                }
                Kind::Whole
            }
        };
        self.parts.insert((choice, part), kind);
    }

    fn more(&mut self, place: (u64, u64), delta: Delta, out: &mut Vec<SseEvent>) {
        let Some(kind) = self.parts.get_mut(&place) else { return };
        let part = match (kind, delta) {
            (Kind::Text { .. }, Delta::Text(text)) => {
                self.choices.entry(place.0).or_default().text.push_str(&text);
                object! { "text": text }
            }
            (Kind::Text { citations, .. }, Delta::Citation(citation)) => return citations.push(*citation),
            (Kind::Reasoning(has_words), Delta::Text(text)) => {
                *has_words = true;
                object! { "text": text, "thought": true }
            }
            (Kind::Reasoning(has_words), Delta::Signature(signature)) => {
                let mut part = object! { "text": "" };
                part.set_some("thought", has_words.then_some(true));
                part.set("thoughtSignature", signature);
                part
            }
            (Kind::Call(call), Delta::Arguments(more)) => return call.arguments.to_mut().push_str(&more),
            (Kind::Call(call), Delta::Signature(signature)) => {
                call.signature = Some(signature.into());
                return;
            }
            // What only another provider can read.
            _ => return,
        };
        self.say(place.0, vec![part], out);
    }

    fn close(&mut self, place: (u64, u64), out: &mut Vec<SseEvent>) {
        match self.parts.remove(&place) {
            Some(Kind::Call(call)) => {
                let mut turn = Turn::default();
                turn.call(call, true);
                self.say(place.0, turn.done(), out);
            }
            Some(Kind::Text { from, citations }) => {
                let choice = self.choices.entry(place.0).or_default();
                let to = choice.text.chars().count() as u64;
                let ranged =
                    |one: Citation<'static>| Citation { range: one.range.or(Some((from, to))), ..one };
                choice.citations.extend(citations.into_iter().map(ranged));
            }
            Some(Kind::Reasoning(_) | Kind::Whole) | None => {}
        }
    }

    /// All that is known at the end stands in one event.
    fn end(&mut self, out: &mut Vec<SseEvent>) {
        let open: Vec<(u64, u64)> = self.parts.keys().copied().collect();
        open.into_iter().for_each(|place| self.close(place, out));
        let candidates = std::mem::take(&mut self.choices).into_iter().map(last).collect();
        let mut chunk = self.chunk(candidates);
        let tier = self.service_tier.take().map(Into::into);
        chunk.set_some("usageMetadata", self.usage.as_ref().map(|usage| encode_usage(usage, tier)));
        out.push(data(chunk));
    }
}

fn last((index, choice): (u64, Choice)) -> Object<'static> {
    let Choice { text, citations, finish } = choice;
    let mut candidate = Object::default();
    // Some clients cannot read a candidate without content, but one that is filtered has none.
    if finish != Some(Finish::ContentFilter) {
        candidate.set("content", object! { "parts": vec![object! { "text": "" }], "role": "model" });
    }
    candidate.set_some("finishReason", finish.as_ref().map(encode_finish));
    candidate.set("index", index);
    candidate.set_some("groundingMetadata", grounding::encode(citations, &text));
    candidate
}

impl EncodeEvents for Encoder {
    fn encode(&mut self, event: Event, out: &mut Vec<SseEvent>) {
        match event {
            Event::Start(start) => self.start(start),
            Event::Open { choice, part, opening } => self.open((choice, part), opening, out),
            Event::Delta { choice, part, delta } => self.more((choice, part), delta, out),
            Event::Close { choice, part } => self.close((choice, part), out),
            Event::LogProbabilities { choice, entries } => {
                if let Some(result) = tokens::encode(entries) {
                    let candidate = object! { "index": choice, "logprobsResult": result };
                    out.push(data(self.chunk(vec![candidate])));
                }
            }
            Event::Finish { choice, finish } => self.choices.entry(choice).or_default().finish = Some(finish),
            Event::Usage(usage) => self.usage = Some(usage),
            Event::ServiceTier(tier) => self.service_tier = Some(tier),
            Event::Ping => {}
            Event::Error(failure) => out.push(data(failure::encode(&failure))),
            Event::End => self.end(out),
        }
    }
}

fn data(chunk: Object<'static>) -> SseEvent {
    SseEvent { data: Json::from(chunk).to_text(), ..SseEvent::default() }
}
