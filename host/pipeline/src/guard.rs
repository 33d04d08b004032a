//! One call of one filter, held to its deadline, with its failure turned into what `on_error` says.

use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tidegate_contract::{AuthVerdict, Context, Head};
use tidegate_telemetry::{HookCalls, Metrics};

use crate::plugin::{HookError, Plugin};

/// The deadline of a call where the entry sets none.
pub const DEFAULT_DEADLINE: Duration = Duration::from_millis(500);

/// What a filter's error means for the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnError {
    /// The request is refused with 503.
    Deny,
    /// The filter counts as passed by, and that is counted as `fail_open`.
    Allow,
}

/// A filter at its place in a chain, with the keys that every entry shares.
pub struct Link {
    name: Arc<str>,
    plugin: Arc<dyn Plugin>,
    on_error: OnError,
    deadline: Duration,
    shadow: bool,
    authenticate: HookCalls,
}

impl Link {
    /// A place that denies on error, waits [`DEFAULT_DEADLINE`] and is not a shadow.
    pub fn new(name: Arc<str>, plugin: Arc<dyn Plugin>, metrics: &Metrics) -> Self {
        let authenticate = metrics.hook_calls(&name, "authenticate");
        Self {
            name,
            plugin,
            on_error: OnError::Deny,
            deadline: DEFAULT_DEADLINE,
            shadow: false,
            authenticate,
        }
    }

    /// Replaces what an error means.
    #[must_use]
    pub fn on_error(self, on_error: OnError) -> Self {
        Self { on_error, ..self }
    }

    /// Replaces the deadline of a call.
    #[must_use]
    pub fn deadline(self, deadline: Duration) -> Self {
        Self { deadline, ..self }
    }

    /// A shadow runs and is counted, and changes nothing.
    #[must_use]
    pub fn shadow(self, shadow: bool) -> Self {
        Self { shadow, ..self }
    }

    pub(crate) fn name(&self) -> &Arc<str> {
        &self.name
    }

    pub(crate) fn is_shadow(&self) -> bool {
        self.shadow
    }

    pub(crate) fn authenticates(&self) -> bool {
        self.plugin.hooks().authenticate
    }

    /// The filter's verdict; an error that `on_error: allow` forgives comes back as a pass, never as an allow.
    pub(crate) async fn authenticate(
        &self,
        context: Context<'_>,
        head: Head<'_>,
    ) -> Result<AuthVerdict, HookError> {
        let timer = self.authenticate.start();
        let called = call(self.deadline, || self.plugin.authenticate(context, head)).await;
        match called {
            Ok(verdict) => {
                timer.finish(verdict_name(&verdict));
                Ok(verdict)
            }
            Err(error) if self.on_error == OnError::Allow => {
                timer.finish("fail_open");
                tracing::warn!(filter = %self.name, hook = "authenticate", %error, request_id = context.request_id, "filter failed open");
                Ok(AuthVerdict::Pass)
            }
            Err(error) => {
                timer.finish("error");
                tracing::error!(filter = %self.name, hook = "authenticate", %error, request_id = context.request_id, "filter failed");
                Err(error)
            }
        }
    }
}

fn verdict_name(verdict: &AuthVerdict) -> &'static str {
    match verdict {
        AuthVerdict::Pass => "pass",
        AuthVerdict::Allow(_) => "allow",
        AuthVerdict::Deny(_) => "deny",
    }
}

/// Runs a hook within its deadline; a panic, also while the future is made, is an error like any other.
async fn call<'a, T>(
    deadline: Duration,
    hook: impl FnOnce() -> BoxFuture<'a, Result<T, HookError>>,
) -> Result<T, HookError> {
    let made = std::panic::catch_unwind(AssertUnwindSafe(hook)).map_err(|_| HookError::Panicked)?;
    let mut running = pin!(AssertUnwindSafe(made).catch_unwind());
    // Most built-in filters answer at once: a timer is armed only for those that wait.
    let outcome = match futures_util::poll!(running.as_mut()) {
        Poll::Ready(outcome) => outcome,
        Poll::Pending => {
            tokio::time::timeout(deadline, running).await.map_err(|_| HookError::Deadline(deadline))?
        }
    };
    outcome.map_err(|_| HookError::Panicked)?
}
