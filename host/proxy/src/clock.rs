//! The time an exchange has, as a whole and for each of its phases.

use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use tokio::time::Instant;

use crate::fault::Fault;

/// The clock of one exchange.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    started: Instant,
    /// The bound of the whole.
    request: Duration,
}

impl Clock {
    pub(crate) fn start(request: Duration) -> Self {
        Self { started: Instant::now(), request }
    }

    /// Another bound of the whole, counted from the same start.
    #[must_use]
    pub(crate) fn bounded(self, request: Duration) -> Self {
        Self { request, ..self }
    }

    pub(crate) fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// When the exchange must be over.
    pub(crate) fn end(&self) -> Instant {
        self.started + self.request
    }

    /// The fault where the whole took too long.
    pub(crate) fn overrun(&self) -> Fault {
        Fault::RequestTimeout(self.request)
    }

    /// Runs a phase within its own bound and that of the whole; `late` is the fault of the phase's.
    pub(crate) async fn phase<T>(
        &self,
        bound: Duration,
        late: impl FnOnce() -> Fault,
        phase: impl Future<Output = T>,
    ) -> Result<T, Fault> {
        let mut phase = pin!(phase);
        // Most phases are over at once: a timer is armed only for those that wait.
        if let Poll::Ready(done) = futures_util::poll!(phase.as_mut()) {
            return Ok(done);
        }
        let own_end = Instant::now().checked_add(bound).unwrap_or(self.end());
        let end = own_end.min(self.end());
        match tokio::time::timeout_at(end, phase).await {
            Ok(done) => Ok(done),
            Err(_) if own_end <= self.end() => Err(late()),
            Err(_) => Err(self.overrun()),
        }
    }

    /// The same for a phase whose own clock stands still at times: `since` says since when it runs, if it does.
    pub(crate) async fn phase_since<T>(
        &self,
        bound: Duration,
        since: impl Fn() -> Option<Instant>,
        late: impl FnOnce() -> Fault,
        phase: impl Future<Output = T>,
    ) -> Result<T, Fault> {
        let mut phase = pin!(phase);
        if let Poll::Ready(done) = futures_util::poll!(phase.as_mut()) {
            return Ok(done);
        }
        let own_end = || since().map(|since| since.checked_add(bound).unwrap_or(self.end()));
        loop {
            // While it stands still it cannot run out sooner than from now on.
            let look = own_end().or(Instant::now().checked_add(bound)).unwrap_or(self.end());
            if let Ok(done) = tokio::time::timeout_at(look.min(self.end()), phase.as_mut()).await {
                return Ok(done);
            }
            let now = Instant::now();
            if own_end().is_some_and(|end| end <= now && end <= self.end()) {
                return Err(late());
            }
            if now >= self.end() {
                return Err(self.overrun());
            }
        }
    }
}
