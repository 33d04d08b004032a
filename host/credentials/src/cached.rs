//! A value with an end that is fetched once however many ask, and renewed ahead of its end.
//!
//! A fetch is a task of its own, so it goes on when whoever asked leaves. A value that somebody used is renewed in the
//! background; one that nobody used is let go and fetched again when it is asked for.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout};

use crate::CredentialsError;

/// A value is renewed no earlier than this before its end, where the rest of its life is longer.
const AHEAD: Duration = Duration::from_secs(5 * 60);

/// A value is renewed at least this long before its end.
const LEAST_AHEAD: Duration = Duration::from_secs(10);

/// The wait after the first failure, doubled by each further one.
const FIRST_WAIT: Duration = Duration::from_secs(1);

/// The longest wait while a value still serves.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// The longest wait while there is none: whoever asks meanwhile is told the last error.
const LONGEST_WITHOUT: Duration = Duration::from_secs(5);

/// The bound of one fetch, so that a file or a server that hangs does not keep everybody waiting for ever.
const LONGEST_FETCH: Duration = Duration::from_secs(60);

/// The least time between two values that were forgotten: a server that refuses whatever it is shown must not cost a fetch
/// for each request.
const LEAST_BETWEEN: Duration = Duration::from_secs(10);

/// A value and how long it holds.
#[derive(Debug, Clone)]
pub struct Lease<T> {
    /// The value.
    pub value: T,
    /// From the moment at which its fetch began; `None` for ever.
    pub life: Option<Duration>,
}

/// Gets a value from where it comes from.
type Fetch<T> = dyn Fn() -> BoxFuture<'static, Result<Lease<T>, CredentialsError>> + Send + Sync;

type Told<T> = Option<Result<Arc<T>, CredentialsError>>;

/// A value that is fetched when it is first asked for, and kept fresh.
pub struct Cached<T> {
    inner: Arc<Inner<T>>,
}

struct Inner<T> {
    name: String,
    fetch: Box<Fetch<T>>,
    state: Mutex<State<T>>,
}

struct State<T> {
    held: Option<Held<T>>,
    flight: Option<watch::Receiver<Told<T>>>,
    failed: Option<Failed>,
    forgot: Option<Instant>,
    /// Counts ended fetches, so that a renewal that was planned before the last of them is dropped.
    round: u64,
}

struct Held<T> {
    value: Arc<T>,
    renewed: Option<Instant>,
    ends: Option<Instant>,
    used: bool,
    /// Whether it was refused, so that it serves only where no other is to be had.
    refused: bool,
}

struct Failed {
    error: CredentialsError,
    times: u32,
    at: Instant,
}

impl<T: Send + Sync + 'static> Cached<T> {
    /// `name` is for the log.
    pub fn new<F>(name: impl Into<String>, fetch: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<Lease<T>, CredentialsError>> + Send + 'static,
    {
        let fetch: Box<Fetch<T>> = Box::new(move || Box::pin(fetch()));
        let state = State { held: None, flight: None, failed: None, forgot: None, round: 0 };
        Self { inner: Arc::new(Inner { name: name.into(), fetch, state: Mutex::new(state) }) }
    }

    /// The value, or why there is none; waits only where none is held. Must be called within tokio's runtime.
    pub async fn get(&self) -> Result<Arc<T>, CredentialsError> {
        let mut flight = match self.inner.look() {
            Look::Known(result) => return result,
            Look::Wait(flight) => flight,
        };
        // Only a panic leaves without a word.
        let lost =
            || CredentialsError::unreachable("the fetch of credentials ended without a result; try again");
        let told = flight.wait_for(Option::is_some).await.map_err(|_| lost())?.clone();
        told.unwrap_or_else(|| Err(lost()))
    }

    /// Has a value fetched anew that was refused where it was shown, unless another one is held by now, one was forgotten a
    /// moment ago, or fetches fail. The next who asks waits for the new one; where it cannot be had, the old one serves on.
    pub fn forget(&self, refused: &Arc<T>) {
        self.inner.forget(refused);
    }
}

enum Look<T> {
    Known(Result<Arc<T>, CredentialsError>),
    Wait(watch::Receiver<Told<T>>),
}

impl<T: Send + Sync + 'static> Inner<T> {
    fn state(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn look(self: &Arc<Self>) -> Look<T> {
        let mut state = self.state();
        let now = Instant::now();
        if let Some(held) = state.held.as_mut().filter(|held| held.serves(now)) {
            held.used = true;
            let (value, due) = (Arc::clone(&held.value), held.renewed.is_some_and(|at| at <= now));
            // Nobody had used it when its renewal was due; after a failure, another try is planned.
            if due && state.failed.is_none() && state.flying().is_none() {
                self.take_off(&mut state);
            }
            return Look::Known(Ok(value));
        }
        if let Some(flight) = state.flying() {
            return Look::Wait(flight);
        }
        match &state.failed {
            Some(failed) if now < failed.at + wait(failed.times).min(LONGEST_WITHOUT) => {
                Look::Known(Err(failed.error.clone()))
            }
            _ => Look::Wait(self.take_off(&mut state)),
        }
    }

    fn forget(&self, refused: &Arc<T>) {
        let mut state = self.state();
        let now = Instant::now();
        // After a failure, other tries are planned.
        if state.failed.is_some() || state.forgot.is_some_and(|at| now < at + LEAST_BETWEEN) {
            return;
        }
        let Some(held) = state.held.as_mut().filter(|held| Arc::ptr_eq(&held.value, refused)) else { return };
        held.refused = true;
        state.forgot = Some(now);
        tracing::warn!(credentials = self.name, "credentials were refused and are fetched anew");
    }

    /// Starts the one fetch; the lock is held, so nobody else does.
    fn take_off(self: &Arc<Self>, state: &mut State<T>) -> watch::Receiver<Told<T>> {
        let (tell, flight) = watch::channel(None);
        state.flight = Some(flight.clone());
        let inner = Arc::clone(self);
        tokio::spawn(async move {
            let began = Instant::now();
            let late = |_| {
                CredentialsError::unreachable("the fetch of credentials took longer than a minute; try again")
            };
            let result = timeout(LONGEST_FETCH, (inner.fetch)()).await.map_err(late).flatten();
            tell.send_replace(Some(inner.land(began, result)));
        });
        flight
    }

    /// Takes what a fetch brought, and plans the next.
    fn land(
        self: &Arc<Self>,
        began: Instant,
        result: Result<Lease<T>, CredentialsError>,
    ) -> Result<Arc<T>, CredentialsError> {
        let mut state = self.state();
        state.flight = None;
        state.round += 1;
        match result {
            Ok(lease) => {
                let value = Arc::new(lease.value);
                let after = |time| began + time;
                let (renewed, ends) = (lease.life.map(renewal).map(after), lease.life.map(after));
                state.held =
                    Some(Held { value: Arc::clone(&value), renewed, ends, used: false, refused: false });
                state.failed = None;
                if let Some(at) = renewed {
                    self.plan(&state, at);
                }
                Ok(value)
            }
            Err(error) => {
                self.fail(&mut state, &error);
                state.spare(Instant::now()).ok_or(error)
            }
        }
    }

    fn fail(self: &Arc<Self>, state: &mut State<T>, error: &CredentialsError) {
        let now = Instant::now();
        let times = state.failed.as_ref().map_or(0, |failed| failed.times).saturating_add(1);
        state.failed = Some(Failed { error: error.clone(), times, at: now });
        let serves = state.held.as_ref().is_some_and(|held| held.is_live(now));
        tracing::warn!(credentials = self.name, %error, times, serves, "credentials could not be fetched");
        if serves {
            self.plan(state, now + wait(times));
        }
    }

    /// Renews at that time, where by then the value was used and still stands. The task keeps nothing alive.
    fn plan(self: &Arc<Self>, state: &State<T>, at: Instant) {
        let (round, inner) = (state.round, Arc::downgrade(self));
        tokio::spawn(async move {
            sleep_until(at).await;
            renew(&inner, round);
        });
    }
}

fn renew<T: Send + Sync + 'static>(inner: &Weak<Inner<T>>, round: u64) {
    let Some(inner) = inner.upgrade() else { return };
    let mut state = inner.state();
    let wanted = state.held.as_ref().is_some_and(|held| held.used && held.is_live(Instant::now()));
    if wanted && state.round == round && state.flying().is_none() {
        inner.take_off(&mut state);
    }
}

impl<T> State<T> {
    /// What was refused and still lives, where no other was to be had: it may be good elsewhere.
    fn spare(&mut self, now: Instant) -> Option<Arc<T>> {
        let held = self.held.as_mut().filter(|held| held.refused && held.is_live(now))?;
        (held.refused, held.used) = (false, true);
        Some(Arc::clone(&held.value))
    }

    /// The fetch under way; one whose task is gone is none.
    fn flying(&self) -> Option<watch::Receiver<Told<T>>> {
        self.flight.clone().filter(|flight| flight.has_changed().is_ok())
    }
}

impl<T> Held<T> {
    fn is_live(&self, now: Instant) -> bool {
        self.ends.is_none_or(|ends| now < ends)
    }

    fn serves(&self, now: Instant) -> bool {
        !self.refused && self.is_live(now)
    }
}

/// When a value is renewed, from the beginning of its life.
fn renewal(life: Duration) -> Duration {
    let late = (life * 4 / 5).max(life.saturating_sub(AHEAD)).min(life.saturating_sub(LEAST_AHEAD));
    // A life of seconds would otherwise be renewed at once, for ever.
    late.max(life / 2)
}

fn wait(times: u32) -> Duration {
    FIRST_WAIT.saturating_mul(1 << times.saturating_sub(1).min(16)).min(LONGEST_WAIT)
}

#[cfg(test)]
#[path = "cached_tests.rs"]
mod tests;
