//! Why a request or an answer is not translated.

use std::fmt;

use super::place::Place;

/// A request that the provider cannot be asked, or that is none; the client gets it as a 400.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Refused {
    /// The field to blame, such as `messages[0].content`.
    pub param: Option<String>,
    /// Whether the field is right, but says something that the provider has no words for.
    pub unsupported: bool,
    /// One sentence: the field, the cause, the remedy.
    pub message: String,
}

impl Refused {
    /// A field that is not as its dialect has it.
    pub(crate) fn invalid(place: &Place<'_>, cause: impl fmt::Display) -> Self {
        let param = place.to_string();
        let message =
            if param.is_empty() { format!("the body {cause}") } else { format!("\"{param}\" {cause}") };
        Self { param: Some(param).filter(|param| !param.is_empty()), unsupported: false, message }
    }

    /// Something that the provider has no words for. `param` is the field as the canonical request has it.
    pub(crate) fn unsupported(param: impl Into<String>, provider: &str) -> Self {
        let param = param.into();
        let message =
            format!("\"{param}\" cannot be said to {provider}; leave it out or choose another model");
        Self { param: Some(param), unsupported: true, message }
    }

    /// The same with the field by the name that the client's API has for it.
    pub(crate) fn renamed(mut self, own: impl FnOnce(&str) -> Option<&'static str>) -> Self {
        let canonical = self.field().filter(|_| self.unsupported).map(str::to_owned);
        if let Some(canonical) = canonical
            && let Some(name) = own(&canonical)
        {
            self.message = self.message.replacen(&canonical, name, 1);
            self.param = self.param.map(|param| param.replacen(&canonical, name, 1));
        }
        self
    }

    /// The field alone, without what is said of it, such as `service_tier` of `service_tier of "flex"`.
    pub(crate) fn field(&self) -> Option<&str> {
        self.param.as_deref()?.split(' ').next()
    }
}

/// An answer that is not as its provider's API has it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unreadable(pub(crate) String);

impl From<Refused> for Unreadable {
    fn from(refused: Refused) -> Self {
        Self(refused.message)
    }
}

impl From<serde_json::Error> for Unreadable {
    fn from(error: serde_json::Error) -> Self {
        Self(format!("it is no JSON: {error}"))
    }
}
