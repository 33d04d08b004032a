//! The paths of Anthropic's API.

use http::{HeaderName, Method};
use tidegate_contract::Operation;

/// Every client of this API sends it.
pub(crate) const VERSION: HeaderName = HeaderName::from_static("anthropic-version");

/// What is posted.
pub(crate) const POSTED: [(&str, Operation); 2] =
    [("/v1/messages", Operation::Messages), ("/v1/messages/count_tokens", Operation::CountTokens)];

/// What the API has also stands under this.
const ALIAS: &str = "/anthropic";

/// The parts of the API, and all below them.
const OWN: [&str; 2] = ["/v1/messages", "/v1/models"];

/// The path under its canonical name, and whether it was an alias.
pub(crate) fn rewritten(path: &str) -> (&str, bool) {
    let is_below = |rest: &str| rest.is_empty() || rest.starts_with('/');
    let is_own = |path: &&str| OWN.iter().any(|own| path.strip_prefix(own).is_some_and(is_below));
    match path.strip_prefix(ALIAS).filter(is_own) {
        Some(rest) => (rest, true),
        None => (path, false),
    }
}

/// What the path asks for; `None` where it is not one of Anthropic's alone.
pub(crate) fn operation(method: &Method, path: &str) -> Option<Operation> {
    let posted = POSTED.iter().find(|(known, _)| *known == path);
    posted.filter(|_| method == Method::POST).map(|(_, operation)| *operation)
}
