//! One moderation filter on the texts of a stream: nothing leaves that it has not judged.
//!
//! Whoever uses it reads events, adds the parts of texts that they bring, asks for a verdict, and takes what may leave. Each
//! filter of a chain has buffers of its own; what it lets go is what the next one is given.

mod buffer;
mod plan;
mod stages;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use tidegate_contract::{Finding, Hook, Judged, Judgement, Text, TextEdit};

use crate::chain::Denied;
use crate::guard::Link;
use crate::plugin::{Call, HookError};
use crate::scope::Scope;
use crate::session::Session;
use crate::tally::Outcome;
use buffer::Buffer;
use plan::{Mode, Plan};

pub use stages::{Stage, StreamTransform};

/// What a text of a stream is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StreamText {
    /// One of the contract's roles.
    pub role: &'static str,
    /// One of the contract's kinds.
    pub kind: &'static str,
}

/// A filter at work on one stream.
pub struct StreamModeration {
    link: Arc<Link>,
    scope: Arc<Scope>,
    plan: Plan,
    texts: BTreeMap<u32, Buffer>,
    /// The most that may be held, in bytes.
    most: usize,
    /// Whether texts come again as a whole, so that all of them has to be remembered.
    remember: bool,
    over: bool,
}

/// A text to be judged, and how much of what is held of it.
type Due = (u32, usize);

impl StreamModeration {
    pub(crate) fn new(link: Arc<Link>, scope: Arc<Scope>, most: usize) -> Self {
        let plan = Plan::of(link.cut(), link.is_shadow());
        let most = most.min(link.largest_body());
        Self { link, scope, plan, texts: BTreeMap::new(), most, remember: false, over: false }
    }

    /// Remembers all of each text from here on, for [`StreamModeration::came_as`].
    #[must_use]
    pub fn remembering(self, remember: bool) -> Self {
        Self { remember, ..self }
    }

    /// Whether no text leaves before the end of the stream, so that its events wait, too.
    pub fn holds_all(&self) -> bool {
        self.plan.mode == Mode::Full
    }

    /// Whether texts leave before the filter has seen them.
    pub fn only_watches(&self) -> bool {
        self.plan.mode == Mode::Watch
    }

    /// Takes in a part of a text, and says where it ends in all of that text that has come.
    pub fn add(&mut self, id: u32, text: StreamText, part: &str, now: Instant) -> u64 {
        let (plan, remember) = (self.plan, self.remember);
        self.texts.entry(id).or_insert_with(|| Buffer::new(text, remember)).add(part, &plan, now)
    }

    /// Nothing more of a text comes.
    pub fn complete(&mut self, id: u32) {
        if let Some(buffer) = self.texts.get_mut(&id) {
            buffer.complete();
        }
    }

    /// Nothing more of any text comes.
    pub fn complete_all(&mut self) {
        self.texts.values_mut().for_each(Buffer::complete);
    }

    /// Has everything judged that can be judged now; `last` where nothing more comes at all.
    ///
    /// # Errors
    /// Where the filter blocks, or fails and its entry denies. Then nothing more may leave.
    pub async fn judge(&mut self, session: &mut Session, now: Instant, last: bool) -> Result<(), Denied> {
        let last = last && !self.over;
        self.over |= last;
        let failed = |error| Denied::Failed { filter: Arc::clone(self.link.name()), error };
        self.check_media(session)?;
        let held: usize = self.texts.values().map(Buffer::held).sum();
        if held > self.most {
            let full = Err::<(), _>(HookError::Body(self.most));
            if self.link.forgive(Hook::ModerateOutput, session, full).map_err(failed)?.is_none() {
                self.let_go_of_all();
            }
            return Ok(());
        }
        loop {
            let due = |(id, buffer): (&u32, &Buffer)| Some((*id, buffer.due(&self.plan, now, last)?));
            let due: Vec<Due> = self.texts.iter().filter_map(due).collect();
            if due.is_empty() {
                return Ok(());
            }
            let waited = due.iter().filter_map(|(id, _)| self.texts.get(id)?.since()).min();
            self.ask(session, &due, last).await?;
            if let Some(since) = waited.filter(|since| *since < now) {
                let held = since.elapsed();
                session.moderation.held = session.moderation.held.max(held);
                self.link.moderation().held(held);
            }
        }
    }

    /// # Errors
    /// Where media has come and may not pass unjudged.
    fn check_media(&self, session: &mut Session) -> Result<(), Denied> {
        if !self.link.refuses_media() || !self.texts.values().any(Buffer::is_media) {
            return Ok(());
        }
        self.link.blocked_media(Hook::ModerateOutput, session);
        let reason = "nobody here can judge media, and the answer has some".to_owned();
        Err(Denied::Blocked { filter: Arc::clone(self.link.name()), reason, answer: true })
    }

    async fn ask(&mut self, session: &mut Session, due: &[Due], last: bool) -> Result<(), Denied> {
        let link = Arc::clone(&self.link);
        let failed = |error| Denied::Failed { filter: Arc::clone(link.name()), error };
        let asked = {
            let shown = |(id, length): &Due| Some(self.texts.get(id)?.shown(*id, *length));
            let texts: Vec<Text<'_>> = due.iter().filter_map(shown).collect();
            let fits = link.check_body(texts.iter().map(|text| text.content.len()).sum());
            let call = Call { context: session.context(), scope: &self.scope };
            let texts = &texts;
            let asked = link.ask(Hook::ModerateOutput, call, |plugin, call| {
                fits.map(|()| plugin.moderate_output(call, texts, last))
            });
            asked.await
        };
        let asked = session.moderation.asked(Hook::ModerateOutput, &link, asked).map_err(failed)?;
        let Some(judged) = asked else {
            self.let_go(due);
            return Ok(());
        };
        self.note(session, &judged);
        let Judged { judgement, hold, .. } = judged;
        let edits = match judgement {
            Judgement::Block(reason) => {
                let filter = Arc::clone(link.name());
                return Err(Denied::Blocked { filter, reason, answer: true });
            }
            Judgement::Allow => Vec::new(),
            Judgement::Edit(edits) => edits,
        };
        let carried = self.carry_out(due, &edits, &hold);
        if link.forgive(Hook::ModerateOutput, session, carried).map_err(failed)?.is_none() {
            self.let_go(due);
        }
        Ok(())
    }

    /// Counts what was found once, also where it was seen again because it had to wait.
    fn note(&self, session: &mut Session, judged: &Judged) {
        session.moderation.note(Hook::ModerateOutput, &judged.judgement, !judged.findings.is_empty());
        let waits = |finding: &Finding| {
            let buffer = finding.text.and_then(|id| self.texts.get(&id));
            buffer.is_some_and(|buffer| buffer.held() > 0) && session.findings.contains(finding)
        };
        let new: Vec<Finding> = judged.findings.iter().filter(|finding| !waits(finding)).cloned().collect();
        session.note_findings(&self.link, new);
    }

    fn carry_out(&mut self, due: &[Due], edits: &[TextEdit], hold: &[(u32, u32)]) -> Result<(), HookError> {
        let plan = self.plan;
        if plan.mode == Mode::Watch && !edits.is_empty() {
            return Err(HookError::Invalid("it edits a stream that it only watches".into()));
        }
        let of_due = edits.iter().filter(|edit| due.iter().any(|(id, _)| *id == edit.id)).count();
        if of_due != edits.len() {
            return Err(HookError::Invalid("an edit names a text that it was not asked about".into()));
        }
        for (id, length) in due {
            let Some(buffer) = self.texts.get_mut(id) else { continue };
            if plan.mode == Mode::Watch {
                buffer.watched(&plan);
                continue;
            }
            let own: Vec<TextEdit> = edits.iter().filter(|edit| edit.id == *id).cloned().collect();
            let hold = hold.iter().find(|(text, _)| text == id).map(|(_, bytes)| *bytes as usize);
            buffer.settle(*length, &own, hold, &plan)?;
        }
        Ok(())
    }

    /// Lets what a verdict was asked about go as it is.
    fn let_go(&mut self, due: &[Due]) {
        let plan = self.plan;
        for (id, length) in due {
            let Some(buffer) = self.texts.get_mut(id) else { continue };
            match plan.mode {
                Mode::Watch => buffer.watched(&plan),
                _ => buffer.let_go(*length, &plan),
            }
        }
    }

    fn let_go_of_all(&mut self) {
        let plan = self.plan;
        for buffer in self.texts.values_mut() {
            buffer.let_go(buffer.held(), &plan);
        }
    }

    /// Says that nobody knows the texts of the stream, so that it cannot be judged.
    ///
    /// # Errors
    /// Where the entry denies on error; else the stream passes, which is counted.
    pub fn cannot_read(&self, session: &mut Session) -> Result<(), Denied> {
        let failed = |error| Denied::Failed { filter: Arc::clone(self.link.name()), error };
        let unknown = Err::<(), _>(HookError::Invalid(crate::moderate::UNKNOWN.into()));
        let passed = self.link.forgive(Hook::ModerateOutput, session, unknown);
        session.moderation.failed(Hook::ModerateOutput, passed).map_err(failed)?;
        session.moderation.add(Hook::ModerateOutput, Outcome::FailOpen);
        Ok(())
    }

    /// What ends a stream of which more would have to wait than `most` bytes.
    pub fn overflow(&self, most: usize) -> Denied {
        Denied::Failed { filter: Arc::clone(self.link.name()), error: HookError::Body(most) }
    }

    /// Bytes of all texts that have come.
    pub fn came(&self) -> u64 {
        self.texts.values().map(Buffer::came).sum()
    }

    /// What may leave of the first `upto` bytes of a text, and has not been taken before.
    pub fn take(&mut self, id: u32, upto: u64) -> String {
        self.texts.get_mut(&id).map(|buffer| buffer.take(upto)).unwrap_or_default()
    }

    /// Whether a text says something else by now than it did.
    pub fn is_edited(&self, id: u32) -> bool {
        self.texts.get(&id).is_some_and(Buffer::is_edited)
    }

    /// Whether a part of a text has left, or will leave, later than it came.
    pub fn is_moved(&self, id: u32) -> bool {
        self.texts.get(&id).is_some_and(Buffer::is_moved)
    }

    /// Whether anything of a text has come.
    pub fn has(&self, id: u32) -> bool {
        self.texts.get(&id).is_some_and(|buffer| buffer.came() > 0)
    }

    /// Whether all of a text that has come is exactly this.
    pub fn came_as(&self, id: u32, content: &str) -> bool {
        self.texts.get(&id).is_some_and(|buffer| buffer.came_as(content))
    }

    /// All of a text that was taken.
    pub fn taken(&self, id: u32) -> &str {
        self.texts.get(&id).map_or("", Buffer::taken_whole)
    }

    /// The texts that have come, in order of their numbers.
    pub fn ids(&self) -> Vec<u32> {
        self.texts.keys().copied().collect()
    }

    /// When text has waited long enough to be judged although a window is not full.
    pub fn due_at(&self) -> Option<Instant> {
        if self.plan.mode != Mode::Window {
            return None;
        }
        let waits = self.texts.values().filter_map(|buffer| buffer.waits_since(&self.plan));
        waits.min().and_then(|since| since.checked_add(self.plan.longest))
    }
}

#[cfg(test)]
#[path = "stream/stream_tests.rs"]
mod tests;
