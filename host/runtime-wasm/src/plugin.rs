//! A configured component as a filter: each hook is one call into a leased instance.

use std::sync::Arc;
use std::time::{Duration, Instant};

use http::HeaderMap;
use tidegate_contract::{
    AdmissionVerdict, AuthVerdict, Event, EventVerdict, Head, Hook, Judged, Outcome, Subscription, Text,
    TransformVerdict, Usage,
};
use tidegate_pipeline::{Answer, Call, HookError, Instances, Leased, Payload, Plugin};
use wasmtime::Store;

use crate::convert::{self, Carried, Known};
use crate::exports::{Guests, present};
use crate::fault;
use crate::instance::{Data, Instance};

/// The instances of one configuration.
pub(crate) struct WasmPlugin {
    subscription: Arc<Subscription>,
    instances: Arc<Instances<Instance>>,
}

/// An instance for one call.
struct Used<'a> {
    lease: Leased<'a, Instance>,
    /// Of the call, when the instance was there.
    left: Duration,
}

impl WasmPlugin {
    pub(crate) fn new(subscription: Arc<Subscription>, instances: Arc<Instances<Instance>>) -> Self {
        Self { subscription, instances }
    }

    async fn begin(&self, call: &Call<'_>) -> Result<Used<'_>, HookError> {
        let deadline = call.context.deadline;
        let until = Instant::now() + deadline;
        let mut lease = self.instances.lease().await?;
        lease.begin(call.scope, until, deadline);
        Ok(Used { lease, left: until.saturating_duration_since(Instant::now()) })
    }

    /// A transform; of an answer it has a status.
    async fn transform(
        &self,
        hook: Hook,
        call: Call<'_>,
        status: Option<u16>,
        (headers, body): (&HeaderMap, Payload<'_>),
    ) -> Result<TransformVerdict, HookError> {
        let (known, headers, body) =
            (Known::of(&call.context), convert::headers(headers), Carried::of(body)?);
        let mut used = self.begin(&call).await?;
        let (left, (store, guests)) = (used.left, used.parts());
        let guest = present(&guests.transform)?;
        let (context, body) = (known.context(left), body.payload());
        let answer = match status {
            Some(status) => guest.call_response(store, context, status, &headers, body).await,
            None if hook == Hook::TransformUpstream => {
                guest.call_upstream(store, context, &headers, body).await
            }
            None => guest.call_request(store, context, &headers, body).await,
        };
        used.end(answer).map(convert::transform_verdict)
    }

    /// Texts; of an answer it is known whether they are the last.
    async fn moderate(
        &self,
        call: Call<'_>,
        texts: &[Text<'_>],
        last: Option<bool>,
    ) -> Result<Judged, HookError> {
        let known = Known::of(&call.context);
        let texts: Vec<_> = texts.iter().map(convert::text).collect();
        let mut used = self.begin(&call).await?;
        let (left, (store, guests)) = (used.left, used.parts());
        let guest = present(&guests.moderation)?;
        let answer = match last {
            Some(last) => guest.call_output(store, known.context(left), &texts, last).await,
            None => guest.call_input(store, known.context(left), &texts).await,
        };
        used.end(answer).map(convert::judged)
    }
}

impl Used<'_> {
    fn parts(&mut self) -> (&mut Store<Data>, &Guests) {
        let Instance { store, guests, .. } = &mut *self.lease;
        (store, guests)
    }

    /// The answer of the guest. An instance that stopped in the middle is not used again: its component cannot be entered.
    fn end<T>(mut self, answer: wasmtime::Result<Result<T, String>>) -> Result<T, HookError> {
        match answer {
            Ok(answer) => {
                self.lease.rest();
                self.lease.give_back();
                answer.map_err(|text| HookError::Failed(fault::cut(&text)))
            }
            Err(error) => Err(self.lease.fault(&error)),
        }
    }
}

impl Plugin for WasmPlugin {
    fn subscription(&self) -> &Subscription {
        &self.subscription
    }

    fn authenticate<'a>(&'a self, call: Call<'a>, head: Head<'a>) -> Answer<'a, AuthVerdict> {
        Box::pin(async move {
            let known = Known::of(&call.context);
            let sent = convert::SentHead::of(&head);
            let mut used = self.begin(&call).await?;
            let (left, (store, guests)) = (used.left, used.parts());
            let answer =
                present(&guests.auth)?.call_authenticate(store, known.context(left), sent.head()).await;
            used.end(answer).map(convert::auth_verdict)
        })
    }

    fn admit<'a>(&'a self, call: Call<'a>, estimate: Usage) -> Answer<'a, AdmissionVerdict> {
        Box::pin(async move {
            let known = Known::of(&call.context);
            let mut used = self.begin(&call).await?;
            let (left, (store, guests)) = (used.left, used.parts());
            let guest = present(&guests.admission)?;
            let answer = guest.call_admit(store, known.context(left), convert::usage(estimate)).await;
            used.end(answer).map(convert::admission_verdict)
        })
    }

    fn settle<'a>(&'a self, call: Call<'a>, ticket: &'a str, actual: Usage) -> Answer<'a, ()> {
        Box::pin(async move {
            let known = Known::of(&call.context);
            let mut used = self.begin(&call).await?;
            let (left, (store, guests)) = (used.left, used.parts());
            let guest = present(&guests.admission)?;
            let answer = guest.call_settle(store, known.context(left), ticket, convert::usage(actual)).await;
            used.end(answer)
        })
    }

    fn transform_request<'a>(
        &'a self,
        call: Call<'a>,
        headers: &'a HeaderMap,
        body: Payload<'a>,
    ) -> Answer<'a, TransformVerdict> {
        Box::pin(self.transform(Hook::TransformRequest, call, None, (headers, body)))
    }

    fn transform_upstream<'a>(
        &'a self,
        call: Call<'a>,
        headers: &'a HeaderMap,
        body: Payload<'a>,
    ) -> Answer<'a, TransformVerdict> {
        Box::pin(self.transform(Hook::TransformUpstream, call, None, (headers, body)))
    }

    fn transform_response<'a>(
        &'a self,
        call: Call<'a>,
        status: u16,
        headers: &'a HeaderMap,
        body: Payload<'a>,
    ) -> Answer<'a, TransformVerdict> {
        Box::pin(self.transform(Hook::TransformResponse, call, Some(status), (headers, body)))
    }

    fn transform_event<'a>(&'a self, call: Call<'a>, events: &'a [Event]) -> Answer<'a, Vec<EventVerdict>> {
        Box::pin(async move {
            let known = Known::of(&call.context);
            let sent: Vec<_> = events.iter().map(convert::event).collect();
            let mut used = self.begin(&call).await?;
            let (left, (store, guests)) = (used.left, used.parts());
            let answer = present(&guests.transform)?.call_events(store, known.context(left), &sent).await;
            let verdicts = used.end(answer)?;
            if verdicts.len() != events.len() {
                let text = format!("{} verdicts on {} events", verdicts.len(), events.len());
                return Err(HookError::Invalid(text));
            }
            Ok(verdicts.into_iter().map(convert::event_verdict).collect())
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
        Box::pin(async move {
            let known = Known::of(&call.context);
            let findings: Vec<_> = outcome.findings.iter().map(convert::finding_sent).collect();
            let mut used = self.begin(&call).await?;
            let (left, (store, guests)) = (used.left, used.parts());
            let guest = present(&guests.observe)?;
            let outcome = convert::outcome(outcome, &findings);
            let answer = guest.call_completed(store, known.context(left), outcome).await;
            used.end(answer)
        })
    }
}
