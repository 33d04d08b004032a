//! Of header fields, those that a filter asked for.

use std::borrow::Cow;

use http::{HeaderMap, HeaderName};
use tidegate_contract::{Need, Subscription};

use crate::runtime::LoadError;

/// Of these fields, those that are asked for, in the order in which they were named.
pub fn wanted_headers<'h>(need: &Need, headers: &'h HeaderMap) -> Cow<'h, HeaderMap> {
    let names = match need {
        Need::Whole => return Cow::Borrowed(headers),
        Need::Nothing => return Cow::Owned(HeaderMap::new()),
        Need::Fields(names) => names,
    };
    let mut wanted = HeaderMap::with_capacity(names.len());
    for name in names.iter().filter_map(|name| HeaderName::from_lowercase(name.as_bytes()).ok()) {
        // A name that stands there twice asks for no more than once.
        wanted.remove(&name);
        for value in headers.get_all(&name) {
            wanted.append(name.clone(), value.clone());
        }
    }
    Cow::Owned(wanted)
}

/// [`wanted_headers`] of a head that is taken apart already.
pub fn wanted_fields<'h, 'f>(
    need: &Need,
    fields: &'h [(&'f str, &'f [u8])],
) -> Cow<'h, [(&'f str, &'f [u8])]> {
    match need {
        Need::Whole => Cow::Borrowed(fields),
        Need::Nothing => Cow::Borrowed(&[]),
        Need::Fields(names) => {
            let mut wanted = Vec::with_capacity(names.len());
            for (at, name) in names.iter().enumerate() {
                if !names[..at].contains(name) {
                    wanted.extend(fields.iter().filter(|(field, _)| field == name));
                }
            }
            Cow::Owned(wanted)
        }
    }
}

/// # Errors
/// Where a subscription names a header field that cannot be.
pub fn check_wanted(subscription: &Subscription) -> Result<(), LoadError> {
    let Need::Fields(names) = &subscription.headers else { return Ok(()) };
    match names.iter().find(|name| HeaderName::from_lowercase(name.as_bytes()).is_err()) {
        Some(name) => {
            let name: String = name.chars().take(64).collect();
            Err(LoadError::Subscription(format!(
                "it subscribes to the header \"{name}\", which is no name of a header field; write it in lower case, \
                 such as \"x-team\""
            )))
        }
        None => Ok(()),
    }
}

#[cfg(test)]
#[path = "wanted_tests.rs"]
mod tests;
