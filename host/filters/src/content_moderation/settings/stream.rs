//! How a streamed answer is cut into what is judged.

use schemars::JsonSchema;
use serde::Deserialize;
use tidegate_contract::Windows;
use tidegate_pipeline::SettingsProblem;

use crate::settings::problem;

/// What a duration is, for whoever wrote none.
const PERIOD: &str = "must be a duration such as \"500ms\" or \"5s\"";

/// How a streamed answer is judged.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Stream {
    /// What is kept back: what may still become a match (`carry`, which no service can judge), parts of the text (`window`),
    /// all of it (`full`), nothing (`watch`: what is found ends the stream after it left). `carry` unless set, with a
    /// `service` `full`.
    pub(crate) mode: Option<Mode>,
    /// The longest match of a pattern or of `detect` that is waited for, in bytes; 256 unless set. A longer one that should
    /// be replaced ends the stream.
    #[schemars(range(min = 1, max = 65536))]
    max_match: Option<u32>,
    /// Bytes of the smallest part that is judged in mode `window`; 256 unless set.
    #[schemars(range(max = 1_048_576))]
    min: Option<u32>,
    /// Bytes of the largest part that is judged in mode `window`; 4096 unless set.
    #[schemars(range(min = 1, max = 1_048_576))]
    max: Option<u32>,
    /// Bytes of a part that the next one repeats in mode `window`; 0 unless set.
    #[schemars(range(max = 1_048_576))]
    overlap: Option<u32>,
    /// The longest that a part is waited for in mode `window`; 5s unless set.
    #[schemars(regex(pattern = r"^[0-9]{1,9}(ms|s|m|h)$"), extend("errorMessage" = PERIOD))]
    max_hold: Option<String>,
}

/// What is kept back of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Mode {
    /// What may still become a match.
    Carry,
    /// Parts.
    Window,
    /// Everything.
    Full,
    /// Nothing.
    Watch,
}

impl Mode {
    fn as_str(self) -> &'static str {
        match self {
            Self::Carry => "carry",
            Self::Window => "window",
            Self::Full => "full",
            Self::Watch => "watch",
        }
    }
}

impl Stream {
    /// The longest match that is waited for.
    pub(crate) fn max_match(&self) -> u32 {
        self.max_match.unwrap_or(256)
    }

    /// The windows in this mode, or every problem.
    pub(crate) fn windows(&self, mode: Mode) -> Result<Windows, Vec<SettingsProblem>> {
        let (min, max) = (self.min.unwrap_or(256), self.max.unwrap_or(4096));
        let overlap = self.overlap.unwrap_or(0);
        let mut problems = Vec::new();
        if min > max {
            let text = format!("\"min\" is {min} and larger than \"max\", which is {max}; make it smaller");
            problems.push(problem("/stream/min", &text));
        }
        if overlap >= max {
            let text = format!(
                "\"overlap\" is {overlap}, and \"max\" is {max}, so no window would go on; make it smaller"
            );
            problems.push(problem("/stream/overlap", &text));
        }
        let max_hold_ms = match self.max_hold.as_deref().map(milliseconds) {
            None => 5000,
            Some(Some(time)) => time,
            Some(None) => {
                let text = "\"max_hold\" is no duration of 1ms to 1h; write it as \"500ms\" or \"5s\"";
                problems.push(problem("/stream/max_hold", text));
                0
            }
        };
        if !problems.is_empty() {
            return Err(problems);
        }
        let min = if mode == Mode::Window { min } else { 0 };
        Ok(Windows {
            mode: mode.as_str().into(),
            min,
            max,
            overlap,
            max_match: self.max_match(),
            max_hold_ms,
        })
    }
}

/// 1 ms to an hour.
fn milliseconds(text: &str) -> Option<u32> {
    let time = humantime::parse_duration(text).ok()?.as_millis();
    u32::try_from(time).ok().filter(|time| (1..=3_600_000).contains(time))
}
