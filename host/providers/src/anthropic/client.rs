//! The paths of Anthropic's API.

use http::{HeaderName, Method};
use tidegate_contract::Operation;

/// Every client of this API sends it.
pub(crate) const VERSION: HeaderName = HeaderName::from_static("anthropic-version");

/// What is posted.
pub(crate) const POSTED: [(&str, Operation); 2] =
    [("/v1/messages", Operation::Messages), ("/v1/messages/count_tokens", Operation::CountTokens)];

/// All of the API also stands under this.
const ALIAS: &str = "/anthropic";

/// The path under its canonical name, and whether it was an alias.
pub(crate) fn rewritten(path: &str) -> (&str, bool) {
    match path.strip_prefix(ALIAS).filter(|rest| rest.starts_with("/v1/")) {
        Some(rest) => (rest, true),
        None => (path, false),
    }
}

/// What the path asks for; `None` where it is not one of Anthropic's alone.
pub(crate) fn operation(method: &Method, path: &str) -> Option<Operation> {
    let posted = POSTED.iter().find(|(known, _)| *known == path);
    posted.filter(|_| method == Method::POST).map(|(_, operation)| *operation)
}
