//! `auth_filter`: who is calling, by API key.

mod credential;
mod keys;
mod settings;

use std::sync::Arc;

use serde_json::Value;
use tidegate_contract::{AuthVerdict, Grant, Head, Hook, Hooks, Refusal, Subscription};
use tidegate_pipeline::{Answer, Call, FilterFactory, Plugin, SettingsProblem, World};

use credential::Presented;
use keys::KeyTable;
use settings::Settings;

use crate::settings::decode;

/// Makes `auth_filter`s.
pub struct AuthFilterFactory;

impl FilterFactory for AuthFilterFactory {
    fn kind(&self) -> &'static str {
        "auth_filter"
    }

    fn schema(&self) -> Value {
        schemars::schema_for!(Settings).to_value()
    }

    fn build(&self, settings: &Value, world: &World<'_>) -> Result<Arc<dyn Plugin>, Vec<SettingsProblem>> {
        let settings = decode::<Settings>(settings, "")?;
        let keys = settings.api_keys.load(world.documents)?;
        let subscription = Subscription::to(Hooks::NONE.with(Hook::Authenticate));
        Ok(Arc::new(AuthFilter { keys, subscription }))
    }
}

/// Checks the API key of a request against a table of digests.
struct AuthFilter {
    keys: KeyTable,
    subscription: Subscription,
}

impl Plugin for AuthFilter {
    fn subscription(&self) -> &Subscription {
        &self.subscription
    }

    fn authenticate<'a>(&'a self, _call: Call<'a>, head: Head<'a>) -> Answer<'a, AuthVerdict> {
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
    Refusal::new(401, "invalid_api_key", message)
}

#[cfg(test)]
#[path = "auth_filter/auth_filter_tests.rs"]
mod tests;
