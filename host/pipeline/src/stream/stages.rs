//! The filters of a chain on one stream, in the order in which its events pass them.

use std::sync::Arc;

use http::HeaderMap;
use tidegate_contract::{Event, EventVerdict, Hook};

use super::StreamModeration;
use crate::chain::{Chain, Denied};
use crate::guard::Link;
use crate::plugin::{Call, HookError};
use crate::scope::Scope;
use crate::session::Session;

/// A hook on the events of a stream.
pub enum Stage {
    /// Judges the texts in them.
    Moderation(Box<StreamModeration>),
    /// Changes them.
    Transform(StreamTransform),
}

/// A filter that is given the events of a stream.
pub struct StreamTransform {
    link: Arc<Link>,
    scope: Arc<Scope>,
}

impl Chain {
    /// The hooks that the events of a stream pass, in reverse order of the chain. A filter may hold at most `most` bytes.
    ///
    /// # Errors
    /// Where the condition of a filter cannot be evaluated.
    pub fn stages(
        &self,
        session: &mut Session,
        headers: &HeaderMap,
        most: usize,
    ) -> Result<Vec<Stage>, Denied> {
        let mut stages = Vec::new();
        for link in self.links.iter().rev() {
            let (judges, transforms) = (link.has(Hook::ModerateOutput), link.has(Hook::TransformEvent));
            if !judges && !transforms {
                continue;
            }
            let failed = |error| Denied::Failed { filter: Arc::clone(link.name()), error };
            let Some(scope) = session.scope(link, headers).map_err(failed)? else { continue };
            if judges {
                session.note_judged(link, Hook::ModerateOutput);
                let moderation = StreamModeration::new(Arc::clone(link), Arc::clone(&scope), most);
                stages.push(Stage::Moderation(Box::new(moderation)));
            }
            if transforms {
                stages.push(Stage::Transform(StreamTransform { link: Arc::clone(link), scope }));
            }
        }
        Ok(stages)
    }
}

impl StreamTransform {
    /// What the filter makes of events that have come.
    ///
    /// # Errors
    /// Where it fails and its entry denies.
    pub async fn pass(&self, session: &mut Session, events: Vec<Event>) -> Result<Vec<Event>, Denied> {
        if events.is_empty() {
            return Ok(events);
        }
        let failed = |error| Denied::Failed { filter: Arc::clone(self.link.name()), error };
        let verdicts = {
            let call = Call { context: session.context(), scope: &self.scope };
            let events = &events;
            let asked = self
                .link
                .ask(Hook::TransformEvent, call, |plugin, call| Ok(plugin.transform_event(call, events)));
            asked.await.map_err(failed)?
        };
        let Some(verdicts) = verdicts else { return Ok(events) };
        let carried = carry_out(&events, verdicts);
        let changed = self.link.forgive(Hook::TransformEvent, session, carried).map_err(failed)?;
        Ok(changed.unwrap_or(events))
    }
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
