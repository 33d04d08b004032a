//! A configured plugin: each call leases a VM, runs one function in it and reads what that returned.

use std::sync::Arc;
use std::time::{Duration, Instant};

use http::HeaderMap;
use mlua::{AnyUserData, IntoLua, Value};
use tidegate_contract::{
    AdmissionVerdict, AuthVerdict, Event, EventVerdict, Head, Hook, Judged, Outcome, Subscription, Text,
    TransformVerdict, Usage,
};
use tidegate_pipeline::{Answer, Call, DEFAULT_DEADLINE, HookError, Instances, Leased, Payload, Plugin};

use crate::body::View;
use crate::convert;
use crate::error::leaves_whole;
use crate::frame::{Fields, Frame};
use crate::instance::Vm;
use crate::json;
use crate::verdict;

/// A Lua plugin with one configuration.
pub(crate) struct LuaPlugin {
    pub(crate) subscription: Subscription,
    pub(crate) instances: Arc<Instances<Vm>>,
}

/// A call under way. Dropped before its end, as when the client leaves, it takes its VM with it.
struct Running<'p> {
    vm: Leased<'p, Vm>,
    frame: Open,
    deadline: Duration,
}

/// Closes the frame whatever becomes of the call.
struct Open(Arc<Frame>);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.close();
    }
}

impl LuaPlugin {
    async fn begin(&self, call: Call<'_>, fields: Fields) -> Result<Running<'_>, HookError> {
        // Whoever calls without a deadline gets the usual one: no script runs without end.
        let deadline = Some(call.context.deadline).filter(|left| !left.is_zero()).unwrap_or(DEFAULT_DEADLINE);
        let until = Instant::now() + deadline;
        let vm = self.instances.lease().await?;
        let frame = Frame::open(&call, fields, until);
        vm.enter(&frame, until);
        Ok(Running { vm, frame: Open(frame), deadline })
    }

    async fn transform(
        &self,
        hook: Hook,
        call: Call<'_>,
        status: Option<u16>,
        (headers, body): (&HeaderMap, Payload<'_>),
    ) -> Result<TransformVerdict, HookError> {
        let running = self.begin(call, Fields::of(headers)).await?;
        let asked = async {
            let ctx = running.ctx();
            let headers = running.headers();
            let body = running.body(body)?;
            let returned = match status {
                Some(status) => running.call(hook, (ctx, status, headers, body)).await?,
                None => running.call(hook, (ctx, headers, body)).await?,
            };
            verdict::transform(&running.vm, hook, &returned)
        };
        let asked = asked.await;
        running.end(asked)
    }

    async fn moderate<'a>(
        &self,
        hook: Hook,
        call: Call<'_>,
        texts: &[Text<'a>],
        last: Option<bool>,
    ) -> Result<Judged, HookError> {
        let running = self.begin(call, Fields::default()).await?;
        let asked = async {
            let ctx = running.ctx();
            let shown = running.made(convert::texts(&running.vm, texts))?;
            let returned = match last {
                Some(last) => running.call(hook, (ctx, shown, last)).await?,
                None => running.call(hook, (ctx, shown)).await?,
            };
            verdict::judged(&running.vm, hook, texts, &returned)
        };
        let asked = asked.await;
        running.end(asked)
    }
}

impl Running<'_> {
    fn ctx(&self) -> &AnyUserData {
        &self.vm.ctx
    }

    fn headers(&self) -> &AnyUserData {
        &self.vm.headers
    }

    /// nil where there is no body or nothing of it was asked for; a view of a whole body; a table from pointer to value
    /// for some of it; `{media_type = ...}` for a body that is no JSON.
    fn body(&self, payload: Payload<'_>) -> Result<Value, HookError> {
        let lua = &self.vm.lua;
        match payload {
            Payload::Absent => Ok(Value::Nil),
            Payload::Whole(document) => {
                let tree = document.tree().map_err(|error| HookError::Invalid(error.to_string()))?;
                self.made(View::lend(lua, &self.vm.shared, &self.frame.0, Arc::clone(tree)))
            }
            Payload::Fields(fields) => {
                let library = self.made(self.vm.shared.library())?;
                let table = self.made(lua.create_table_with_capacity(0, fields.len()))?;
                for field in fields {
                    let value = self.made(json::decode(lua, library, field.value.as_bytes()))?;
                    let set = self.vm.pointer(field.pointer).and_then(|key| table.raw_set(key, value));
                    self.made(set)?;
                }
                Ok(Value::Table(table))
            }
            Payload::Opaque(media_type) => {
                self.made(lua.create_table_from([("media_type", media_type)]).map(Value::Table))
            }
        }
    }

    /// An error of the VM while arguments are made is one of the call.
    fn made<T>(&self, made: mlua::Result<T>) -> Result<T, HookError> {
        made.map_err(|error| self.vm.hook_error(&error, self.deadline))
    }

    async fn call(&self, hook: Hook, args: impl mlua::IntoLuaMulti) -> Result<Value, HookError> {
        self.vm.call(hook, args, self.deadline).await
    }

    /// The VM goes back to the others where it is whole.
    fn end<T>(self, outcome: Result<T, HookError>) -> Result<T, HookError> {
        let Self { vm, frame, .. } = self;
        drop(frame);
        vm.leave();
        if outcome.as_ref().err().is_none_or(leaves_whole) {
            vm.give_back();
        }
        outcome
    }
}

impl Plugin for LuaPlugin {
    fn subscription(&self) -> &Subscription {
        &self.subscription
    }

    fn authenticate<'a>(&'a self, call: Call<'a>, head: Head<'a>) -> Answer<'a, AuthVerdict> {
        Box::pin(async move {
            let running =
                self.begin(call, Fields::collect(head.headers.len(), head.headers.iter().copied())).await?;
            let asked = async {
                let table = running.made(convert::head(&running.vm.lua, &head))?;
                running.made(table.raw_set("headers", running.headers()))?;
                let returned = running.call(Hook::Authenticate, (running.ctx(), table)).await?;
                verdict::auth(&running.vm, &returned)
            };
            let asked = asked.await;
            running.end(asked)
        })
    }

    fn admit<'a>(&'a self, call: Call<'a>, estimate: Usage) -> Answer<'a, AdmissionVerdict> {
        Box::pin(async move {
            let running = self.begin(call, Fields::default()).await?;
            let asked = async {
                let estimate = running.made(convert::usage(&running.vm.lua, &estimate))?;
                let returned = running.call(Hook::Admit, (running.ctx(), estimate)).await?;
                verdict::admission(&running.vm, &returned)
            };
            let asked = asked.await;
            running.end(asked)
        })
    }

    fn settle<'a>(&'a self, call: Call<'a>, ticket: &'a str, actual: Usage) -> Answer<'a, ()> {
        Box::pin(async move {
            let running = self.begin(call, Fields::default()).await?;
            let asked = async {
                let actual = running.made(convert::usage(&running.vm.lua, &actual))?;
                running.call(Hook::Settle, (running.ctx(), ticket, actual)).await.map(drop)
            };
            let asked = asked.await;
            running.end(asked)
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
            let running = self.begin(call, Fields::default()).await?;
            let asked = async {
                let ctx = running.ctx();
                let mut verdicts = Vec::with_capacity(events.len());
                for event in events {
                    let shown = running.event(event)?;
                    let returned = running.call(Hook::TransformEvent, (ctx, shown)).await?;
                    verdicts.push(verdict::event(&running.vm, &returned)?);
                }
                Ok(verdicts)
            };
            let asked = asked.await;
            running.end(asked)
        })
    }

    fn moderate_input<'a>(&'a self, call: Call<'a>, texts: &'a [Text<'a>]) -> Answer<'a, Judged> {
        Box::pin(self.moderate(Hook::ModerateInput, call, texts, None))
    }

    fn moderate_output<'a>(
        &'a self,
        call: Call<'a>,
        texts: &'a [Text<'a>],
        last: bool,
    ) -> Answer<'a, Judged> {
        Box::pin(self.moderate(Hook::ModerateOutput, call, texts, Some(last)))
    }

    fn completed<'a>(&'a self, call: Call<'a>, outcome: &'a Outcome) -> Answer<'a, ()> {
        Box::pin(async move {
            let running = self.begin(call, Fields::default()).await?;
            let asked = async {
                let outcome = running.made(convert::outcome(&running.vm.lua, outcome))?;
                running.call(Hook::Completed, (running.ctx(), outcome)).await.map(drop)
            };
            let asked = asked.await;
            running.end(asked)
        })
    }
}

impl Running<'_> {
    fn event(&self, event: &Event) -> Result<Value, HookError> {
        let tree = serde_json::from_str(&event.data)
            .map_err(|error| HookError::Failed(format!("an event is no JSON: {error}")))?;
        let lua = &self.vm.lua;
        let data = View::lend(lua, &self.vm.shared, &self.frame.0, Arc::new(tree));
        self.made(data.and_then(|data| convert::event(lua, event, data)?.into_lua(lua)))
    }
}

#[cfg(test)]
#[path = "plugin_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "hostile_tests.rs"]
mod hostile;
