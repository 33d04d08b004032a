//! Connections that have answered and wait for another request to the same place.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::client::conn::http1::SendRequest;
use tokio::time::Instant;

use super::target::Target;

/// How long a connection waits: less than the 5 seconds after which common servers close theirs.
const LONGEST: Duration = Duration::from_secs(4);

/// Connections that wait, of all targets.
const MOST: usize = 64;

/// A connection to one address, for one target.
pub(crate) struct Line {
    pub(crate) target: Target,
    pub(crate) address: SocketAddr,
    pub(crate) sender: SendRequest<Full<Bytes>>,
    /// Whether it has carried an exchange before, and so may have been closed meanwhile.
    pub(crate) reused: bool,
}

/// The connections that wait.
#[derive(Default)]
pub(crate) struct Idle(Mutex<Waiting>);

#[derive(Default)]
struct Waiting {
    lines: VecDeque<(Line, Instant)>,
    /// Whether a task looks after them.
    watched: bool,
}

impl Idle {
    /// A connection to one of these addresses. They were checked for this very request, so no name can have moved since.
    pub(crate) async fn take(&self, target: &Target, addresses: &[SocketAddr]) -> Option<Line> {
        while let Some(mut line) = self.next(target, addresses) {
            // The driver may not have seen yet the end of its last answer.
            if line.sender.is_ready() || line.sender.ready().await.is_ok() {
                return Some(line);
            }
        }
        None
    }

    fn next(&self, target: &Target, addresses: &[SocketAddr]) -> Option<Line> {
        let mut waiting = self.lock();
        waiting.drop_expired();
        let fits = |(line, _): &(Line, Instant)| line.target == *target && addresses.contains(&line.address);
        let newest = waiting.lines.iter().rposition(fits)?;
        waiting.lines.remove(newest).map(|(line, _)| line)
    }

    /// Keeps a connection whose last answer was read to its end.
    pub(crate) fn put(self: &Arc<Self>, line: Line) {
        if line.sender.is_closed() {
            return;
        }
        let mut waiting = self.lock();
        if waiting.lines.len() >= MOST {
            waiting.lines.pop_front();
        }
        waiting.lines.push_back((Line { reused: true, ..line }, Instant::now()));
        if !std::mem::replace(&mut waiting.watched, true) {
            tokio::spawn(Arc::clone(self).watch());
        }
    }

    /// Closes what nobody takes, until nothing waits any more.
    async fn watch(self: Arc<Self>) {
        loop {
            tokio::time::sleep(LONGEST).await;
            let mut waiting = self.lock();
            waiting.drop_expired();
            waiting.watched = !waiting.lines.is_empty();
            if !waiting.watched {
                return;
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        // Nothing that runs under this lock can panic half-way through a change.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting {
    fn drop_expired(&mut self) {
        self.lines.retain(|(line, since)| since.elapsed() < LONGEST && !line.sender.is_closed());
    }
}
