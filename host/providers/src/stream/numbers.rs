//! The texts of a stream, numbered in the order in which they appear.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{Extent, Piece, Reading, StreamText};

/// Texts by their key, which says where in the whole answer a text stands.
#[derive(Debug)]
pub(crate) struct Numbers<K> {
    known: BTreeMap<K, u32>,
    open: BTreeSet<u32>,
    texts: Vec<StreamText>,
}

impl<K> Default for Numbers<K> {
    fn default() -> Self {
        Self { known: BTreeMap::new(), open: BTreeSet::new(), texts: Vec::new() }
    }
}

impl<K: Ord> Numbers<K> {
    /// The text that goes on under this key; a new one where none has begun, or the one before has ended.
    pub(crate) fn part(&mut self, key: K, what: StreamText) -> u32 {
        let open = self.known.get(&key).copied().filter(|number| self.open.contains(number));
        open.unwrap_or_else(|| {
            let number = self.once(what);
            self.open.insert(number);
            self.known.insert(key, number);
            number
        })
    }

    /// A text of one event, which nothing goes on with.
    pub(crate) fn once(&mut self, what: StreamText) -> u32 {
        self.texts.push(what);
        u32::try_from(self.texts.len() - 1).unwrap_or(u32::MAX)
    }

    /// Adds a string of an event as a text of that event and no other.
    pub(crate) fn alone(
        &mut self,
        event: &Value,
        pointer: String,
        (role, kind): (&'static str, &'static str),
        reading: &mut Reading,
    ) {
        let Some(content) = event.pointer(&pointer).and_then(Value::as_str).map(str::to_owned) else {
            return;
        };
        self.add_once((pointer, content), StreamText { role, kind }, reading);
    }

    /// Adds media, told as `shown`.
    pub(crate) fn media(&mut self, pointer: String, shown: String, reading: &mut Reading) {
        self.add_once((pointer, shown), StreamText::of_model("media"), reading);
    }

    fn add_once(&mut self, (pointer, content): (String, String), what: StreamText, reading: &mut Reading) {
        let text = self.once(what);
        reading.ends.push(text);
        reading.pieces.push(Piece { text, pointer, content, extent: Extent::Part });
    }

    /// The last text under this key, whether or not it has ended.
    pub(crate) fn known(&self, key: &K) -> Option<u32> {
        self.known.get(key).copied()
    }

    /// The last texts under the keys of this kind.
    pub(crate) fn all(&self, is_it: impl Fn(&K) -> bool) -> impl Iterator<Item = u32> {
        self.known.iter().filter(move |(key, _)| is_it(key)).map(|(_, number)| *number)
    }

    /// Ends what is open under the keys of this kind, and says what that was.
    pub(crate) fn end(&mut self, is_it: impl Fn(&K) -> bool) -> Vec<u32> {
        let ended = self.all(is_it).filter(|number| self.open.contains(number));
        let ended: BTreeSet<u32> = ended.collect();
        self.open.retain(|number| !ended.contains(number));
        ended.into_iter().collect()
    }

    /// What a text is.
    pub(crate) fn text(&self, number: u32) -> StreamText {
        self.texts.get(number as usize).copied().unwrap_or(StreamText::SAID)
    }
}
