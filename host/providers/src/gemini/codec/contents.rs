//! The turns of a conversation, as the API's contents.

use std::collections::BTreeMap;

use crate::exchange::codec::Codec;
use crate::exchange::json::{Object, Text, object};
use crate::exchange::place::Place;
use crate::exchange::refused::Refused;
use crate::exchange::request::{Block, Message, Part, Role, ToolResult};

use super::Gemini;
use super::config::is_new;
use super::parts_out::{Results, Turn, media, told};

/// What is written of a conversation by now.
pub(super) struct Contents<'a> {
    gemini: Gemini,
    is_new: bool,
    /// Name and place of each call in the conversation, by its id.
    calls: BTreeMap<Text<'a>, (Text<'a>, usize)>,
    system: Vec<Object<'a>>,
    contents: Vec<(Role, Vec<Object<'a>>)>,
}

impl<'a> Contents<'a> {
    pub(super) fn new(gemini: Gemini, model: &str) -> Self {
        let is_new = is_new(model);
        Self { gemini, is_new, calls: BTreeMap::new(), system: Vec::new(), contents: Vec::new() }
    }

    /// Writes `systemInstruction` and `contents`. Messages of one role that follow each other are one turn.
    pub(super) fn write(mut self, messages: Vec<Message<'a>>) -> Result<Object<'a>, Refused> {
        for (index, message) in messages.into_iter().enumerate() {
            // There is no place for the name of a participant.
            let Message { role, name: _, blocks } = message;
            let parts = match role {
                Role::System | Role::Developer => {
                    let parts = system(blocks).map_err(|what| self.unsupported(index, what))?;
                    self.system.extend(parts);
                    continue;
                }
                Role::User => self.user(blocks, index)?,
                Role::Assistant => self.model(blocks).map_err(|what| self.unsupported(index, what))?,
            };
            self.add(role, parts);
        }
        let mut body = Object::default();
        if !self.system.is_empty() {
            body.set("systemInstruction", object! { "parts": self.system });
        }
        let content = |(role, parts): (Role, Vec<Object<'a>>)| {
            object! { "role": if role == Role::Assistant { "model" } else { "user" }, "parts": parts }
        };
        body.set("contents", self.contents.into_iter().map(content).collect::<Vec<_>>());
        Ok(body)
    }

    fn unsupported(&self, index: usize, what: &str) -> Refused {
        Refused::unsupported(format!("messages[{index}]: {what}"), self.gemini.name())
    }

    /// The API refuses contents without parts.
    fn add(&mut self, role: Role, parts: Vec<Object<'a>>) {
        match self.contents.last_mut().filter(|(last, _)| *last == role) {
            Some((_, last)) => last.extend(parts),
            None if parts.is_empty() => {}
            None => self.contents.push((role, parts)),
        }
    }

    fn model(&mut self, blocks: Vec<Block<'a>>) -> Result<Vec<Object<'a>>, &'static str> {
        let mut turn = Turn::default();
        let mut blocks = told(blocks).peekable();
        while let Some(part) = blocks.next() {
            match part {
                Part::Text(text) | Part::Cited { text, .. } | Part::Refusal(text) => turn.text(text),
                Part::Reasoning(thought) => turn.thought(thought, blocks.peek()),
                Part::Media(one) => turn.push(media(self.gemini, one)?),
                Part::ToolCall(call) => {
                    let place = self.calls.len();
                    self.calls.insert(call.id.clone(), (call.name.clone(), place));
                    turn.call(call, self.gemini == Gemini::Studio);
                }
                Part::ToolResult(_) => return Err("a tool's result in what the assistant said"),
                Part::Own { .. } => return Err("a call of a tool that another provider runs"),
            }
        }
        if self.is_new {
            turn.sign_first_call();
        }
        Ok(turn.done())
    }

    fn user(&self, mut blocks: Vec<Block<'a>>, index: usize) -> Result<Vec<Object<'a>>, Refused> {
        if self.gemini == Gemini::Vertex {
            // Without ids, results answer calls in order.
            blocks.sort_by_key(|block| self.order(block));
        }
        let unsupported = |what| self.unsupported(index, what);
        let mut turn = Turn::default();
        let mut beside = Vec::new();
        for block in blocks {
            match block.part {
                Part::Text(text) | Part::Cited { text, .. } | Part::Refusal(text) => turn.text(text),
                Part::Media(mut one) => {
                    let context = one.context.take();
                    context.into_iter().for_each(|context| turn.text(context));
                    turn.push(media(self.gemini, one).map_err(unsupported)?);
                }
                Part::ToolResult(result) => {
                    let name = self.name(&result, index)?;
                    let results = Results { gemini: self.gemini, hold_media: self.is_new };
                    let (response, media) = results.write(result, name).map_err(unsupported)?;
                    turn.push(response);
                    beside.extend(media);
                }
                Part::Reasoning(_) => return Err(unsupported("a thought in what the user said")),
                Part::ToolCall(_) => return Err(unsupported("a call in what the user said")),
                Part::Own { .. } => return Err(unsupported("a block that only another provider knows")),
            }
        }
        beside.into_iter().for_each(|media| turn.push(media));
        Ok(turn.done())
    }

    fn order(&self, block: &Block<'_>) -> usize {
        match &block.part {
            Part::ToolResult(result) => {
                self.calls.get(&result.id).map_or(usize::MAX - 1, |(_, place)| *place)
            }
            _ => usize::MAX,
        }
    }

    /// The name of the tool, which the API wants said again.
    fn name(&self, result: &ToolResult<'a>, index: usize) -> Result<Text<'a>, Refused> {
        let called = self.calls.get(&result.id).map(|(name, _)| name.clone());
        called.or_else(|| result.name.clone()).ok_or_else(|| {
            let messages = Place::BODY.key("messages");
            let cause = format_args!("answers the call \"{}\", but no earlier message makes one", result.id);
            Refused::invalid(&messages.at(index), cause)
        })
    }
}

fn system(blocks: Vec<Block<'_>>) -> Result<Vec<Object<'_>>, &'static str> {
    fn text(block: Block<'_>) -> Result<Object<'_>, &'static str> {
        match block.part {
            Part::Text(text) | Part::Cited { text, .. } | Part::Refusal(text) => Ok(object! { "text": text }),
            _ => Err("anything but text in what the system says"),
        }
    }
    blocks.into_iter().map(text).collect()
}
