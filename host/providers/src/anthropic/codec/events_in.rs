//! From the stream of a message to canonical events.

use std::collections::BTreeMap;

use crate::exchange::answer::{Delta, Event, Failure, Finish, Opening, Start};
use crate::exchange::codec::DecodeEvents;
use crate::exchange::fields::Fields;
use crate::exchange::json::{Json, Object, Text};
use crate::exchange::place::Place;
use crate::exchange::refused::{Refused, Unreadable};
use crate::exchange::request::{Block, Part};
use crate::sse::SseEvent;

use super::answer::{Counts, decode_finish, decode_tier, explanation};
use super::{citations, failure, parts};

#[derive(Default)]
pub(super) struct Decoder {
    started: bool,
    ended: bool,
    finished: bool,
    counts: Counts,
    /// Parts that were opened.
    parts: u64,
    /// By the index that the provider gives them.
    open: BTreeMap<u64, Opened>,
}

/// A block that goes on.
struct Opened {
    part: u64,
    kind: Kind,
}

enum Kind {
    Said,
    /// Some servers bring all arguments at once, where others begin with an empty object.
    Call {
        input: Object<'static>,
        has_arguments: bool,
    },
    /// A block of a kind that only this API has; told when it is whole.
    Own {
        kind: Text<'static>,
        spec: Object<'static>,
        input: String,
    },
    /// A kind that nobody knows yet.
    Unknown,
}

impl DecodeEvents for Decoder {
    fn decode(&mut self, event: &SseEvent, out: &mut Vec<Event>) -> Result<(), Unreadable> {
        // Not this API's, but some servers end every stream with it.
        if event.data.trim() == "[DONE]" {
            self.close(out);
            return Ok(());
        }
        let data = Json::read(event.data.as_bytes())?;
        let mut fields = Fields::of(data, Place::BODY)?;
        let said = fields.text("type")?;
        let kind = said.as_deref().or(event.name.as_deref()).unwrap_or_default();
        if kind == "error" || fields.has("error") {
            let failure = failure::decode(0, &Json::Object(fields.rest()));
            let unnamed = || Failure::new(500, "the provider broke the answer off");
            out.push(Event::Error(failure.unwrap_or_else(unnamed)));
            return Ok(());
        }
        if self.ended {
            return Ok(());
        }
        match kind {
            "message_start" => self.start(&mut fields, out)?,
            "content_block_start" => self.open(&mut fields, out)?,
            "content_block_delta" => self.delta(&mut fields, out)?,
            "content_block_stop" => {
                let index = fields.count("index")?.unwrap_or(0);
                self.close_block(index, out);
            }
            "message_delta" => self.finish(&mut fields, out)?,
            "message_stop" => self.end(out),
            "ping" => out.push(Event::Ping),
            // There may be more kinds some day.
            _ => {}
        }
        Ok(())
    }

    fn close(&mut self, out: &mut Vec<Event>) {
        // Not every server says `message_stop`.
        if self.finished {
            self.end(out);
        }
    }
}

impl Decoder {
    fn start(&mut self, fields: &mut Fields<'_, '_>, out: &mut Vec<Event>) -> Result<(), Refused> {
        let message = fields.object("message")?.unwrap_or_default();
        if std::mem::replace(&mut self.started, true) {
            return Ok(());
        }
        let mut message = Fields::of_object(message, Place::BODY.key("message"));
        let owned = |text: Option<Text<'_>>| text.unwrap_or_default().into_owned();
        let (id, model) = (owned(message.text("id")?), owned(message.text("model")?));
        out.push(Event::Start(Start { id, model, ..Start::default() }));
        let usage = message.take("usage");
        let tier = usage.as_ref().and_then(decode_tier);
        out.extend(tier.map(|tier| Event::ServiceTier(tier.to_owned())));
        self.count(usage, out);
        Ok(())
    }

    /// Not every server says `message_start`.
    fn ensure_start(&mut self, out: &mut Vec<Event>) {
        if !std::mem::replace(&mut self.started, true) {
            out.push(Event::Start(Start::default()));
        }
    }

    fn count(&mut self, usage: Option<Json<'_>>, out: &mut Vec<Event>) {
        let Some(usage) = usage else { return };
        self.counts.add(&usage);
        out.extend(self.counts.usage().map(Event::Usage));
    }

    fn open(&mut self, fields: &mut Fields<'_, '_>, out: &mut Vec<Event>) -> Result<(), Refused> {
        let index = fields.count("index")?.unwrap_or(0);
        self.close_block(index, out);
        let block = fields.object("content_block")?.ok_or_else(|| fields.missing("content_block"))?;
        let mut block = Fields::of_object(block, Place::BODY.key("content_block"));
        let kind = block.text("type")?.unwrap_or_default();
        let (opening, deltas, kind) = match &*kind {
            "text" => (Opening::Text, said(&mut block, "text")?, Kind::Said),
            "thinking" => {
                let mut deltas = said(&mut block, "thinking")?;
                deltas.extend(signature(&mut block)?);
                (Opening::Reasoning, deltas, Kind::Said)
            }
            "redacted_thinking" => {
                let data = block.text("data")?.unwrap_or_default().into_owned();
                (Opening::Reasoning, vec![Delta::Redacted(data)], Kind::Said)
            }
            "tool_use" => {
                let (id, name) = (block.text("id")?.unwrap_or_default(), block.need_text("name")?);
                let input = block.object("input")?.map(owned).unwrap_or_default();
                let opening =
                    Opening::ToolCall { id: id.into_owned(), name: name.into_owned(), signature: None };
                (opening, Vec::new(), Kind::Call { input, has_arguments: false })
            }
            _ => {
                let spec = owned(block.rest());
                let known = parts::is_own(&kind);
                let kind = Text::Owned(kind.into_owned());
                let kind = if known { Kind::Own { kind, spec, input: String::new() } } else { Kind::Unknown };
                self.open.insert(index, Opened { part: 0, kind });
                return Ok(());
            }
        };
        let part = self.begin(opening, out);
        out.extend(deltas.into_iter().map(|delta| Event::Delta { choice: 0, part, delta }));
        self.open.insert(index, Opened { part, kind });
        Ok(())
    }

    fn begin(&mut self, opening: Opening, out: &mut Vec<Event>) -> u64 {
        self.ensure_start(out);
        let part = self.parts;
        self.parts += 1;
        out.push(Event::Open { choice: 0, part, opening });
        part
    }

    fn delta(&mut self, fields: &mut Fields<'_, '_>, out: &mut Vec<Event>) -> Result<(), Refused> {
        let index = fields.count("index")?.unwrap_or(0);
        let Some(Opened { part, kind }) = self.open.get_mut(&index) else { return Ok(()) };
        let delta = fields.object("delta")?.ok_or_else(|| fields.missing("delta"))?;
        let mut delta = Fields::of_object(delta, Place::BODY.key("delta"));
        let deltas = match (&*delta.text("type")?.unwrap_or_default(), kind) {
            ("text_delta", Kind::Said) => said(&mut delta, "text")?,
            ("thinking_delta", Kind::Said) => said(&mut delta, "thinking")?,
            ("signature_delta", Kind::Said) => signature(&mut delta)?,
            ("citations_delta", Kind::Said) => {
                let citation = delta.take("citation").ok_or_else(|| delta.missing("citation"))?;
                cited(citation)?
            }
            ("input_json_delta", Kind::Call { has_arguments, .. }) => {
                let more = delta.text("partial_json")?.filter(|more| !more.is_empty());
                *has_arguments |= more.is_some();
                more.map(|more| Delta::Arguments(more.into_owned())).into_iter().collect()
            }
            ("input_json_delta", Kind::Own { input, .. }) => {
                input.push_str(&delta.text("partial_json")?.unwrap_or_default());
                Vec::new()
            }
            _ => Vec::new(),
        };
        let part = *part;
        out.extend(deltas.into_iter().map(|delta| Event::Delta { choice: 0, part, delta }));
        Ok(())
    }

    fn close_block(&mut self, index: u64, out: &mut Vec<Event>) {
        let Some(Opened { mut part, kind }) = self.open.remove(&index) else { return };
        match kind {
            Kind::Said | Kind::Call { has_arguments: true, .. } => {}
            Kind::Call { input, has_arguments: false } => {
                // A call without arguments has an empty object of them, which this API need not say.
                let delta = Delta::Arguments(Json::from(input).to_text());
                out.push(Event::Delta { choice: 0, part, delta });
            }
            Kind::Own { kind, mut spec, input } => {
                let input = Json::read(input.as_bytes()).ok().map(Json::into_owned);
                spec.set_some("input", input);
                let block = Block::new(Part::Own { kind, spec });
                part = self.begin(Opening::Whole(Box::new(block)), out);
            }
            Kind::Unknown => return,
        }
        out.push(Event::Close { choice: 0, part });
    }

    fn finish(&mut self, fields: &mut Fields<'_, '_>, out: &mut Vec<Event>) -> Result<(), Refused> {
        let delta = fields.object("delta")?.unwrap_or_default();
        let mut delta = Fields::of_object(delta, Place::BODY.key("delta"));
        let sequence = delta.text("stop_sequence")?.map(|sequence| Text::Owned(sequence.into_owned()));
        self.ensure_start(out);
        if let Some(word) = delta.text("stop_reason")? {
            self.close_all(out);
            if let Some(text) = explanation(&delta) {
                let part = self.begin(Opening::Refusal, out);
                out.push(Event::Delta { choice: 0, part, delta: Delta::Text(text.to_owned()) });
                out.push(Event::Close { choice: 0, part });
            }
            let finish: Finish<'static> = decode_finish(&word, sequence);
            self.finished = true;
            out.push(Event::Finish { choice: 0, finish });
        }
        self.count(fields.take("usage"), out);
        Ok(())
    }

    fn close_all(&mut self, out: &mut Vec<Event>) {
        while let Some(index) = self.open.keys().next().copied() {
            self.close_block(index, out);
        }
    }

    fn end(&mut self, out: &mut Vec<Event>) {
        if !std::mem::replace(&mut self.ended, true) {
            self.close_all(out);
            out.push(Event::End);
        }
    }
}

/// Words under a key, and what they rest on.
fn said(fields: &mut Fields<'_, '_>, key: &str) -> Result<Vec<Delta>, Refused> {
    let text = fields.text(key)?.filter(|text| !text.is_empty());
    let mut deltas: Vec<_> = text.into_iter().map(|text| Delta::Text(text.into_owned())).collect();
    for citation in fields.list("citations")?.unwrap_or_default() {
        deltas.extend(cited(citation)?);
    }
    Ok(deltas)
}

fn signature(fields: &mut Fields<'_, '_>) -> Result<Vec<Delta>, Refused> {
    let signature = fields.text("signature")?.filter(|signature| !signature.is_empty());
    Ok(signature.into_iter().map(|signature| Delta::Signature(signature.into_owned())).collect())
}

fn cited(citation: Json<'_>) -> Result<Vec<Delta>, Refused> {
    let citation = citations::one(citation.into_owned(), Place::BODY.key("citation"))?;
    Ok(citation.into_iter().map(|citation| Delta::Citation(Box::new(citation))).collect())
}

fn owned(object: Object<'_>) -> Object<'static> {
    let owned = |(key, value): (Text<'_>, Json<'_>)| (Text::Owned(key.into_owned()), value.into_owned());
    object.into_entries().map(owned).collect()
}
