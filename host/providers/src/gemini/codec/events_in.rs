//! From the stream of streamGenerateContent to canonical events. Each event is a whole answer with what is new.

use std::collections::BTreeMap;

use tidegate_contract::Usage;

use crate::exchange::answer::{Delta, Event, Finish, Opening, Start};
use crate::exchange::codec::DecodeEvents;
use crate::exchange::fields::Fields;
use crate::exchange::json::{Json, Text};
use crate::exchange::parts::{Parts, Spoken};
use crate::exchange::place::Place;
use crate::exchange::refused::{Refused, Unreadable};
use crate::exchange::request::{Block, Citation, Part, Thought, ToolCall};
use crate::sse::SseEvent;

use super::answer::{call_prefix, decode_finish, decode_tier, decode_usage, is_blocked};
use super::parts::{self, Calls};
use super::{failure, grounding, time, tokens};

#[derive(Default)]
pub(super) struct Decoder {
    started: bool,
    ended: bool,
    id: String,
    usage: Option<Usage>,
    tier: Option<String>,
    choices: BTreeMap<u64, Choice>,
}

/// What is known of a choice by now.
#[derive(Default)]
struct Choice {
    parts: Parts,
    /// All that was said, in which citations have their places.
    text: String,
    calls: Calls<'static>,
    /// `groundingMetadata` and `citationMetadata`, as they came.
    sources: Vec<(Option<Json<'static>>, Option<Json<'static>>)>,
    finish: Option<String>,
}

impl DecodeEvents for Decoder {
    fn decode(&mut self, event: &SseEvent, out: &mut Vec<Event>) -> Result<(), Unreadable> {
        if self.ended {
            return Ok(());
        }
        let data = Json::read(event.data.as_bytes())?;
        if let Some(failure) = failure::decode(0, &data) {
            self.ended = true;
            out.push(Event::Error(failure));
            return Ok(());
        }
        let mut fields = Fields::of(data, Place::BODY)?;
        self.start(&mut fields, out)?;
        let feedback = fields.take("promptFeedback");
        for (position, candidate) in fields.list("candidates")?.unwrap_or_default().into_iter().enumerate() {
            self.candidate(Fields::of(candidate, Place::BODY.key("candidates"))?, position as u64, out)?;
        }
        if self.choices.is_empty() && feedback.as_ref().is_some_and(is_blocked) {
            self.choices.insert(0, Choice { finish: Some("SAFETY".into()), ..Choice::default() });
        }
        self.usage(fields.take("usageMetadata"), out);
        Ok(())
    }

    /// There is no last event: the stream is whole where each choice has told why it ends.
    fn close(&mut self, out: &mut Vec<Event>) {
        let is_whole =
            !self.choices.is_empty() && self.choices.values().all(|choice| choice.finish.is_some());
        if !is_whole || std::mem::replace(&mut self.ended, true) {
            return;
        }
        for (&choice, known) in &mut self.choices {
            let finish = known.finish.take().unwrap_or_default();
            let mut sink = Sink { choice, known, out };
            sink.cite();
            sink.close_said();
            let finish: Finish<'static> = decode_finish(&finish, known.calls.count() > 0);
            out.push(Event::Finish { choice, finish });
        }
        out.push(Event::End);
    }
}

impl Decoder {
    fn start(&mut self, fields: &mut Fields<'_, '_>, out: &mut Vec<Event>) -> Result<(), Refused> {
        let owned = |text: Option<Text<'_>>| text.unwrap_or_default().into_owned();
        let (id, model) = (owned(fields.text("responseId")?), owned(fields.text("modelVersion")?));
        let created = fields.text("createTime")?.as_deref().and_then(time::read);
        if !std::mem::replace(&mut self.started, true) {
            self.id.clone_from(&id);
            out.push(Event::Start(Start { id, model, created, fingerprint: None }));
        }
        Ok(())
    }

    /// Every event says what is used by then; what is new is told.
    fn usage(&mut self, usage: Option<Json<'_>>, out: &mut Vec<Event>) {
        let Some(counts) = usage else { return };
        let tier = decode_tier(&counts);
        if tier.is_some() && tier != self.tier {
            out.extend(tier.clone().map(Event::ServiceTier));
            self.tier = tier;
        }
        let usage = decode_usage(&counts);
        if usage.is_some() && usage != self.usage {
            self.usage = usage;
            out.extend(usage.map(Event::Usage));
        }
    }

    fn candidate(
        &mut self,
        mut candidate: Fields<'_, '_>,
        position: u64,
        out: &mut Vec<Event>,
    ) -> Result<(), Refused> {
        let index = candidate.count("index")?.unwrap_or(position);
        let id = &self.id;
        let begun = || Choice { calls: Calls::new(call_prefix(id, index)), ..Choice::default() };
        let known = self.choices.entry(index).or_insert_with(begun);
        let mut sink = Sink { choice: index, known, out };
        let place = candidate.place();
        if let Some(content) = candidate.object("content")? {
            let mut content = Fields::of_object(content, place.key("content"));
            for part in parts::list(&mut content)? {
                sink.part(part, content.place())?;
            }
        }
        if let Some(entries) = candidate.take("logprobsResult").and_then(tokens::decode) {
            sink.out.push(Event::LogProbabilities { choice: index, entries: entries.into_owned() });
        }
        let mut sources = |key: &str| candidate.take(key).map(Json::into_owned);
        let sources = (sources("groundingMetadata"), sources("citationMetadata"));
        if sources.0.is_some() || sources.1.is_some() {
            sink.known.sources.push(sources);
        }
        let finish = candidate.text("finishReason")?.filter(|word| word != "FINISH_REASON_UNSPECIFIED");
        sink.known.finish = finish.map(Text::into_owned).or(sink.known.finish.take());
        Ok(())
    }
}

/// Where the events of one choice go.
struct Sink<'s> {
    choice: u64,
    known: &'s mut Choice,
    out: &'s mut Vec<Event>,
}

impl Sink<'_> {
    fn part(&mut self, part: Json<'_>, place: Place<'_>) -> Result<(), Refused> {
        for block in parts::decode(part.into_owned(), place, &mut self.known.calls, &mut Vec::new())? {
            match block.part {
                Part::Text(text) => self.text(text.into_owned()),
                Part::Reasoning(thought) => self.thought(thought),
                Part::ToolCall(call) => self.call(call),
                part @ Part::Media(_) => self.whole(Opening::Whole(Box::new(Block::new(part))), None),
                // No model answers with it.
                Part::Cited { .. } | Part::Refusal(_) | Part::ToolResult(_) | Part::Own { .. } => {}
            }
        }
        Ok(())
    }

    fn text(&mut self, text: String) {
        if !text.is_empty() {
            self.known.text.push_str(&text);
            let part = self.say(Spoken::Text);
            self.out.push(Event::Delta { choice: self.choice, part, delta: Delta::Text(text) });
        }
    }

    /// A signature ends its thought.
    fn thought(&mut self, thought: Thought<'_>) {
        let Thought { text, signature, redacted: _ } = thought;
        if text.is_empty() && signature.is_none() {
            return;
        }
        let (choice, part) = (self.choice, self.say(Spoken::Reasoning));
        if !text.is_empty() {
            self.out.push(Event::Delta { choice, part, delta: Delta::Text(text.into_owned()) });
        }
        if let Some(signature) = signature {
            self.out.push(Event::Delta { choice, part, delta: Delta::Signature(signature.into_owned()) });
            self.close_said();
        }
    }

    fn call(&mut self, call: ToolCall<'static>) {
        let ToolCall { id, name, arguments, signature } = call;
        let signature = signature.map(Text::into_owned);
        let opening = Opening::ToolCall { id: id.into_owned(), name: name.into_owned(), signature };
        self.whole(opening, Some(Delta::Arguments(arguments.into_owned())));
    }

    /// A part that comes at once.
    fn whole(&mut self, opening: Opening, delta: Option<Delta>) {
        self.close_said();
        let (choice, part) = (self.choice, self.open(opening));
        self.out.extend(delta.map(|delta| Event::Delta { choice, part, delta }));
        self.out.push(Event::Close { choice, part });
    }

    fn say(&mut self, spoken: Spoken) -> u64 {
        self.known.parts.say(self.choice, spoken, self.out)
    }

    /// What the text rests on is known only when all is said.
    fn cite(&mut self) {
        let mut told: Vec<Citation<'static>> = Vec::new();
        for (grounding, citation) in std::mem::take(&mut self.known.sources) {
            for one in grounding::decode(grounding, citation, &self.known.text) {
                if !told.contains(&one) {
                    told.push(one);
                }
            }
        }
        for citation in told {
            let (choice, part) = (self.choice, self.say(Spoken::Text));
            let delta = Delta::Citation(Box::new(citation));
            self.out.push(Event::Delta { choice, part, delta });
        }
    }

    fn open(&mut self, opening: Opening) -> u64 {
        self.known.parts.open(self.choice, opening, self.out)
    }

    fn close_said(&mut self) {
        self.known.parts.close_said(self.choice, self.out);
    }
}

#[cfg(test)]
#[path = "events_tests.rs"]
mod tests;
