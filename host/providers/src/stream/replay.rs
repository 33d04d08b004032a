//! Plays a stream through an editor as the gateway does, for tests.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Change, EditStream, Extent, Piece, Reading};

/// How much of each text may leave.
#[derive(Clone, Copy)]
pub(crate) enum Pace {
    /// All at once.
    Free,
    /// All but so many characters at its end, until it ends.
    Behind(usize),
    /// Nothing before its end.
    Full,
}

/// What is written: the name of each event and its data.
pub(crate) type Written = Vec<(Option<String>, Value)>;

pub(crate) struct Replay<'e> {
    pub(crate) editor: &'e mut dyn EditStream,
    pace: Pace,
    edit: fn(&str) -> String,
    texts: BTreeMap<u32, Text>,
}

#[derive(Default)]
struct Text {
    came: String,
    left: String,
    moved: bool,
    edited: bool,
    ended: bool,
}

impl<'e> Replay<'e> {
    pub(crate) fn new(editor: &'e mut dyn EditStream, pace: Pace, edit: fn(&str) -> String) -> Self {
        Self { editor, pace, edit, texts: BTreeMap::new() }
    }

    /// What is written in place of these events.
    pub(crate) fn events(&mut self, events: &[Value]) -> Written {
        events.iter().flat_map(|event| self.event(event)).collect()
    }

    /// How a text came.
    pub(crate) fn came(&self) -> Vec<(&'static str, &str)> {
        self.texts.iter().map(|(number, text)| (self.editor.text(*number).kind, &*text.came)).collect()
    }

    fn event(&mut self, event: &Value) -> Written {
        let reading = self.editor.read(event);
        let mut written = Vec::new();
        for text in &reading.ends {
            let is_part = |piece: &Piece| piece.text == *text && piece.extent == Extent::Part;
            let state = self.texts.entry(*text).or_default();
            assert!(!state.ended, "text {text} ends twice");
            if !reading.pieces.iter().any(is_part) {
                state.ended = true;
                let rest = self.leave(*text);
                if !rest.is_empty() {
                    self.state(*text).moved = true;
                    let carrier = self.editor.carrier(*text, &rest);
                    written.push((carrier.name, serde_json::from_str(&carrier.data).unwrap()));
                }
            }
        }
        let mut out = event.clone();
        for (at, piece) in reading.pieces.iter().enumerate() {
            assert!(event.pointer(&piece.pointer).is_some(), "{piece:?} is nowhere in {event}");
            let last = !reading.pieces[at + 1..].iter().any(|later| later.text == piece.text);
            let content = self.piece(piece, last && reading.ends.contains(&piece.text));
            if content != piece.content {
                self.editor.put(&mut out, piece, &content);
            }
        }
        if self.clean(&mut out, &reading) {
            written.push((event["type"].as_str().map(str::to_owned), out));
        }
        written
    }

    fn piece(&mut self, piece: &Piece, ends: bool) -> String {
        let edit = self.edit;
        let state = self.state(piece.text);
        if piece.extent == Extent::Whole {
            if state.came == piece.content {
                assert!(state.ended || ends || state.came.is_empty() || state.left == state.came);
                return state.left.clone();
            }
            let edited = edit(&piece.content);
            state.edited |= edited != piece.content;
            return edited;
        }
        assert!(!state.ended, "{piece:?} goes on after its end");
        state.came.push_str(&piece.content);
        state.ended = ends;
        let content = self.leave(piece.text);
        self.state(piece.text).moved |= content != piece.content;
        content
    }

    /// What may leave now of a text and has not.
    fn leave(&mut self, text: u32) -> String {
        let (pace, edit) = (self.pace, self.edit);
        let state = self.state(text);
        let all = edit(&state.came);
        let held = match pace {
            _ if state.ended => 0,
            Pace::Free => 0,
            Pace::Behind(count) => count,
            Pace::Full => usize::MAX,
        };
        let count = all.chars().count().saturating_sub(held);
        let may: String = all.chars().take(count).collect();
        let new = may.strip_prefix(&state.left).unwrap_or_default().to_owned();
        state.left.push_str(&new);
        state.edited = !state.came.starts_with(&state.left);
        new
    }

    fn clean(&mut self, event: &mut Value, reading: &Reading) -> bool {
        let texts = &self.texts;
        self.editor.clean(event, reading, &|text| match texts.get(&text) {
            Some(Text { edited: true, .. }) => Change::Edited,
            Some(Text { moved: true, .. }) => Change::Held,
            _ => Change::Same,
        })
    }

    fn state(&mut self, text: u32) -> &mut Text {
        self.texts.entry(text).or_default()
    }
}

/// An edit that changes nothing.
pub(crate) fn same(text: &str) -> String {
    text.to_owned()
}

/// An edit that leaves no secret.
pub(crate) fn masked(text: &str) -> String {
    text.replace("SECRET", "-")
}

/// The data of what was written.
pub(crate) fn data(written: Written) -> Vec<Value> {
    written.into_iter().map(|(_, data)| data).collect()
}
