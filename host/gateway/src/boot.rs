//! From a source to a running gateway, and from a signal to a clean end.

use std::io;
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};
use tidegate_config::checked;
use tidegate_pipeline::Traces;
use tidegate_proxy::{ListenError, Listeners, ModelRoutes, Observers, Proxy};
use tidegate_runtime_wasm::Compilation;
use tidegate_telemetry::{AccessLog, Metrics, MetricsError};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::assemble::{AssembleError, Assembled, Early, assemble};
use crate::control::AdminControl;
use crate::operator::{Operator, OperatorError};
use crate::plugins::Facts;
use crate::reload::{First, Fixed, Live, Reloader};
use crate::runtimes::{self, RuntimeError};
use crate::source::ConfigSource;
use crate::stores::{StoreError, Stores};
use crate::watch::watch;

/// Why the gateway did not start.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BootError {
    #[error(transparent)]
    Config(#[from] AssembleError),
    #[error(transparent)]
    Listen(#[from] ListenError),
    #[error(
        "admin listener \"{address}\" cannot be opened: {cause}; free the address or set \"admin.address\""
    )]
    Admin { address: SocketAddr, cause: io::Error },
    #[error(transparent)]
    Operator(#[from] OperatorError),
    #[error(transparent)]
    Metrics(#[from] MetricsError),
    #[error(transparent)]
    Runtime(#[from] RuntimeError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the system refuses what the gateway needs to run: {0}")]
    System(#[from] io::Error),
}

/// What filters have to settle the last exchanges, and a store to take what is settled.
pub(crate) const LAST_WORDS: Duration = Duration::from_secs(3);

/// Runs until a signal ends it; what filters do can be read off `traces` meanwhile.
pub(crate) fn run(
    source: Arc<dyn ConfigSource>,
    traces: Arc<Traces>,
    compilation: Compilation,
) -> Result<(), BootError> {
    leave_no_core();
    guard_workers();
    let metrics = Metrics::new()?;
    let (log, _flush) = AccessLog::stdout(&metrics);
    let observers =
        Observers { metrics, access_log: Some(Arc::new(log)), traces, prices: Arc::default(), usage: None };
    // How many workers there are stands in the configuration, which is read in full within the runtime.
    let early = crate::assemble::early(&*source)?;
    runtime(early.workers)?.block_on(serve(source, observers, (compilation, early)))
}

/// Checks a source as a start would, plugins included, without listening.
pub(crate) fn check(source: &dyn ConfigSource) -> Result<(), BootError> {
    guard_workers();
    let stores = Stores::memory();
    let plugins = runtimes::plugins(&Metrics::new()?, &Arc::default(), Compilation::Optimizing, &stores)?;
    let checking = crate::assemble::check(source, &plugins);
    runtime(NonZeroUsize::new(1))?.block_on(checking).map_err(BootError::Config)
}

/// A dump of this process has the keys of everybody in it: the kernel writes none, and no other user's process may read its
/// memory.
fn leave_no_core() {
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    let limited = setrlimit(Resource::Core, none);
    let hidden = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    if let Err(error) = limited.and(hidden) {
        tracing::warn!(%error, "a crash may write the memory of the gateway to a file");
    }
}

/// This program is the guard's, too: whatever became of its file, the kernel knows it.
pub(crate) fn guard_workers() {
    let guarded = tidegate_runtime_python::guard("/proc/self/exe".into(), vec!["guard".into()]);
    if let Err(error) = guarded {
        tracing::warn!(%error, "what the workers of plugins start may outlive them");
    }
}

fn runtime(workers: Option<NonZeroUsize>) -> io::Result<Runtime> {
    let cores = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    match workers.unwrap_or(cores).get() {
        // One thread needs no scheduler between threads: less work for each wake-up.
        1 => tokio::runtime::Builder::new_current_thread().enable_all().build(),
        workers => tokio::runtime::Builder::new_multi_thread().worker_threads(workers).enable_all().build(),
    }
}

async fn serve(
    source: Arc<dyn ConfigSource>,
    observers: Observers,
    (compilation, early): (Compilation, Early),
) -> Result<(), BootError> {
    let mut signals = Signals::new()?;
    let models = Arc::new(ModelRoutes::default());
    let stores = Stores::open(&early.store, early.usage.as_ref())?;
    // A store that gives no answer keeps nobody waiting: it is asked again for ever.
    if let Err(error) = stores.keys.look().await {
        tracing::warn!(%error, "API keys of the admin API are not known yet");
    }
    let observers = Observers { usage: stores.usage.clone(), ..observers };
    let plugins = runtimes::plugins(&observers.metrics, &models, compilation, &stores)?;
    let assembled = assemble(&*source, None, observers.clone(), (&plugins, None)).await;
    let assembled = assembled.map_err(|refused| refused.error)?;
    let Assembled { config, files, shown, snapshot, plugins: table } = assembled;
    plugins.publish(table, Facts::of(&config));
    observers.follow(&config.telemetry);
    let proxy = Proxy::new(snapshot);
    models.bind(&proxy);
    let mut listeners = Listeners::new(Arc::clone(&proxy));
    let prepared = listeners.prepare(&config.listeners).await?;
    let admin = bind_admin(&config.admin).await?;
    for address in listeners.commit(prepared) {
        tracing::info!(%address, "listening");
    }
    observers.metrics.reload_succeeded();

    let operator = Operator::new(&config.admin)?;
    let access = operator.live();
    let first = First { shown, files, fixed: Fixed::of(&config) };
    let metrics = Arc::clone(&observers.metrics);
    let live = Live { proxy: Arc::clone(&proxy), listeners, operator, plugins };
    let reloader = Reloader::new(source, live, observers, first);
    let stop = CancellationToken::new();
    let control = Arc::new(AdminControl::new(Arc::clone(&reloader), &stores));
    let following = tokio::spawn(Arc::clone(&stores.keys).follow());
    let admin =
        tokio::spawn(tidegate_admin::serve(admin, access, control, metrics, stop.clone().cancelled_owned()));
    let watching = tokio::spawn(watch(Arc::clone(&reloader)));

    signals.until_the_end(&reloader).await;
    watching.abort();
    following.abort();
    drain(&proxy, &mut signals).await;
    tidegate_pipeline::told(LAST_WORDS).await;
    stop.cancel();
    let _ = tokio::time::timeout(Duration::from_secs(1), admin).await;
    tidegate_runtime_python::end_all();
    stores.close().await;
    Ok(())
}

async fn bind_admin(admin: &checked::Admin) -> Result<TcpListener, BootError> {
    let address = admin.address;
    let bound = TcpListener::bind(address).await.map_err(|cause| BootError::Admin { address, cause })?;
    let address = bound.local_addr().unwrap_or(address);
    tracing::info!(%address, "admin listening");
    Ok(bound)
}

async fn drain(proxy: &Proxy, signals: &mut Signals) {
    let limit = proxy.drain_limit();
    tracing::info!(seconds = limit.as_secs(), "draining: no new connections, open exchanges may end");
    tokio::select! {
        left = proxy.drain(limit) => tracing::info!(closed = left, "drained"),
        () = signals.end() => tracing::warn!("second signal: ending at once"),
    }
}

/// The signals that steer the process.
struct Signals {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
    hang_up: tokio::signal::unix::Signal,
}

impl Signals {
    fn new() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hang_up: signal(SignalKind::hangup())?,
        })
    }

    /// SIGTERM or SIGINT.
    async fn end(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }

    /// Reloads on each SIGHUP until SIGTERM or SIGINT comes.
    async fn until_the_end(&mut self, reloader: &Arc<Reloader>) {
        loop {
            tokio::select! {
                _ = self.terminate.recv() => return,
                _ = self.interrupt.recv() => return,
                _ = self.hang_up.recv() => drop(reloader.reload("SIGHUP").await),
            }
        }
    }
}
