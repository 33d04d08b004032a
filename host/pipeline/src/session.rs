//! What the chain knows of one exchange from its first hook to its last.

use std::sync::Arc;

use http::HeaderMap;
use tidegate_contract::{Context, Finding, Hook, Principal, Text};

use crate::beside::Beside;
use crate::guard::Link;
use crate::plugin::HookError;
use crate::quotas::Allowance;
use crate::scope::{Attributes, Scope};
use crate::tally::Tally;
use crate::when::Facts;

/// One exchange, as hooks see it. The proxy fills in what becomes known on the way.
#[derive(Debug, Default)]
pub struct Session {
    /// The id in `x-request-id`.
    pub request_id: Box<str>,
    /// The route, once it is picked.
    pub route: Arc<str>,
    /// The dialect that bodies are in.
    pub dialect: &'static str,
    /// What is asked of the model.
    pub operation: &'static str,
    /// The client's name of the model; filters may change it.
    pub model: Option<String>,
    /// Who calls.
    pub principal: Option<Arc<Principal>>,
    /// Whether a stream was asked for, and later whether the answer is one.
    pub streaming: bool,
    /// Tries upstream.
    pub attempt: u32,
    /// Facts that are fixed before the first hook.
    pub attributes: Arc<Attributes>,
    /// What moderation filters found.
    pub findings: Vec<Finding>,
    /// What moderation did.
    pub moderation: Tally,
    /// Judgements of the request that wait for it to be sent.
    pub beside: Beside,
    /// Where the limits stand that the request came under.
    pub allowances: Vec<Allowance>,
    slots: Vec<Slot>,
}

/// One filter on this exchange.
#[derive(Debug)]
struct Slot {
    /// The place of the link in memory: it outlives the exchange, whose snapshot holds it.
    link: usize,
    scope: Arc<Scope>,
    applies: bool,
    judged_input: bool,
    judged_output: bool,
}

impl Session {
    /// What hooks are told.
    pub fn context(&self) -> Context<'_> {
        Context {
            request_id: &self.request_id,
            route: &self.route,
            dialect: self.dialect,
            operation: self.operation,
            model: self.model.as_deref(),
            principal: self.principal.as_deref(),
            streaming: self.streaming,
            attempt: self.attempt,
            ..Context::new(&self.request_id)
        }
    }

    /// The notes of a filter on this exchange, the same for all of its hooks; `None` where its `when` does not hold.
    ///
    /// The condition is evaluated once, so that what was masked on the way in is unmasked on the way out.
    ///
    /// # Errors
    /// Where the condition cannot be evaluated.
    pub(crate) fn scope(
        &mut self,
        link: &Link,
        headers: &HeaderMap,
    ) -> Result<Option<Arc<Scope>>, HookError> {
        let place = std::ptr::from_ref(link).addr();
        if let Some(slot) = self.slots.iter().find(|slot| slot.link == place) {
            return Ok(slot.applies.then(|| Arc::clone(&slot.scope)));
        }
        let facts = Facts {
            principal: self.principal.as_deref(),
            model: self.model.as_deref(),
            route: &self.route,
            headers,
        };
        let applies =
            link.condition().map_or(Ok(true), |when| when.holds(facts)).map_err(HookError::Failed)?;
        let scope = Scope::new(&self.request_id, Arc::clone(&self.attributes));
        self.slots.push(Slot {
            link: place,
            scope: Arc::clone(&scope),
            applies,
            judged_input: false,
            judged_output: false,
        });
        Ok(applies.then_some(scope))
    }

    /// Has a filter judge texts once the request is on its way.
    pub(crate) fn judge_beside(
        &mut self,
        link: &Arc<Link>,
        scope: &Arc<Scope>,
        texts: Result<Vec<Text<'static>>, HookError>,
    ) {
        let facts = self.facts();
        self.beside.add(facts, link, scope, texts);
    }

    /// What hooks are told, for a call that outlives this borrow.
    fn facts(&self) -> Self {
        Self {
            request_id: self.request_id.clone(),
            route: Arc::clone(&self.route),
            dialect: self.dialect,
            operation: self.operation,
            model: self.model.clone(),
            principal: self.principal.clone(),
            streaming: self.streaming,
            attempt: self.attempt,
            ..Self::default()
        }
    }

    /// Notes what a filter found.
    pub(crate) fn note_findings(&mut self, link: &Link, findings: Vec<Finding>) {
        findings.iter().for_each(|finding| link.moderation().found(&finding.category));
        self.findings.extend(findings);
    }

    /// Notes that a filter was asked to judge.
    pub(crate) fn note_judged(&mut self, link: &Link, hook: Hook) {
        let place = std::ptr::from_ref(link).addr();
        let Some(slot) = self.slots.iter_mut().find(|slot| slot.link == place) else { return };
        match hook {
            Hook::ModerateInput => slot.judged_input = true,
            _ => slot.judged_output = true,
        }
    }

    /// Whether a filter that applies to this exchange was never asked to judge.
    pub(crate) fn has_skipped(&self, link: &Link, hook: Hook) -> bool {
        let place = std::ptr::from_ref(link).addr();
        self.slots.iter().find(|slot| slot.link == place).is_none_or(|slot| {
            let judged = if hook == Hook::ModerateInput { slot.judged_input } else { slot.judged_output };
            slot.applies && !judged
        })
    }
}
