//! Judgements of a request that run while it is sent upstream; its answer waits for them.

use std::sync::Arc;

use futures_util::future::try_join_all;
use tidegate_contract::{Finding, Hook, Judged, Judgement, Text};

use crate::chain::Denied;
use crate::guard::Link;
use crate::moderate::{self, Side};
use crate::plugin::{Call, HookError};
use crate::scope::Scope;
use crate::session::Session;
use crate::tally::Outcome;

/// The judgements of one exchange that are still to be made.
#[derive(Debug, Default)]
pub struct Beside(Vec<Asked>);

/// What one filter is to judge.
#[derive(Debug)]
struct Asked {
    /// What it is told of the request.
    session: Session,
    link: Arc<Link>,
    scope: Arc<Scope>,
    texts: Result<Vec<Text<'static>>, HookError>,
}

/// What a filter said.
struct Verdict {
    link: Arc<Link>,
    outcome: Option<Outcome>,
    findings: Vec<Finding>,
}

/// What all of them said, to be noted in the session.
pub struct JudgedBeside(Vec<Verdict>);

impl Beside {
    /// Whether nothing is to be judged.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Asks all filters at once.
    ///
    /// # Errors
    /// Where one of them blocks, or fails and its entry denies.
    pub async fn judge(self) -> Result<JudgedBeside, Denied> {
        try_join_all(self.0.into_iter().map(Asked::judge)).await.map(JudgedBeside)
    }

    pub(crate) fn add(
        &mut self,
        session: Session,
        link: &Arc<Link>,
        scope: &Arc<Scope>,
        texts: Result<Vec<Text<'static>>, HookError>,
    ) {
        self.0.push(Asked { session, link: Arc::clone(link), scope: Arc::clone(scope), texts });
    }
}

impl Asked {
    async fn judge(self) -> Result<Verdict, Denied> {
        let Self { session, link, scope, texts } = self;
        let failed = |error| Denied::Failed { filter: Arc::clone(link.name()), error };
        let call = Call { context: session.context(), scope: &scope };
        let asked = moderate::ask(&link, Side::Input, call, &texts).await.map_err(failed)?;
        let Some(Judged { judgement, findings, .. }) = asked else {
            let outcome = (!link.is_shadow()).then_some(Outcome::FailOpen);
            return Ok(Verdict { link, outcome, findings: Vec::new() });
        };
        let carried = match judgement {
            Judgement::Allow => Ok(()),
            Judgement::Block(reason) => {
                return Err(Denied::Blocked { filter: Arc::clone(link.name()), reason, answer: false });
            }
            Judgement::Edit(edits) if edits.is_empty() => Ok(()),
            Judgement::Edit(_) => Err(HookError::Invalid("it edits a request that is sent already".into())),
        };
        let carried = link.forgive(Hook::ModerateInput, &session, carried).map_err(failed)?;
        let outcome = match carried {
            None => Outcome::FailOpen,
            Some(()) if findings.is_empty() => Outcome::Allow,
            Some(()) => Outcome::Flag,
        };
        Ok(Verdict { link, outcome: Some(outcome), findings })
    }
}

impl JudgedBeside {
    /// Notes what was said.
    pub fn note(self, session: &mut Session) {
        for Verdict { link, outcome, findings } in self.0 {
            if let Some(outcome) = outcome {
                session.moderation.add(Hook::ModerateInput, outcome);
            }
            session.note_findings(&link, findings);
        }
    }
}

#[cfg(test)]
#[path = "beside_tests.rs"]
mod tests;
