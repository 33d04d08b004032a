//! `rate_limit`: how much somebody may use within a time.

mod key;
mod settings;

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::Value;
use tidegate_contract::{AdmissionVerdict, Hook, Hooks, Need, Subscription, Usage};
use tidegate_pipeline::{Answer, Call, FilterFactory, Limit, Plugin, SettingsProblem, World};

use key::Key;

use crate::limits::{Limiter, split};
use crate::settings::decode;

/// Makes `rate_limit`s.
pub struct RateLimitFactory;

impl FilterFactory for RateLimitFactory {
    fn kind(&self) -> &'static str {
        "rate_limit"
    }

    fn schema(&self) -> Value {
        settings::schema()
    }

    fn build(&self, settings: &Value, world: &World<'_>) -> Result<Arc<dyn Plugin>, Vec<SettingsProblem>> {
        let (settings, amounts) = split(settings);
        let settings = decode::<settings::Settings>(&settings, "")?;
        Ok(Arc::new(settings.checked(&amounts, world)?))
    }
}

/// Limits of one entry, each counted for each key.
struct RateLimit {
    key: Key,
    limits: Vec<Limit>,
    /// Of single values of the key.
    overrides: HashMap<String, Vec<Limit>>,
    limiter: Limiter,
    subscription: Subscription,
}

impl RateLimit {
    fn new(key: Key, limits: Vec<Limit>, limiter: Limiter) -> Self {
        let hooks = Hooks::NONE.with(Hook::Admit).with(Hook::Settle);
        let subscription = Subscription { headers: Need::Fields(key.headers()), ..Subscription::to(hooks) };
        Self { key, limits, overrides: HashMap::new(), limiter, subscription }
    }

    fn limits_of(&self, call: Call<'_>) -> &[Limit] {
        let own = (!self.overrides.is_empty()).then(|| self.key.value(call)).flatten();
        own.and_then(|value| self.overrides.get(&value)).unwrap_or(&self.limits)
    }
}

impl Plugin for RateLimit {
    fn subscription(&self) -> &Subscription {
        &self.subscription
    }

    fn admit<'a>(&'a self, call: Call<'a>, estimate: Usage) -> Answer<'a, AdmissionVerdict> {
        Box::pin(async move {
            let whose = self.key.of(call);
            self.limiter.admit(call, (&whose, self.limits_of(call)), estimate).await
        })
    }

    fn settle<'a>(&'a self, call: Call<'a>, ticket: &'a str, actual: Usage) -> Answer<'a, ()> {
        Box::pin(async move {
            let counts = self.limiter.settle(call, ticket, actual).await?;
            if !counts.is_empty() {
                self.limiter.look(call, (&self.key.of(call), self.limits_of(call)), counts);
            }
            Ok(())
        })
    }

    fn withdraw<'a>(&'a self, _call: Call<'a>, ticket: &'a str) -> Answer<'a, ()> {
        Box::pin(self.limiter.withdraw(ticket))
    }

    fn settles_at_once(&self) -> bool {
        true
    }
}

#[cfg(test)]
#[path = "rate_limit/rate_limit_tests.rs"]
mod tests;
