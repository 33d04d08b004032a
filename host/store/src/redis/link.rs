//! Keeps a connection to the server and makes calls on it, each within its time.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use redis::Value;
use tidegate_pipeline::StoreError;
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout, timeout_at};

use super::connect::{Connection, Opener};
use super::fault::Fault;
use super::outage::Outage;
use super::request::Request;

/// Pauses between attempts to connect: the first, and the longest.
const PAUSES: (Duration, Duration) = (Duration::from_millis(10), Duration::from_millis(500));

/// A connection on which calls take too long is taken for lost where it gives no sign of life for so long. One that nobody
/// uses is asked for a sign as often, so that its loss is known before the next call.
const SIGN_OF_LIFE: Duration = Duration::from_secs(1);

/// A connection to the server, opened again for ever.
pub(super) struct Link {
    shared: Arc<Shared>,
    timeout: Duration,
    keeper: OnceLock<JoinHandle<()>>,
}

struct Shared {
    opener: Opener,
    current: watch::Sender<Option<Held>>,
    doubt: Mutex<Option<Doubt>>,
    doubted: Notify,
    outage: Mutex<Outage>,
}

/// A connection and its number, from 1.
#[derive(Clone)]
struct Held {
    number: u64,
    connection: Connection,
}

/// A connection that may be of no more use.
struct Doubt {
    number: u64,
    is_lost: bool,
    cause: String,
}

impl Drop for Link {
    fn drop(&mut self) {
        if let Some(keeper) = self.keeper.get() {
            keeper.abort();
        }
    }
}

impl Link {
    pub(super) fn new(opener: Opener, timeout: Duration) -> Self {
        let (doubt, doubted, outage) = (Mutex::default(), Notify::new(), Mutex::default());
        let shared = Shared { opener, current: watch::Sender::new(None), doubt, doubted, outage };
        Self { shared: Arc::new(shared), timeout, keeper: OnceLock::new() }
    }

    /// When a call that begins now has to end.
    pub(super) fn deadline(&self) -> Instant {
        Instant::now() + self.timeout
    }

    /// The server's answer; what may be sent twice is, where the first connection breaks.
    pub(super) async fn ask(&self, request: &Request) -> Result<Value, StoreError> {
        self.ask_until(self.deadline(), request).await
    }

    /// The same, where several requests have one deadline.
    pub(super) async fn ask_until(&self, deadline: Instant, request: &Request) -> Result<Value, StoreError> {
        self.keeper.get_or_init(|| tokio::spawn(Arc::clone(&self.shared).keep()));
        let failed = match self.try_once(deadline, request, 0).await? {
            (_, Ok(value)) => return Ok(value),
            (number, Err(fault)) => match &fault {
                Fault::Refused(_) => return Err(self.unavailable(fault.cause())),
                Fault::Lost(_) if !request.may_repeat() => return Err(self.unavailable(fault.cause())),
                Fault::Lost(_) | Fault::Unready(_) => number,
            },
        };
        let (_, answer) = self.try_once(deadline, request, failed).await?;
        answer.map_err(|fault| self.unavailable(fault.cause()))
    }

    /// Whether there is a connection, or will be within a time.
    pub(super) async fn is_there_within(&self, time: Duration) -> bool {
        self.shared.held(0, Instant::now() + time).await.is_some()
    }

    /// The answer and the number of the connection that gave it, another one than `but`.
    async fn try_once(
        &self,
        deadline: Instant,
        request: &Request,
        but: u64,
    ) -> Result<(u64, Result<Value, Fault>), StoreError> {
        let Some(Held { number, mut connection }) = self.shared.held(but, deadline).await else {
            let cause = lock(&self.shared.outage).told();
            return Err(self
                .unavailable(&cause.unwrap_or_else(|| format!("no connection within {:?}", self.timeout))));
        };
        let Ok(answer) = timeout_at(deadline, request.send(&mut connection)).await else {
            let cause = format!("no answer within {:?}", self.timeout);
            self.shared.doubt(Doubt { number, is_lost: false, cause: cause.clone() });
            return Err(self.unavailable(&cause));
        };
        let answer = answer.map_err(|error| Fault::of(&error));
        if let Err(fault @ (Fault::Lost(cause) | Fault::Unready(cause))) = &answer {
            let is_lost = !connection.heals_itself();
            tracing::debug!(?fault, "a call to the store failed");
            self.shared.doubt(Doubt { number, is_lost, cause: cause.clone() });
        }
        Ok((number, answer))
    }

    fn unavailable(&self, cause: &str) -> StoreError {
        StoreError::Unavailable(format!("{}: {cause}", self.shared.opener.name()))
    }
}

impl Shared {
    /// The connection, unless it is the one that just failed and will be replaced by another.
    async fn held(&self, but: u64, deadline: Instant) -> Option<Held> {
        let mut current = self.current.subscribe();
        let is_other = |held: &Option<Held>| {
            held.as_ref().is_some_and(|held| held.number != but || held.connection.heals_itself())
        };
        let found = timeout_at(deadline, current.wait_for(is_other)).await;
        found.ok()?.ok()?.clone()
    }

    /// A lost connection is given to nobody any more; one that is only slow is looked after.
    fn doubt(&self, doubt: Doubt) {
        let is_current = |held: &Option<Held>| held.as_ref().is_some_and(|held| held.number == doubt.number);
        if !is_current(&self.current.borrow()) {
            return;
        }
        if doubt.is_lost {
            self.current.send_if_modified(|held| is_current(held) && held.take().is_some());
        }
        let mut known = lock(&self.doubt);
        if known.as_ref().is_none_or(|known| !known.is_lost || known.number != doubt.number) {
            *known = Some(doubt);
        }
        self.doubted.notify_one();
    }

    async fn keep(self: Arc<Self>) {
        for number in 1.. {
            let connection = self.open().await;
            lock(&self.outage).is_over(self.opener.name());
            self.current.send_replace(Some(Held { number, connection: connection.clone() }));
            let cause = self.until_lost(number, connection).await;
            self.current.send_replace(None);
            self.lost(&cause);
        }
    }

    /// A connection, however long that takes.
    async fn open(&self) -> Connection {
        let (mut pause, longest) = PAUSES;
        loop {
            match self.opener.open().await {
                Ok(connection) => return connection,
                Err(cause) => self.lost(&cause),
            }
            sleep(pause).await;
            pause = longest.min(pause * 2);
        }
    }

    /// Waits until a connection is of no more use, and tells why.
    async fn until_lost(&self, number: u64, mut connection: Connection) -> String {
        loop {
            // Whether something was noticed or nothing, it is asked for a sign.
            let _ = timeout(SIGN_OF_LIFE, self.doubted.notified()).await;
            let doubt = lock(&self.doubt).take().filter(|doubt| doubt.number == number && doubt.is_lost);
            if let Some(doubt) = doubt {
                // A server that takes connections and ends them at once is not asked in a loop.
                sleep(PAUSES.0).await;
                return doubt.cause;
            }
            while let Err(cause) = sign_of_life(&mut connection).await {
                self.lost(&cause);
                if !connection.heals_itself() {
                    return cause;
                }
                sleep(PAUSES.1).await;
            }
            lock(&self.outage).is_over(self.opener.name());
        }
    }

    fn lost(&self, cause: &str) {
        lock(&self.outage).goes_on(self.opener.name(), cause);
    }
}

async fn sign_of_life(connection: &mut Connection) -> Result<(), String> {
    match timeout(SIGN_OF_LIFE, connection.query::<Value>(&redis::cmd("PING"))).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err(format!("no answer within {SIGN_OF_LIFE:?}")),
    }
}

fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing that runs under these locks can panic half-way through a change.
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}
