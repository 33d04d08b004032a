//! Where limits stand, in the header fields that each vendor's clients read.

use std::fmt::Write;
use std::time::{Duration, SystemTime};

use http::{HeaderMap, HeaderName, HeaderValue};
use tidegate_contract::Dialect;
use tidegate_pipeline::{Allowance, Counted, Standing};

/// Three fields, and what they tell of.
struct Family {
    limit: HeaderName,
    remaining: HeaderName,
    reset: HeaderName,
    counted: &'static [Counted],
}

/// Names are made by the compiler: to make them at work is dearer than to count.
macro_rules! openai {
    ($name:literal, $counted:expr) => {
        Family {
            limit: HeaderName::from_static(concat!("x-ratelimit-limit-", $name)),
            remaining: HeaderName::from_static(concat!("x-ratelimit-remaining-", $name)),
            reset: HeaderName::from_static(concat!("x-ratelimit-reset-", $name)),
            counted: $counted,
        }
    };
}

macro_rules! anthropic {
    ($name:literal, $counted:expr) => {
        Family {
            limit: HeaderName::from_static(concat!("anthropic-ratelimit-", $name, "-limit")),
            remaining: HeaderName::from_static(concat!("anthropic-ratelimit-", $name, "-remaining")),
            reset: HeaderName::from_static(concat!("anthropic-ratelimit-", $name, "-reset")),
            counted: $counted,
        }
    };
}

/// OpenAI knows one kind of tokens.
static OPENAI: [Family; 2] = [
    openai!("requests", &[Counted::Requests]),
    openai!("tokens", &[Counted::Tokens, Counted::InputTokens, Counted::OutputTokens]),
];

static ANTHROPIC: [Family; 4] = [
    anthropic!("requests", &[Counted::Requests]),
    anthropic!("tokens", &[Counted::Tokens]),
    anthropic!("input-tokens", &[Counted::InputTokens]),
    anthropic!("output-tokens", &[Counted::OutputTokens]),
];

/// Writes where the tightest limit of each kind stands; what an upstream says of its own limits of that kind goes.
pub(crate) fn tell(allowances: &[Allowance], dialect: Dialect, headers: &mut HeaderMap) {
    if allowances.is_empty() {
        return;
    }
    let families = if dialect == Dialect::Anthropic { &ANTHROPIC[..] } else { &OPENAI[..] };
    for family in families {
        let of_family = allowances.iter().filter(|allowance| family.counted.contains(&allowance.counted));
        let Some(tightest) = of_family.min_by_key(|allowance| allowance.standing.remaining) else { continue };
        let Standing { remaining, reset } = tightest.standing;
        let reset = if dialect == Dialect::Anthropic { moment(reset) } else { span(reset) };
        headers.insert(&family.limit, tightest.limit.into());
        headers.insert(&family.remaining, remaining.into());
        // Digits and letters are never illegal.
        if let Ok(reset) = HeaderValue::try_from(reset) {
            headers.insert(&family.reset, reset);
        }
    }
}

/// As Anthropic writes it: RFC 3339.
fn moment(reset: Duration) -> String {
    humantime::format_rfc3339_seconds(rounded_up(SystemTime::now() + reset)).to_string()
}

/// To the next whole second, so that nobody comes too early.
fn rounded_up(time: SystemTime) -> SystemTime {
    time + Duration::from_nanos(999_999_999)
}

/// As OpenAI writes it: `17ms`, `1s`, `59.5s`, `6m0s`, `24h0m0s`; milliseconds are rounded up.
fn span(time: Duration) -> String {
    let milliseconds = u64::try_from(time.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX);
    if milliseconds == 0 {
        return "0s".to_owned();
    }
    if milliseconds < 1000 {
        return format!("{milliseconds}ms");
    }
    let (seconds, rest) = (milliseconds / 1000, milliseconds % 1000);
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    let mut text = match (hours, minutes) {
        (0, 0) => seconds.to_string(),
        (0, _) => format!("{minutes}m{seconds}"),
        _ => format!("{hours}h{minutes}m{seconds}"),
    };
    if rest > 0 {
        // A text takes whatever is written.
        let _ = write!(text, ".{rest:03}");
        text.truncate(text.trim_end_matches('0').len());
    }
    text.push('s');
    text
}

#[cfg(test)]
#[path = "limits_tests.rs"]
mod tests;
