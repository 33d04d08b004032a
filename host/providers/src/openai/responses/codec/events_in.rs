//! From the stream of a response to canonical events.
//!
//! What is told in pieces is told once more as a whole; servers that leave out the one or the other are understood, too.

use std::collections::{BTreeMap, BTreeSet};

use crate::exchange::answer::{Delta, Event, Opening, Start};
use crate::exchange::codec::DecodeEvents;
use crate::exchange::fields::Fields;
use crate::exchange::json::{Json, Object, Text};
use crate::exchange::place::Place;
use crate::exchange::refused::{Refused, Unreadable};
use crate::exchange::request::{Block, Part};
use crate::sse::SseEvent;

use super::answer::{decode_call, decode_item, finish, in_chat};
use super::items::{BETWEEN, thought_text};
use super::response::decode_usage;
use super::{annotations, failure};

#[derive(Default)]
pub(super) struct Decoder {
    started: bool,
    ended: bool,
    /// Parts that were opened.
    parts: u64,
    /// By item and part of it.
    told: BTreeMap<Key, Told>,
    /// Items that were told as a whole.
    done: BTreeSet<u64>,
    calls: bool,
    refused: bool,
}

/// The item, and the part of it; items that have none have the first.
type Key = (u64, u64);

/// What was told of a part by now.
struct Told {
    part: u64,
    /// Bytes.
    length: usize,
    is_open: bool,
    cited: bool,
    /// By which kind of event a thought is told: some servers tell it twice.
    voice: String,
}

impl DecodeEvents for Decoder {
    fn decode(&mut self, event: &SseEvent, out: &mut Vec<Event>) -> Result<(), Unreadable> {
        // Not this API's, but some servers end every stream with it.
        if self.ended || event.data.trim() == "[DONE]" {
            return Ok(());
        }
        let data = Json::read(event.data.as_bytes())?;
        let kind = data.at(&["type"]).and_then(Json::as_str).map(str::to_owned);
        let kind = kind.or_else(|| event.name.clone()).unwrap_or_default();
        let has_error = data.at(&["error"]).is_some_and(|error| !error.is_null());
        if matches!(&*kind, "error" | "response.failed") || has_error {
            out.push(Event::Error(failure::streamed(&data)));
            return Ok(());
        }
        let fields = Fields::of(data, Place::BODY)?;
        Sink { decoder: self, out }.event(&kind, fields)?;
        Ok(())
    }

    /// A stream without its last event was cut.
    fn close(&mut self, _out: &mut Vec<Event>) {}
}

/// Where events go.
struct Sink<'s> {
    decoder: &'s mut Decoder,
    out: &'s mut Vec<Event>,
}

impl Sink<'_> {
    fn event(&mut self, kind: &str, mut fields: Fields<'_, '_>) -> Result<(), Refused> {
        let item = fields.count("output_index")?.unwrap_or(0);
        let part = fields.count("content_index")?.unwrap_or(0);
        let key = (item, part);
        match kind {
            "response.created" | "response.in_progress" | "response.queued" => self.start(&mut fields)?,
            "response.output_item.added" => self.added(item, &mut fields)?,
            "response.output_item.done" => {
                let whole = fields.take("item").ok_or_else(|| fields.missing("item"))?;
                self.whole(item, whole)?;
            }
            "response.content_part.added" => self.part_added(key, &mut fields)?,
            "response.content_part.done" => self.close(key),
            "response.output_text.delta" => {
                self.say(key, Opening::Text, taken(&mut fields, "delta")?);
                let list = fields.list("logprobs")?.unwrap_or_default();
                if !list.is_empty() {
                    let entries = in_chat(list).into_owned();
                    self.out.push(Event::LogProbabilities { choice: 0, entries });
                }
            }
            "response.output_text.done" => self.rest(key, Opening::Text, &taken(&mut fields, "text")?),
            "response.output_text.annotation.added" => {
                if let Some(annotation) = fields.take("annotation") {
                    self.cite(key, annotation)?;
                }
            }
            "response.refusal.delta" => self.say(key, Opening::Refusal, taken(&mut fields, "delta")?),
            "response.refusal.done" => self.rest(key, Opening::Refusal, &taken(&mut fields, "refusal")?),
            "response.function_call_arguments.delta" => {
                self.argue((item, 0), taken(&mut fields, "delta")?);
            }
            "response.function_call_arguments.done" => {
                self.rest_of_arguments((item, 0), &taken(&mut fields, "arguments")?);
            }
            "response.reasoning_summary_part.added" if self.has_told((item, 0)) => {
                self.think(item, "response.reasoning_summary_text.delta", BETWEEN.to_owned());
            }
            "response.reasoning_summary_text.delta" | "response.reasoning_text.delta" => {
                self.think(item, kind, taken(&mut fields, "delta")?);
            }
            "response.completed" | "response.incomplete" | "response.cancelled" => self.end(&mut fields)?,
            // There are more kinds, and may be others some day.
            _ => {}
        }
        Ok(())
    }

    fn start(&mut self, fields: &mut Fields<'_, '_>) -> Result<(), Refused> {
        let response = fields.object("response")?.unwrap_or_default();
        let mut response = Fields::of_object(response, Place::BODY.key("response"));
        if std::mem::replace(&mut self.decoder.started, true) {
            return Ok(());
        }
        let (id, model) = (taken(&mut response, "id")?, taken(&mut response, "model")?);
        let created = response.count("created_at")?;
        self.out.push(Event::Start(Start { id, model, created, fingerprint: None }));
        Ok(())
    }

    /// Not every server begins with its beginning.
    fn ensure_start(&mut self) {
        if !std::mem::replace(&mut self.decoder.started, true) {
            self.out.push(Event::Start(Start::default()));
        }
    }

    /// Only calls begin with their item: of others it says nothing yet.
    fn added(&mut self, index: u64, fields: &mut Fields<'_, '_>) -> Result<(), Refused> {
        let Some(Json::Object(item)) = fields.take("item") else { return Ok(()) };
        if item.get("type").and_then(Json::as_str) == Some("function_call") {
            let mut item = Fields::of_object(item, Place::BODY.key("item"));
            self.call(index, &mut item)?;
        }
        Ok(())
    }

    fn call(&mut self, index: u64, item: &mut Fields<'_, '_>) -> Result<String, Refused> {
        let call = decode_call(item)?;
        self.decoder.calls = true;
        let (id, name) = (call.id.into_owned(), call.name.into_owned());
        self.ensure((index, 0), Opening::ToolCall { id, name, signature: None });
        Ok(call.arguments.into_owned())
    }

    fn part_added(&mut self, key: Key, fields: &mut Fields<'_, '_>) -> Result<(), Refused> {
        let Some(part) = fields.object("part")? else { return Ok(()) };
        match part.get("type").and_then(Json::as_str) {
            Some("output_text") => {
                self.ensure(key, Opening::Text);
            }
            Some("refusal") => {
                self.ensure(key, Opening::Refusal);
            }
            _ => {}
        }
        Ok(())
    }

    /// The part as it goes on; opens it where it has not begun. `None` where it is closed.
    fn ensure(&mut self, key: Key, opening: Opening) -> Option<&mut Told> {
        if !self.decoder.told.contains_key(&key) {
            self.decoder.refused |= opening == Opening::Refusal;
            let part = self.open(opening);
            let told = Told { part, length: 0, is_open: true, cited: false, voice: String::new() };
            self.decoder.told.insert(key, told);
        }
        self.decoder.told.get_mut(&key).filter(|told| told.is_open)
    }

    fn open(&mut self, opening: Opening) -> u64 {
        self.ensure_start();
        let part = self.decoder.parts;
        self.decoder.parts += 1;
        self.out.push(Event::Open { choice: 0, part, opening });
        part
    }

    fn more(&mut self, key: Key, opening: Opening, length: usize, delta: Delta) {
        let Some(told) = self.ensure(key, opening) else { return };
        told.length += length;
        let part = told.part;
        self.out.push(Event::Delta { choice: 0, part, delta });
    }

    fn say(&mut self, key: Key, opening: Opening, text: String) {
        if text.is_empty() {
            self.ensure(key, opening);
        } else {
            self.more(key, opening, text.len(), Delta::Text(text));
        }
    }

    fn has_told(&self, key: Key) -> bool {
        self.decoder.told.get(&key).is_some_and(|told| told.length > 0)
    }

    /// What was not told in pieces.
    fn left<'t>(&self, key: Key, whole: &'t str) -> &'t str {
        let told = self.decoder.told.get(&key).map_or(0, |told| told.length);
        whole.get(told..).unwrap_or_default()
    }

    fn rest(&mut self, key: Key, opening: Opening, whole: &str) {
        let left = self.left(key, whole);
        self.say(key, opening, left.to_owned());
    }

    /// Arguments of a call that has begun; of others the name is not known yet.
    fn argue(&mut self, key: Key, arguments: String) {
        if !arguments.is_empty() && self.decoder.told.contains_key(&key) {
            self.more(key, Opening::Text, arguments.len(), Delta::Arguments(arguments));
        }
    }

    fn rest_of_arguments(&mut self, key: Key, whole: &str) {
        let left = self.left(key, whole);
        self.argue(key, left.to_owned());
    }

    fn think(&mut self, item: u64, voice: &str, text: String) {
        if text.is_empty() {
            return;
        }
        let Some(told) = self.ensure((item, 0), Opening::Reasoning) else { return };
        if told.voice.is_empty() {
            told.voice.push_str(voice);
        }
        if told.voice == voice {
            self.more((item, 0), Opening::Reasoning, text.len(), Delta::Text(text));
        }
    }

    fn cite(&mut self, key: Key, annotation: Json<'_>) -> Result<(), Refused> {
        let place = Place::BODY.key("annotation");
        let Some(citation) = annotations::one(annotation.into_owned(), place)? else { return Ok(()) };
        let Some(told) = self.ensure(key, Opening::Text) else { return Ok(()) };
        told.cited = true;
        let part = told.part;
        self.out.push(Event::Delta { choice: 0, part, delta: Delta::Citation(Box::new(citation)) });
        Ok(())
    }

    fn close(&mut self, key: Key) {
        let Some(told) = self.decoder.told.get_mut(&key) else { return };
        if std::mem::replace(&mut told.is_open, false) {
            let part = told.part;
            self.out.push(Event::Close { choice: 0, part });
        }
    }

    fn close_item(&mut self, index: u64) {
        let open = self.decoder.told.range((index, 0)..=(index, u64::MAX));
        let keys: Vec<Key> = open.map(|(key, _)| *key).collect();
        keys.into_iter().for_each(|key| self.close(key));
    }

    /// An item as a whole: what was not told in pieces follows.
    fn whole(&mut self, index: u64, item: Json<'_>) -> Result<(), Refused> {
        if !self.decoder.done.insert(index) {
            return Ok(());
        }
        let mut item = Fields::of(item, Place::BODY.key("item"))?;
        match item.get("type").and_then(Json::as_str).unwrap_or_default() {
            "message" => self.message(index, &mut item)?,
            "function_call" => {
                let arguments = self.call(index, &mut item)?;
                self.rest_of_arguments((index, 0), &arguments);
            }
            "reasoning" => self.thought(index, &mut item)?,
            _ => {
                for part in decode_item(item, &mut Vec::new())? {
                    self.at_once(part);
                }
                return Ok(());
            }
        }
        self.close_item(index);
        Ok(())
    }

    fn message(&mut self, index: u64, message: &mut Fields<'_, '_>) -> Result<(), Refused> {
        for (content, part) in message.list("content")?.unwrap_or_default().into_iter().enumerate() {
            let key = (index, content as u64);
            let mut part = Fields::of(part, Place::BODY.key("content"))?;
            match &*part.text("type")?.unwrap_or_default() {
                "output_text" => {
                    self.rest(key, Opening::Text, &taken(&mut part, "text")?);
                    let is_cited = self.decoder.told.get(&key).is_some_and(|told| told.cited);
                    let list = part.list("annotations")?.unwrap_or_default();
                    for annotation in list.into_iter().filter(|_| !is_cited) {
                        self.cite(key, annotation)?;
                    }
                }
                "refusal" => self.rest(key, Opening::Refusal, &taken(&mut part, "refusal")?),
                _ => {}
            }
        }
        Ok(())
    }

    /// What its provider sealed of a thought is one of its own, since nobody else has both in one.
    fn thought(&mut self, index: u64, item: &mut Fields<'_, '_>) -> Result<(), Refused> {
        let text = thought_text(item)?;
        if self.left((index, 0), &text) == text && !text.is_empty() {
            self.say((index, 0), Opening::Reasoning, text.into_owned());
        }
        self.close_item(index);
        if let Some(sealed) = item.text("encrypted_content")?.filter(|sealed| !sealed.is_empty()) {
            let part = self.open(Opening::Reasoning);
            let delta = Delta::Redacted(sealed.into_owned());
            self.out.push(Event::Delta { choice: 0, part, delta });
            self.out.push(Event::Close { choice: 0, part });
        }
        Ok(())
    }

    fn at_once(&mut self, part: Part<'_>) {
        let Some(block) = owned(part) else { return };
        let part = self.open(Opening::Whole(Box::new(block)));
        self.out.push(Event::Close { choice: 0, part });
    }

    fn end(&mut self, fields: &mut Fields<'_, '_>) -> Result<(), Refused> {
        let response = fields.object("response")?.unwrap_or_default();
        let mut response = Fields::of_object(response, Place::BODY.key("response"));
        for (index, item) in response.list("output")?.unwrap_or_default().into_iter().enumerate() {
            self.whole(index as u64, item)?;
        }
        self.ensure_start();
        let keys: Vec<Key> = self.decoder.told.keys().copied().collect();
        keys.into_iter().for_each(|key| self.close(key));
        let details = response.object("incomplete_details")?.unwrap_or_default();
        let reason = details.get("reason").and_then(Json::as_str);
        let status = response.text("status")?;
        let Decoder { calls, refused, .. } = *self.decoder;
        let finish = finish(status.as_deref(), reason, calls, refused);
        self.out.extend(finish.map(|finish| Event::Finish { choice: 0, finish }));
        self.out.extend(response.text("service_tier")?.map(|tier| Event::ServiceTier(tier.into_owned())));
        self.out.extend(response.take("usage").as_ref().and_then(decode_usage).map(Event::Usage));
        self.decoder.ended = true;
        self.out.push(Event::End);
        Ok(())
    }
}

/// The text of a field; empty where there is none.
fn taken(fields: &mut Fields<'_, '_>, key: &str) -> Result<String, Refused> {
    Ok(fields.text(key)?.map(Text::into_owned).unwrap_or_default())
}

/// A part that comes at once, with strings of its own.
fn owned(part: Part<'_>) -> Option<Block<'static>> {
    let part = match part {
        Part::Own { kind, spec } => {
            let own =
                |(key, value): (Text<'_>, Json<'_>)| (Text::Owned(key.into_owned()), value.into_owned());
            let spec: Object<'static> = spec.into_entries().map(own).collect();
            Part::Own { kind: Text::Owned(kind.into_owned()), spec }
        }
        Part::Media(media) => Part::Media(super::parts::owned_picture(media)?),
        _ => return None,
    };
    Some(Block::new(part))
}
