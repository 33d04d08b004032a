//! Upstreams that say when to come again, by model: until then other backends are picked.

use std::collections::HashMap;
use std::time::{Duration, SystemTime};

use http::header::RETRY_AFTER;
use http::{HeaderMap, StatusCode};
use tokio::time::Instant;

/// Models of one cluster that are remembered; what a client makes up must not fill the memory.
const MOST: usize = 1024;

/// Until when each model is left alone.
#[derive(Default)]
pub(crate) struct Cooldowns(HashMap<Box<str>, Instant>);

impl Cooldowns {
    /// Leaves a model alone for a while; a later end that is known already stays.
    pub(crate) fn add(&mut self, model: &str, now: Instant, pause: Duration) {
        let until = now + pause;
        if let Some(known) = self.0.get_mut(model) {
            *known = until.max(*known);
            return;
        }
        if self.0.len() >= MOST {
            self.0.retain(|_, until| *until > now);
        }
        if self.0.len() < MOST {
            self.0.insert(model.into(), until);
        }
    }

    /// Whether a model is to be left alone, and whether any is.
    pub(crate) fn look(&mut self, model: &str, now: Instant) -> (bool, bool) {
        let cools = match self.0.get(model) {
            Some(until) if *until > now => true,
            Some(_) => {
                self.0.remove(model);
                false
            }
            None => false,
        };
        (cools, !self.0.is_empty())
    }
}

/// How long an upstream that is busy wants to be left alone: `retry-after-ms` of OpenAI's, else `retry-after` (RFC 9110
/// §10.2.3) in seconds or as a date.
pub(crate) fn asked_pause(status: StatusCode, headers: &HeaderMap) -> Option<Duration> {
    if !matches!(status.as_u16(), 429 | 503 | 529) {
        return None;
    }
    let field = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    let milliseconds = field("retry-after-ms").and_then(|text| positive(text, 1e-3));
    milliseconds.or_else(|| {
        let text = field(RETRY_AFTER.as_str())?;
        positive(text, 1.0)
            .or_else(|| httpdate::parse_http_date(text).ok()?.duration_since(SystemTime::now()).ok())
    })
}

/// So many units; some servers send fractions.
fn positive(text: &str, unit: f64) -> Option<Duration> {
    Duration::try_from_secs_f64(text.parse::<f64>().ok()? * unit).ok()
}

#[cfg(test)]
#[path = "cooldown_tests.rs"]
mod tests;
