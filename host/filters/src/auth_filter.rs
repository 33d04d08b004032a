//! `auth_filter`: who is calling, by API key.

mod credential;
mod keys;
mod settings;

use std::sync::Arc;

use futures_util::future::BoxFuture;
use serde_json::Value;
use tidegate_contract::{AuthVerdict, Context, Grant, Head, Refusal};
use tidegate_pipeline::{Documents, FilterFactory, HookError, Hooks, Plugin, SettingsProblem};

use credential::Presented;
use keys::KeyTable;
use settings::Settings;

/// Makes `auth_filter`s.
pub struct AuthFilterFactory;

impl FilterFactory for AuthFilterFactory {
    fn kind(&self) -> &'static str {
        "auth_filter"
    }

    fn schema(&self) -> Value {
        schemars::schema_for!(Settings).to_value()
    }

    fn build(
        &self,
        settings: &Value,
        documents: &dyn Documents,
    ) -> Result<Arc<dyn Plugin>, Vec<SettingsProblem>> {
        let settings = settings::decode::<Settings>(settings, "")?;
        let keys = settings.api_keys.load(documents)?;
        Ok(Arc::new(AuthFilter { keys }))
    }
}

/// Checks the API key of a request against a table of digests.
struct AuthFilter {
    keys: KeyTable,
}

impl Plugin for AuthFilter {
    fn hooks(&self) -> Hooks {
        Hooks { authenticate: true }
    }

    fn authenticate<'a>(
        &'a self,
        _context: Context<'a>,
        head: Head<'a>,
    ) -> BoxFuture<'a, Result<AuthVerdict, HookError>> {
        let verdict = match Presented::in_head(&head) {
            Presented::Nothing => AuthVerdict::Pass,
            Presented::Key(key) => match self.keys.principal(&key) {
                Some(principal) => AuthVerdict::Allow(Grant { principal, headers: Vec::new() }),
                None => AuthVerdict::Deny(refusal(
                    "the API key is not known here; check it, or ask for a new one",
                )),
            },
            Presented::Ambiguous(field) => AuthVerdict::Deny(refusal(&format!(
                "the request carries more than one \"{field}\"; send the API key once"
            ))),
        };
        Box::pin(std::future::ready(Ok(verdict)))
    }
}

fn refusal(message: &str) -> Refusal {
    Refusal { status: 401, code: "invalid_api_key".into(), message: message.into() }
}

#[cfg(test)]
#[path = "auth_filter/auth_filter_tests.rs"]
mod tests;
