//! API keys, in whichever field a vendor's client sends them, or in the one that the settings name.

use std::sync::Arc;

use http::HeaderName;
use http::header::AUTHORIZATION;
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
    /// The one field that keys come in; those of the vendors' clients unless set.
    pub(super) header: Option<HeaderName>,
    /// Whether a bearer credential that is no key of the table is another method's to judge.
    pub(super) shares_bearer: bool,
}

impl Method for ApiKeys {
    fn ask<'a>(&'a self, call: Call<'a>, head: Head<'a>) -> Asked<'a> {
        let presented = match &self.header {
            Some(header) => Presented::in_one(&head, header.as_str()),
            None => Presented::in_head(&head),
        };
        let judged = match presented {
            Presented::Nothing => Ok(AuthVerdict::Pass),
            Presented::Key(key) => self.judge(call, &key, &head),
            Presented::Ambiguous(field) => Ok(ambiguous(CODE, field)),
        };
        match judged {
            Ok(verdict) => Asked::Now(verdict),
            Err(error) => Asked::Later(Box::pin(std::future::ready(Err(error)))),
        }
    }

    fn credential_field(&self) -> Option<&HeaderName> {
        self.header.as_ref()
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
        Ok(match self.holder(&sha256(key))? {
            Some(holder) => {
                let principal = Arc::clone(&holder.principal);
                call.scope.keep(holder);
                Identity { principal, headers: [].into() }.allow()
            }
            None if self.shares_bearer && self.is_bearer(head) => AuthVerdict::Pass,
            None => deny(CODE, "the API key is not known here; check it, or ask for a new one"),
        })
    }

    /// Whether what was judged is the bearer credential.
    fn is_bearer(&self, head: &Head<'_>) -> bool {
        let may_be = self.header.as_ref().is_none_or(|header| *header == AUTHORIZATION);
        may_be && matches!(Presented::of_scheme(head, "bearer"), Presented::Key(_))
    }
}
