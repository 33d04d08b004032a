//! Where limits stand, in the header fields that each vendor's clients read.

use std::fmt::Display;
use std::time::{Duration, SystemTime};

use http::{HeaderMap, HeaderName, HeaderValue};
use tidegate_contract::Dialect;
use tidegate_pipeline::{Allowance, Counted};

/// A family of fields, and what it tells of.
type Family = (&'static str, &'static [Counted]);

/// OpenAI knows one kind of tokens.
const OPENAI: [Family; 2] = [
    ("requests", &[Counted::Requests]),
    ("tokens", &[Counted::Tokens, Counted::InputTokens, Counted::OutputTokens]),
];

const ANTHROPIC: [Family; 4] = [
    ("requests", &[Counted::Requests]),
    ("tokens", &[Counted::Tokens]),
    ("input-tokens", &[Counted::InputTokens]),
    ("output-tokens", &[Counted::OutputTokens]),
];

/// Writes where the tightest limit of each kind stands; what an upstream says of its own limits of that kind goes.
pub(crate) fn tell(allowances: &[Allowance], dialect: Dialect, headers: &mut HeaderMap) {
    let families = if dialect == Dialect::Anthropic { &ANTHROPIC[..] } else { &OPENAI[..] };
    for (name, counted) in families {
        let of_family = allowances.iter().filter(|allowance| counted.contains(&allowance.counted));
        let Some(tightest) = of_family.min_by_key(|allowance| allowance.standing.remaining) else { continue };
        let (limit, standing) = (tightest.limit, tightest.standing);
        if dialect == Dialect::Anthropic {
            let reset = humantime::format_rfc3339_seconds(rounded_up(SystemTime::now() + standing.reset));
            put(headers, format!("anthropic-ratelimit-{name}-limit"), limit);
            put(headers, format!("anthropic-ratelimit-{name}-remaining"), standing.remaining);
            put(headers, format!("anthropic-ratelimit-{name}-reset"), reset);
        } else {
            put(headers, format!("x-ratelimit-limit-{name}"), limit);
            put(headers, format!("x-ratelimit-remaining-{name}"), standing.remaining);
            put(headers, format!("x-ratelimit-reset-{name}"), span(standing.reset));
        }
    }
}

/// Names are made of what stands above, and values of numbers and signs: neither can be illegal.
fn put(headers: &mut HeaderMap, name: String, value: impl Display) {
    if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value.to_string())) {
        headers.insert(name, value);
    }
}

/// To the next whole second, so that nobody comes too early.
fn rounded_up(time: SystemTime) -> SystemTime {
    time + Duration::from_nanos(999_999_999)
}

/// As OpenAI writes it: `17ms`, `1s`, `59.5s`, `6m0s`, `24h0m0s`; milliseconds are rounded up.
fn span(time: Duration) -> String {
    let milliseconds = time.as_nanos().div_ceil(1_000_000);
    if milliseconds == 0 {
        return "0s".to_owned();
    }
    if milliseconds < 1000 {
        return format!("{milliseconds}ms");
    }
    let (seconds, rest) = (milliseconds / 1000, milliseconds % 1000);
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    let fraction = if rest == 0 { String::new() } else { format!(".{rest:03}") };
    let fraction = fraction.trim_end_matches('0');
    match (hours, minutes) {
        (0, 0) => format!("{seconds}{fraction}s"),
        (0, _) => format!("{minutes}m{seconds}{fraction}s"),
        _ => format!("{hours}h{minutes}m{seconds}{fraction}s"),
    }
}

#[cfg(test)]
#[path = "limits_tests.rs"]
mod tests;
