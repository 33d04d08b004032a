//! Keys that clients send along for a provider, in header fields that begin with a cluster's prefix and end at the gateway.

use std::collections::BTreeSet;

use http::header::Entry;
use http::{HeaderMap, HeaderName};
use tidegate_config::checked::AwsKeys;

use crate::fault::Fault;

const ID: &str = "access-key-id";
const SECRET: &str = "secret-access-key";
const SESSION: &str = "session-token";

/// What a client sent along.
pub(crate) enum Given<'a> {
    /// A key, which each provider takes in its own way.
    Key(&'a str),
    /// A bearer token.
    Token(&'a str),
    /// What requests to AWS are signed with.
    Keys(AwsKeys),
}

/// Takes the fields of all prefixes out of a head, with all their values.
pub(crate) fn take(prefixes: &BTreeSet<String>, headers: &mut HeaderMap) -> HeaderMap {
    let mut given = HeaderMap::new();
    let is_given = |name: &&HeaderName| prefixes.iter().any(|prefix| name.as_str().starts_with(prefix));
    let names: Vec<HeaderName> = headers.keys().filter(is_given).cloned().collect();
    for name in names {
        let Entry::Occupied(entry) = headers.entry(name.clone()) else { continue };
        for mut value in entry.remove_entry_mult().1 {
            value.set_sensitive(true);
            given.append(name.clone(), value);
        }
    }
    given
}

/// What was sent with a prefix. Whatever is there must be whole: with less, a request would go out in the name of the gateway
/// whose client meant it to go out in its own.
///
/// # Errors
/// Where a field is there twice, empty or no text, or where one of a pair is missing.
pub(crate) fn read<'a>(prefix: &str, given: &'a HeaderMap) -> Result<Option<Given<'a>>, Fault> {
    let field = |name: &str| {
        let name = format!("{prefix}{name}");
        one(&name, given)
    };
    if let Some(key) = field("api-key")? {
        return Ok(Some(Given::Key(key)));
    }
    if let Some(token) = field("access-token")? {
        return Ok(Some(Given::Token(token)));
    }
    let missing = |name: &str| unfit(format!("{prefix}{name}"), "is missing; keys of AWS go together");
    match (field(ID)?, field(SECRET)?, field(SESSION)?) {
        (None, None, None) => Ok(None),
        (None, ..) => Err(missing(ID)),
        (_, None, _) => Err(missing(SECRET)),
        (Some(id), Some(secret), session) => Ok(Some(Given::Keys(AwsKeys {
            access_key_id: id.to_owned(),
            secret_access_key: secret.into(),
            session_token: session.map(Into::into),
        }))),
    }
}

/// The fault where keys of AWS were sent along for a provider that takes none.
pub(crate) fn elsewhere(prefix: &str) -> Fault {
    unfit(format!("{prefix}{ID}"), "is for AWS, and this model is served elsewhere; send a key or a token")
}

fn one<'a>(name: &str, given: &'a HeaderMap) -> Result<Option<&'a str>, Fault> {
    let mut values = given.get_all(name).iter();
    let Some(value) = values.next() else { return Ok(None) };
    let text = value.to_str().ok().filter(|text| !text.is_empty() && values.next().is_none());
    let must = "must be there once, with a key of visible characters";
    text.map(Some).ok_or_else(|| unfit(name.to_owned(), must))
}

fn unfit(name: String, problem: &'static str) -> Fault {
    Fault::KeyUnfit { name, problem }
}

#[cfg(test)]
#[path = "given_tests.rs"]
mod tests;
