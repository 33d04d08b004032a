//! API keys, in whichever field a vendor's client sends them.

use tidegate_contract::{AuthVerdict, Head};
use tidegate_pipeline::Call;

use super::credential::Presented;
use super::keys::KeyTable;
use super::method::{Asked, Identity, Method, ambiguous, deny};

const CODE: &str = "invalid_api_key";

/// Checks the API key of a request against a table of digests.
pub(super) struct ApiKeys {
    pub(super) keys: KeyTable,
    /// Whether a bearer credential that is no key of the table is another method's to judge.
    pub(super) shares_bearer: bool,
}

impl Method for ApiKeys {
    fn ask<'a>(&'a self, _call: Call<'a>, head: Head<'a>) -> Asked<'a> {
        Asked::Now(match Presented::in_head(&head) {
            Presented::Nothing => AuthVerdict::Pass,
            Presented::Key(key) => self.judge(&key, &head),
            Presented::Ambiguous(field) => ambiguous(CODE, field),
        })
    }
}

impl ApiKeys {
    fn judge(&self, key: &[u8], head: &Head<'_>) -> AuthVerdict {
        let is_bearer = || matches!(Presented::of_scheme(head, "bearer"), Presented::Key(_));
        match self.keys.principal(key) {
            Some(principal) => Identity { principal, headers: [].into() }.allow(),
            None if self.shares_bearer && is_bearer() => AuthVerdict::Pass,
            None => deny(CODE, "the API key is not known here; check it, or ask for a new one"),
        }
    }
}
