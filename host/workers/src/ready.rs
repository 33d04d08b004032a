//! What a worker says of itself once it is configured.

use serde::Deserialize;
use tidegate_contract::{Hooks, Need, Subscription, Windows};
use tidegate_pipeline::{LoadError, subscribed};

/// The meta of `ready`.
#[derive(Deserialize)]
struct Sent {
    hooks: Vec<String>,
    headers: Option<SentNeed>,
    #[serde(default)]
    request_body: SentNeed,
    #[serde(default)]
    response_body: SentNeed,
    #[serde(default)]
    body_digest: bool,
    windows: Option<SentWindows>,
    #[serde(default)]
    dialects: Vec<String>,
    concurrency: Option<usize>,
    #[serde(default)]
    descriptors: bool,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum SentNeed {
    #[default]
    Nothing,
    Fields(Vec<String>),
    Whole,
}

#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
struct SentWindows {
    mode: String,
    min: u32,
    max: u32,
    overlap: u32,
    max_match: u32,
    max_hold_ms: u32,
}

/// A worker that may be called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ready {
    pub(crate) subscription: Subscription,
    /// Calls at once.
    pub(crate) concurrency: usize,
    /// Whether large bodies may come as file descriptors.
    pub(crate) descriptors: bool,
}

/// Calls that any worker may have at once.
const MAX_CONCURRENCY: usize = 1024;

impl Ready {
    /// # Errors
    /// Where it is no subscription, or asks for hooks that the manifest does not list.
    pub(crate) fn read(meta: &[u8], listed: Hooks) -> Result<Self, LoadError> {
        let sent: Sent = serde_json::from_slice(meta)
            .map_err(|error| LoadError::Subscription(format!("its worker is ready with {error}")))?;
        let Sent {
            hooks,
            headers,
            request_body,
            response_body,
            body_digest,
            windows,
            dialects,
            concurrency,
            descriptors,
        } = sent;
        let hooks = hooks.iter().map(|name| subscribed(name, listed)).collect::<Result<Hooks, _>>()?;
        let subscription = Subscription {
            hooks,
            headers: headers.map_or(Need::Whole, need),
            request_body: need(request_body),
            response_body: need(response_body),
            body_digest,
            windows: windows.map(self::windows),
            dialects,
        };
        let concurrency = concurrency.unwrap_or(1).clamp(1, MAX_CONCURRENCY);
        Ok(Self { subscription, concurrency, descriptors })
    }
}

fn need(need: SentNeed) -> Need {
    match need {
        SentNeed::Nothing => Need::Nothing,
        SentNeed::Fields(pointers) => Need::Fields(pointers),
        SentNeed::Whole => Need::Whole,
    }
}

fn windows(sent: SentWindows) -> Windows {
    let SentWindows { mode, min, max, overlap, max_match, max_hold_ms } = sent;
    Windows { mode, min, max, overlap, max_match, max_hold_ms }
}
