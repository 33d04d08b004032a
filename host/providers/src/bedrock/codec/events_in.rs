//! From the stream of ConverseStream to canonical events.

use std::collections::BTreeMap;

use crate::exchange::answer::{Delta, Event, Opening, Start};
use crate::exchange::codec::DecodeEvents;
use crate::exchange::json::{Json, object};
use crate::exchange::place::Place;
use crate::exchange::refused::Unreadable;
use crate::exchange::request::{Block, MediaKind, Part};
use crate::sse::SseEvent;

use super::answer::{decode_finish, decode_stop, decode_tier, decode_usage};
use super::{citations, failure, media};

/// Converse answers once.
const CHOICE: u64 = 0;

#[derive(Default)]
pub(super) struct Decoder {
    started: bool,
    stopped: bool,
    counted: bool,
    ended: bool,
    /// Parts that were opened.
    parts: u64,
    /// By the index that the provider gives them.
    open: BTreeMap<u64, Open>,
}

/// A block that goes on.
enum Open {
    Said(Kind, u64),
    /// An image, which is whole at its end: its format and data.
    Image(String, String),
    /// What the provider has run itself; nothing of it is told.
    Own,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Reasoning,
    Call,
}

impl DecodeEvents for Decoder {
    fn decode(&mut self, event: &SseEvent, out: &mut Vec<Event>) -> Result<(), Unreadable> {
        let name = event.name.as_deref().unwrap_or_default();
        if self.ended {
            return Ok(());
        }
        if failure::is_error(name) {
            self.ended = true;
            // What cannot be read of it is still an error.
            let data = Json::read(event.data.as_bytes()).unwrap_or(Json::Null);
            out.push(Event::Error(failure::decode_event(name, &data)));
            return Ok(());
        }
        let data = Json::read(event.data.as_bytes())?;
        let index = data.at(&["contentBlockIndex"]).and_then(Json::as_u64).unwrap_or(0);
        match name {
            "messageStart" => self.start(out),
            "contentBlockStart" => self.begin(index, &data, out),
            "contentBlockDelta" => self.more(index, data, out)?,
            "contentBlockStop" => self.close_block(index, out),
            "messageStop" => self.stop(&data, out),
            "metadata" => self.count(&data, out),
            // What is added to the API later.
            _ => {}
        }
        Ok(())
    }

    fn close(&mut self, out: &mut Vec<Event>) {
        if self.stopped {
            self.end(out);
        }
    }
}

impl Decoder {
    fn start(&mut self, out: &mut Vec<Event>) {
        if !std::mem::replace(&mut self.started, true) {
            out.push(Event::Start(Start::default()));
        }
    }

    /// Only calls and images say that they begin.
    fn begin(&mut self, index: u64, data: &Json<'_>, out: &mut Vec<Event>) {
        self.start(out);
        let text = |path: &[&str]| data.at(path).and_then(Json::as_str).unwrap_or_default().to_owned();
        let begun = |key: &str| data.at(&["start", key]).is_some_and(|start| !start.is_null());
        if begun("toolUse") {
            let is_own = !text(&["start", "toolUse", "type"]).is_empty();
            let (id, name) = (text(&["start", "toolUse", "toolUseId"]), text(&["start", "toolUse", "name"]));
            self.close_block(index, out);
            if is_own {
                self.open.insert(index, Open::Own);
            } else {
                self.open(index, Kind::Call, Opening::ToolCall { id, name, signature: None }, out);
            }
        } else if begun("image") {
            self.close_block(index, out);
            self.open.insert(index, Open::Image(text(&["start", "image", "format"]), String::new()));
        } else if begun("toolResult") {
            self.close_block(index, out);
            self.open.insert(index, Open::Own);
        }
    }

    fn more(&mut self, index: u64, data: Json<'_>, out: &mut Vec<Event>) -> Result<(), Unreadable> {
        self.start(out);
        let Some(delta) = data.at(&["delta"]) else { return Ok(()) };
        let text = |path: &[&str]| delta.at(path).and_then(Json::as_str).map(str::to_owned);
        if let Some(Open::Own) = self.open.get(&index) {
            return Ok(());
        }
        if let Some(Open::Image(_, known)) = self.open.get_mut(&index) {
            known.push_str(&text(&["image", "source", "bytes"]).unwrap_or_default());
            return Ok(());
        }
        let is_said = |text: &String| !text.is_empty();
        if let Some(text) = text(&["text"]).filter(is_said) {
            self.say(index, Kind::Text, Delta::Text(text), out);
        }
        if let Some(input) = text(&["toolUse", "input"]).filter(is_said) {
            self.say(index, Kind::Call, Delta::Arguments(input), out);
        }
        let thoughts = [("text", Delta::Text as fn(String) -> Delta), ("signature", Delta::Signature)];
        for (key, delta) in
            thoughts.into_iter().chain([("redactedContent", Delta::Redacted as fn(String) -> Delta)])
        {
            if let Some(text) = text(&["reasoningContent", key]).filter(is_said) {
                self.say(index, Kind::Reasoning, delta(text), out);
            }
        }
        if let Some(citation) = delta.at(&["citation"]).filter(|citation| !citation.is_null()) {
            let citation = citations::decode(citation.clone().into_owned(), Place::BODY.key("citation"))?;
            self.say(index, Kind::Text, Delta::Citation(Box::new(citation)), out);
        }
        Ok(())
    }

    /// More of a block; one of another kind under the same index is over then.
    fn say(&mut self, index: u64, kind: Kind, delta: Delta, out: &mut Vec<Event>) {
        let part = match self.open.get(&index) {
            Some(Open::Said(known, part)) if *known == kind => *part,
            _ => {
                self.close_block(index, out);
                let opening = match kind {
                    Kind::Text => Opening::Text,
                    Kind::Reasoning => Opening::Reasoning,
                    // A call whose beginning nobody has seen.
                    Kind::Call => return,
                };
                self.open(index, kind, opening, out)
            }
        };
        out.push(Event::Delta { choice: CHOICE, part, delta });
    }

    fn open(&mut self, index: u64, kind: Kind, opening: Opening, out: &mut Vec<Event>) -> u64 {
        let part = self.parts;
        self.parts += 1;
        self.open.insert(index, Open::Said(kind, part));
        out.push(Event::Open { choice: CHOICE, part, opening });
        part
    }

    fn close_block(&mut self, index: u64, out: &mut Vec<Event>) {
        match self.open.remove(&index) {
            Some(Open::Said(_, part)) => out.push(Event::Close { choice: CHOICE, part }),
            Some(Open::Image(format, data)) => self.image(&format, data, out),
            Some(Open::Own) | None => {}
        }
    }

    fn image(&mut self, format: &str, data: String, out: &mut Vec<Event>) {
        let source = object! { "bytes": data };
        let block = object! { "format": format.to_owned(), "source": source };
        let read = media::decode(MediaKind::Image, block.into(), Place::BODY, &mut Vec::new());
        // A format that nobody knows cannot be shown.
        let Ok(media) = read else { return };
        let part = self.parts;
        self.parts += 1;
        let opening = Opening::Whole(Box::new(Block::new(Part::Media(media))));
        out.push(Event::Open { choice: CHOICE, part, opening });
        out.push(Event::Close { choice: CHOICE, part });
    }

    fn stop(&mut self, data: &Json<'_>, out: &mut Vec<Event>) {
        let open: Vec<u64> = self.open.keys().copied().collect();
        open.into_iter().for_each(|index| self.close_block(index, out));
        let reason = data.at(&["stopReason"]).and_then(Json::as_str).unwrap_or_default();
        let finish = decode_finish(reason, decode_stop(data));
        out.push(Event::Finish { choice: CHOICE, finish });
        self.stopped = true;
        if self.counted {
            self.end(out);
        }
    }

    /// Comes last, and says what was used.
    fn count(&mut self, data: &Json<'_>, out: &mut Vec<Event>) {
        out.extend(data.at(&["usage"]).and_then(decode_usage).map(Event::Usage));
        out.extend(data.at(&["serviceTier"]).and_then(decode_tier).map(Event::ServiceTier));
        self.counted = true;
        if self.stopped {
            self.end(out);
        }
    }

    fn end(&mut self, out: &mut Vec<Event>) {
        if !std::mem::replace(&mut self.ended, true) {
            out.push(Event::End);
        }
    }
}
