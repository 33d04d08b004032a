//! `countTokens`, as the Gemini API and Vertex AI have it.
//!
//! Sources: <https://ai.google.dev/api/tokens>,
//! <https://cloud.google.com/vertex-ai/docs/reference/rest/v1/projects.locations.publishers.models/countTokens>

use super::codec::parts::{camel, camel_key};
use crate::exchange::counted::{CountForm, CounterForm, object as object_of, only};
use crate::exchange::json::{Json, Object, Text, object};
use crate::exchange::refused::Refused;

/// `countTokens` of the Gemini API.
pub(crate) struct Gemini;

/// The same of Vertex AI, where what is counted stands at the top.
pub(crate) struct Vertex;

/// What is counted beside bare contents, and in place of them.
const WHOLE: &str = "generateContentRequest";

impl CountForm for Gemini {
    fn open<'a>(&self, body: Json<'a>) -> Result<Json<'a>, Refused> {
        let mut body = camel(object_of(body)?);
        Ok(body.take(WHOLE).unwrap_or_else(|| body.into()))
    }

    fn encode_answer(&self, tokens: u64) -> Object<'static> {
        object! { "totalTokens": tokens }
    }
}

impl CounterForm for Gemini {
    fn wrap<'a>(&self, mut body: Object<'a>, model: &str, _betas: &[&'a str]) -> Object<'a> {
        body.set("model", named(model));
        Object::from_iter([(WHOLE.into(), body.into())])
    }

    /// The model is in the path, and again in what is counted.
    fn rename(&self, body: &mut Object<'_>, model: &str) {
        let renamed = std::mem::take(body).into_entries().map(|(key, mut value)| {
            if camel_key(key.clone()) == WHOLE {
                name(&mut value, model);
            }
            (key, value)
        });
        *body = renamed.collect();
    }

    fn tokens(&self) -> &'static str {
        "totalTokens"
    }
}

impl CounterForm for Vertex {
    fn wrap<'a>(&self, body: Object<'a>, _model: &str, _betas: &[&'a str]) -> Object<'a> {
        only(camel(body), &["contents", "systemInstruction", "tools", "generationConfig"])
    }

    fn tokens(&self) -> &'static str {
        "totalTokens"
    }
}

/// Names the model of a request that stands in a body, where it names one.
pub(super) fn name(request: &mut Json<'_>, model: &str) {
    if let Json::Object(request) = request
        && request.get("model").is_some()
    {
        request.set("model", named(model));
    }
}

/// A model as bodies name it.
pub(super) fn named(model: &str) -> Text<'static> {
    if model.contains('/') { model.to_owned().into() } else { format!("models/{model}").into() }
}
