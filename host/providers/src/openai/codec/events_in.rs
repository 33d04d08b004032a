//! From the stream of a chat completion to canonical events.

use std::collections::BTreeMap;

use crate::exchange::answer::{Delta, Event, Finish, Opening, Start};
use crate::exchange::codec::DecodeEvents;
use crate::exchange::fields::Fields;
use crate::exchange::json::{Json, Text};
use crate::exchange::parts::{Parts, Spoken};
use crate::exchange::place::Place;
use crate::exchange::refused::{Refused, Unreadable};
use crate::sse::SseEvent;

use super::answer::{decode_finish, decode_usage, thought};
use super::{failure, parts};

#[derive(Default)]
pub(super) struct Decoder {
    started: bool,
    ended: bool,
    choices: BTreeMap<u64, Choice>,
}

/// What is known of a choice by now.
#[derive(Default)]
struct Choice {
    parts: Parts,
    /// By the index that the provider gives them.
    calls: BTreeMap<u64, Call>,
    refused: bool,
    finish: Option<Finish<'static>>,
}

struct Call {
    part: u64,
    id: String,
}

impl DecodeEvents for Decoder {
    fn decode(&mut self, event: &SseEvent, out: &mut Vec<Event>) -> Result<(), Unreadable> {
        if event.data.trim() == "[DONE]" {
            self.end(out);
            return Ok(());
        }
        let data = Json::read(event.data.as_bytes())?;
        if data.at(&["error"]).is_some_and(|error| !error.is_null()) || event.name.as_deref() == Some("error")
        {
            out.extend(failure::decode(0, &data).map(Event::Error));
            return Ok(());
        }
        let mut fields = Fields::of(data, Place::BODY)?;
        self.start(&mut fields, out)?;
        for choice in fields.list("choices")?.unwrap_or_default() {
            self.choice(Fields::of(choice, Place::BODY.key("choices"))?, out)?;
        }
        out.extend(fields.text("service_tier")?.map(|tier| Event::ServiceTier(tier.into_owned())));
        out.extend(fields.take("usage").as_ref().and_then(decode_usage).map(Event::Usage));
        Ok(())
    }

    fn close(&mut self, out: &mut Vec<Event>) {
        // Not every server says `[DONE]`.
        if !self.choices.is_empty() && self.choices.values().all(|choice| choice.finish.is_some()) {
            self.end(out);
        }
    }
}

impl Decoder {
    fn start(&mut self, fields: &mut Fields<'_, '_>, out: &mut Vec<Event>) -> Result<(), Refused> {
        let owned = |text: Option<Text<'_>>| text.unwrap_or_default().into_owned();
        let (id, model) = (owned(fields.text("id")?), owned(fields.text("model")?));
        let created = fields.count("created")?;
        let fingerprint = fields.text("system_fingerprint")?.map(Text::into_owned);
        // Azure's first event has no model, and no choice either.
        if !self.started && (!model.is_empty() || fields.has("choices")) {
            self.started = true;
            out.push(Event::Start(Start { id, model, created, fingerprint }));
        }
        Ok(())
    }

    fn choice(&mut self, mut choice: Fields<'_, '_>, out: &mut Vec<Event>) -> Result<(), Refused> {
        let index = choice.count("index")?.unwrap_or(0);
        let known = self.choices.entry(index).or_default();
        let mut sink = Sink { choice: index, known, out };
        let place = choice.place();
        if let Some(delta) = choice.object("delta")? {
            sink.delta(Fields::of_object(delta, place.key("delta")))?;
        }
        if let Some(entries) = choice.take("logprobs") {
            sink.out.push(Event::LogProbabilities { choice: index, entries: entries.into_owned() });
        }
        if let Some(word) = choice.text("finish_reason")? {
            let finish = decode_finish(&word);
            known.finish =
                Some(if known.refused && finish == Finish::Stop { Finish::Refusal } else { finish });
        }
        Ok(())
    }

    /// Only now it is sure that no choice goes on, and that all is told of what was used.
    fn end(&mut self, out: &mut Vec<Event>) {
        if std::mem::replace(&mut self.ended, true) {
            return;
        }
        for (&choice, known) in &mut self.choices {
            let Some(finish) = known.finish.take() else { continue };
            let mut sink = Sink { choice, known, out };
            sink.close_said();
            sink.close_calls();
            out.push(Event::Finish { choice, finish });
        }
        out.push(Event::End);
    }
}

/// Where the events of one choice go.
struct Sink<'s> {
    choice: u64,
    known: &'s mut Choice,
    out: &'s mut Vec<Event>,
}

impl Sink<'_> {
    fn delta(&mut self, mut delta: Fields<'_, '_>) -> Result<(), Refused> {
        if let Some(text) = thought(&mut delta)? {
            self.say(Spoken::Reasoning, text);
        }
        let place = delta.place();
        match delta.take("content") {
            Some(Json::Text(text)) => self.say(Spoken::Text, text),
            Some(Json::List(list)) => list.into_iter().try_for_each(|part| self.part(part, place))?,
            _ => {}
        }
        if let Some(text) = delta.text("refusal")? {
            self.known.refused = true;
            self.say(Spoken::Refusal, text);
        }
        for (position, call) in delta.list("tool_calls")?.unwrap_or_default().into_iter().enumerate() {
            let calls = place.key("tool_calls");
            self.call(Fields::of(call, calls.at(position))?, position as u64)?;
        }
        Ok(())
    }

    /// A part of content that is a list, as some servers answer.
    fn part(&mut self, part: Json<'_>, place: Place<'_>) -> Result<(), Refused> {
        let Json::Object(part) = part else { return Ok(()) };
        let mut part = Fields::of_object(part, place.key("content"));
        self.say(Spoken::Reasoning, parts::thinking(&mut part)?);
        if let Some(signature) = part.text("signature")?.filter(|signature| !signature.is_empty()) {
            let place = self.known.parts.say(self.choice, Spoken::Reasoning, self.out);
            let delta = Delta::Signature(signature.into_owned());
            self.out.push(Event::Delta { choice: self.choice, part: place, delta });
        }
        self.say(Spoken::Text, part.text("text")?.unwrap_or_default());
        Ok(())
    }

    fn say(&mut self, spoken: Spoken, text: Text<'_>) {
        if text.is_empty() {
            return;
        }
        let part = self.known.parts.say(self.choice, spoken, self.out);
        self.out.push(Event::Delta { choice: self.choice, part, delta: Delta::Text(text.into_owned()) });
    }

    /// A part of a call; some servers give all calls the same index, or none: then the id tells them apart.
    fn call(&mut self, mut call: Fields<'_, '_>, position: u64) -> Result<(), Refused> {
        let place = call.place();
        let index = call.count("index")?.unwrap_or(position);
        let id = call.text("id")?.filter(|id| !id.is_empty());
        let signature =
            call.object("extra_content")?.and_then(parts::thought_signature).map(Text::into_owned);
        let Some(function) = call.object("function")? else { return Ok(()) };
        let mut function = Fields::of_object(function, place.key("function"));
        let name = function.text("name")?.unwrap_or_default();
        let arguments = function.take("arguments").map(Json::into_text).unwrap_or_default();
        let begun = self.known.calls.get(&index);
        let goes_on = begun.filter(|begun| id.as_ref().is_none_or(|id| *id == begun.id));
        let part = match goes_on {
            Some(begun) => begun.part,
            None => {
                self.close_said();
                if let Some(other) = self.known.calls.remove(&index) {
                    self.out.push(Event::Close { choice: self.choice, part: other.part });
                }
                let id = id.unwrap_or_default().into_owned();
                let part =
                    self.open(Opening::ToolCall { id: id.clone(), name: name.into_owned(), signature });
                self.known.calls.insert(index, Call { part, id });
                part
            }
        };
        if !arguments.is_empty() {
            let delta = Delta::Arguments(arguments.into_owned());
            self.out.push(Event::Delta { choice: self.choice, part, delta });
        }
        Ok(())
    }

    fn open(&mut self, opening: Opening) -> u64 {
        self.known.parts.open(self.choice, opening, self.out)
    }

    fn close_said(&mut self) {
        self.known.parts.close_said(self.choice, self.out);
    }

    fn close_calls(&mut self) {
        for call in std::mem::take(&mut self.known.calls).into_values() {
            self.out.push(Event::Close { choice: self.choice, part: call.part });
        }
    }
}
