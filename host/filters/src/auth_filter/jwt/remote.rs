//! The keys of an issuer at a URL: fetched once however many ask, and renewed ahead of their age.
//!
//! A fetch is a task of its own, so it goes on when whoever asked leaves. While there are keys, nothing that a server does
//! keeps anybody waiting or out: they are used on until others have come, for a day at most.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use serde_json::Value;
use tidegate_contract::Header;
use tidegate_pipeline::{HookError, HttpClient, HttpRequest};
use tokio::sync::watch;
use tokio::time::{Instant, timeout};

use super::keys::KeySet;

/// The bound of one fetch.
const LONGEST_FETCH: Duration = Duration::from_secs(10);

/// Keys that could not be renewed for so long may have been withdrawn.
const LONGEST_LIFE: Duration = Duration::from_secs(24 * 3600);

/// Between two fetches for names of keys that nobody knows: anybody can make those up.
const BETWEEN_SEARCHES: Duration = Duration::from_secs(30);

/// Between a failure and the next try: while there are keys, and while there are none.
const AFTER_FAILURE: Duration = Duration::from_secs(10);
const WITHOUT_KEYS: Duration = Duration::from_secs(1);

/// The keys at one URL.
pub(crate) struct Remote {
    url: String,
    /// How long keys are used before they are looked at again.
    life: Duration,
    http: Arc<dyn HttpClient>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    held: Option<Held>,
    /// Ends, without a word, with the fetch under way.
    flight: Option<watch::Receiver<()>>,
    failed: Option<(Instant, String)>,
    searched: Option<Instant>,
}

struct Held {
    keys: Arc<KeySet>,
    at: Instant,
}

/// What makes two filters share their keys: URL, life and client.
type Same = (String, Duration, usize);

/// Keys in use, so that a new configuration goes on with those of the one before, whatever their server does just then.
static IN_USE: LazyLock<Mutex<HashMap<Same, Weak<Remote>>>> = LazyLock::new(Mutex::default);

impl Remote {
    /// The keys at a URL; those of another filter where one has the same.
    pub(crate) fn shared(url: &str, life: Duration, http: &Arc<dyn HttpClient>) -> Arc<Self> {
        // A client that is alive, as it is with whoever holds it, has its address for itself.
        let same = (url.to_owned(), life, Arc::as_ptr(http).cast::<()>() as usize);
        let mut in_use = IN_USE.lock().unwrap_or_else(PoisonError::into_inner);
        in_use.retain(|_, remote| remote.strong_count() > 0);
        if let Some(remote) = in_use.get(&same).and_then(Weak::upgrade) {
            return remote;
        }
        let state = Mutex::default();
        let new = Arc::new(Self { url: url.to_owned(), life, http: Arc::clone(http), state });
        in_use.insert(same, Arc::downgrade(&new));
        new
    }

    /// The keys; waits only where there are none.
    ///
    /// # Errors
    /// Where there are none and they cannot be fetched.
    pub(super) async fn keys(self: &Arc<Self>) -> Result<Arc<KeySet>, HookError> {
        let flight = match self.look()? {
            Look::Keys(keys) => return Ok(keys),
            Look::Wait(flight) => flight,
        };
        ended(flight).await;
        let state = self.state();
        state.held.as_ref().map(|held| Arc::clone(&held.keys)).ok_or_else(|| state.failure())
    }

    /// Keys among which one fits, fetched anew for that where there is none. Those that there are, where that was done
    /// lately or takes longer than `patience`.
    pub(super) async fn search(
        self: &Arc<Self>,
        fits: impl Fn(&KeySet) -> bool,
        patience: Duration,
    ) -> Result<Arc<KeySet>, HookError> {
        let keys = self.keys().await?;
        if fits(&keys) {
            return Ok(keys);
        }
        let _ = timeout(patience, self.fetch_for(&fits)).await;
        let state = self.state();
        Ok(state.held.as_ref().map_or(keys, |held| Arc::clone(&held.keys)))
    }

    async fn fetch_for(self: &Arc<Self>, fits: &impl Fn(&KeySet) -> bool) {
        let under_way = self.state().flying();
        if let Some(flight) = under_way {
            ended(flight).await;
        }
        let flight = {
            let mut state = self.state();
            let now = Instant::now();
            let found = state.held.as_ref().is_some_and(|held| fits(&held.keys));
            let lately = state.searched.is_some_and(|at| now < at + BETWEEN_SEARCHES);
            match state.flying() {
                _ if found => return,
                Some(flight) => flight,
                None if lately => return,
                None => {
                    state.searched = Some(now);
                    self.take_off(&mut state)
                }
            }
        };
        ended(flight).await;
    }

    fn look(self: &Arc<Self>) -> Result<Look, HookError> {
        let mut state = self.state();
        let now = Instant::now();
        let failed = state.failed.as_ref().map(|(at, _)| *at);
        let live = state.held.as_ref().filter(|held| now < held.at + LONGEST_LIFE);
        if let Some(held) = live {
            let due = now >= held.at + self.life * 4 / 5;
            let keys = Arc::clone(&held.keys);
            if due && failed.is_none_or(|at| now >= at + AFTER_FAILURE) && state.flying().is_none() {
                self.take_off(&mut state);
            }
            return Ok(Look::Keys(keys));
        }
        state.held = None;
        match state.flying() {
            Some(flight) => Ok(Look::Wait(flight)),
            None if failed.is_some_and(|at| now < at + WITHOUT_KEYS) => Err(state.failure()),
            None => Ok(Look::Wait(self.take_off(&mut state))),
        }
    }

    /// Starts the one fetch; the lock is held, so nobody else does.
    fn take_off(self: &Arc<Self>, state: &mut State) -> watch::Receiver<()> {
        let (landed, flight) = watch::channel(());
        state.flight = Some(flight.clone());
        let remote = Arc::clone(self);
        tokio::spawn(async move {
            let fetched = remote.fetch().await;
            remote.land(fetched);
            drop(landed);
        });
        flight
    }

    async fn fetch(&self) -> Result<KeySet, String> {
        let accept = Header { name: "accept".into(), value: b"application/json".to_vec() };
        let request = HttpRequest {
            method: "GET".into(),
            url: self.url.clone(),
            headers: vec![accept],
            body: Vec::new(),
            timeout: Some(LONGEST_FETCH),
        };
        let reply = self.http.send(&request).await.map_err(|error| error.to_string())?;
        if reply.status != 200 {
            return Err(format!("the answer has the status {}", reply.status));
        }
        let document: Value = serde_json::from_slice(&reply.body).map_err(|_| "the answer is no JSON")?;
        KeySet::read(&document).map_err(|cause| format!("the answer is no set of keys: {cause}"))
    }

    fn land(&self, fetched: Result<KeySet, String>) {
        let mut state = self.state();
        state.flight = None;
        match fetched {
            Ok(keys) => {
                // The same keys stay what they are, and with them what was found out by them.
                let same =
                    state.held.take().map(|held| held.keys).filter(|held| held.digest() == keys.digest());
                let keys = same.unwrap_or_else(|| Arc::new(keys));
                state.held = Some(Held { keys, at: Instant::now() });
                state.failed = None;
            }
            Err(cause) => {
                let serves = state.held.is_some();
                tracing::warn!(cause, serves, "the keys of an issuer of tokens could not be fetched");
                state.failed = Some((Instant::now(), cause));
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

enum Look {
    Keys(Arc<KeySet>),
    Wait(watch::Receiver<()>),
}

impl State {
    /// The fetch under way; one whose task is gone is none.
    fn flying(&self) -> Option<watch::Receiver<()>> {
        self.flight.clone().filter(|flight| flight.has_changed().is_ok())
    }

    fn failure(&self) -> HookError {
        let cause = self.failed.as_ref().map_or("the fetch ended without a result", |(_, cause)| cause);
        HookError::Failed(format!("the keys of the issuer cannot be fetched: {cause}"))
    }
}

/// Waits until a fetch has ended, well or not.
async fn ended(mut flight: watch::Receiver<()>) {
    while flight.changed().await.is_ok() {}
}

#[cfg(test)]
#[path = "remote_tests.rs"]
mod tests;
