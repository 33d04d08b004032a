//! The paths of Bedrock's runtime.

use http::Method;
use tidegate_contract::Operation;

/// What stands before a model's name, which may hold slashes where it is an ARN.
const MODEL: &str = "/model/";

/// What stands after it, and whether that asks for a stream.
pub(crate) const VERBS: [(&str, bool); 2] = [("/converse", false), ("/converse-stream", true)];

/// What a path asks for, of which model (percent-encoded), and whether for a stream.
pub(crate) fn posted<'a>(method: &Method, path: &'a str) -> Option<(Operation, &'a str, bool)> {
    let rest = path.strip_prefix(MODEL).filter(|_| method == Method::POST)?;
    let verb = |(verb, streams): &(&str, bool)| Some((rest.strip_suffix(verb)?, *streams));
    let (model, streams) = VERBS.iter().find_map(verb).filter(|(model, _)| !model.is_empty())?;
    Some((Operation::Converse, model, streams))
}
