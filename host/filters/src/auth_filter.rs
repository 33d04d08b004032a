//! `auth_filter`: who is calling, by one of several kinds of credentials.

mod api_keys;
mod basic;
mod cache;
mod claims;
mod credential;
mod external;
mod hmac;
mod introspection;
mod jwt;
mod keys;
mod listed;
mod method;
mod mtls;
mod settings;
#[cfg(test)]
mod testing;

use std::sync::Arc;

use serde_json::Value;
use tidegate_contract::{AuthVerdict, Head, Hook, Hooks, Subscription};
use tidegate_pipeline::{Answer, Call, FilterFactory, Plugin, SettingsProblem, World};

use method::{Asked, Method};
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
        let body_digest = settings.needs_body_digest();
        let methods = settings.methods(world)?;
        let subscription = Subscription::to(Hooks::NONE.with(Hook::Authenticate));
        Ok(Arc::new(AuthFilter { methods, subscription: Subscription { body_digest, ..subscription } }))
    }
}

/// Asks one method after the other; the first that finds a credential of its kind decides.
struct AuthFilter {
    methods: Vec<Box<dyn Method>>,
    subscription: Subscription,
}

impl Plugin for AuthFilter {
    fn subscription(&self) -> &Subscription {
        &self.subscription
    }

    fn authenticate<'a>(&'a self, call: Call<'a>, head: Head<'a>) -> Answer<'a, AuthVerdict> {
        Box::pin(async move {
            for method in &self.methods {
                let verdict = match method.ask(call, head) {
                    Asked::Now(verdict) => verdict,
                    Asked::Later(answer) => answer.await?,
                };
                if !matches!(verdict, AuthVerdict::Pass) {
                    return Ok(verdict);
                }
            }
            Ok(AuthVerdict::Pass)
        })
    }
}

#[cfg(test)]
#[path = "auth_filter/auth_filter_tests.rs"]
mod tests;
