//! Google's models as upstreams: the Gemini API, and Vertex AI for Google's own and Anthropic's.
//!
//! Sources: <https://ai.google.dev/api/generate-content>,
//! <https://cloud.google.com/vertex-ai/docs/reference/rest/v1/projects.locations.publishers.models>

use http::header::{HeaderMap, HeaderValue, InvalidHeaderValue};
use tidegate_contract::{Dialect, Operation};

use super::client::API_KEY;
use crate::exchange::api::{Api, Envelope, Speech};
use crate::exchange::counted::Counter;
use crate::exchange::embed::Embedder;
use crate::upstream::{Provider, Serving, Site, Skills, Target, joined, segment, sensitive};

/// `provider: gemini`
#[derive(Debug)]
pub(crate) struct Gemini;

impl Provider for Gemini {
    fn name(&self) -> &str {
        "gemini"
    }

    fn serves(&self, dialect: Dialect, operation: Operation) -> Serving {
        let skills = Skills {
            converse: Api::Gemini.plain(),
            count: Some(Counter::Gemini),
            embed: Some(Embedder::Gemini),
        };
        skills.serve(|_| false, (dialect, operation))
    }

    fn default_endpoint(&self, _site: &Site) -> Option<String> {
        Some("https://generativelanguage.googleapis.com".into())
    }

    fn default_prefix(&self) -> &str {
        "/v1beta"
    }

    fn credential(&self, api_key: &str) -> Result<HeaderValue, InvalidHeaderValue> {
        sensitive(api_key)
    }

    fn authorize(&self, headers: &mut HeaderMap, credential: &HeaderValue) {
        headers.insert(API_KEY, credential.clone());
    }

    fn path(&self, target: &Target<'_>) -> String {
        if target.path.is_empty() {
            let Target { base_path, prefix, model, .. } = *target;
            let model = segment(model);
            let (verb, query) = verb(target);
            return joined([base_path, prefix, &format!("/models/{model}:{verb}")], query);
        }
        joined([target.base_path, "", target.path], target.query)
    }
}

/// `provider: gcp-vertex`
#[derive(Debug)]
pub(crate) struct Vertex;

impl Provider for Vertex {
    fn name(&self) -> &str {
        "gcp-vertex"
    }

    fn metric_name(&self) -> &str {
        "gcp.vertex_ai"
    }

    fn serves(&self, dialect: Dialect, operation: Operation) -> Serving {
        let skills = Skills {
            converse: Api::Vertex.plain(),
            count: Some(Counter::Vertex),
            embed: Some(Embedder::Vertex),
        };
        skills.serve(|_| false, (dialect, operation))
    }

    fn default_endpoint(&self, site: &Site) -> Option<String> {
        endpoint(site)
    }

    fn default_prefix(&self) -> &str {
        "/v1"
    }

    fn path(&self, target: &Target<'_>) -> String {
        let (verb, query) = verb(target);
        published(target, "google", verb, query)
    }
}

/// `provider: gcp-vertex-anthropic`
#[derive(Debug)]
pub(crate) struct VertexAnthropic;

impl Provider for VertexAnthropic {
    fn name(&self) -> &str {
        "gcp-vertex-anthropic"
    }

    fn metric_name(&self) -> &str {
        "gcp.anthropic"
    }

    fn serves(&self, dialect: Dialect, operation: Operation) -> Serving {
        let speech = Speech { api: Api::Messages, envelope: Envelope::VertexRaw };
        let skills = Skills { converse: speech, count: Some(Counter::VertexMessages), embed: None };
        skills.serve(|_| false, (dialect, operation))
    }

    fn default_endpoint(&self, site: &Site) -> Option<String> {
        endpoint(site)
    }

    fn default_prefix(&self) -> &str {
        "/v1"
    }

    fn path(&self, target: &Target<'_>) -> String {
        // Whose tokens are counted is said in the body.
        let counts = target.operation == Operation::CountTokens && !target.model.is_empty();
        let model = if counts { "count-tokens" } else { target.model };
        let verb = if target.stream { "streamRawPredict" } else { "rawPredict" };
        published(&Target { model, ..*target }, "anthropic", verb, "")
    }
}

/// What is asked, and the query. Streams are asked for as server-sent events.
fn verb(target: &Target<'_>) -> (&'static str, &'static str) {
    match target.operation {
        Operation::GeminiCountTokens => ("countTokens", ""),
        Operation::EmbedContent => ("embedContent", ""),
        Operation::BatchEmbedContents => ("batchEmbedContents", ""),
        // In the words of Vertex AI.
        Operation::Embeddings => ("predict", ""),
        _ if target.stream => ("streamGenerateContent", "alt=sse"),
        _ => ("generateContent", ""),
    }
}

fn endpoint(site: &Site) -> Option<String> {
    let location = site.location.as_deref()?;
    Some(match location {
        "global" => "https://aiplatform.googleapis.com".into(),
        "us" | "eu" => format!("https://aiplatform.{location}.rep.googleapis.com"),
        _ => format!("https://{location}-aiplatform.googleapis.com"),
    })
}

/// The path of a model that somebody publishes on Vertex.
fn published(target: &Target<'_>, publisher: &str, verb: &str, query: &str) -> String {
    let Target { base_path, prefix, path, model, site, .. } = *target;
    if model.is_empty() {
        return joined([base_path, "", path], target.query);
    }
    let of = |value: &Option<String>| value.as_deref().map(segment).unwrap_or_default();
    let (project, location, model) = (of(&site.project), of(&site.location), segment(model));
    let below =
        format!("/projects/{project}/locations/{location}/publishers/{publisher}/models/{model}:{verb}");
    joined([base_path, prefix, &below], query)
}

#[cfg(test)]
#[path = "upstream_tests.rs"]
mod tests;
