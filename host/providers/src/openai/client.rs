//! The paths of OpenAI's API.

use http::Method;
use tidegate_contract::Operation;

const CHAT: &str = "/v1/chat/completions";
const MODELS: &str = "/v1/models";
const RERANK: &str = "/v2/rerank";

/// Paths under which clients know one of those that are posted.
const ALIASES: [(&str, &str); 2] = [("/api/chat", CHAT), ("/cohere/v2/rerank", RERANK)];

/// What is posted. Counts and ranks are of others whose servers speak this API, too: vLLM's and Cohere's.
pub(crate) const POSTED: [(&str, Operation); 14] = [
    (CHAT, Operation::Chat),
    ("/v1/completions", Operation::Completion),
    ("/v1/embeddings", Operation::Embeddings),
    ("/v1/responses", Operation::Responses),
    ("/v1/responses/input_tokens", Operation::InputTokens),
    ("/v1/images/generations", Operation::ImageGeneration),
    ("/v1/images/edits", Operation::ImageEdit),
    ("/v1/images/variations", Operation::ImageEdit),
    ("/v1/audio/speech", Operation::Speech),
    ("/v1/audio/transcriptions", Operation::Transcription),
    ("/v1/audio/translations", Operation::Translation),
    ("/v1/moderations", Operation::Moderation),
    ("/tokenize", Operation::Tokenize),
    (RERANK, Operation::Rerank),
];

/// The path under its canonical name.
pub(crate) fn rewritten(path: &str) -> &str {
    ALIASES.iter().find(|(alias, _)| *alias == path).map_or(path, |(_, name)| *name)
}

/// What the path asks for; [`Operation::Other`] where it is not one of OpenAI's, or with another method.
pub(crate) fn operation(method: &Method, path: &str) -> Operation {
    match *method {
        Method::POST => posted(path),
        Method::GET | Method::HEAD if path == MODELS || model_of(path).is_some() => Operation::Models,
        _ => Operation::Other,
    }
}

/// The percent-encoded model in `/v1/models/{id}`; an id may hold slashes, such as `org/model`.
pub(crate) fn model_of(path: &str) -> Option<&str> {
    path.strip_prefix(MODELS)?.strip_prefix('/').filter(|id| !id.is_empty())
}

fn posted(path: &str) -> Operation {
    POSTED.iter().find(|(known, _)| *known == path).map_or(Operation::Other, |(_, operation)| *operation)
}
