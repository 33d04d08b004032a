//! `response_transform`: edits of answers by JSON pointer, of whole ones and of every event of a stream, and headers.

mod settings;

use std::sync::Arc;

use http::HeaderMap;
use serde_json::Value;
use tidegate_contract::{
    BodyChange, Event, EventVerdict, HeaderEdit, Hook, Hooks, JsonEdit, Need, Subscription, TransformVerdict,
};
use tidegate_pipeline::{
    Answer, Call, Document, Field, FilterFactory, HookError, Payload, Plugin, SettingsProblem, World,
};

use crate::settings::decode;
use crate::transform::body::BodyEdits;
use crate::transform::sketch::Sketch;
use crate::transform::verdict;
use settings::Settings;

/// Makes `response_transform`s.
pub struct ResponseTransformFactory;

impl FilterFactory for ResponseTransformFactory {
    fn kind(&self) -> &'static str {
        "response_transform"
    }

    fn schema(&self) -> Value {
        schemars::schema_for!(Settings).to_value()
    }

    fn build(&self, settings: &Value, _: &World<'_>) -> Result<Arc<dyn Plugin>, Vec<SettingsProblem>> {
        Ok(Arc::new(decode::<Settings>(settings, "")?.checked()?))
    }
}

/// Makes the same edits in a whole answer, an upstream's error included, and in each event of a stream.
struct ResponseTransform {
    body: BodyEdits,
    watched: Vec<String>,
    headers: Vec<HeaderEdit>,
    subscription: Subscription,
}

impl ResponseTransform {
    fn new(body: BodyEdits, headers: Vec<HeaderEdit>, dialects: Vec<String>) -> Self {
        let edits_body = !body.is_empty();
        let mut hooks = Hooks::NONE;
        if edits_body || !headers.is_empty() {
            hooks = hooks.with(Hook::TransformResponse);
        }
        if edits_body {
            hooks = hooks.with(Hook::TransformEvent);
        }
        let watched = body.watched();
        // Also with nothing to watch: what is asked for tells JSON, which is edited, from what is not.
        let response_body = if edits_body { Need::Fields(watched.clone()) } else { Need::Nothing };
        let subscription = Subscription { response_body, dialects, ..Subscription::to(hooks) };
        Self { body, watched, headers, subscription }
    }

    fn edits(&self, fields: &[Field<'_>]) -> Vec<JsonEdit> {
        if fields.is_empty() && !self.body.always_edit() {
            return Vec::new();
        }
        self.body.plan(fields, &mut Sketch::of(fields))
    }

    fn event(&self, event: &Event) -> Result<EventVerdict, HookError> {
        let failed = |error: tidegate_pipeline::NotJson| HookError::Failed(error.to_string());
        let mut document = Document::new(event.data.clone().into());
        let edits = self.edits(&document.fields(&self.watched).map_err(failed)?);
        if edits.is_empty() {
            return Ok(EventVerdict::Keep);
        }
        for edit in edits {
            // The events of one stream differ: an edit that has no place in this one may have it in the next.
            let _has_no_place = document.apply(&BodyChange::Edits(vec![edit]));
        }
        let data = document.tree().map_err(failed)?.to_string();
        Ok(EventVerdict::Replace(vec![Event { name: event.name.clone(), data }]))
    }
}

impl Plugin for ResponseTransform {
    fn subscription(&self) -> &Subscription {
        &self.subscription
    }

    fn transform_response<'a>(
        &'a self,
        _call: Call<'a>,
        _status: u16,
        _headers: &'a HeaderMap,
        body: Payload<'a>,
    ) -> Answer<'a, TransformVerdict> {
        let edits = match body {
            Payload::Fields(fields) => self.edits(fields),
            Payload::Absent | Payload::Whole(_) | Payload::Opaque(_) => Vec::new(),
        };
        Box::pin(std::future::ready(Ok(verdict(&self.headers, edits))))
    }

    fn transform_event<'a>(&'a self, _call: Call<'a>, events: &'a [Event]) -> Answer<'a, Vec<EventVerdict>> {
        Box::pin(std::future::ready(events.iter().map(|event| self.event(event)).collect()))
    }
}

#[cfg(test)]
#[path = "response_transform/response_transform_tests.rs"]
mod tests;
