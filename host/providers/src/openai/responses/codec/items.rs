//! From the items of a client's response to messages: what the model did until somebody else said something is one, and what
//! tools answered to it is one.

use crate::exchange::fields::Fields;
use crate::exchange::json::{Json, Text};
use crate::exchange::place::Place;
use crate::exchange::refused::Refused;
use crate::exchange::request::{Block, Message, Part, Role, Thought, ToolCall, ToolResult};
use crate::openai::codec::decode::none_of;

use super::decode::Unknown;
use super::sealed::Sealed;
use super::{own, parts};

/// Items of what OpenAI keeps, or by which it changes what is asked; nobody else can make anything of them.
const KEPT: [&str; 5] =
    ["item_reference", "compaction", "compaction_trigger", "configuration_update", "additional_tools"];

/// The system's words, and all that was said since.
pub(super) fn conversation<'a>(
    fields: &mut Fields<'a, '_>,
    unknown: &mut Unknown,
) -> Result<Vec<Message<'a>>, Refused> {
    let mut read = Conversation::default();
    if let Some(instructions) = fields.text("instructions")?.filter(|words| !words.is_empty()) {
        read.say(Role::System, vec![Block::new(Part::Text(instructions))]);
    }
    let place = fields.place();
    let place = place.key("input");
    match fields.take("input") {
        Some(Json::Text(text)) => read.say(Role::User, vec![Block::new(Part::Text(text))]),
        Some(Json::List(items)) => {
            for (index, item) in items.into_iter().enumerate() {
                read.item(Fields::of(item, place.at(index))?, unknown)?;
            }
        }
        Some(other) => {
            let cause = format!("must be a string or a list of items, not {}", other.kind());
            return Err(Refused::invalid(&place, cause));
        }
        // What a template or an earlier response asks stands elsewhere.
        None if fields.has("prompt") || fields.has("previous_response_id") => {}
        None => return Err(fields.missing("input")),
    }
    Ok(read.messages)
}

#[derive(Default)]
struct Conversation<'a> {
    messages: Vec<Message<'a>>,
    turn: Turn,
    /// Of the next call.
    signature: Option<Text<'a>>,
}

/// What the last message goes on with.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Turn {
    /// Nothing: it is whole.
    #[default]
    Whole,
    /// What else the model did.
    Model,
    /// What else tools answered.
    Results,
}

impl<'a> Conversation<'a> {
    fn say(&mut self, role: Role, blocks: Vec<Block<'a>>) {
        self.turn = Turn::Whole;
        self.messages.push(Message::new(role, blocks));
    }

    fn add(&mut self, turn: Turn, blocks: impl IntoIterator<Item = Block<'a>>) {
        let goes_on = self.turn == turn;
        self.turn = turn;
        match self.messages.last_mut().filter(|_| goes_on) {
            Some(last) => last.blocks.extend(blocks),
            None => {
                let role = if turn == Turn::Model { Role::Assistant } else { Role::User };
                self.messages.push(Message::new(role, blocks.into_iter().collect()));
            }
        }
    }

    fn item(&mut self, mut item: Fields<'a, '_>, unknown: &mut Unknown) -> Result<(), Refused> {
        let kind = match item.text("type")? {
            Some(kind) => kind,
            None if item.has("role") => Text::Borrowed("message"),
            None if item.has("id") => Text::Borrowed("item_reference"),
            None => return Err(item.missing("type")),
        };
        if KEPT.contains(&&*kind) {
            unknown.push(format!("{} of type {kind}", item.place()));
            return Ok(());
        }
        if own::is_call(&kind) || own::is_result(&kind) {
            let turn = if own::is_call(&kind) { Turn::Model } else { Turn::Results };
            self.add(turn, [Block::new(Part::Own { kind, spec: item.rest() })]);
            return Ok(());
        }
        // Under which id and in which state OpenAI keeps it.
        item.take("id");
        item.take("status");
        match &*kind {
            "message" => self.message(&mut item, unknown)?,
            "reasoning" => self.thought(&mut item)?,
            "function_call" => {
                let call = call(&mut item, self.signature.take())?;
                self.add(Turn::Model, [Block::new(Part::ToolCall(call))]);
            }
            "function_call_output" => {
                let result = result(&mut item, unknown)?;
                self.add(Turn::Results, [result]);
            }
            "image_generation_call" => {
                let picture = parts::picture(&mut item)?.map(Part::Media).map(Block::new);
                self.add(Turn::Model, picture);
                // How it was asked for.
                item.rest();
                return Ok(());
            }
            _ => {
                let known = "message, reasoning, function_call, function_call_output";
                return Err(none_of(&item.place().key("type"), &kind, known));
            }
        }
        item.done(unknown);
        Ok(())
    }

    fn message(&mut self, message: &mut Fields<'a, '_>, unknown: &mut Unknown) -> Result<(), Refused> {
        let role = message.need_text("role")?;
        let place = message.place();
        let content = message.take("content").ok_or_else(|| message.missing("content"))?;
        let mut blocks = parts::content(content, place.key("content"), unknown)?;
        let role = match &*role {
            "user" => Role::User,
            "system" => Role::System,
            "developer" => Role::Developer,
            "assistant" => {
                // Whether it was on the way or the end of it, which only OpenAI's models tell apart.
                message.take("phase");
                blocks.retain(|block| !matches!(&block.part, Part::Text(text) if text.is_empty()));
                self.add(Turn::Model, blocks);
                return Ok(());
            }
            _ => return Err(none_of(&place.key("role"), &role, "user, assistant, system, developer")),
        };
        self.say(role, blocks);
        Ok(())
    }

    fn thought(&mut self, item: &mut Fields<'a, '_>) -> Result<(), Refused> {
        let mut thought = Thought { text: thought_text(item)?, ..Thought::default() };
        match item.text("encrypted_content")?.map(Sealed::open) {
            Some(Sealed::Call(signature)) => self.signature = Some(signature),
            Some(Sealed::Signature(signature)) => thought.signature = Some(signature),
            Some(Sealed::Redacted(data)) => thought.redacted = Some(data),
            None => {}
        }
        if thought != Thought::default() {
            self.add(Turn::Model, [Block::new(Part::Reasoning(thought))]);
        }
        Ok(())
    }
}

/// The words of a reasoning item: the thoughts themselves where they are told, else what was summed up of them.
pub(super) fn thought_text<'a>(item: &mut Fields<'a, '_>) -> Result<Text<'a>, Refused> {
    let place = item.place();
    let mut texts = Vec::new();
    for key in ["content", "summary"] {
        let list = item.list(key)?.unwrap_or_default();
        if texts.is_empty() {
            texts = told(list, place.key(key))?;
        }
    }
    Ok(match texts.len() {
        0 | 1 => texts.pop().unwrap_or_default(),
        _ => Text::Owned(texts.join(BETWEEN)),
    })
}

/// What stands between parts of a summary where there is one text of them.
pub(super) const BETWEEN: &str = "\n\n";

fn told<'a>(list: Vec<Json<'a>>, place: Place<'_>) -> Result<Vec<Text<'a>>, Refused> {
    let read = |(index, part)| Fields::of(part, place.at(index))?.need_text("text");
    list.into_iter().enumerate().map(read).collect()
}

fn call<'a>(item: &mut Fields<'a, '_>, signature: Option<Text<'a>>) -> Result<ToolCall<'a>, Refused> {
    // Who calls: the model, or code that it runs; nobody else tells them apart.
    item.take("caller");
    Ok(ToolCall {
        id: item.need_text("call_id")?,
        name: item.need_text("name")?,
        arguments: item.text("arguments")?.unwrap_or_default(),
        signature,
    })
}

fn result<'a>(item: &mut Fields<'a, '_>, unknown: &mut Unknown) -> Result<Block<'a>, Refused> {
    let place = item.place();
    item.take("caller");
    let (id, name) = (item.need_text("call_id")?, item.text("name")?);
    let output = item.take("output").ok_or_else(|| item.missing("output"))?;
    let blocks = parts::content(output, place.key("output"), unknown)?;
    let cache = blocks.iter().rev().find_map(|block| block.cache.clone());
    let parts = blocks.into_iter().map(|block| block.part).collect();
    Ok(Block { part: Part::ToolResult(ToolResult { id, name, parts, is_error: false }), cache })
}
