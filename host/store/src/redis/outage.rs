//! Tells the log once that the server is lost and once that it is back.

use std::time::{Duration, Instant, SystemTime};

/// A server that comes and goes is told of no more often.
const QUIET: Duration = Duration::from_secs(5);

/// Whether the server is there, and since when it is not.
#[derive(Default)]
pub(super) struct Outage {
    running: Option<Running>,
    told: Option<Instant>,
}

struct Running {
    since: Instant,
    cause: String,
    is_told: bool,
}

impl Outage {
    /// The server is lost, or is still.
    pub(super) fn goes_on(&mut self, server: &str, cause: &str) {
        let now = Instant::now();
        let (since, was_told) =
            self.running.take().map_or((now, false), |running| (running.since, running.is_told));
        let is_due = self.told.is_none_or(|told| now.duration_since(told) >= QUIET);
        if !was_told && is_due {
            self.told = Some(now);
            let since_unix = unix(since);
            tracing::warn!(
                server,
                cause,
                since_unix,
                "the store is lost; it is tried again until it is back"
            );
        }
        self.running = Some(Running { since, cause: cause.to_owned(), is_told: was_told || is_due });
    }

    /// The server is there.
    pub(super) fn is_over(&mut self, server: &str) {
        let Some(running) = self.running.take() else { return };
        if running.is_told {
            let after_seconds = running.since.elapsed().as_secs_f64();
            tracing::info!(server, after_seconds, "the store is back");
        }
    }

    /// Why it is not there, and for how long.
    pub(super) fn told(&self) -> Option<String> {
        let running = self.running.as_ref()?;
        Some(format!("{} (for {:.1} s)", running.cause, running.since.elapsed().as_secs_f64()))
    }
}

/// Seconds since 1970, since moments of the steady clock mean nothing to a reader.
fn unix(since: Instant) -> u64 {
    let wall = SystemTime::now() - since.elapsed();
    wall.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs()
}
