//! What counts how much was used within a time, for limits: reservations first, what was really used afterwards.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;

use crate::services::StoreError;

/// Reservations against limits, beside [`crate::KeyValue`]: several counters change in one step, or none does.
///
/// A call may come twice, as from a network that lost the first answer: reserving again under an id that is open, and settling
/// again what is settled, change nothing. A reservation that is never settled counts with what it reserved.
pub trait Quotas: Send + Sync + 'static {
    /// Reserves everything that is wanted, or nothing. An id stands for one reservation, whoever makes it. After an error it
    /// is spent: what may have been reserved is taken back, and whoever tries again takes another id.
    fn reserve<'a>(&'a self, id: &'a str, wants: &'a [Want]) -> BoxFuture<'a, Result<Reserved, StoreError>>;

    /// Puts what was used in the place of what was reserved, in the order of the wants.
    ///
    /// What was not used is given back where it was taken, as far as that time still counts. What was used beyond the
    /// reservation counts from now, when it became known, also where that exceeds the limit.
    fn settle<'a>(&'a self, id: &'a str, actual: &'a [u64]) -> BoxFuture<'a, Result<(), StoreError>>;

    /// Settles, and tells what counts afterwards: of each want, in their order; of none where nothing was settled now, be it
    /// that the id is not open any more or that the settlement has to wait.
    fn settle_and_tell<'a>(
        &'a self,
        id: &'a str,
        actual: &'a [u64],
    ) -> BoxFuture<'a, Result<Vec<Count>, StoreError>>;
}

/// What may be used within a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// What it counts.
    pub counted: Counted,
    /// The time within which it counts.
    pub window: Window,
    /// Requests, tokens or millionths of a dollar.
    pub most: u64,
}

/// A part of a reservation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Want {
    /// Whose use of what is counted; short, and the same for the same counter.
    pub key: Arc<str>,
    /// The time within which it counts.
    pub window: Window,
    /// What may be used within it.
    pub limit: u64,
    /// What is reserved.
    pub amount: u64,
}

/// A time within which use counts against a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Window {
    /// How it lies in time.
    pub shape: Shape,
    /// How long it is.
    pub unit: Unit,
}

/// How a window lies in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Shape {
    /// The time before now: never more than the limit within any window. A store may let use count for up to a sixtieth of
    /// the window longer than it must, never shorter.
    Sliding,
    /// From the first use; then from the first use after its end.
    Fixed,
    /// The second, minute, hour, day or month of UTC.
    Calendar,
}

impl Shape {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sliding => "sliding",
            Self::Fixed => "fixed",
            Self::Calendar => "calendar",
        }
    }
}

/// The length of a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Unit {
    /// A second.
    Second,
    /// 60 seconds.
    Minute,
    /// 60 minutes.
    Hour,
    /// 24 hours.
    Day,
    /// 30 days, or the month of the calendar.
    Month,
}

impl Unit {
    /// Every unit, the shortest first.
    pub const ALL: [Self; 5] = [Self::Second, Self::Minute, Self::Hour, Self::Day, Self::Month];

    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Second => "second",
            Self::Minute => "minute",
            Self::Hour => "hour",
            Self::Day => "day",
            Self::Month => "month",
        }
    }

    /// How long it is where no calendar says it.
    pub fn length(self) -> Duration {
        Duration::from_secs(match self {
            Self::Second => 1,
            Self::Minute => 60,
            Self::Hour => 60 * 60,
            Self::Day => 24 * 60 * 60,
            Self::Month => 30 * 24 * 60 * 60,
        })
    }
}

/// What became of a reservation. Standings are in the order of the wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reserved {
    /// All of it may be used.
    Granted(Vec<Standing>),
    /// Nothing was reserved.
    Refused {
        /// The place of the want that has to wait longest.
        want: usize,
        /// When there will be enough for it, if nobody else comes; `None` where it is more than the limit.
        again: Option<Duration>,
        /// Where the limits stand.
        standings: Vec<Standing>,
    },
}

/// Where a limit stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// What may still be used.
    pub remaining: u64,
    /// When nothing counts any more, if nobody uses anything until then.
    pub reset: Duration,
}

/// What counts at a moment, whatever the limit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Count {
    /// What was used or is reserved, also where that exceeds the limit.
    pub used: u64,
    /// When nothing of it counts any more, if nobody uses anything until then.
    pub reset: Duration,
}

/// A limit as clients are told of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowance {
    /// What it counts.
    pub counted: Counted,
    /// What may be used within its window.
    pub limit: u64,
    /// Where it stands.
    pub standing: Standing,
}

/// What a limit counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Counted {
    /// Requests.
    Requests,
    /// Tokens of prompts and answers.
    Tokens,
    /// Tokens of prompts.
    InputTokens,
    /// Tokens of answers.
    OutputTokens,
    /// Millionths of a dollar.
    Cost,
}

impl Counted {
    /// Everything that is counted.
    pub const ALL: [Self; 5] =
        [Self::Requests, Self::Tokens, Self::InputTokens, Self::OutputTokens, Self::Cost];

    /// The words for it, as keys of settings spell them.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Requests => "requests",
            Self::Tokens => "tokens",
            Self::InputTokens => "input_tokens",
            Self::OutputTokens => "output_tokens",
            Self::Cost => "cost",
        }
    }
}
