//! A configured plugin whose code runs in this process: inline, or on threads where a slow call holds up nobody else.

use std::sync::Arc;
use std::time::Instant;

use http::HeaderMap;
use tidegate_contract::{
    AdmissionVerdict, AuthVerdict, Context, Event, EventVerdict, Head, Hook, Judged, Outcome, Subscription,
    Text, TransformVerdict, Usage,
};
use tidegate_pipeline::{Answer, Call, DEFAULT_DEADLINE, HookError, Instances, Payload, Plugin, Services};
use tokio::runtime::Handle;

use crate::asked::{Asked, Message, OwnedContext};
use crate::overdue::Overdue;
use crate::reach::Local;
use crate::seat::Seat;
use crate::told::Verdict;

/// A native plugin with one configuration.
pub(crate) struct NativePlugin {
    pub(crate) subscription: Subscription,
    pub(crate) instances: Arc<Instances<Seat>>,
    pub(crate) services: Arc<Services>,
    pub(crate) runtime: Handle,
    pub(crate) overdue: Arc<Overdue>,
}

impl NativePlugin {
    async fn ask(&self, call: Call<'_>, asked: Asked<'_>) -> Result<Verdict, HookError> {
        self.overdue.check()?;
        // Whoever calls without a deadline gets the usual one.
        let deadline = Some(call.context.deadline).filter(|left| !left.is_zero()).unwrap_or(DEFAULT_DEADLINE);
        let until = Instant::now() + deadline;
        let mut leased = self.instances.lease().await?;
        let left = until.saturating_duration_since(Instant::now());
        let context = Context { deadline: left, ..call.context };
        let outcome = match &mut *leased {
            Seat::Here(instance) => {
                let scope = call.scope;
                let reach = Local { services: &self.services, scope, runtime: &self.runtime, until };
                instance.ask(asked, &context, &reach)
            }
            Seat::Aside(thread) => {
                let (here, there) = self.overdue.begin(until);
                let services = Arc::clone(&self.services);
                let (scope, runtime) = (Arc::clone(call.scope), self.runtime.clone());
                let (asked, context) = (asked.to_owned(), OwnedContext::of(&context));
                let outcome = thread.run(move |instance| {
                    let _there = there;
                    let reach = Local { services: &services, scope: &scope, runtime: &runtime, until };
                    asked.with(|asked| instance.ask(asked, &context.borrowed(), &reach))
                });
                let outcome = outcome.await.unwrap_or_else(|| Err(lost()));
                drop(here);
                outcome
            }
        };
        if leaves_whole(&outcome) {
            leased.give_back();
        }
        // What runs here cannot be stopped, but a late verdict counts as none, as everywhere.
        if outcome.is_ok() && Instant::now() > until { Err(HookError::Deadline(deadline)) } else { outcome }
    }

    async fn transform(&self, call: Call<'_>, message: Message<'_>) -> Result<TransformVerdict, HookError> {
        match self.ask(call, Asked::Transform(message)).await? {
            Verdict::Transform(verdict) => Ok(verdict),
            _ => Err(other()),
        }
    }

    async fn moderate(
        &self,
        call: Call<'_>,
        texts: &[Text<'_>],
        last: Option<bool>,
    ) -> Result<Judged, HookError> {
        match self.ask(call, Asked::Moderate(texts, last)).await? {
            Verdict::Judged(judged) => Ok(judged),
            _ => Err(other()),
        }
    }
}

/// The thread of a call ended without an answer.
fn lost() -> HookError {
    HookError::Trapped("its thread ended".into())
}

/// A verdict of another hook; [`crate::instance::Instance::ask`] gives none.
fn other() -> HookError {
    HookError::Invalid("it is the verdict of another hook".into())
}

/// Whether the instance may be called again.
fn leaves_whole(outcome: &Result<Verdict, HookError>) -> bool {
    !matches!(outcome, Err(HookError::Panicked | HookError::Trapped(_)))
}

impl Plugin for NativePlugin {
    fn subscription(&self) -> &Subscription {
        &self.subscription
    }

    fn authenticate<'a>(&'a self, call: Call<'a>, head: Head<'a>) -> Answer<'a, AuthVerdict> {
        Box::pin(async move {
            match self.ask(call, Asked::Authenticate(head)).await? {
                Verdict::Auth(allowed) => Ok(allowed.into()),
                _ => Err(other()),
            }
        })
    }

    fn admit<'a>(&'a self, call: Call<'a>, estimate: Usage) -> Answer<'a, AdmissionVerdict> {
        Box::pin(async move {
            match self.ask(call, Asked::Admit(estimate)).await? {
                Verdict::Admission(verdict) => Ok(verdict),
                _ => Err(other()),
            }
        })
    }

    fn settle<'a>(&'a self, call: Call<'a>, ticket: &'a str, actual: Usage) -> Answer<'a, ()> {
        Box::pin(async move { self.ask(call, Asked::Settle(ticket, actual)).await.map(drop) })
    }

    fn transform_request<'a>(
        &'a self,
        call: Call<'a>,
        headers: &'a HeaderMap,
        body: Payload<'a>,
    ) -> Answer<'a, TransformVerdict> {
        let message = Message { hook: Hook::TransformRequest, status: None, headers, body };
        Box::pin(self.transform(call, message))
    }

    fn transform_upstream<'a>(
        &'a self,
        call: Call<'a>,
        headers: &'a HeaderMap,
        body: Payload<'a>,
    ) -> Answer<'a, TransformVerdict> {
        let message = Message { hook: Hook::TransformUpstream, status: None, headers, body };
        Box::pin(self.transform(call, message))
    }

    fn transform_response<'a>(
        &'a self,
        call: Call<'a>,
        status: u16,
        headers: &'a HeaderMap,
        body: Payload<'a>,
    ) -> Answer<'a, TransformVerdict> {
        let message = Message { hook: Hook::TransformResponse, status: Some(status), headers, body };
        Box::pin(self.transform(call, message))
    }

    fn transform_event<'a>(&'a self, call: Call<'a>, events: &'a [Event]) -> Answer<'a, Vec<EventVerdict>> {
        Box::pin(async move {
            match self.ask(call, Asked::Events(events)).await? {
                Verdict::Events(verdicts) => Ok(verdicts),
                _ => Err(other()),
            }
        })
    }

    fn moderate_input<'a>(&'a self, call: Call<'a>, texts: &'a [Text<'a>]) -> Answer<'a, Judged> {
        Box::pin(self.moderate(call, texts, None))
    }

    fn moderate_output<'a>(
        &'a self,
        call: Call<'a>,
        texts: &'a [Text<'a>],
        last: bool,
    ) -> Answer<'a, Judged> {
        Box::pin(self.moderate(call, texts, Some(last)))
    }

    fn completed<'a>(&'a self, call: Call<'a>, outcome: &'a Outcome) -> Answer<'a, ()> {
        Box::pin(async move { self.ask(call, Asked::Completed(outcome)).await.map(drop) })
    }
}
