//! Where an API key may stand in a request: every vendor's client finds its own way served.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;
use tidegate_contract::Head;

/// The API key that a request presents.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Presented<'a> {
    /// None of the places holds one.
    Nothing,
    /// One key, as bytes.
    Key(Cow<'a, [u8]>),
    /// The first place that is used is used twice: which one counts would be a guess.
    Ambiguous(&'static str),
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
}

fn in_field<'a>(headers: &[(&'a str, &'a [u8])], field: &'static str) -> Presented<'a> {
    let mut values = headers.iter().filter(|(name, _)| *name == field).map(|(_, value)| *value);
    let Some(first) = values.next() else { return Presented::Nothing };
    if values.next().is_some() {
        return Presented::Ambiguous(field);
    }
    let key = if field == "authorization" { bearer(first) } else { Some(first) };
    key.map_or(Presented::Nothing, |key| Presented::Key(Cow::Borrowed(key.trim_ascii())))
}

/// RFC 6750 §2.1; the scheme is case-insensitive (RFC 9110 §11.1). Other schemes are not ours.
fn bearer(value: &[u8]) -> Option<&[u8]> {
    let (scheme, rest) = value.split_at_checked(7)?;
    scheme.eq_ignore_ascii_case(b"bearer ").then_some(rest)
}

fn in_query(query: &str) -> Presented<'_> {
    let mut keys = query.split('&').filter_map(|pair| pair.strip_prefix("key="));
    match (keys.next(), keys.next()) {
        (None, _) => Presented::Nothing,
        (Some(key), None) => Presented::Key(percent_decode_str(key).into()),
        (Some(_), Some(_)) => Presented::Ambiguous("key"),
    }
}
