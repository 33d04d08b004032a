//! Reserves what a request may use, and settles what it used.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use schemars::JsonSchema;
use serde::Deserialize;
use tidegate_contract::{AdmissionVerdict, Header, Refusal, Usage};
use tidegate_pipeline::{
    Allowance, Call, Count, Counted, HookError, Limit, Quotas, Reserved, Standing, StoreError, Want, Window,
    World,
};

use super::alert::Alerts;
use super::estimate::{Expected, Experience};
use super::limit::{MOST, reserved, told};
use super::ticket::Ticket;

/// What becomes of a request where the store gives no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(rename = "OnStoreError")]
pub(crate) enum StoreFailure {
    /// It passes uncounted.
    Open,
    /// It is refused.
    Closed,
}

/// What becomes of a request with a model whose price nobody knows, where there is a limit of cost.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(rename = "OnMissingPrice")]
pub(crate) enum MissingPrice {
    /// It passes, and costs nothing.
    #[default]
    Allow,
    /// It is refused.
    Deny,
}

/// Between the parts of a key; in none of them.
const AND: &str = "\u{1f}";

/// Seconds between two lines of the log that say what becomes of requests without the store.
const QUIET: u64 = 10;

/// A wait from which on clients are told not to try again by themselves.
const LONG_WAIT: Duration = Duration::from_secs(60);

/// Counts use against limits.
pub(crate) struct Limiter {
    /// What counters of it begin with.
    place: Arc<str>,
    quotas: Arc<dyn Quotas>,
    experience: Experience,
    /// `None` leaves it to the entry's `on_error`.
    on_store_error: Option<StoreFailure>,
    on_missing_price: MissingPrice,
    /// Whether limits refuse nobody.
    is_soft: bool,
    alerts: Option<Arc<Alerts>>,
    /// When the log last told what becomes of requests without the store, in seconds since 1970.
    told: AtomicU64,
}

impl Limiter {
    pub(crate) fn new(place: &str, world: &World<'_>) -> Self {
        Self {
            place: place.into(),
            quotas: Arc::clone(&world.quotas),
            experience: Experience::default(),
            on_store_error: None,
            on_missing_price: MissingPrice::default(),
            is_soft: false,
            alerts: None,
            told: AtomicU64::new(0),
        }
    }

    pub(crate) fn on_store_error(self, on_store_error: Option<StoreFailure>) -> Self {
        Self { on_store_error, ..self }
    }

    pub(crate) fn on_missing_price(self, on_missing_price: MissingPrice) -> Self {
        Self { on_missing_price, ..self }
    }

    pub(crate) fn soft(self, is_soft: bool) -> Self {
        Self { is_soft, ..self }
    }

    pub(crate) fn alerts(self, alerts: Option<Alerts>) -> Self {
        Self { alerts: alerts.map(Arc::new), ..self }
    }

    /// Reserves what the request is expected to use of each limit, or nothing.
    pub(crate) async fn admit(
        &self,
        call: Call<'_>,
        (whose, limits): (&str, &[Limit]),
        estimate: Usage,
    ) -> Result<AdmissionVerdict, HookError> {
        let counts_cost = limits.iter().any(|limit| limit.counted == Counted::Cost);
        if counts_cost && estimate.cost_micro_usd.is_none() && self.on_missing_price == MissingPrice::Deny {
            return Ok(AdmissionVerdict::Refused(no_price(call.context.model)));
        }
        let expected = self.experience.expect(call.context, estimate);
        let cost = estimate.cost_micro_usd.unwrap_or_default();
        let ticket = Ticket::made(estimate.input, cost, limits.iter().map(|limit| limit.counted));
        let wants = self.wants(whose, limits, expected);
        let reserved = match self.quotas.reserve(Ticket::id(&ticket), &wants).await {
            Ok(reserved) => reserved,
            Err(error) => return self.without_store(&error),
        };
        Ok(match reserved {
            Reserved::Granted(standings) => {
                self.tell(call, limits, &standings);
                self.look_at(call, (whose, limits), &standings);
                AdmissionVerdict::Admitted(Some(ticket))
            }
            Reserved::Refused { want, again, standings } => {
                self.tell(call, limits, &standings);
                let used_up = Standing { remaining: 0, ..standings[want] };
                self.look_at(call, (whose, &limits[want..=want]), &[used_up]);
                AdmissionVerdict::Refused(refusal(&limits[want], again))
            }
        })
    }

    /// Settles what was used, and says of each limit what counts then: for [`Limiter::look`], of none where nobody is to be
    /// told.
    pub(crate) async fn settle(
        &self,
        call: Call<'_>,
        ticket: &str,
        actual: Usage,
    ) -> Result<Vec<Count>, HookError> {
        let ticket = Ticket::read(ticket);
        let estimated = (ticket.estimated_input, ticket.estimated_cost);
        let used = self.experience.learn(call.context, estimated, actual);
        let actual: Vec<u64> = ticket.counted().map(|counted| used.of(counted)).collect();
        if self.alerts.is_some() {
            return self.quotas.settle_and_tell(ticket.id, &actual).await.map_err(failed);
        }
        self.quotas.settle(ticket.id, &actual).await.map_err(failed)?;
        Ok(Vec::new())
    }

    /// Gives everything back.
    pub(crate) async fn withdraw(&self, ticket: &str) -> Result<(), HookError> {
        let ticket = Ticket::read(ticket);
        let nothing: Vec<u64> = ticket.counted().map(|_| 0).collect();
        self.quotas.settle(ticket.id, &nothing).await.map_err(failed)
    }

    fn wants(&self, whose: &str, limits: &[Limit], expected: Expected) -> Vec<Want> {
        let want = |limit: &Limit| {
            let Limit { counted, window, .. } = limit;
            let Window { shape, unit } = window;
            let place: &str = &self.place;
            let key =
                [place, AND, counted.as_str(), "/", shape.as_str(), "/", unit.as_str(), AND, whose].concat();
            Want {
                key: key.into(),
                window: *window,
                limit: self.bound(limit),
                amount: reserved(limit, expected),
            }
        };
        limits.iter().map(want).collect()
    }

    fn without_store(&self, error: &StoreError) -> Result<AdmissionVerdict, HookError> {
        match self.on_store_error {
            None => Err(HookError::Failed(error.to_string())),
            Some(failure) => {
                self.tell_failure(error, failure);
                Ok(match failure {
                    StoreFailure::Open => AdmissionVerdict::Admitted(None),
                    StoreFailure::Closed => AdmissionVerdict::Refused(Refusal::new(
                        503,
                        "limits_unavailable",
                        "the gateway cannot count requests at the moment; try again",
                    )),
                })
            }
        }
    }

    fn tell_failure(&self, error: &StoreError, failure: StoreFailure) {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let told = self.told.load(Ordering::Relaxed);
        let is_time = now >= told + QUIET
            && self.told.compare_exchange(told, now, Ordering::Relaxed, Ordering::Relaxed).is_ok();
        match failure {
            _ if !is_time => {}
            StoreFailure::Open => {
                tracing::warn!(%error, "requests pass uncounted, as \"on_store_error: open\" says");
            }
            StoreFailure::Closed => {
                tracing::warn!(%error, "requests are refused, as \"on_store_error: closed\" says");
            }
        }
    }

    fn tell(&self, call: Call<'_>, limits: &[Limit], standings: &[Standing]) {
        if self.is_soft {
            return;
        }
        let allowance = |(limit, standing): (&Limit, &Standing)| Allowance {
            counted: limit.counted,
            limit: limit.most,
            standing: *standing,
        };
        call.scope.tell_allowances(limits.iter().zip(standings).map(allowance));
    }

    /// Tells of parts of limits that are used.
    pub(crate) fn look(
        &self,
        call: Call<'_>,
        (whose, limits): (&str, &[Limit]),
        counts: impl IntoIterator<Item = Count>,
    ) {
        let Some(alerts) = &self.alerts else { return };
        for (limit, count) in limits.iter().zip(counts) {
            alerts.look(call, (&self.place, whose), limit, count);
        }
    }

    /// The same after a reservation.
    fn look_at(&self, call: Call<'_>, (whose, limits): (&str, &[Limit]), standings: &[Standing]) {
        let count = |(limit, standing): (&Limit, &Standing)| {
            let used = self.bound(limit).saturating_sub(standing.remaining);
            Count { used, reset: standing.reset }
        };
        self.look(call, (whose, limits), limits.iter().zip(standings).map(count));
    }

    /// What the store may grant.
    fn bound(&self, limit: &Limit) -> u64 {
        if self.is_soft { MOST } else { limit.most }
    }
}

impl Expected {
    pub(super) fn of(self, counted: Counted) -> u64 {
        let Self { input, output, cost } = self;
        match counted {
            Counted::Requests => 1,
            Counted::Tokens => input.saturating_add(output),
            Counted::InputTokens => input,
            Counted::OutputTokens => output,
            Counted::Cost => cost,
        }
    }
}

fn failed(error: StoreError) -> HookError {
    HookError::Failed(error.to_string())
}

fn no_price(model: Option<&str>) -> Refusal {
    let model = model.unwrap_or_default();
    let message = format!("the budget needs a price, and none is known for the model \"{model}\"");
    Refusal::new(403, "model_price_unknown", message)
}

fn refusal(limit: &Limit, again: Option<Duration>) -> Refusal {
    // Nothing that is reserved is more than its limit, so that there is always a time.
    let again = again.unwrap_or_default();
    let seconds = again.as_nanos().div_ceil(1_000_000_000).max(1);
    let (code, what) = match limit.counted {
        Counted::Cost => ("insufficient_quota", "budget"),
        _ => ("rate_limit_exceeded", "limit"),
    };
    let message = format!("the {what} of {} is reached; try again in {seconds} s", told(limit));
    let mut headers = vec![Header { name: "retry-after".into(), value: seconds.to_string().into_bytes() }];
    if limit.counted == Counted::Cost && again > LONG_WAIT {
        // The vendors' clients try again by themselves otherwise.
        headers.push(Header { name: "x-should-retry".into(), value: b"false".to_vec() });
    }
    Refusal { headers, ..Refusal::new(429, code, message) }
}
