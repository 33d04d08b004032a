//! `request_transform`: edits of requests by JSON pointer, texts put before and after the prompt, and headers.

mod prompt;
mod settings;

use std::sync::Arc;

use http::HeaderMap;
use serde_json::Value;
use tidegate_contract::{HeaderEdit, Hook, Hooks, JsonEdit, Need, Subscription, TransformVerdict};
use tidegate_pipeline::{Answer, Call, Field, FilterFactory, Payload, Plugin, SettingsProblem, World};

use crate::settings::decode;
use crate::transform::body::BodyEdits;
use crate::transform::sketch::Sketch;
use crate::transform::verdict;
use prompt::Prompt;
use settings::Settings;

/// Makes `request_transform`s.
pub struct RequestTransformFactory;

impl FilterFactory for RequestTransformFactory {
    fn kind(&self) -> &'static str {
        "request_transform"
    }

    fn schema(&self) -> Value {
        schemars::schema_for!(Settings).to_value()
    }

    fn build(&self, settings: &Value, _: &World<'_>) -> Result<Arc<dyn Plugin>, Vec<SettingsProblem>> {
        Ok(Arc::new(decode::<Settings>(settings, "")?.checked()?))
    }
}

/// Makes the same edits in the client's request and, among a backend's filters, in that of one attempt. It cannot know
/// where it stands; a chain calls only the hook of its place.
struct RequestTransform {
    body: BodyEdits,
    prompt: Prompt,
    headers: Vec<HeaderEdit>,
    subscription: Subscription,
}

impl RequestTransform {
    fn new(body: BodyEdits, prompt: Prompt, headers: Vec<HeaderEdit>, dialects: Vec<String>) -> Self {
        let edits_body = !body.is_empty() || !prompt.is_empty();
        let hooks = [Hook::TransformRequest, Hook::TransformUpstream];
        let asked = hooks.into_iter().filter(|_| edits_body || !headers.is_empty());
        // Also with nothing to watch: what is asked for tells JSON, which is edited, from what is not.
        let watched = || body.watched().into_iter().chain(prompt.watched()).collect();
        let request_body = if edits_body { Need::Fields(watched()) } else { Need::Nothing };
        let hooks = asked.collect::<Hooks>();
        let subscription = Subscription { request_body, dialects, ..Subscription::to(hooks) };
        Self { body, prompt, headers, subscription }
    }

    fn edits(&self, operation: &str, fields: &[Field<'_>]) -> Vec<JsonEdit> {
        let mut sketch = Sketch::of(fields);
        let mut edits = self.body.plan(fields, &mut sketch);
        edits.extend(self.prompt.plan(operation, &sketch));
        edits
    }

    fn answer(&self, call: Call<'_>, body: Payload<'_>) -> Answer<'_, TransformVerdict> {
        let edits = match body {
            Payload::Fields(fields) => self.edits(call.context.operation, fields),
            Payload::Absent | Payload::Whole(_) | Payload::Opaque(_) => Vec::new(),
        };
        Box::pin(std::future::ready(Ok(verdict(&self.headers, edits))))
    }
}

impl Plugin for RequestTransform {
    fn subscription(&self) -> &Subscription {
        &self.subscription
    }

    fn transform_request<'a>(
        &'a self,
        call: Call<'a>,
        _headers: &'a HeaderMap,
        body: Payload<'a>,
    ) -> Answer<'a, TransformVerdict> {
        self.answer(call, body)
    }

    fn transform_upstream<'a>(
        &'a self,
        call: Call<'a>,
        _headers: &'a HeaderMap,
        body: Payload<'a>,
    ) -> Answer<'a, TransformVerdict> {
        self.answer(call, body)
    }
}

#[cfg(test)]
#[path = "request_transform/request_transform_tests.rs"]
mod tests;
