//! Verdicts of `authenticate`.

use crate::bindings::auth::exports::tidegate::plugin::auth::{Grant, Head, Verdict};
use crate::bindings::host::tidegate::plugin::types::{HeaderEdit, Principal, Refusal};
use crate::headers;

/// The answer of [`crate::Plugin::authenticate`], made by [`pass`], [`grant`] or [`deny`].
#[derive(Debug, Clone, PartialEq)]
pub struct Auth(pub(crate) Verdict);

/// No credential of this plugin's kind is here: the next filter is asked. A request that nobody grants is a 401.
pub fn pass() -> Auth {
    Auth(Verdict::Pass)
}

/// The credential is good, and this is who calls.
pub fn grant(id: impl Into<String>) -> Auth {
    let principal = Principal { id: id.into(), tenant: None, attributes: Vec::new() };
    Auth(Verdict::Allow(Grant { principal, headers: Vec::new() }))
}

/// The credential is of this plugin's kind, and wrong. The status is 400 to 599, the code a short word for programs, the
/// message a sentence for people; none may hold a secret.
pub fn deny(status: u16, code: impl Into<String>, message: impl Into<String>) -> Auth {
    Auth(Verdict::Deny(Refusal { status, code: code.into(), message: message.into(), headers: Vec::new() }))
}

impl Auth {
    /// Of a grant: the tenant that the principal belongs to.
    #[must_use]
    pub fn tenant(mut self, tenant: impl Into<String>) -> Self {
        if let Verdict::Allow(grant) = &mut self.0 {
            grant.principal.tenant = Some(tenant.into());
        }
        self
    }

    /// Of a grant: something else that is known of the principal.
    #[must_use]
    pub fn attribute(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        if let Verdict::Allow(grant) = &mut self.0 {
            grant.principal.attributes.push((name.into(), value.into()));
        }
        self
    }

    /// Of a grant: replaces all fields of this name in the request.
    #[must_use]
    pub fn set_header(self, name: impl Into<String>, value: impl Into<Vec<u8>>) -> Self {
        self.edit(HeaderEdit::Set(headers::field(name, value)))
    }

    /// Of a grant: appends a field to the request.
    #[must_use]
    pub fn add_header(self, name: impl Into<String>, value: impl Into<Vec<u8>>) -> Self {
        self.edit(HeaderEdit::Add(headers::field(name, value)))
    }

    /// Of a grant: removes all fields of this name from the request.
    #[must_use]
    pub fn remove_header(self, name: impl Into<String>) -> Self {
        self.edit(HeaderEdit::Remove(name.into()))
    }

    /// Of a denial: a further field of the answer, such as `www-authenticate`.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<Vec<u8>>) -> Self {
        if let Verdict::Deny(refusal) = &mut self.0 {
            refusal.headers.push(headers::field(name, value));
        }
        self
    }

    fn edit(mut self, edit: HeaderEdit) -> Self {
        if let Verdict::Allow(grant) = &mut self.0 {
            grant.headers.push(edit);
        }
        self
    }
}

impl Head {
    /// The value of the first field of that name, where it is text. Names are lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        headers::first(&self.headers, name)
    }
}
