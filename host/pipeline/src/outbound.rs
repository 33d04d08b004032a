//! An answer on its way back through a chain, in reverse: what masked on the way in unmasks on the way out.

use std::sync::Arc;

use http::HeaderMap;
use tidegate_contract::{Event, EventVerdict, Hook, Reply, TransformVerdict};

use crate::apply;
use crate::chain::{Chain, Denied};
use crate::document::Payload;
use crate::inbound::{Message, needed_length, transform_name};
use crate::moderate::{self, Side};
use crate::plugin::{Call, HookError};
use crate::session::Session;

impl Chain {
    /// Whether any filter must see the body of an answer, or may change it.
    pub fn reads_answer(&self) -> bool {
        self.has(Hook::TransformResponse) || self.has(Hook::ModerateOutput)
    }

    /// Whether any filter must see the events of a stream.
    pub fn reads_events(&self) -> bool {
        self.has(Hook::TransformEvent)
    }

    /// Whether a stream must be judged before any of it may leave.
    pub fn judges_answers(&self) -> bool {
        self.has(Hook::ModerateOutput)
    }

    /// Runs moderation and transform hooks on a whole answer. `Some` is a filter's own answer in its place.
    ///
    /// # Errors
    /// Where a filter blocks, or fails and its entry denies.
    pub async fn outbound(
        &self,
        session: &mut Session,
        status: u16,
        message: &mut Message<'_>,
    ) -> Result<Option<Reply>, Denied> {
        for link in self.links.iter().rev() {
            if link.has(Hook::ModerateOutput) {
                moderate::body(link, Side::Output, session, message).await?;
            }
            if link.has(Hook::TransformResponse)
                && let Some(reply) = self.respond(link, session, (status, false), message).await?
            {
                return Ok(Some(reply));
            }
        }
        Ok(None)
    }

    /// Runs the moderation hooks on the texts of a stream that was put together; its events follow from what is left.
    ///
    /// # Errors
    /// Where a filter blocks, or fails and its entry denies.
    pub async fn judge_stream(&self, session: &mut Session, message: &mut Message<'_>) -> Result<(), Denied> {
        for link in self.with(Hook::ModerateOutput).rev() {
            moderate::body(link, Side::Output, session, message).await?;
        }
        Ok(())
    }

    /// Runs the transform hooks on the head of a stream, before its first byte. `Some` is a filter's own answer.
    ///
    /// # Errors
    /// Where a filter fails and its entry denies.
    pub async fn stream_head(
        &self,
        session: &mut Session,
        status: u16,
        message: &mut Message<'_>,
    ) -> Result<Option<Reply>, Denied> {
        for link in self.with(Hook::TransformResponse).rev() {
            if let Some(reply) = self.respond(link, session, (status, true), message).await? {
                return Ok(Some(reply));
            }
        }
        Ok(None)
    }

    async fn respond(
        &self,
        link: &Arc<crate::guard::Link>,
        session: &mut Session,
        (status, stream): (u16, bool),
        message: &mut Message<'_>,
    ) -> Result<Option<Reply>, Denied> {
        let failed = |error| Denied::Failed { filter: Arc::clone(link.name()), error };
        let Some(scope) = session.scope(link, message.headers).map_err(failed)? else { return Ok(None) };
        let verdict = {
            let need = &link.subscription().response_body;
            let mut fields = Vec::new();
            let length = if stream { 0 } else { needed_length(need, message.body) };
            let payload = if stream {
                Ok(Payload::Absent)
            } else {
                link.check_body(length).and_then(|()| {
                    message
                        .body
                        .payload(need, &mut fields)
                        .map_err(|error| HookError::Invalid(error.to_string()))
                })
            };
            let headers: &HeaderMap = message.headers;
            let call = Call { context: session.context(), scope: &scope };
            let asked = link.ask(
                Hook::TransformResponse,
                call,
                |plugin, call| Ok(plugin.transform_response(call, status, headers, payload?)),
                transform_name,
            );
            asked.await.map_err(failed)?
        };
        let carried = match verdict {
            None | Some(TransformVerdict::Unchanged) => Ok(None),
            Some(TransformVerdict::Reply(reply)) => apply::reply(&reply).map(|()| Some(reply)),
            Some(TransformVerdict::Changed(change)) => {
                apply::change(&change, message.headers, message.body).map(|()| None)
            }
        };
        link.forgive(Hook::TransformResponse, session, carried).map(Option::flatten).map_err(failed)
    }

    /// Passes events through the filters that want them, in reverse order of the chain.
    ///
    /// # Errors
    /// Where a filter fails and its entry denies.
    pub async fn events(
        &self,
        session: &mut Session,
        headers: &HeaderMap,
        mut events: Vec<Event>,
    ) -> Result<Vec<Event>, Denied> {
        for link in self.with(Hook::TransformEvent).rev() {
            let failed = |error| Denied::Failed { filter: Arc::clone(link.name()), error };
            let Some(scope) = session.scope(link, headers).map_err(failed)? else { continue };
            if events.is_empty() {
                break;
            }
            let verdicts = {
                let call = Call { context: session.context(), scope: &scope };
                let events = &events;
                let asked = link.ask(
                    Hook::TransformEvent,
                    call,
                    |plugin, call| Ok(plugin.transform_event(call, events)),
                    events_name,
                );
                asked.await.map_err(failed)?
            };
            let Some(verdicts) = verdicts else { continue };
            let carried = carry_out(&events, verdicts);
            if let Some(changed) = link.forgive(Hook::TransformEvent, session, carried).map_err(failed)? {
                events = changed;
            }
        }
        Ok(events)
    }
}

#[expect(clippy::ptr_arg, reason = "the guard names whatever value the hook answers with")]
fn events_name(verdicts: &Vec<EventVerdict>) -> &'static str {
    let kept = verdicts.iter().all(|verdict| *verdict == EventVerdict::Keep);
    if kept { "keep" } else { "changed" }
}

fn carry_out(events: &[Event], verdicts: Vec<EventVerdict>) -> Result<Vec<Event>, HookError> {
    if verdicts.len() != events.len() {
        let text = format!("{} verdicts for {} events", verdicts.len(), events.len());
        return Err(HookError::Invalid(text));
    }
    let mut out = Vec::with_capacity(events.len());
    for (event, verdict) in events.iter().zip(verdicts) {
        match verdict {
            EventVerdict::Keep => out.push(event.clone()),
            EventVerdict::Replace(with) => out.extend(with),
            EventVerdict::Drop => {}
        }
    }
    match out.iter().find(|event| !is_event(event)) {
        Some(_) => {
            Err(HookError::Invalid("an event's name or data has a line end, or its data is no JSON".into()))
        }
        None => Ok(out),
    }
}

/// What can be written as one event and read as the same one.
fn is_event(event: &Event) -> bool {
    let line = |text: &str| !text.contains(['\n', '\r']);
    event.name.as_deref().is_none_or(line)
        && line(&event.data)
        && serde_json::from_str::<serde::de::IgnoredAny>(&event.data).is_ok()
}
