//! The paths of Google's API.

use http::{HeaderName, Method};
use tidegate_contract::Operation;

/// Clients of this API send their key in it.
pub(crate) const API_KEY: HeaderName = HeaderName::from_static("x-goog-api-key");

/// What stands before a model's name.
const MODELS: [&str; 2] = ["/v1beta/models/", "/v1/models/"];

/// The list of models, in the version that is this API's alone.
const LIST: &str = "/v1beta/models";

/// The verbs, and what each asks for; the second of a pair asks for a stream.
pub(crate) const VERBS: [(&str, Operation, bool); 5] = [
    ("generateContent", Operation::GenerateContent, false),
    ("streamGenerateContent", Operation::GenerateContent, true),
    ("countTokens", Operation::GeminiCountTokens, false),
    ("embedContent", Operation::EmbedContent, false),
    ("batchEmbedContents", Operation::BatchEmbedContents, false),
];

/// What a path asks for, of which model (percent-encoded), and whether for a stream.
pub(crate) fn posted<'a>(method: &Method, path: &'a str) -> Option<(Operation, &'a str, bool)> {
    let rest = MODELS.iter().find_map(|start| path.strip_prefix(start)).filter(|_| method == Method::POST)?;
    let (model, verb) = rest.rsplit_once(':').filter(|(model, _)| !model.is_empty())?;
    let (_, operation, streams) = VERBS.iter().find(|(known, ..)| *known == verb)?;
    Some((*operation, model, *streams))
}

/// The list under the name that all dialects share.
pub(crate) fn rewritten(path: &str) -> Option<String> {
    let rest = path.strip_prefix(LIST).filter(|rest| rest.is_empty() || rest.starts_with('/'))?;
    Some(format!("/v1/models{rest}"))
}
