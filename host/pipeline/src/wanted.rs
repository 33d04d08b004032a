//! Of header fields, those that a filter asked for.

use std::borrow::Cow;

use http::{HeaderMap, HeaderName};
use tidegate_contract::{Need, Subscription};

use crate::runtime::LoadError;

/// What of the header fields a filter is given; read off its subscription once, not with every call.
#[derive(Debug)]
pub enum WantedHeaders {
    /// All of them.
    All,
    /// Those of these names, in this order, each name once.
    Named(Vec<HeaderName>),
}

impl WantedHeaders {
    /// What is asked for. Names that cannot be are those of [`check_wanted`], and are passed over.
    pub fn new(need: &Need) -> Self {
        let names = match need {
            Need::Whole => return Self::All,
            Need::Nothing => &[][..],
            Need::Fields(names) => names,
        };
        let mut named = Vec::with_capacity(names.len());
        for name in names.iter().filter_map(|name| HeaderName::from_lowercase(name.as_bytes()).ok()) {
            if !named.contains(&name) {
                named.push(name);
            }
        }
        Self::Named(named)
    }

    /// Of these.
    pub fn of_map<'h>(&self, headers: &'h HeaderMap) -> Cow<'h, HeaderMap> {
        let Self::Named(names) = self else { return Cow::Borrowed(headers) };
        let mut wanted = HeaderMap::with_capacity(names.len());
        for name in names {
            for value in headers.get_all(name) {
                wanted.append(name.clone(), value.clone());
            }
        }
        Cow::Owned(wanted)
    }

    /// Of these, where names were given.
    pub(crate) fn named_of(&self, headers: &HeaderMap) -> Option<HeaderMap> {
        matches!(self, Self::Named(names) if !names.is_empty()).then(|| self.of_map(headers).into_owned())
    }

    /// Of a head that is taken apart already.
    pub fn of_fields<'h, 'f>(&self, fields: &'h [(&'f str, &'f [u8])]) -> Cow<'h, [(&'f str, &'f [u8])]> {
        let Self::Named(names) = self else { return Cow::Borrowed(fields) };
        let of = |name| fields.iter().filter(move |(field, _)| name == field).copied();
        Cow::Owned(names.iter().flat_map(of).collect())
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
