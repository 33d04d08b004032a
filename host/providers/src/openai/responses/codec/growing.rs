//! Items of an answer on its way, which are told in pieces and once more as a whole.

use crate::exchange::codec::Asked;
use crate::exchange::json::{Json, Object, Text, object};
use crate::exchange::request::{Thought, ToolCall};

use super::output;

/// An item, and what is told of it by now.
pub(super) struct Growing {
    pub(super) id: String,
    item: Item,
    /// Parts of it that go on.
    pub(super) open: usize,
    /// As it was told when it was whole.
    pub(super) done: Option<Object<'static>>,
}

/// What an item is.
pub(super) enum Item {
    Message(Vec<Said>),
    Reasoning(Thought<'static>),
    /// What a provider wants back with the call behind it.
    Signature(String),
    Call(ToolCall<'static>),
    /// One that comes at once; without a prefix for an id it has its own.
    Whole(&'static str, Object<'static>),
}

/// A part of a message.
pub(super) struct Said {
    text: String,
    is_refusal: bool,
    rest: Beside,
}

/// What stands beside the words of a text.
#[derive(Default)]
pub(super) struct Beside {
    pub(super) annotations: Vec<Object<'static>>,
    pub(super) probabilities: Vec<Json<'static>>,
}

/// Where a delta goes.
pub(super) enum Content<'i> {
    Text(&'i mut String, &'i mut Beside),
    Refusal(&'i mut String),
    Call(&'i mut ToolCall<'static>),
    Thought(&'i mut Thought<'static>),
    Nowhere,
}

/// An event that says of a part that it is whole.
pub(super) struct Ended {
    pub(super) kind: &'static str,
    pub(super) fields: Object<'static>,
    /// Whether it names the part of a message.
    pub(super) of_part: bool,
}

impl Said {
    pub(super) fn text() -> Self {
        Self { text: String::new(), is_refusal: false, rest: Beside::default() }
    }

    pub(super) fn refusal() -> Self {
        Self { is_refusal: true, ..Self::text() }
    }

    /// As it is by now.
    pub(super) fn part(&self) -> Object<'static> {
        if self.is_refusal {
            return output::refusal_part(self.text.clone());
        }
        output::text_part(self.text.clone(), self.rest.annotations.clone(), self.rest.probabilities.clone())
    }

    fn ended(&self) -> Vec<Ended> {
        let (kind, fields) = if self.is_refusal {
            ("response.refusal.done", object! { "refusal": self.text.clone() })
        } else {
            let probabilities = self.rest.probabilities.clone();
            let fields = object! { "text": self.text.clone(), "logprobs": probabilities };
            ("response.output_text.done", fields)
        };
        let part = object! { "part": self.part() };
        vec![
            Ended { kind, fields, of_part: true },
            Ended { kind: "response.content_part.done", fields: part, of_part: true },
        ]
    }
}

impl Growing {
    pub(super) fn new(item: Item, asked: &Asked, index: usize) -> Self {
        let prefix = match &item {
            Item::Message(_) => "msg",
            Item::Reasoning(_) | Item::Signature(_) => "rs",
            Item::Call(_) => "fc",
            Item::Whole(prefix, _) => prefix,
        };
        Self { id: output::id(prefix, asked, index), item, open: 0, done: None }
    }

    /// Whether it is a message that may get another part.
    pub(super) fn goes_on(&self) -> bool {
        self.done.is_none() && matches!(self.item, Item::Message(_))
    }

    /// Adds a part to a message, and says which it is.
    pub(super) fn push(&mut self, said: Said) -> Option<usize> {
        let Item::Message(content) = &mut self.item else { return None };
        content.push(said);
        Some(content.len() - 1)
    }

    pub(super) fn content(&mut self, index: usize) -> Content<'_> {
        match &mut self.item {
            Item::Message(content) => match content.get_mut(index) {
                Some(Said { text, is_refusal: true, .. }) => Content::Refusal(text),
                Some(Said { text, rest, .. }) => Content::Text(text, rest),
                None => Content::Nowhere,
            },
            Item::Call(call) => Content::Call(call),
            Item::Reasoning(thought) => Content::Thought(thought),
            Item::Signature(_) | Item::Whole(..) => Content::Nowhere,
        }
    }

    /// What is told of a part when it is whole.
    pub(super) fn ended(&self, index: usize) -> Vec<Ended> {
        let ended = |kind, fields| Ended { kind, fields, of_part: false };
        match &self.item {
            Item::Message(content) => content.get(index).map(Said::ended).unwrap_or_default(),
            Item::Call(call) => {
                let arguments = call.arguments.clone();
                vec![ended("response.function_call_arguments.done", object! { "arguments": arguments })]
            }
            Item::Reasoning(thought) if !thought.text.is_empty() => {
                let (text, part) = (thought.text.clone(), output::summary_part(thought.text.clone()));
                vec![
                    ended(
                        "response.reasoning_summary_text.done",
                        object! { "summary_index": 0, "text": text },
                    ),
                    ended(
                        "response.reasoning_summary_part.done",
                        object! { "summary_index": 0, "part": part },
                    ),
                ]
            }
            Item::Reasoning(_) | Item::Signature(_) | Item::Whole(..) => Vec::new(),
        }
    }

    /// As it is told when it begins.
    pub(super) fn begun(&self) -> Object<'static> {
        match &self.item {
            Item::Signature(_) => output::reasoning(self.id.clone(), Thought::default()),
            Item::Whole(prefix, item) if !prefix.is_empty() => {
                let mut item = item.clone();
                item.set("status", "in_progress");
                item.set("result", Json::Null);
                output::named(self.id.clone(), item)
            }
            _ => self.now("in_progress"),
        }
    }

    /// As it was when it was whole, or as it is by now, in that state.
    pub(super) fn now(&self, status: &'static str) -> Object<'static> {
        if let Some(done) = &self.done {
            return done.clone();
        }
        let id = self.id.clone();
        match &self.item {
            Item::Message(content) => output::message(id, status, content.iter().map(Said::part).collect()),
            Item::Reasoning(thought) => output::reasoning(id, thought.clone()),
            Item::Signature(signature) => output::signature(id, Text::Owned(signature.clone())),
            Item::Call(call) => output::call(id, status, call.clone()),
            Item::Whole("", item) => item.clone(),
            Item::Whole(_, item) => output::named(id, item.clone()),
        }
    }
}
