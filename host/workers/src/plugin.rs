//! A plugin whose hooks are calls of its workers.

use std::any::Any;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::future::FutureExt;
use http::HeaderMap;
use serde::Serialize;
use tidegate_contract::{
    AdmissionVerdict, AuthVerdict, Event, EventVerdict, Head, Hook, Judged, Outcome, Subscription, Text,
    TransformVerdict, Usage, Windows,
};
use tidegate_pipeline::{Answer, Call, HookError, LoadError, Payload, Plugin, Setup};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::call::{Admit, Authenticate, Called, Completed, Events, Moderate, Settle, Transform};
use crate::frame::Frame;
use crate::keeper::Core;
use crate::launch::Launch;
use crate::link::Terms;
use crate::pool::Pool;
use crate::verdict;

/// What of a package its workers are told.
#[derive(Debug, Clone)]
pub struct Package {
    /// The id of the manifest.
    pub id: String,
    /// The file that the worker loads, relative to the folder that it runs in.
    pub entry: String,
    /// How streams are cut unless the subscription says otherwise.
    pub windows: Option<Windows>,
}

/// Makes a plugin: starts its first worker, which says whether it can be used, and then the others.
///
/// `kept` is what has to stay as long as workers may be started, such as the folder of their files.
///
/// # Errors
/// Where the first worker cannot be started or refuses, or each request is to get an instance of its own.
pub async fn configure(
    launch: Launch,
    package: Package,
    setup: Setup,
    kept: Arc<dyn Any + Send + Sync>,
) -> Result<Arc<dyn Plugin>, LoadError> {
    if setup.per_request {
        return Err(LoadError::Unsupported(
            "\"instance\" is \"per_request\", and its instances are processes, which serve one request after another; \
             leave \"instance\" out, or write \"pooled\""
                .into(),
        ));
    }
    let workers = setup.process.workers.max(1);
    let core = Arc::new(Core {
        launch,
        package,
        setup,
        pool: Pool::new(workers),
        gone: CancellationToken::new(),
        _kept: kept,
    });
    let first = core.start().await?;
    let subscription = first.ready.subscription.clone();
    tokio::spawn(Arc::clone(&core).keep(Some(first)));
    for _ in 1..workers {
        tokio::spawn(Arc::clone(&core).keep(None));
    }
    Ok(Arc::new(WorkerPlugin { core, subscription }))
}

/// The plugin; its workers end with it.
struct WorkerPlugin {
    core: Arc<Core>,
    subscription: Subscription,
}

impl Drop for WorkerPlugin {
    fn drop(&mut self) {
        self.core.gone.cancel();
    }
}

impl WorkerPlugin {
    async fn ask(
        &self,
        hook: Hook,
        call: Call<'_>,
        told: impl Serialize + Send,
        body: Option<Bytes>,
    ) -> Result<Frame, HookError> {
        let until = Instant::now() + call.context.deadline;
        let token = self.core.pool.lease().await?;
        let left = until.saturating_duration_since(Instant::now());
        let called = Called::new(hook, &call.context, left, told);
        let terms = Terms { scope: Arc::clone(call.scope), until, body };
        token.link().call(token, &called, terms).await
    }

    async fn transform(
        &self,
        hook: Hook,
        call: Call<'_>,
        status: Option<u16>,
        (headers, body): (&HeaderMap, Payload<'_>),
    ) -> Result<TransformVerdict, HookError> {
        let whole = match body {
            Payload::Whole(document) => Some(document.text()),
            Payload::Absent | Payload::Fields(_) | Payload::Opaque(_) => None,
        };
        let frame = self.ask(hook, call, Transform::of(status, headers, body)?, whole).await?;
        verdict::transform(&frame.meta, &frame.body)
    }
}

impl Plugin for WorkerPlugin {
    fn subscription(&self) -> &Subscription {
        &self.subscription
    }

    fn authenticate<'a>(&'a self, call: Call<'a>, head: Head<'a>) -> Answer<'a, AuthVerdict> {
        let asked = async move { self.ask(Hook::Authenticate, call, Authenticate::of(&head), None).await };
        asked.map(|frame| verdict::auth(&frame?.meta)).boxed()
    }

    fn admit<'a>(&'a self, call: Call<'a>, estimate: Usage) -> Answer<'a, AdmissionVerdict> {
        let asked = self.ask(Hook::Admit, call, Admit::of(estimate), None);
        asked.map(|frame| verdict::admission(&frame?.meta)).boxed()
    }

    fn settle<'a>(&'a self, call: Call<'a>, ticket: &'a str, actual: Usage) -> Answer<'a, ()> {
        self.ask(Hook::Settle, call, Settle::of(ticket, actual), None).map(|frame| frame.map(drop)).boxed()
    }

    fn transform_request<'a>(
        &'a self,
        call: Call<'a>,
        headers: &'a HeaderMap,
        body: Payload<'a>,
    ) -> Answer<'a, TransformVerdict> {
        self.transform(Hook::TransformRequest, call, None, (headers, body)).boxed()
    }

    fn transform_upstream<'a>(
        &'a self,
        call: Call<'a>,
        headers: &'a HeaderMap,
        body: Payload<'a>,
    ) -> Answer<'a, TransformVerdict> {
        self.transform(Hook::TransformUpstream, call, None, (headers, body)).boxed()
    }

    fn transform_response<'a>(
        &'a self,
        call: Call<'a>,
        status: u16,
        headers: &'a HeaderMap,
        body: Payload<'a>,
    ) -> Answer<'a, TransformVerdict> {
        self.transform(Hook::TransformResponse, call, Some(status), (headers, body)).boxed()
    }

    fn transform_event<'a>(&'a self, call: Call<'a>, events: &'a [Event]) -> Answer<'a, Vec<EventVerdict>> {
        let asked = self.ask(Hook::TransformEvent, call, Events::of(events), None);
        asked.map(|frame| verdict::events(&frame?.meta, events.len())).boxed()
    }

    fn moderate_input<'a>(&'a self, call: Call<'a>, texts: &'a [Text<'a>]) -> Answer<'a, Judged> {
        let asked = self.ask(Hook::ModerateInput, call, Moderate::of(texts, None), None);
        asked.map(|frame| verdict::judged(&frame?.meta)).boxed()
    }

    fn moderate_output<'a>(
        &'a self,
        call: Call<'a>,
        texts: &'a [Text<'a>],
        last: bool,
    ) -> Answer<'a, Judged> {
        let asked = self.ask(Hook::ModerateOutput, call, Moderate::of(texts, Some(last)), None);
        asked.map(|frame| verdict::judged(&frame?.meta)).boxed()
    }

    fn completed<'a>(&'a self, call: Call<'a>, outcome: &'a Outcome) -> Answer<'a, ()> {
        self.ask(Hook::Completed, call, Completed::of(outcome), None).map(|frame| frame.map(drop)).boxed()
    }
}

#[cfg(test)]
#[path = "plugin_tests.rs"]
mod tests;
