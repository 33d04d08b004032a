//! One call of one filter, held to its deadline, with its failure turned into what `on_error` says.

use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use http::HeaderName;
use tidegate_contract::{Dialect, Hook, Hooks, Need, Subscription, Windows};
use tidegate_telemetry::{HookCalls, Metrics, ModerationSeries};
use tracing::Instrument;

use crate::breaker::Breaker;
use crate::plugin::{Answer, Call, HookError, Plugin};
use crate::session::Session;
use crate::tally::Outcome;
use crate::trace::Step;
use crate::verdict::{Effect, Verdict, cut};
use crate::wanted::WantedHeaders;
use crate::when::When;

/// The deadline of a call where the entry sets none.
pub const DEFAULT_DEADLINE: Duration = Duration::from_millis(500);

/// Bodies as OpenAI's chats; so far only those that are.
const CHAT: &str = "chat";

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
    version: Option<Arc<str>>,
    plugin: Arc<dyn Plugin>,
    hooks: Hooks,
    headers: WantedHeaders,
    on_error: OnError,
    deadline: Duration,
    shadow: bool,
    when: Option<When>,
    body_limit: usize,
    windows: Option<Windows>,
    unjudged_media: bool,
    beside: bool,
    breaker: Breaker,
    calls: Vec<(Hook, HookCalls)>,
    moderation: ModerationSeries,
}

impl std::fmt::Debug for Link {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Link").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Link {
    /// A place that denies on error, waits [`DEFAULT_DEADLINE`], always applies and is not a shadow.
    pub fn new(name: Arc<str>, plugin: Arc<dyn Plugin>, metrics: &Metrics) -> Self {
        let hooks = plugin.subscription().hooks;
        let headers = WantedHeaders::new(&plugin.subscription().headers);
        let calls = hooks.iter().map(|hook| (hook, metrics.hook_calls(&name, hook.as_str()))).collect();
        let moderation = metrics.moderation(&name);
        Self {
            name,
            version: None,
            plugin,
            hooks,
            headers,
            on_error: OnError::Deny,
            deadline: DEFAULT_DEADLINE,
            shadow: false,
            when: None,
            body_limit: usize::MAX,
            windows: None,
            unjudged_media: false,
            beside: false,
            breaker: Breaker::default(),
            calls,
            moderation,
        }
    }

    /// `id@version` of the plugin, for traces.
    #[must_use]
    pub fn version(self, version: Option<Arc<str>>) -> Self {
        Self { version, ..self }
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

    /// Applies only to requests for which the condition holds.
    #[must_use]
    pub fn when(self, when: Option<When>) -> Self {
        Self { when, ..self }
    }

    /// The largest body that the filter is given, in bytes.
    #[must_use]
    pub fn body_limit(self, body_limit: usize) -> Self {
        Self { body_limit, ..self }
    }

    /// How streams are cut where the filter's subscription does not say.
    #[must_use]
    pub fn windows(self, windows: Option<Windows>) -> Self {
        Self { windows, ..self }
    }

    pub(crate) fn cut(&self) -> Option<&Windows> {
        self.subscription().windows.as_ref().or(self.windows.as_ref())
    }

    /// Lets media pass, which no filter can judge.
    #[must_use]
    pub fn unjudged_media(self, unjudged_media: bool) -> Self {
        Self { unjudged_media, ..self }
    }

    /// Judges requests while they are sent upstream; the answer waits for the verdict.
    #[must_use]
    pub fn beside(self, beside: bool) -> Self {
        Self { beside, ..self }
    }

    pub(crate) fn refuses_media(&self) -> bool {
        !self.unjudged_media && !self.shadow
    }

    pub(crate) fn judges_beside(&self) -> bool {
        self.beside
    }

    /// Whether it transforms whole answers and would never see a stream.
    pub fn needs_whole_answers(&self) -> bool {
        let body = &self.subscription().response_body;
        self.has(Hook::TransformResponse) && !self.has(Hook::TransformEvent) && *body != Need::Nothing
    }

    /// What it finds and holds, as metrics.
    pub(crate) fn moderation(&self) -> &ModerationSeries {
        &self.moderation
    }

    pub(crate) fn name(&self) -> &Arc<str> {
        &self.name
    }

    pub(crate) fn is_shadow(&self) -> bool {
        self.shadow
    }

    pub(crate) fn largest_body(&self) -> usize {
        self.body_limit
    }

    /// The hooks that it has.
    pub fn hooks(&self) -> Hooks {
        self.hooks
    }

    pub(crate) fn has(&self, hook: Hook) -> bool {
        self.hooks.has(hook)
    }

    pub(crate) fn credential_fields(&self) -> &[HeaderName] {
        self.plugin.credential_fields()
    }

    pub(crate) fn settles_at_once(&self) -> bool {
        self.plugin.settles_at_once()
    }

    pub(crate) fn subscription(&self) -> &Subscription {
        self.plugin.subscription()
    }

    /// What of the header fields it is given.
    pub(crate) fn headers(&self) -> &WantedHeaders {
        &self.headers
    }

    pub(crate) fn condition(&self) -> Option<&When> {
        self.when.as_ref()
    }

    /// # Errors
    /// Where the filter is not given a body of this size.
    pub(crate) fn check_body(&self, length: usize) -> Result<(), HookError> {
        if length > self.body_limit { Err(HookError::Body(self.body_limit)) } else { Ok(()) }
    }

    /// # Errors
    /// Where a hook would be shown a body, or the events of a stream, in a dialect that the filter does not understand.
    fn check_dialect(&self, hook: Hook, dialect: &str) -> Result<(), HookError> {
        let subscription = self.subscription();
        let reads = match hook {
            Hook::TransformRequest | Hook::TransformUpstream => subscription.request_body != Need::Nothing,
            Hook::TransformResponse => subscription.response_body != Need::Nothing,
            Hook::TransformEvent => true,
            _ => false,
        };
        let names = &subscription.dialects;
        let openai = Dialect::OpenAi.as_str();
        // A filter that names none was written when there was no other.
        let stands_for_openai = names.is_empty() || names.iter().any(|name| name == CHAT);
        let understands =
            names.iter().any(|name| name == dialect) || (dialect == openai && stands_for_openai);
        if !reads || dialect.is_empty() || understands {
            return Ok(());
        }
        Err(HookError::Failed(format!(
            "it does not understand the dialect \"{dialect}\"; keep it off routes of that API, or use a version that does"
        )))
    }

    /// The filter's verdict; `None` where it failed and `on_error: allow` forgives, or where it is a shadow.
    ///
    /// `make` starts the hook.
    ///
    /// # Errors
    /// Where the filter failed and the entry denies.
    pub(crate) async fn ask<'a, T>(
        &'a self,
        hook: Hook,
        call: Call<'a>,
        make: impl FnOnce(&'a dyn Plugin, Call<'a>) -> Result<Answer<'a, T>, HookError>,
    ) -> Result<Option<T>, HookError>
    where
        T: Verdict,
    {
        let verdict = self.hear(hook, call, make).await?;
        Ok(verdict.filter(|_| !self.shadow))
    }

    /// As [`Link::ask`], with what a shadow says, too.
    ///
    /// # Errors
    /// Where the filter failed and the entry denies.
    pub(crate) async fn hear<'a, T>(
        &'a self,
        hook: Hook,
        mut call: Call<'a>,
        make: impl FnOnce(&'a dyn Plugin, Call<'a>) -> Result<Answer<'a, T>, HookError>,
    ) -> Result<Option<T>, HookError>
    where
        T: Verdict,
    {
        let Some((_, calls)) = self.calls.iter().find(|(known, _)| *known == hook) else { return Ok(None) };
        let timer = calls.start();
        let (scope, started) = (call.scope, call.scope.trace().map(|_| Instant::now()));
        call.context.deadline = self.deadline;
        let span = tracing::debug_span!("hook", plugin = &*self.name, hook = hook.as_str());
        // What a filter does not understand says nothing of whether it works.
        let may = self.check_dialect(hook, call.context.dialect).and_then(|()| self.breaker.check());
        let outcome = match may {
            Err(error) => Err(error),
            Ok(()) => {
                let outcome = run(self.deadline, || make(&*self.plugin, call)).instrument(span).await;
                self.breaker.note(outcome.is_ok());
                outcome
            }
        };
        let open = self.on_error == OnError::Allow || self.shadow;
        let name = outcome.as_ref().map_or(if open { "fail_open" } else { "error" }, Verdict::name);
        if let Some((trace, started)) = scope.trace().zip(started) {
            let took = started.elapsed();
            trace.note(|| {
                let effect = outcome.as_ref().map(|verdict| verdict.kept(trace.has_values()));
                let error = outcome.as_ref().err().map(|error| cut(&error.to_string()));
                Step { error, effect: effect.unwrap_or_default(), took, ..self.step(hook, name) }
            });
        }
        timer.finish(name);
        match outcome {
            Ok(verdict) => Ok(Some(verdict)),
            Err(error) => {
                self.tell(hook, call.context.request_id, &error, open);
                if open { Ok(None) } else { Err(error) }
            }
        }
    }

    /// A call as a trace has it, without what came of it.
    fn step(&self, hook: Hook, verdict: &'static str) -> Step {
        Step {
            hook,
            filter: Arc::clone(&self.name),
            plugin: self.version.clone(),
            verdict,
            error: None,
            shadow: self.shadow,
            effect: Effect::default(),
            took: Duration::ZERO,
        }
    }

    /// Notes that media was blocked, which no filter is asked about.
    pub(crate) fn blocked_media(&self, hook: Hook, session: &mut Session) {
        self.count(hook, "block");
        session.moderation.add(hook, Outcome::Block);
        if let Some(trace) = &session.attributes.trace {
            trace.note(|| self.step(hook, "block"));
        }
    }

    /// What a verdict came to when it was carried out: one that cannot be is a failure like any other.
    ///
    /// # Errors
    /// Where the entry denies.
    pub(crate) fn forgive<T>(
        &self,
        hook: Hook,
        session: &Session,
        carried: Result<T, HookError>,
    ) -> Result<Option<T>, HookError> {
        let error = match carried {
            Ok(value) => return Ok(Some(value)),
            Err(error) => error,
        };
        let open = self.on_error == OnError::Allow;
        let name = if open { "fail_open" } else { "error" };
        self.count(hook, name);
        if let Some(trace) = &session.attributes.trace {
            trace.note(|| Step { error: Some(cut(&error.to_string())), ..self.step(hook, name) });
        }
        self.tell(hook, &session.request_id, &error, open);
        if open { Ok(None) } else { Err(error) }
    }

    /// Counts what became of a call that was never made, or of its verdict.
    pub(crate) fn count(&self, hook: Hook, verdict: &'static str) {
        if let Some((_, calls)) = self.calls.iter().find(|(known, _)| *known == hook) {
            calls.count(verdict);
        }
    }

    fn tell(&self, hook: Hook, request_id: &str, error: &HookError, open: bool) {
        let (filter, hook, kind) = (&*self.name, hook.as_str(), error.kind());
        if open {
            tracing::warn!(filter, hook, kind, %error, request_id, "filter failed open");
        } else {
            tracing::error!(filter, hook, kind, %error, request_id, "filter failed");
        }
    }
}

/// Runs a hook within its deadline; a panic, also while the future is made, is an error like any other.
async fn run<'a, T>(
    deadline: Duration,
    hook: impl FnOnce() -> Result<Answer<'a, T>, HookError>,
) -> Result<T, HookError> {
    let made = std::panic::catch_unwind(AssertUnwindSafe(hook)).map_err(|_| HookError::Panicked)??;
    let mut running = pin!(AssertUnwindSafe(made).catch_unwind());
    // Most filters answer at once: a timer is armed only for those that wait.
    let outcome = match futures_util::poll!(running.as_mut()) {
        Poll::Ready(outcome) => outcome,
        Poll::Pending => {
            tokio::time::timeout(deadline, running).await.map_err(|_| HookError::Deadline(deadline))?
        }
    };
    outcome.map_err(|_| HookError::Panicked)?
}

#[cfg(test)]
#[path = "guard_tests.rs"]
mod tests;
