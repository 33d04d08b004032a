//! One text of a stream at one filter: what has come, what was judged, what may leave.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::time::Instant;

use tidegate_contract::{Text, TextEdit};

use super::StreamText;
use super::plan::{Mode, Plan};
use crate::plugin::HookError;
use crate::texts::{check_edits, is_json};

/// A text on its way.
#[derive(Debug)]
pub(super) struct Buffer {
    text: StreamText,
    /// The end of what has left, as it came.
    context: String,
    /// Bytes that have left, as they came.
    left: u64,
    /// What has come and may not leave yet.
    held: String,
    /// Bytes at the start of `held` that a verdict was about.
    judged: usize,
    /// Bytes at the end of `context` that left before the filter saw them, as in watch.
    unseen: usize,
    /// What may leave and has not been taken.
    ready: VecDeque<Span>,
    /// Bytes that have come, and of these those that were taken.
    came: u64,
    taken: u64,
    /// When the parts of `held` came, and how many bytes of each are left.
    arrivals: VecDeque<(usize, Instant)>,
    complete: bool,
    /// Whether the filter knows that it is complete.
    told: bool,
    edited: bool,
    moved: bool,
    whole: Option<Whole>,
}

/// A part that may leave.
#[derive(Debug)]
struct Span {
    /// Bytes of what came that it stands for.
    origin: usize,
    text: String,
    /// Whether it is what came, so that it can be taken in parts.
    verbatim: bool,
}

/// A text of a stream that says its texts again.
#[derive(Debug, Default)]
struct Whole {
    came: String,
    taken: String,
}

impl Buffer {
    pub(super) fn new(text: StreamText, remember: bool) -> Self {
        Self {
            text,
            context: String::new(),
            left: 0,
            held: String::new(),
            judged: 0,
            unseen: 0,
            ready: VecDeque::new(),
            came: 0,
            taken: 0,
            arrivals: VecDeque::new(),
            complete: false,
            told: false,
            edited: false,
            moved: false,
            whole: remember.then(Whole::default),
        }
    }

    /// Takes in what has come, and says how many bytes that are in all.
    pub(super) fn add(&mut self, part: &str, plan: &Plan, now: Instant) -> u64 {
        if part.is_empty() {
            return self.came;
        }
        self.came += part.len() as u64;
        self.complete = false;
        self.told = false;
        if let Some(whole) = &mut self.whole {
            whole.came.push_str(part);
        }
        if plan.mode == Mode::Watch {
            self.context.push_str(part);
            self.left += part.len() as u64;
            self.unseen += part.len();
            self.leave(part.len(), part.to_owned(), true);
            return self.came;
        }
        match self.arrivals.back_mut().filter(|(_, at)| *at == now) {
            Some((bytes, _)) => *bytes += part.len(),
            None => self.arrivals.push_back((part.len(), now)),
        }
        self.held.push_str(part);
        self.came
    }

    pub(super) fn complete(&mut self) {
        self.complete = true;
    }

    pub(super) fn is_media(&self) -> bool {
        self.text.kind == "media"
    }

    pub(super) fn held(&self) -> usize {
        self.held.len()
    }

    pub(super) fn came(&self) -> u64 {
        self.came
    }

    /// Since when its oldest byte waits.
    pub(super) fn since(&self) -> Option<Instant> {
        self.arrivals.front().map(|(_, at)| *at)
    }

    /// Since when the oldest byte waits that no verdict was about, where a verdict could be asked for before more comes.
    pub(super) fn waits_since(&self, plan: &Plan) -> Option<Instant> {
        if self.is_judged_whole(plan) {
            return None;
        }
        let mut judged = self.judged;
        let fresh = self.arrivals.iter().find(|(bytes, _)| {
            let is_fresh = judged < *bytes;
            judged = judged.saturating_sub(*bytes);
            is_fresh
        });
        fresh.map(|(_, at)| *at)
    }

    /// Bytes that no verdict was about.
    pub(super) fn unjudged(&self) -> usize {
        self.unseen + self.held.len() - self.judged
    }

    /// Whether it is judged as a whole, when it is complete, although other texts are judged before. So are the arguments of a
    /// tool: of a part nobody can say what it means, and none can use it.
    fn is_judged_whole(&self, plan: &Plan) -> bool {
        self.text.kind == "tool-arguments" && plan.mode != Mode::Watch
    }

    /// What of it a filter is to be asked about now, in bytes of what is held; `None` where it has to wait or is judged.
    pub(super) fn due(&self, plan: &Plan, now: Instant, last: bool) -> Option<usize> {
        let fresh = self.unjudged();
        let ends = self.complete && !self.told;
        let whole = self.is_judged_whole(plan);
        let due = match plan.mode {
            Mode::Full => last && ends,
            _ if whole => ends,
            Mode::Carry | Mode::Watch => fresh > 0 || (ends && !self.held.is_empty()),
            Mode::Window => {
                let late = self.waits_since(plan).is_some_and(|since| now >= since + plan.longest);
                fresh >= plan.min || (fresh > 0 && late) || (ends && !self.held.is_empty())
            }
        };
        let most = if whole { usize::MAX } else { self.judged.saturating_add(plan.max) };
        let most = most.min(self.held.len());
        (due || (last && ends)).then(|| self.held.ceil_char_boundary(most))
    }

    /// The first `length` bytes of what is held, with what left before them.
    pub(super) fn shown(&self, id: u32, length: usize) -> Text<'_> {
        let content = if self.context.is_empty() {
            Cow::Borrowed(&self.held[..length])
        } else {
            Cow::Owned([&self.context, &self.held[..length]].concat())
        };
        Text {
            id,
            role: self.text.role,
            kind: self.text.kind,
            content,
            start: self.left - self.context.len() as u64,
            released: u32::try_from(self.context.len()).unwrap_or(u32::MAX),
            complete: self.complete && length == self.held.len(),
            new_turn: true,
        }
    }

    /// Carries a verdict on the first `length` bytes out: what does not have to be kept back may leave, edited.
    ///
    /// An edit that touches what is kept back waits with it, since the filter will be asked again.
    ///
    /// # Errors
    /// Where the edits cannot be made; then nothing may leave.
    pub(super) fn settle(
        &mut self,
        length: usize,
        edits: &[TextEdit],
        hold: Option<usize>,
        plan: &Plan,
    ) -> Result<(), HookError> {
        let ends = self.complete && length == self.held.len();
        let before = self.context.len();
        check_edits(before + length, edits, |at| at < before || self.held.is_char_boundary(at - before))?;
        if edits.iter().any(|edit| (edit.start as usize) < before) {
            return Err(invalid("an edit reaches into what has left already"));
        }
        let range = |edit: &TextEdit| (edit.start as usize - before, edit.end as usize - before);
        let mut end = length;
        if !ends {
            end = floor(&self.held, length.saturating_sub(hold.unwrap_or(plan.hold)));
            let split = edits.iter().map(range).find(|(start, stop)| *start < end && *stop > end);
            end = split.map_or(end, |(start, _)| start);
        }
        let made: Vec<_> = edits.iter().filter(|edit| range(edit).1 <= end).collect();
        if ends && !made.is_empty() && self.text.kind == "tool-arguments" {
            self.check_arguments(edits)?;
        }
        let held = std::mem::take(&mut self.held);
        let mut at = 0;
        for edit in made {
            let (start, stop) = range(edit);
            self.release(&held[at..start]);
            self.replace(&held[start..stop], &edit.replacement);
            at = stop;
        }
        self.release(&held[at..end]);
        self.held.push_str(&held[end..]);
        self.forget_arrivals(end);
        self.judged = length - end;
        self.told = ends;
        self.trim(plan);
        Ok(())
    }

    /// Notes that a filter has seen what left before.
    pub(super) fn watched(&mut self, plan: &Plan) {
        self.unseen = 0;
        self.told = self.complete;
        self.trim(plan);
    }

    /// Lets everything that was judged leave as it is, for a filter whose verdict does not count.
    pub(super) fn let_go(&mut self, length: usize, plan: &Plan) {
        let held = std::mem::take(&mut self.held);
        self.release(&held[..length]);
        self.held.push_str(&held[length..]);
        self.forget_arrivals(length);
        self.judged = 0;
        self.told = self.complete && self.held.is_empty();
        self.trim(plan);
    }

    /// That many bytes of what was held wait no longer.
    fn forget_arrivals(&mut self, mut bytes: usize) {
        while let Some((of_part, _)) = self.arrivals.front_mut().filter(|_| bytes > 0) {
            let gone = bytes.min(*of_part);
            *of_part -= gone;
            bytes -= gone;
            if *of_part == 0 {
                self.arrivals.pop_front();
            }
        }
    }

    /// # Errors
    /// Where arguments that were JSON are none any more.
    fn check_arguments(&self, edits: &[TextEdit]) -> Result<(), HookError> {
        let all = [self.context.as_str(), &self.held].concat();
        let edited = crate::texts::edit(&all, edits)?;
        if is_json(&all) && !is_json(&edited) {
            return Err(invalid("the edited arguments of a tool are no JSON any more"));
        }
        Ok(())
    }

    fn release(&mut self, part: &str) {
        if !part.is_empty() {
            self.context.push_str(part);
            self.left += part.len() as u64;
            self.leave(part.len(), part.to_owned(), true);
        }
    }

    fn replace(&mut self, part: &str, with: &str) {
        self.edited = true;
        self.context.push_str(part);
        self.left += part.len() as u64;
        self.leave(part.len(), with.to_owned(), false);
    }

    fn leave(&mut self, origin: usize, text: String, verbatim: bool) {
        self.ready.push_back(Span { origin, text, verbatim });
    }

    fn trim(&mut self, plan: &Plan) {
        let surplus = self.context.len().saturating_sub(plan.context);
        // Rather a little more than a part of a character.
        self.context.drain(..floor(&self.context, surplus));
    }

    /// What may leave of the first `upto` bytes that came, and was not taken before.
    pub(super) fn take(&mut self, upto: u64) -> String {
        let mut out = String::new();
        while let Some(span) = self.ready.front_mut() {
            let room = usize::try_from(upto.saturating_sub(self.taken)).unwrap_or(usize::MAX);
            if span.origin > room && !(span.verbatim && room > 0) {
                break;
            }
            if span.origin <= room {
                out.push_str(&span.text);
                self.taken += span.origin as u64;
                self.ready.pop_front();
            } else {
                let part = floor(&span.text, room);
                out.push_str(&span.text[..part]);
                span.text.drain(..part);
                span.origin -= part;
                self.taken += part as u64;
                break;
            }
        }
        self.moved |= self.taken < upto;
        if let Some(whole) = &mut self.whole {
            whole.taken.push_str(&out);
        }
        out
    }

    pub(super) fn is_edited(&self) -> bool {
        self.edited
    }

    pub(super) fn is_moved(&self) -> bool {
        self.moved
    }

    /// Whether it came as exactly this.
    pub(super) fn came_as(&self, content: &str) -> bool {
        self.whole.as_ref().is_some_and(|whole| whole.came == content)
    }

    /// All of it that was taken.
    pub(super) fn taken_whole(&self) -> &str {
        self.whole.as_ref().map_or("", |whole| &whole.taken)
    }
}

fn invalid(text: &str) -> HookError {
    HookError::Invalid(text.to_owned())
}

/// The next border of characters at or before a place.
fn floor(text: &str, at: usize) -> usize {
    text.floor_char_boundary(at)
}
