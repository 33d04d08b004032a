//! What moderation came to on one exchange.

use std::time::Duration;

use tidegate_contract::{Hook, Judgement};

use crate::guard::Link;
use crate::plugin::HookError;

/// What was decided, and how long text waited; for metrics, log and the client.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// What moderation did to the request, the worst first.
    pub input: Option<Outcome>,
    /// What it did to the answer.
    pub output: Option<Outcome>,
    /// The longest that text of a stream was kept back.
    pub held: Duration,
}

/// What moderation came to, from the mildest to the hardest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// Everything passed.
    Allow,
    /// A filter failed, and its entry let the text pass.
    FailOpen,
    /// Something was found, and passed.
    Flag,
    /// Something was replaced.
    Redact,
    /// The exchange ended.
    Block,
    /// A filter failed, and its entry ended the exchange.
    Error,
}

impl Outcome {
    /// The word in the log, in metrics and in `x-tidegate-moderation`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::FailOpen => "fail_open",
            Self::Flag => "flag",
            Self::Redact => "redact",
            Self::Block => "block",
            Self::Error => "error",
        }
    }
}

impl Tally {
    pub(crate) fn note(&mut self, hook: Hook, judgement: &Judgement, found: bool) {
        self.add(
            hook,
            match judgement {
                Judgement::Allow if found => Outcome::Flag,
                Judgement::Allow => Outcome::Allow,
                Judgement::Edit(_) => Outcome::Redact,
                Judgement::Block(_) => Outcome::Block,
            },
        );
    }

    /// Notes what became of a filter that was asked, where it gave no verdict: a failure that ends the exchange, or one
    /// that its entry forgives. A shadow is nobody's.
    pub(crate) fn asked<T>(
        &mut self,
        hook: Hook,
        link: &Link,
        asked: Result<Option<T>, HookError>,
    ) -> Result<Option<T>, HookError> {
        let asked = self.failed(hook, asked)?;
        if asked.is_none() && !link.is_shadow() {
            self.add(hook, Outcome::FailOpen);
        }
        Ok(asked)
    }

    /// Notes a failure that ends the exchange.
    pub(crate) fn failed<T>(&mut self, hook: Hook, asked: Result<T, HookError>) -> Result<T, HookError> {
        if asked.is_err() {
            self.add(hook, Outcome::Error);
        }
        asked
    }

    pub(crate) fn add(&mut self, hook: Hook, outcome: Outcome) {
        let side = if hook == Hook::ModerateInput { &mut self.input } else { &mut self.output };
        *side = (*side).max(Some(outcome));
    }
}
