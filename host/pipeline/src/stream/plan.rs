//! How streams are cut for one filter.

use std::time::Duration;

use tidegate_contract::Windows;

/// When a text is given to a filter, and what is kept back of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// Whenever more of it has come; the end that may still become a match is kept back.
    Carry,
    /// Once enough of it has come, or none has left for too long.
    Window,
    /// All texts at once, at the end.
    Full,
    /// After it has left.
    Watch,
}

/// [`Windows`], ready to be followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Plan {
    pub(super) mode: Mode,
    /// New bytes that make a window.
    pub(super) min: usize,
    /// New bytes that one call is given at most.
    pub(super) max: usize,
    /// Bytes kept back at the end of a text for which the verdict names no other number.
    pub(super) hold: usize,
    /// Bytes that have left and are shown again as context.
    pub(super) context: usize,
    /// How long a window waits to be full.
    pub(super) longest: Duration,
}

impl Plan {
    /// Without windows a stream is judged as a whole: safe for filters that know nothing of streams.
    pub(super) fn of(windows: Option<&Windows>, shadow: bool) -> Self {
        let whole = Windows { mode: "full".into(), ..Windows::default() };
        let windows = windows.unwrap_or(&whole);
        let bytes = |count: u32| usize::try_from(count).unwrap_or(usize::MAX);
        let mode = match &*windows.mode {
            // A shadow changes nothing, so it must not make anything wait.
            _ if shadow => Mode::Watch,
            "carry" => Mode::Carry,
            "window" => Mode::Window,
            "watch" => Mode::Watch,
            _ => Mode::Full,
        };
        let (hold, context) = match mode {
            Mode::Carry => (bytes(windows.max_match), bytes(windows.max_match)),
            Mode::Window => (bytes(windows.overlap), bytes(windows.overlap)),
            Mode::Full => (0, 0),
            Mode::Watch => (0, bytes(windows.max_match.max(windows.overlap))),
        };
        let max = if mode == Mode::Window && windows.max > 0 { bytes(windows.max) } else { usize::MAX };
        let longest = Duration::from_millis(windows.max_hold_ms.into());
        Self { mode, min: bytes(windows.min).max(1), max, hold, context, longest }
    }
}
