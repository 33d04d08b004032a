//! What a hook told, piece by piece, and the verdict that it comes to.

use std::sync::Arc;

use tidegate_contract::{
    AdmissionVerdict, AuthVerdict, BodyChange, Change, EventVerdict, Finding, Grant, HeaderEdit, Hook,
    JsonEdit, Judged, Judgement, Need, Principal, Refusal, Reply, TextEdit, TransformVerdict, Windows,
};
use tidegate_pipeline::HookError;

/// The verdict of any hook.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Verdict {
    Auth(Allowed),
    Admission(AdmissionVerdict),
    Transform(TransformVerdict),
    Events(Vec<EventVerdict>),
    Judged(Judged),
    Done,
}

/// [`AuthVerdict`], which two of cannot be compared.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Allowed {
    Pass,
    Allow(Principal, Vec<HeaderEdit>),
    Deny(Refusal),
}

impl From<Allowed> for AuthVerdict {
    fn from(allowed: Allowed) -> Self {
        match allowed {
            Allowed::Pass => Self::Pass,
            Allowed::Allow(principal, headers) => {
                Self::Allow(Grant { principal: Arc::new(principal), headers })
            }
            Allowed::Deny(refusal) => Self::Deny(refusal),
        }
    }
}

/// What was told. Which parts belong to which hook is looked at in the end.
#[derive(Debug, Default)]
pub(crate) struct Told {
    /// Why the hook failed, in the plugin's words.
    pub(crate) failure: Option<String>,
    /// What of it cannot be used.
    pub(crate) wrong: Option<String>,
    pub(crate) wants: Wants,
    pub(crate) principal: Option<Principal>,
    pub(crate) refusal: Option<Refusal>,
    pub(crate) ticket: Option<String>,
    pub(crate) headers: Vec<HeaderEdit>,
    pub(crate) edits: Vec<JsonEdit>,
    pub(crate) replacement: Option<String>,
    pub(crate) cluster: Option<String>,
    pub(crate) reroute: bool,
    pub(crate) reply: Option<Reply>,
    pub(crate) events: Vec<EventVerdict>,
    pub(crate) block: Option<String>,
    pub(crate) text_edits: Vec<TextEdit>,
    pub(crate) findings: Vec<Finding>,
    pub(crate) hold: Vec<(u32, u32)>,
}

/// What `configure` asked for.
#[derive(Debug, Default)]
pub(crate) struct Wants {
    /// `None`: nothing was said.
    pub(crate) hooks: Option<Vec<String>>,
    /// Of request, response and header fields; `None`: nothing was said.
    pub(crate) needs: [Option<Need>; 3],
    pub(crate) digest: bool,
    pub(crate) windows: Option<Windows>,
    pub(crate) dialects: Vec<String>,
}

/// Takes out what belongs to a hook; whatever is left then was not for it to tell.
impl Told {
    /// The verdict on `count` events, where it is about events.
    ///
    /// # Errors
    /// Where parts contradict each other, or belong to another hook.
    pub(crate) fn verdict(mut self, hook: Hook, count: usize) -> Result<Verdict, HookError> {
        let verdict = match hook {
            Hook::Authenticate => Verdict::Auth(self.auth()?),
            Hook::Admit => Verdict::Admission(self.admission()?),
            Hook::TransformRequest | Hook::TransformUpstream | Hook::TransformResponse => {
                Verdict::Transform(self.transform()?)
            }
            Hook::TransformEvent => Verdict::Events(self.verdicts(count)?),
            Hook::ModerateInput | Hook::ModerateOutput => Verdict::Judged(self.judged()?),
            Hook::Settle | Hook::Completed => Verdict::Done,
        };
        self.rest().map_or(Ok(verdict), |part| {
            Err(HookError::Invalid(format!("it tells {part} in \"{hook}\", where that means nothing")))
        })
    }

    fn auth(&mut self) -> Result<Allowed, HookError> {
        match (self.principal.take(), self.refusal.take()) {
            (Some(_), Some(_)) => Err(contradiction("it grants and refuses")),
            (Some(principal), None) => Ok(Allowed::Allow(principal, std::mem::take(&mut self.headers))),
            (None, Some(refusal)) => Ok(Allowed::Deny(refusal)),
            (None, None) => Ok(Allowed::Pass),
        }
    }

    fn admission(&mut self) -> Result<AdmissionVerdict, HookError> {
        match (self.ticket.take(), self.refusal.take()) {
            (Some(_), Some(_)) => Err(contradiction("it gives a ticket and refuses")),
            (ticket, None) => Ok(AdmissionVerdict::Admitted(ticket)),
            (None, Some(refusal)) => Ok(AdmissionVerdict::Refused(refusal)),
        }
    }

    fn transform(&mut self) -> Result<TransformVerdict, HookError> {
        let (edits, replacement) = (std::mem::take(&mut self.edits), self.replacement.take());
        let body = match (replacement, edits.is_empty()) {
            (Some(_), false) => return Err(contradiction("it replaces the body and edits it")),
            (Some(json), true) => Some(BodyChange::Replace(json)),
            (None, false) => Some(BodyChange::Edits(edits)),
            (None, true) => None,
        };
        let (cluster, reroute) = (self.cluster.take(), std::mem::take(&mut self.reroute));
        let change = Change { headers: std::mem::take(&mut self.headers), body, cluster, reroute };
        match (self.reply.take(), change.is_nothing()) {
            (Some(_), false) => Err(contradiction("it replies and changes")),
            (Some(reply), true) => Ok(TransformVerdict::Reply(reply)),
            (None, true) => Ok(TransformVerdict::Unchanged),
            (None, false) => Ok(TransformVerdict::Changed(change)),
        }
    }

    fn verdicts(&mut self, count: usize) -> Result<Vec<EventVerdict>, HookError> {
        let mut told = std::mem::take(&mut self.events);
        if told.len() > count {
            return Err(HookError::Invalid(format!("{} verdicts on {count} events", told.len())));
        }
        told.resize(count, EventVerdict::Keep);
        Ok(told)
    }

    fn judged(&mut self) -> Result<Judged, HookError> {
        let edits = std::mem::take(&mut self.text_edits);
        let judgement = match (self.block.take(), edits.is_empty()) {
            (Some(_), false) => return Err(contradiction("it blocks and edits")),
            (Some(reason), true) => Judgement::Block(reason),
            (None, false) => Judgement::Edit(edits),
            (None, true) => Judgement::Allow,
        };
        let (findings, hold) = (std::mem::take(&mut self.findings), std::mem::take(&mut self.hold));
        Ok(Judged { judgement, findings, hold })
    }

    fn rest(&self) -> Option<&'static str> {
        let parts = [
            (self.principal.is_some(), "a grant"),
            (self.refusal.is_some(), "a refusal"),
            (self.ticket.is_some(), "a ticket"),
            (!self.headers.is_empty(), "edits of headers"),
            (!self.edits.is_empty() || self.replacement.is_some(), "edits of a body"),
            (self.cluster.is_some() || self.reroute, "another way"),
            (self.reply.is_some(), "a reply"),
            (!self.events.is_empty(), "what becomes of events"),
            (self.block.is_some() || !self.text_edits.is_empty(), "a judgement"),
            (!self.findings.is_empty() || !self.hold.is_empty(), "findings"),
            (self.wants.hooks.is_some(), "subscriptions"),
        ];
        parts.into_iter().find_map(|(is_there, name)| is_there.then_some(name))
    }
}

fn contradiction(what: &str) -> HookError {
    HookError::Invalid(format!("{what}; do one of them"))
}

#[cfg(test)]
#[path = "told_tests.rs"]
mod tests;
