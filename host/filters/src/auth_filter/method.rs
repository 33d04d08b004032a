//! What the ways of proving who one is have in common.

use std::sync::Arc;

use http::HeaderName;
use tidegate_contract::{AuthVerdict, Grant, Head, Header, HeaderEdit, Principal, Refusal};
use tidegate_pipeline::{Answer, Call};

/// One way in.
pub(super) trait Method: Send + Sync + 'static {
    /// Whether the credential of this kind is good; a pass where the request has none.
    fn ask<'a>(&'a self, call: Call<'a>, head: Head<'a>) -> Asked<'a>;

    /// The header field of the operator's own that its credential comes in.
    fn credential_field(&self) -> Option<&HeaderName> {
        None
    }

    /// Whether whom it lets in may have limits of their own.
    fn may_limit(&self) -> bool {
        false
    }
}

/// An answer that is there, or one that takes its time.
pub(super) enum Asked<'a> {
    Now(AuthVerdict),
    Later(Answer<'a, AuthVerdict>),
}

/// The answer where the request has no credential of that kind.
pub(super) const PASS: Asked<'static> = Asked::Now(AuthVerdict::Pass);

/// Who somebody turned out to be, cheap to keep and to hand out again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Identity {
    pub(super) principal: Arc<Principal>,
    /// What is told of it to whoever answers the request.
    pub(super) headers: Arc<[HeaderEdit]>,
}

impl Identity {
    pub(super) fn of(principal: Principal) -> Self {
        Self { principal: Arc::new(principal), headers: Arc::default() }
    }

    pub(super) fn allow(&self) -> AuthVerdict {
        let (principal, headers) = (Arc::clone(&self.principal), self.headers.to_vec());
        AuthVerdict::Allow(Grant { principal, headers })
    }
}

/// Whether a text can stand for somebody in logs and limits.
pub(crate) fn is_name(text: &str) -> bool {
    !text.trim().is_empty() && text.len() <= 256 && !text.chars().any(char::is_control)
}

/// A 401 with a word for programs and a sentence for people.
pub(super) fn deny(code: &str, message: &str) -> AuthVerdict {
    AuthVerdict::Deny(Refusal::new(401, code, message))
}

/// A 401 that also says in which scheme to try again (RFC 9110 section 11.6.1).
pub(super) fn challenge(code: &str, message: &str, challenge: &str) -> AuthVerdict {
    let field = Header { name: "www-authenticate".into(), value: challenge.as_bytes().to_vec() };
    AuthVerdict::Deny(Refusal { headers: vec![field], ..Refusal::new(401, code, message) })
}

/// The answer where a field of a credential is repeated: which one counts would be a guess.
pub(super) fn ambiguous(code: &str, field: &str) -> AuthVerdict {
    deny(code, &format!("the request carries more than one \"{field}\"; send it once"))
}
