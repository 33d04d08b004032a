//! What the gateway must know to send a request to a provider: what it speaks, path, credential, defaults.

use std::sync::{Arc, LazyLock};

use http::header::{HeaderMap, HeaderValue, InvalidHeaderValue};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use tidegate_contract::{Dialect, Operation};

use crate::exchange::api::Speech;
use crate::exchange::counted::Counter;
use crate::exchange::embed::Embedder;
use crate::exchange::question::{Question, Task};
use crate::{anthropic, azure, bedrock, gemini, http as opaque, mock, openai};

/// A kind of upstream. One value serves all clusters of its kind; a new provider is one folder and a line in [`all`].
pub trait Provider: Send + Sync + std::fmt::Debug {
    /// The value of `provider` in the configuration.
    fn name(&self) -> &str;

    /// The value of `gen_ai.provider.name` in metrics.
    fn metric_name(&self) -> &str {
        self.name()
    }

    /// How it serves what clients of a dialect ask for.
    fn serves(&self, dialect: Dialect, operation: Operation) -> Serving;

    /// Scheme, authority and base path where the cluster names no `endpoint`; `None` where it must.
    fn default_endpoint(&self, site: &Site) -> Option<String>;

    /// What comes between the endpoint and the operation where the cluster names no `path_prefix`; no slash at its end.
    fn default_prefix(&self) -> &str;

    /// Makes the header value that carries the key, marked sensitive. Done once, when the cluster is built.
    ///
    /// # Errors
    /// Where the key holds bytes that no header field may have.
    fn credential(&self, api_key: &str) -> Result<HeaderValue, InvalidHeaderValue> {
        sensitive(&format!("Bearer {api_key}"))
    }

    /// Puts what [`Provider::credential`] made into the request, in place of any other credential of that kind.
    fn authorize(&self, headers: &mut HeaderMap, credential: &HeaderValue) {
        headers.insert(http::header::AUTHORIZATION, credential.clone());
    }

    /// Adds the fields that the provider demands and the client did not send.
    fn complete(&self, _headers: &mut HeaderMap) {}

    /// Whether `stream_options` of OpenAI's API mean something to it.
    fn takes_stream_options(&self) -> bool {
        true
    }

    /// Whether the path to send names the model, which must be read first then.
    fn has_models_in_paths(&self, _site: &Site) -> bool {
        false
    }

    /// The path and query to send.
    fn path(&self, target: &Target<'_>) -> String;
}

/// How a provider serves what a client asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Serving {
    /// Bodies pass as they are.
    Passes,
    /// It is asked in its own words.
    Speaks(Task),
    /// It has nothing of the kind; what it lacks.
    Refuses(&'static str),
}

/// Where in a cloud a cluster is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Site {
    /// Of AWS, such as `us-east-1`.
    pub region: Option<String>,
    /// Of Google Cloud.
    pub project: Option<String>,
    /// Of Google Cloud, such as `us-central1` or `global`.
    pub location: Option<String>,
    /// Of Azure, such as `2025-01-01-preview`.
    pub api_version: Option<String>,
}

/// What a path is made of.
#[derive(Debug, Clone, Copy)]
pub struct Target<'a> {
    /// Of the endpoint. This and `prefix` are empty or begin with a slash and do not end in one.
    pub base_path: &'a str,
    /// Between the endpoint and the operation.
    pub prefix: &'a str,
    /// The client's, or that of the API into which it was translated; begins with a slash.
    pub path: &'a str,
    /// Without `?`; may be empty.
    pub query: &'a str,
    /// What is asked in the provider's words.
    pub operation: Operation,
    /// As the provider calls it; empty where nobody knows.
    pub model: &'a str,
    /// Whether a stream is asked for.
    pub stream: bool,
    /// Where in a cloud.
    pub site: &'a Site,
}

static ALL: LazyLock<[Arc<dyn Provider>; 10]> = LazyLock::new(|| {
    [
        Arc::new(openai::upstream::OpenAi),
        Arc::new(azure::upstream::AzureOpenAi),
        Arc::new(anthropic::upstream::Anthropic),
        Arc::new(bedrock::upstream::Bedrock),
        Arc::new(bedrock::upstream::BedrockAnthropic),
        Arc::new(gemini::upstream::Gemini),
        Arc::new(gemini::upstream::Vertex),
        Arc::new(gemini::upstream::VertexAnthropic),
        Arc::new(mock::upstream::Mock),
        Arc::new(opaque::upstream::Http),
    ]
});

/// Every provider but those that are data ([`crate::Compatible`]).
pub fn all() -> &'static [Arc<dyn Provider>] {
    &*ALL
}

/// The provider of that name.
pub fn by_name(name: &str) -> Option<Arc<dyn Provider>> {
    all().iter().find(|provider| provider.name() == name).cloned()
}

/// What a provider can be asked in its own words.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Skills {
    pub(crate) converse: Speech,
    pub(crate) count: Option<Counter>,
    pub(crate) embed: Option<Embedder>,
}

impl Skills {
    /// How a provider with these skills serves a client where nothing but what `passes` is as its own clients ask it.
    pub(crate) fn serve(
        self,
        passes: impl FnOnce(Operation) -> bool,
        (dialect, operation): (Dialect, Operation),
    ) -> Serving {
        if !operation.names_a_model() || passes(operation) {
            return Serving::Passes;
        }
        let task = match Question::of_client(dialect, operation) {
            Some(Question::Converse(_)) => Some(Task::Converse(self.converse)),
            Some(Question::Count(_)) => self.count.map(Task::Count),
            Some(Question::Embed(_)) => self.embed.map(Task::Embed),
            None => None,
        };
        task.map_or(Serving::Refuses(lacks(operation)), Serving::Speaks)
    }
}

/// Whether no API but vLLM's and Cohere's has it, though the path is of OpenAI's dialect.
pub(crate) fn is_no_openai(operation: Operation) -> bool {
    matches!(operation, Operation::Tokenize | Operation::Rerank)
}

fn lacks(operation: Operation) -> &'static str {
    match operation {
        Operation::Completion => "plain completions",
        Operation::Embeddings | Operation::EmbedContent | Operation::BatchEmbedContents => "embeddings",
        Operation::InputTokens
        | Operation::CountTokens
        | Operation::Tokenize
        | Operation::GeminiCountTokens => "count of tokens",
        Operation::Rerank => "reranking",
        Operation::ImageGeneration | Operation::ImageEdit => "images",
        Operation::Speech | Operation::Transcription | Operation::Translation => "audio",
        Operation::Moderation => "moderations",
        _ => "this operation",
    }
}

/// A value that no log shows.
pub(crate) fn sensitive(text: &str) -> Result<HeaderValue, InvalidHeaderValue> {
    let mut value = HeaderValue::try_from(text)?;
    value.set_sensitive(true);
    Ok(value)
}

/// What a segment of a path may hold as it is (RFC 3986, section 3.3), without the colon that ends a model's name.
const IN_SEGMENT: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'@');

/// A name as one segment of a path.
pub(crate) fn segment(name: &str) -> String {
    utf8_percent_encode(name, IN_SEGMENT).to_string().replace("..", "%2E%2E")
}

/// The same with nothing left but what every signature takes as it is.
pub(crate) fn segment_all(name: &str) -> String {
    segment(name).replace('@', "%40")
}

/// The parts one after another, and the query where there is one; one allocation.
pub(crate) fn joined(parts: [&str; 3], query: &str) -> String {
    let length = parts.iter().map(|part| part.len()).sum::<usize>() + 1 + query.len();
    let mut path = String::with_capacity(length);
    path.extend(parts);
    if !query.is_empty() {
        path.push('?');
        path.push_str(query);
    }
    path
}

#[cfg(test)]
#[path = "upstream_tests.rs"]
mod tests;
