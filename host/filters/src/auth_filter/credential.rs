//! Where credentials may stand in a request: every vendor's client finds its own way served.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;
use tidegate_contract::Head;

/// The credential that a request presents.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Presented<'a> {
    /// None of the places holds one.
    Nothing,
    /// One key, token or pair, as bytes.
    Key(Cow<'a, [u8]>),
    /// The first place that is used is used twice: which one counts would be a guess.
    Ambiguous(&'a str),
}

/// Header fields that are nothing but a key: Anthropic's, Azure's and Google's.
const PLAIN_FIELDS: [&str; 3] = ["x-api-key", "api-key", "x-goog-api-key"];

impl<'a> Presented<'a> {
    /// The key in the first place that holds one: `Authorization: Bearer`, the vendors' fields, then `?key=`.
    pub(crate) fn in_head(head: &Head<'a>) -> Self {
        let fields = std::iter::once("authorization").chain(PLAIN_FIELDS);
        fields
            .map(|field| in_field(head.headers, field))
            .find(|presented| *presented != Self::Nothing)
            .unwrap_or_else(|| in_query(head.query))
    }

    /// The key in this one field, whichever others there are.
    pub(crate) fn in_one(head: &Head<'a>, field: &'a str) -> Self {
        in_field(head.headers, field)
    }

    /// What stands in `authorization` after this scheme.
    pub(crate) fn of_scheme(head: &Head<'a>, scheme: &str) -> Self {
        in_authorization(head.headers, scheme)
    }
}

fn in_field<'a>(headers: &[(&'a str, &'a [u8])], field: &'a str) -> Presented<'a> {
    if field == "authorization" {
        return in_authorization(headers, "bearer");
    }
    match single(headers, field) {
        Ok(None) => Presented::Nothing,
        Ok(Some(key)) => Presented::Key(Cow::Borrowed(key.trim_ascii())),
        Err(Repeated) => Presented::Ambiguous(field),
    }
}

fn in_authorization<'a>(headers: &[(&'a str, &'a [u8])], scheme: &str) -> Presented<'a> {
    match single(headers, "authorization").map(|value| value.and_then(|value| after(value, scheme))) {
        Ok(None) => Presented::Nothing,
        Ok(Some(credential)) => Presented::Key(Cow::Borrowed(credential.trim_ascii())),
        Err(Repeated) => Presented::Ambiguous("authorization"),
    }
}

struct Repeated;

/// The value of a field that must not be repeated.
fn single<'a>(headers: &[(&'a str, &'a [u8])], field: &str) -> Result<Option<&'a [u8]>, Repeated> {
    let mut values = headers.iter().filter(|(name, _)| *name == field).map(|(_, value)| *value);
    let first = values.next();
    if values.next().is_some() { Err(Repeated) } else { Ok(first) }
}

/// The scheme is case-insensitive (RFC 9110 section 11.1). Other schemes are others' business.
fn after<'a>(value: &'a [u8], scheme: &str) -> Option<&'a [u8]> {
    let (found, rest) = value.split_at_checked(scheme.len())?;
    found.eq_ignore_ascii_case(scheme.as_bytes()).then(|| rest.strip_prefix(b" ")).flatten()
}

fn in_query(query: &str) -> Presented<'_> {
    let mut keys = query.split('&').filter_map(|pair| pair.strip_prefix("key="));
    match (keys.next(), keys.next()) {
        (None, _) => Presented::Nothing,
        (Some(key), None) => Presented::Key(percent_decode_str(key).into()),
        (Some(_), Some(_)) => Presented::Ambiguous("key"),
    }
}
