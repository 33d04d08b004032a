//! `rate_limit`: how many requests and tokens somebody may use within a time.

mod estimate;
mod key;
mod settings;

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tidegate_contract::{AdmissionVerdict, Header, Hook, Hooks, Need, Refusal, Subscription, Usage};
use tidegate_pipeline::{
    Allowance, Answer, Call, Counted, FilterFactory, HookError, Plugin, Quotas, Reserved, SettingsProblem,
    Standing, StoreError, Unit, Want, Window, World,
};

use estimate::{Expected, Experience};
use key::Key;

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
        let (settings, amounts) = settings::split(settings);
        let settings = decode::<settings::Settings>(&settings, "")?;
        let (key, limits) = settings.checked(&amounts)?;
        let hooks = Hooks::NONE.with(Hook::Admit).with(Hook::Settle);
        let subscription = Subscription { headers: Need::Fields(key.headers()), ..Subscription::to(hooks) };
        let (place, quotas) = (world.place.into(), Arc::clone(&world.quotas));
        let experience = Experience::default();
        Ok(Arc::new(RateLimit { place, key, limits, quotas, experience, subscription }))
    }
}

/// Limits of one entry, each counted for each key.
struct RateLimit {
    place: Arc<str>,
    key: Key,
    limits: Vec<Limit>,
    quotas: Arc<dyn Quotas>,
    experience: Experience,
    subscription: Subscription,
}

/// What may be used within a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Limit {
    counted: Counted,
    window: Window,
    most: u64,
}

impl Limit {
    /// As in `60 requests a minute`.
    fn told(&self) -> String {
        let (words, unit) = (self.counted.as_str().replace('_', " "), self.window.unit.as_str());
        let article = if self.window.unit == Unit::Hour { "an" } else { "a" };
        format!("{} {words} {article} {unit}", self.most)
    }

    /// A guess refuses nobody for good: of what is more than the limit, all of the limit is reserved.
    fn reserved(&self, expected: Expected) -> u64 {
        self.of(expected).min(self.most)
    }

    fn of(&self, Expected { input, output }: Expected) -> u64 {
        match self.counted {
            Counted::Requests => 1,
            Counted::Tokens => input.saturating_add(output),
            Counted::InputTokens => input,
            Counted::OutputTokens => output,
        }
    }
}

impl Plugin for RateLimit {
    fn subscription(&self) -> &Subscription {
        &self.subscription
    }

    fn admit<'a>(&'a self, call: Call<'a>, estimate: Usage) -> Answer<'a, AdmissionVerdict> {
        Box::pin(async move {
            let expected = self.experience.expect(call.context, estimate);
            let ticket = Ticket::new(estimate.input);
            let wants = self.wants(call, expected);
            let reserved = self.quotas.reserve(ticket.id(), &wants).await.map_err(failed)?;
            Ok(match reserved {
                Reserved::Granted(standings) => {
                    self.tell(call, &standings);
                    AdmissionVerdict::Admitted(Some(ticket.0))
                }
                Reserved::Refused { want, again, standings } => {
                    self.tell(call, &standings);
                    AdmissionVerdict::Refused(refusal(&self.limits[want], again))
                }
            })
        })
    }

    fn settle<'a>(&'a self, call: Call<'a>, ticket: &'a str, actual: Usage) -> Answer<'a, ()> {
        Box::pin(async move {
            let ticket = Ticket(ticket.to_owned());
            let used = self.experience.learn(call.context, ticket.estimated_input(), actual);
            let actual: Vec<u64> = self.limits.iter().map(|limit| limit.of(used)).collect();
            self.quotas.settle(ticket.id(), &actual).await.map_err(failed)
        })
    }

    fn withdraw<'a>(&'a self, _call: Call<'a>, ticket: &'a str) -> Answer<'a, ()> {
        Box::pin(async move {
            let nothing = vec![0; self.limits.len()];
            self.quotas.settle(Ticket(ticket.to_owned()).id(), &nothing).await.map_err(failed)
        })
    }
}

impl RateLimit {
    fn wants(&self, call: Call<'_>, expected: Expected) -> Vec<Want> {
        let whose = self.key.of(call);
        let want = |limit: &Limit| {
            let Limit { counted, window, most } = limit;
            let key = format!("{}\u{1f}{}/{window:?}\u{1f}{whose}", self.place, counted.as_str());
            Want { key: key.into(), window: *window, limit: *most, amount: limit.reserved(expected) }
        };
        self.limits.iter().map(want).collect()
    }

    fn tell(&self, call: Call<'_>, standings: &[Standing]) {
        let allowance = |(limit, standing): (&Limit, &Standing)| Allowance {
            counted: limit.counted,
            limit: limit.most,
            standing: *standing,
        };
        call.scope.tell_allowances(self.limits.iter().zip(standings).map(allowance));
    }
}

/// The id of a reservation, and what the size of the request let expect of its input.
///
/// The id is the gateway's own: that of the request is the client's, who could repeat it.
struct Ticket(String);

/// Between the two; no part of either.
const AND: char = ' ';

impl Ticket {
    fn new(estimated_input: u64) -> Self {
        let (high, low) = (fastrand::u64(..), fastrand::u64(..));
        Self(format!("{high:016x}{low:016x}{AND}{estimated_input}"))
    }

    fn id(&self) -> &str {
        self.0.split(AND).next().unwrap_or_default()
    }

    fn estimated_input(&self) -> u64 {
        self.0.split(AND).nth(1).and_then(|number| number.parse().ok()).unwrap_or_default()
    }
}

fn failed(error: StoreError) -> HookError {
    HookError::Failed(error.to_string())
}

fn refusal(limit: &Limit, again: Option<Duration>) -> Refusal {
    // Nothing that is reserved is more than its limit, so that there is always a time.
    let seconds = again.unwrap_or_default().as_nanos().div_ceil(1_000_000_000).max(1);
    let message = format!("the limit of {} is reached; try again in {seconds} s", limit.told());
    let retry_after = Header { name: "retry-after".into(), value: seconds.to_string().into_bytes() };
    Refusal { headers: vec![retry_after], ..Refusal::new(429, "rate_limit_exceeded", message) }
}

#[cfg(test)]
#[path = "rate_limit/rate_limit_tests.rs"]
mod tests;
