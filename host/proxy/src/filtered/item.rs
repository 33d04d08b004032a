//! What of a stream passes filters: an event whose data is parsed at most once, or anything beside events.

use serde_json::Value;
use tidegate_contract::Event;
use tidegate_providers::{Frame, SseEvent};

/// The mark that ends OpenAI's streams.
const DONE: &str = "[DONE]";

/// Something in a stream.
#[derive(Debug)]
pub(super) struct Item {
    frame: Frame,
    tree: Option<Value>,
    /// Whether the data is to be written from the tree.
    changed: bool,
}

impl Item {
    pub(super) fn new(frame: Frame) -> Self {
        Self { frame, tree: None, changed: false }
    }

    /// An event that a filter or an editor made.
    pub(super) fn made(event: Event) -> Self {
        let Event { name, data } = event;
        Self::new(Frame::Event(SseEvent { name, data, ..SseEvent::default() }))
    }

    /// The data of an event.
    pub(super) fn data(&self) -> Option<&str> {
        match &self.frame {
            Frame::Event(event) => Some(&event.data),
            Frame::Comment(_) | Frame::Fields(_) => None,
        }
    }

    /// Whether it is the mark of the end.
    pub(super) fn is_done(&self) -> bool {
        self.data().is_some_and(|data| data.trim() == DONE)
    }

    /// The data as JSON; `None` where it is no object.
    pub(super) fn tree(&mut self) -> Option<&mut Value> {
        if self.tree.is_none() {
            let tree: Value = serde_json::from_str(self.data()?).ok()?;
            self.tree = tree.is_object().then_some(tree);
        }
        self.tree.as_mut()
    }

    /// Its data is what the tree says now.
    pub(super) fn mark_changed(&mut self) {
        self.changed = true;
    }

    /// What may pass of what is no event where nothing may that was not judged: enough to keep a connection open.
    pub(super) fn bare(self) -> Self {
        match self.frame {
            Frame::Comment(_) => Self::new(Frame::Comment(String::new())),
            Frame::Fields(event) => Self::new(Frame::Fields(SseEvent { name: None, ..event })),
            Frame::Event(_) => self,
        }
    }

    /// The event for a filter that changes events; itself where it is none with JSON data.
    pub(super) fn into_event(mut self) -> Result<(Event, SseEvent), Box<Self>> {
        self.settle();
        match self.frame {
            Frame::Event(event) if is_json(&event.data) => {
                let given = Event { name: event.name.clone(), data: event.data.clone() };
                Ok((given, event))
            }
            frame => Err(Box::new(Self { frame, tree: self.tree, changed: false })),
        }
    }

    /// Bytes of its data.
    pub(super) fn size(&self) -> usize {
        self.data().map_or(0, str::len)
    }

    pub(super) fn write(mut self, out: &mut Vec<u8>) {
        self.settle();
        self.frame.write(out);
    }

    fn settle(&mut self) {
        if let (Frame::Event(event), Some(tree), true) = (&mut self.frame, &self.tree, self.changed) {
            event.data = tree.to_string();
            self.changed = false;
        }
    }
}

fn is_json(data: &str) -> bool {
    serde_json::from_str::<serde::de::IgnoredAny>(data).is_ok()
}
