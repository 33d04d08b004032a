//! API keys, in whichever field a vendor's client sends them.

use std::sync::Arc;

use tidegate_contract::{AuthVerdict, Head};
use tidegate_pipeline::{Call, HookError, KeyDirectory, KeyHolder};

use super::credential::Presented;
use super::keys::{Digest, KeyTable, sha256};
use super::method::{Asked, Identity, Method, ambiguous, deny};

const CODE: &str = "invalid_api_key";

/// Checks the API key of a request against a table of digests.
pub(super) struct ApiKeys {
    pub(super) keys: KeyTable<Arc<KeyHolder>>,
    /// Those that the admin API makes, where the settings want them.
    pub(super) managed: Option<Arc<dyn KeyDirectory>>,
    /// Whether a bearer credential that is no key of the table is another method's to judge.
    pub(super) shares_bearer: bool,
}

impl Method for ApiKeys {
    fn ask<'a>(&'a self, call: Call<'a>, head: Head<'a>) -> Asked<'a> {
        let judged = match Presented::in_head(&head) {
            Presented::Nothing => Ok(AuthVerdict::Pass),
            Presented::Key(key) => self.judge(call, &key, &head),
            Presented::Ambiguous(field) => Ok(ambiguous(CODE, field)),
        };
        match judged {
            Ok(verdict) => Asked::Now(verdict),
            Err(error) => Asked::Later(Box::pin(std::future::ready(Err(error)))),
        }
    }

    fn may_limit(&self) -> bool {
        self.managed.is_some() || self.keys.holders().any(|holder| !holder.limits.is_empty())
    }
}

impl ApiKeys {
    fn holder(&self, digest: &Digest) -> Result<Option<Arc<KeyHolder>>, HookError> {
        let Some(managed) = self.managed.as_ref() else { return Ok(self.keys.holder(digest).cloned()) };
        match self.keys.holder(digest) {
            Some(holder) => Ok(Some(Arc::clone(holder))),
            None => managed.holder(digest).map_err(|error| HookError::Failed(error.to_string())),
        }
    }

    fn judge(&self, call: Call<'_>, key: &[u8], head: &Head<'_>) -> Result<AuthVerdict, HookError> {
        let is_bearer = || matches!(Presented::of_scheme(head, "bearer"), Presented::Key(_));
        Ok(match self.holder(&sha256(key))? {
            Some(holder) => {
                let principal = Arc::clone(&holder.principal);
                call.scope.keep(holder);
                Identity { principal, headers: [].into() }.allow()
            }
            None if self.shares_bearer && is_bearer() => AuthVerdict::Pass,
            None => deny(CODE, "the API key is not known here; check it, or ask for a new one"),
        })
    }
}
