//! The host's side of a streamed text, for tests.

use std::borrow::Cow;
use std::sync::Arc;

use serde_json::Value;
use tidegate_contract::{Judged, Judgement, Text};
use tidegate_pipeline::{Plugin, Scope, edit_text};

use super::ContentModerationFactory;
use crate::testing::{call_in, filter, now, scope};

/// Plays the host for one streamed text.
pub(super) struct Host {
    pub(super) plugin: Arc<dyn Plugin>,
    pub(super) scope: Arc<Scope>,
    /// Bytes of what has left that are shown again.
    context: usize,
}

/// What has arrived, how much of it left, and as what.
#[derive(Default)]
pub(super) struct Stream {
    pub(super) arrived: String,
    pub(super) released: usize,
    pub(super) out: String,
}

impl Host {
    pub(super) fn new(settings: &Value, context: usize) -> Self {
        Self { plugin: filter(&ContentModerationFactory, settings), scope: scope(), context }
    }

    /// What leaves of the parts; `Err` with what had left where it was blocked.
    pub(super) fn plays(&self, parts: &[&str]) -> Result<String, String> {
        let mut stream = Stream::default();
        for part in parts {
            stream.arrived.push_str(part);
            self.window(&mut stream, false)?;
        }
        self.window(&mut stream, true)?;
        Ok(stream.out)
    }

    /// Has what arrived judged, and lets go what may leave.
    pub(super) fn window(&self, stream: &mut Stream, complete: bool) -> Result<(), String> {
        let mut start = stream.released.saturating_sub(self.context);
        while !stream.arrived.is_char_boundary(start) {
            start -= 1;
        }
        let released = stream.released - start;
        let content = &stream.arrived[start..];
        let text = Text {
            id: 3,
            role: "assistant",
            kind: "text",
            content: Cow::Borrowed(content),
            start: start as u64,
            released: released as u32,
            complete,
            new_turn: true,
        };
        let Judged { judgement, hold, .. } =
            now(self.plugin.moderate_output(call_in(&self.scope), &[text], complete));
        let hold = if complete { 0 } else { hold.first().expect("it names the text").1 as usize };
        assert!(hold + released <= content.len(), "more is held than there is");
        let end = content.len() - hold;
        let mut edits = match judgement {
            Judgement::Allow => Vec::new(),
            Judgement::Edit(edits) => edits,
            Judgement::Block(_) => return Err(std::mem::take(&mut stream.out)),
        };
        edits.retain(|edit| edit.end as usize <= end);
        assert!(edits.iter().all(|edit| edit.start as usize >= released), "an edit of what has left");
        for edit in &mut edits {
            edit.start -= released as u32;
            edit.end -= released as u32;
        }
        stream.out.push_str(&edit_text(&content[released..end], &edits).unwrap());
        stream.released = start + end;
        Ok(())
    }
}

/// A text as its characters.
pub(super) fn characters(text: &str) -> Vec<&str> {
    let ends = text.char_indices().map(|(at, character)| at..at + character.len_utf8());
    ends.map(|range| &text[range]).collect()
}
