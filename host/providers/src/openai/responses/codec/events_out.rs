//! From canonical events to the stream of a response.

use std::collections::BTreeMap;

use tidegate_contract::Usage;

use crate::exchange::answer::{Delta, Event, Failure, Finish, Opening, Start};
use crate::exchange::codec::{Asked, EncodeEvents};
use crate::exchange::json::{Json, Object, Text, object};
use crate::exchange::request::{Block, Citation, Part, Thought, ToolCall};
use crate::sse::SseEvent;

use super::answer::entries;
use super::growing::{Content, Ended, Growing, Item, Said};
use super::response::{Response, id, outcome};
use super::{annotations, failure, output, own, parts};

pub(super) struct Encoder {
    asked: Asked,
    id: String,
    model: String,
    created: u64,
    service_tier: Option<String>,
    usage: Option<Usage>,
    finish: Option<Finish<'static>>,
    begun: bool,
    is_over: bool,
    /// The number of the next event.
    number: u64,
    items: Vec<Growing>,
    /// Where each part that is open goes on: its item, and its place in the content of a message.
    parts: BTreeMap<u64, (usize, usize)>,
}

impl Encoder {
    pub(super) fn new(asked: &Asked) -> Self {
        Self {
            id: id(Text::Borrowed(""), asked).into_owned(),
            model: asked.model.clone(),
            created: asked.now,
            asked: asked.clone(),
            service_tier: None,
            usage: None,
            finish: None,
            begun: false,
            is_over: false,
            number: 0,
            items: Vec::new(),
            parts: BTreeMap::new(),
        }
    }

    fn send(&mut self, kind: &'static str, fields: Object<'static>, out: &mut Vec<SseEvent>) {
        let mut event = output::typed(Text::Borrowed(kind), fields);
        event.set("sequence_number", self.number);
        self.number += 1;
        let data = Json::from(event).to_text();
        out.push(SseEvent { name: Some(kind.to_owned()), data, ..SseEvent::default() });
    }

    /// An event of an item, which says which.
    fn of_item(
        &mut self,
        kind: &'static str,
        index: usize,
        fields: Object<'static>,
        out: &mut Vec<SseEvent>,
    ) {
        let id = self.items.get(index).map(|item| item.id.clone());
        let place = object! { "item_id": id, "output_index": index as u64 };
        self.send(kind, place.into_entries().chain(fields.into_entries()).collect(), out);
    }

    /// An event of a part of a message.
    fn of_part(
        &mut self,
        kind: &'static str,
        (index, content): (usize, usize),
        fields: Object<'static>,
        out: &mut Vec<SseEvent>,
    ) {
        let place = object! { "content_index": content as u64 };
        self.of_item(kind, index, place.into_entries().chain(fields.into_entries()).collect(), out);
    }

    fn start(&mut self, start: Start) {
        let Start { id, model, created, fingerprint: _ } = start;
        self.id = self::id(Text::Owned(id), &self.asked).into_owned();
        if !model.is_empty() {
            self.model = model;
        }
        self.created = created.unwrap_or(self.created);
    }

    fn begin(&mut self, out: &mut Vec<SseEvent>) {
        if std::mem::replace(&mut self.begun, true) {
            return;
        }
        for kind in ["response.created", "response.in_progress"] {
            let response = self.response("in_progress", None, None);
            self.send(kind, object! { "response": response }, out);
        }
    }

    fn response(
        &self,
        status: &'static str,
        reason: Option<&'static str>,
        error: Option<Object<'static>>,
    ) -> Object<'static> {
        let is_over = status != "in_progress";
        let response = Response {
            id: self.id.clone().into(),
            created: self.created,
            model: self.model.clone().into(),
            service_tier: self.service_tier.clone().map(Text::Owned),
            status,
            reason,
            error,
            output: self.items.iter().map(|item| item.now("incomplete")).collect(),
            usage: self.usage.filter(|_| is_over),
        };
        response.write(&self.asked)
    }

    fn open(&mut self, part: u64, opening: Opening, out: &mut Vec<SseEvent>) {
        let place = match opening {
            Opening::Text => self.open_said(Said::text(), out),
            Opening::Refusal => self.open_said(Said::refusal(), out),
            Opening::Reasoning => (self.add(Item::Reasoning(Thought::default()), out), 0),
            Opening::ToolCall { id, name, signature } => {
                if let Some(signature) = signature {
                    self.add(Item::Signature(signature), out);
                }
                let id = output::call_id(Text::Owned(id), &self.asked, self.items.len());
                let call = ToolCall { id, name: name.into(), ..ToolCall::default() };
                (self.add(Item::Call(call), out), 0)
            }
            Opening::Whole(block) => return self.whole(part, *block, out),
        };
        if let Some(item) = self.items.get_mut(place.0) {
            item.open += 1;
        }
        self.parts.insert(part, place);
    }

    fn whole(&mut self, part: u64, block: Block<'static>, out: &mut Vec<SseEvent>) {
        match block.part {
            Part::Media(media) => match parts::encode_picture(media) {
                Ok(call) => {
                    self.add(Item::Whole("ig", call), out);
                }
                Err(Some(words)) => {
                    self.open(part, Opening::Text, out);
                    self.delta(part, Delta::Text(words), out);
                }
                Err(None) => {}
            },
            Part::Own { kind, spec } if own::is_call(&kind) || own::is_result(&kind) => {
                self.add(Item::Whole("", output::typed(kind, spec)), out);
            }
            // Only another API knows it, or no model answers with it.
            _ => {}
        }
    }

    /// Begins an item. Those before it are whole, unless something goes on in them.
    fn add(&mut self, item: Item, out: &mut Vec<SseEvent>) -> usize {
        self.settle("completed", out);
        let index = self.items.len();
        let item = Growing::new(item, &self.asked, index);
        let begun = item.begun();
        self.items.push(item);
        self.send("response.output_item.added", object! { "output_index": index as u64, "item": begun }, out);
        index
    }

    /// A part of the message that goes on, or of a new one.
    fn open_said(&mut self, said: Said, out: &mut Vec<SseEvent>) -> (usize, usize) {
        let goes_on = self.items.last().is_some_and(|item| item.goes_on());
        let index = if goes_on { self.items.len() - 1 } else { self.add(Item::Message(Vec::new()), out) };
        let part = said.part();
        let content = self.items.get_mut(index).and_then(|item| item.push(said)).unwrap_or_default();
        self.of_part("response.content_part.added", (index, content), object! { "part": part }, out);
        (index, content)
    }

    fn delta(&mut self, part: u64, delta: Delta, out: &mut Vec<SseEvent>) {
        let Some(&place @ (index, content)) = self.parts.get(&part) else { return };
        let Some(item) = self.items.get_mut(index) else { return };
        match (item.content(content), delta) {
            (Content::Text(text, _), Delta::Text(more)) => {
                text.push_str(&more);
                let fields = object! { "delta": more, "logprobs": Vec::<Json<'_>>::new() };
                self.of_part("response.output_text.delta", place, fields, out);
            }
            (Content::Text(..), Delta::Citation(citation)) => self.cite(place, *citation, out),
            (Content::Refusal(text), Delta::Text(more)) => {
                text.push_str(&more);
                self.of_part("response.refusal.delta", place, object! { "delta": more }, out);
            }
            (Content::Call(call), Delta::Arguments(more)) => {
                call.arguments.to_mut().push_str(&more);
                self.of_item("response.function_call_arguments.delta", index, object! { "delta": more }, out);
            }
            (Content::Thought(thought), Delta::Text(more)) => {
                let begins = thought.text.is_empty();
                thought.text.to_mut().push_str(&more);
                self.think(index, more, begins, out);
            }
            (Content::Thought(thought), Delta::Signature(more)) => {
                thought.signature.get_or_insert_default().to_mut().push_str(&more);
            }
            (Content::Thought(thought), Delta::Redacted(more)) => {
                thought.redacted.get_or_insert_default().to_mut().push_str(&more);
            }
            _ => {}
        }
    }

    fn think(&mut self, index: usize, more: String, begins: bool, out: &mut Vec<SseEvent>) {
        if begins {
            let part = object! { "summary_index": 0, "part": output::summary_part("") };
            self.of_item("response.reasoning_summary_part.added", index, part, out);
        }
        let fields = object! { "summary_index": 0, "delta": more };
        self.of_item("response.reasoning_summary_text.delta", index, fields, out);
    }

    fn cite(&mut self, place: (usize, usize), citation: Citation<'static>, out: &mut Vec<SseEvent>) {
        let Some(item) = self.items.get_mut(place.0) else { return };
        let Content::Text(text, said) = item.content(place.1) else { return };
        let Some(annotation) = annotations::encode(citation, text.chars().count() as u64) else { return };
        let index = said.annotations.len() as u64;
        said.annotations.push(annotation.clone());
        let fields = object! { "annotation_index": index, "annotation": annotation };
        self.of_part("response.output_text.annotation.added", place, fields, out);
    }

    /// The probabilities of words that were told just before.
    fn probabilities(&mut self, list: Vec<Json<'static>>, out: &mut Vec<SseEvent>) {
        let Some(&place) = self.parts.values().next_back() else { return };
        let Some(item) = self.items.get_mut(place.0) else { return };
        let Content::Text(_, said) = item.content(place.1) else { return };
        said.probabilities.extend(list.iter().cloned());
        self.of_part("response.output_text.delta", place, object! { "delta": "", "logprobs": list }, out);
    }

    fn close(&mut self, part: u64, out: &mut Vec<SseEvent>) {
        if self.calls_with_nothing(part) {
            self.delta(part, Delta::Arguments(output::NOTHING.to_owned()), out);
        }
        let Some(place @ (index, content)) = self.parts.remove(&part) else { return };
        let last = self.items.len().saturating_sub(1);
        let Some(item) = self.items.get_mut(index) else { return };
        item.open = item.open.saturating_sub(1);
        let ended = item.ended(content);
        for Ended { kind, fields, of_part } in ended {
            if of_part {
                self.of_part(kind, place, fields, out);
            } else {
                self.of_item(kind, index, fields, out);
            }
        }
        if index < last {
            self.settle_one(index, "completed", out);
        }
    }

    fn calls_with_nothing(&mut self, part: u64) -> bool {
        let item = self.parts.get(&part).and_then(|(index, _)| self.items.get_mut(*index));
        let content = item.map(|item| item.content(0));
        matches!(content, Some(Content::Call(call)) if call.arguments.is_empty())
    }

    /// Ends the items in which nothing goes on.
    fn settle(&mut self, status: &'static str, out: &mut Vec<SseEvent>) {
        let last = self.items.len().saturating_sub(1);
        for index in 0..self.items.len() {
            let is_last = index == last;
            self.settle_one(index, if is_last { status } else { "completed" }, out);
        }
    }

    fn settle_one(&mut self, index: usize, status: &'static str, out: &mut Vec<SseEvent>) {
        let Some(item) = self.items.get_mut(index) else { return };
        if item.open > 0 || item.done.is_some() {
            return;
        }
        let done = item.now(status);
        item.done = Some(done.clone());
        self.send("response.output_item.done", object! { "output_index": index as u64, "item": done }, out);
    }

    fn end(&mut self, out: &mut Vec<SseEvent>) {
        while let Some(&part) = self.parts.keys().next() {
            self.close(part, out);
        }
        let (status, reason) = outcome(self.finish.as_ref());
        self.settle(status, out);
        let kind = if status == "completed" { "response.completed" } else { "response.incomplete" };
        let response = self.response(status, reason, None);
        self.send(kind, object! { "response": response }, out);
        self.is_over = true;
    }

    /// Some clients look for the one event, some for the other.
    fn fail(&mut self, failure: &Failure, out: &mut Vec<SseEvent>) {
        self.send("error", failure::event(failure), out);
        let response = self.response("failed", None, Some(failure::of_response(failure)));
        self.send("response.failed", object! { "response": response }, out);
        self.is_over = true;
    }
}

impl EncodeEvents for Encoder {
    fn encode(&mut self, event: Event, out: &mut Vec<SseEvent>) {
        match event {
            _ if self.is_over => return,
            Event::Usage(usage) => return self.usage = Some(usage),
            Event::ServiceTier(tier) => return self.service_tier = Some(tier),
            Event::Start(start) if !self.begun => {
                self.start(start);
                return self.begin(out);
            }
            _ => self.begin(out),
        }
        match event {
            Event::Open { choice: 0, part, opening } => self.open(part, opening, out),
            Event::Delta { choice: 0, part, delta } => self.delta(part, delta, out),
            Event::Close { choice: 0, part } => self.close(part, out),
            Event::LogProbabilities { choice: 0, entries: list } => {
                let list = entries(list);
                if !list.is_empty() {
                    self.probabilities(list, out);
                }
            }
            Event::Finish { choice: 0, finish } => self.finish = Some(finish),
            Event::Error(failure) => self.fail(&failure, out),
            Event::End => self.end(out),
            // The API has one answer to a request, and no event that only says that the line is open.
            _ => {}
        }
    }
}
