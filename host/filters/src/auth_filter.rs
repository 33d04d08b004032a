//! `auth_filter`: who is calling, by one of several kinds of credentials.

mod api_keys;
mod basic;
mod cache;
mod claims;
mod credential;
mod external;
mod flights;
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

use http::HeaderName;
use serde_json::Value;
use tidegate_contract::{AdmissionVerdict, AuthVerdict, Head, Hook, Hooks, Subscription, Usage};
use tidegate_pipeline::{Answer, Call, FilterFactory, KeyHolder, Plugin, SettingsProblem, World};

pub(crate) use keys::{Digest, KeyTable, parse_digest, sha256};
pub(crate) use listed::Who;
pub(crate) use method::is_name;
use method::{Asked, Method};
use settings::Settings;

use crate::limits::Limiter;
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
        let may_limit = methods.iter().any(|method| method.may_limit());
        let limiter = may_limit.then(|| Limiter::new(OWN_LIMITS, world));
        let authenticates = Hooks::NONE.with(Hook::Authenticate);
        let hooks = if limiter.is_some() {
            authenticates.with(Hook::Admit).with(Hook::Settle)
        } else {
            authenticates
        };
        let subscription = Subscription { body_digest, ..Subscription::to(hooks) };
        let credential_fields =
            methods.iter().filter_map(|method| method.credential_field().cloned()).collect();
        Ok(Arc::new(AuthFilter { methods, limiter, credential_fields, subscription }))
    }
}

/// Asks one method after the other; the first that finds a credential of its kind decides.
struct AuthFilter {
    methods: Vec<Box<dyn Method>>,
    /// For keys with limits of their own, where there may be any.
    limiter: Option<Limiter>,
    /// Header fields of the operator's own that credentials come in.
    credential_fields: Vec<HeaderName>,
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

    fn admit<'a>(&'a self, call: Call<'a>, estimate: Usage) -> Answer<'a, AdmissionVerdict> {
        Box::pin(async move {
            let holder = call.scope.kept::<KeyHolder>().filter(|holder| !holder.limits.is_empty());
            let (Some(limiter), Some(holder)) = (&self.limiter, holder) else {
                return Ok(AdmissionVerdict::Admitted(None));
            };
            limiter.admit(call, (&holder.counted_as, &holder.limits), estimate).await
        })
    }

    fn settle<'a>(&'a self, call: Call<'a>, ticket: &'a str, actual: Usage) -> Answer<'a, ()> {
        Box::pin(async move {
            match &self.limiter {
                Some(limiter) => limiter.settle(call, ticket, actual).await.map(drop),
                None => Ok(()),
            }
        })
    }

    fn withdraw<'a>(&'a self, _call: Call<'a>, ticket: &'a str) -> Answer<'a, ()> {
        Box::pin(async move {
            match &self.limiter {
                Some(limiter) => limiter.withdraw(ticket).await,
                None => Ok(()),
            }
        })
    }

    fn settles_at_once(&self) -> bool {
        true
    }

    fn credential_fields(&self) -> &[HeaderName] {
        &self.credential_fields
    }
}

/// What counters of keys' own limits begin with: they count wherever the key is used.
const OWN_LIMITS: &str = "api_keys";

#[cfg(test)]
#[path = "auth_filter/auth_filter_tests.rs"]
mod tests;
