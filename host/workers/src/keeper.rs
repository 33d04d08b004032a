//! Looks after one worker: starts it, starts another one when it ends or grows, and ends it with its plugin.

use std::any::Any;
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::Duration;

use serde_json::value::RawValue;
use tidegate_contract::VERSION;
use tidegate_pipeline::{LoadError, Setup};
use tokio::net::unix::OwnedReadHalf;
use tokio::process::Child;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::call::{Hello, SentLimits, SentWindows};
use crate::frame::{FrameError, Kind, Reader};
use crate::groups::{Group, kill};
use crate::launch::{Launch, Started};
use crate::link::Link;
use crate::memory::Allowance;
use crate::output;
use crate::plugin::Package;
use crate::pool::Pool;
use crate::ready::Ready;
use crate::verdict;

/// The version of the protocol.
const PROTOCOL: u32 = 1;

/// Before the first restart; doubled for each that fails at once, up to [`LONGEST`].
const PAUSE: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(10);

/// A worker that lived so long did not die of its start.
const HEALTHY: Duration = Duration::from_secs(10);

/// How long a worker may take to end by itself.
const GRACE: Duration = Duration::from_secs(10);

/// How long what a worker sent last may take to be read once it ended.
const LAST_FRAMES: Duration = Duration::from_millis(100);

/// What all workers of one configured plugin share.
pub(crate) struct Core {
    pub(crate) launch: Launch,
    pub(crate) package: Package,
    pub(crate) setup: Setup,
    pub(crate) pool: Arc<Pool>,
    /// The plugin is not used any more.
    pub(crate) gone: CancellationToken,
    /// What has to stay as long as workers may be started.
    pub(crate) _kept: Arc<dyn Any + Send + Sync>,
}

/// A worker that is ready.
pub(crate) struct Worker {
    pub(crate) link: Arc<Link>,
    pub(crate) ready: Ready,
    child: Child,
    memory: Allowance,
    /// Ends with the worker, whatever is left of it.
    _group: Group,
}

/// Why a worker is not kept.
enum End {
    Died,
    Grown,
    Gone,
}

/// Why a worker was never ready.
enum Unready {
    Refused(LoadError),
    Lost(FrameError),
}

impl From<FrameError> for Unready {
    fn from(error: FrameError) -> Self {
        Self::Lost(error)
    }
}

impl Core {
    /// Starts a worker and has it configured.
    ///
    /// # Errors
    /// Where it cannot be started, refuses, or is not ready in time.
    pub(crate) async fn start(&self) -> Result<Worker, LoadError> {
        let limit = self.setup.limits.configure;
        let program = self.launch.program.display();
        let started = self.launch.start().await.map_err(|error| {
            LoadError::Configure(format!("\"{program}\" cannot be started: {error}; check that it is there"))
        })?;
        let pid = started.pid;
        match timeout(limit, self.greet(started)).await {
            Ok(worker) => worker.inspect_err(|_| kill(pid)),
            Err(_) => {
                kill(pid);
                Err(LoadError::Configure(format!(
                    "it was not ready within {} ms; have it do less before, and the rest in the first call, or raise \
                     \"limits.configure\" of the plugin",
                    limit.as_millis()
                )))
            }
        }
    }

    async fn greet(&self, started: Started) -> Result<Worker, LoadError> {
        let Started { mut child, pid, group, socket } = started;
        self.follow(&mut child);
        let (reader, writer) = socket.into_split();
        let output = self.setup.limits.output;
        let mut reader = Reader::new(reader, output.max(MAX_ASK) + HEADROOM);
        let link = Link::new(pid, writer, Arc::clone(&self.setup.services), output);
        let ready = match self.answer_to_hello(&link, &mut reader).await {
            Ok(ready) => ready,
            Err(Unready::Refused(error)) => return Err(error),
            Err(Unready::Lost(error)) => return Err(lost(&error, &mut child).await),
        };
        if ready.descriptors {
            link.takes_descriptors();
        }
        let memory = Allowance::begin(pid, self.setup.limits.memory as u64);
        tokio::spawn(Arc::clone(&link).read(reader));
        Ok(Worker { link, ready, child, memory, _group: group })
    }

    fn follow(&self, child: &mut Child) {
        let plugin = self.setup.services.plugin().to_owned();
        if let (Some(out), Some(err)) = (child.stdout.take(), child.stderr.take()) {
            tokio::spawn(async move {
                tokio::join!(output::follow(out, &plugin, "stdout"), output::follow(err, &plugin, "stderr"))
            });
        }
    }

    async fn hello(&self, link: &Link) -> Result<(), FrameError> {
        let config: Box<RawValue> =
            serde_json::from_str(&self.setup.config).map_err(|_| FrameError::Malformed)?;
        let hello = Hello {
            protocol: PROTOCOL,
            contract: VERSION,
            plugin: &self.package.id,
            entry: &self.package.entry,
            hooks: self.setup.hooks.iter().map(|hook| hook.as_str()).collect(),
            config: &config,
            windows: self.package.windows.as_ref().map(SentWindows::of),
            limits: SentLimits { output: self.setup.limits.output },
        };
        link.send(Kind::Hello, 0, &hello, None).await
    }

    /// What the worker says to its configuration; services that it asks for meanwhile are answered.
    async fn answer_to_hello(
        &self,
        link: &Arc<Link>,
        reader: &mut Reader<OwnedReadHalf>,
    ) -> Result<Ready, Unready> {
        self.hello(link).await?;
        loop {
            let frame = reader.next().await?;
            match frame.kind {
                Kind::Ready => return Ready::read(&frame.meta, self.setup.hooks).map_err(Unready::Refused),
                Kind::Refused => {
                    return Err(Unready::Refused(LoadError::Configure(verdict::error(&frame.meta))));
                }
                Kind::Ask | Kind::Note => link.take(frame)?,
                _ => return Err(FrameError::Malformed.into()),
            }
        }
    }

    /// Keeps one worker until the plugin is gone.
    pub(crate) async fn keep(self: Arc<Self>, first: Option<Worker>) {
        let mut next = first;
        let mut pause = PAUSE;
        while !self.gone.is_cancelled() {
            let mut worker = match next.take() {
                Some(worker) => worker,
                None => match self.start().await {
                    Ok(worker) => worker,
                    Err(error) => {
                        tracing::error!(plugin = self.setup.services.plugin(), %error, "no new worker for a plugin");
                        self.rest(&mut pause).await;
                        continue;
                    }
                },
            };
            let (born, link) = (Instant::now(), Arc::clone(&worker.link));
            self.pool.add(&worker.link, worker.ready.concurrency);
            match self.watch(&mut worker).await {
                End::Gone => return worker.stop(&self.pool).await,
                End::Grown => {
                    next = self.start().await.ok();
                    tokio::spawn({
                        let pool = Arc::clone(&self.pool);
                        async move { worker.stop(&pool).await }
                    });
                }
                End::Died => {
                    let (plugin, status) = (self.setup.services.plugin(), worker.reap().await);
                    tracing::warn!(plugin, status, "a worker of a plugin ended");
                    self.pool.remove(&link);
                    if link.has_answered() || born.elapsed() > HEALTHY {
                        pause = PAUSE;
                    } else {
                        self.rest(&mut pause).await;
                    }
                }
            }
        }
    }

    async fn watch(&self, worker: &mut Worker) -> End {
        let Worker { link, child, memory, .. } = worker;
        tokio::select! {
            biased;
            () = self.gone.cancelled() => End::Gone,
            () = link.ended() => End::Died,
            _ = child.wait() => {
                // What it started may hold its connection open.
                let _ = timeout(LAST_FRAMES, link.ended()).await;
                link.end();
                End::Died
            }
            () = memory.overdrawn() => {
                tracing::warn!(
                    plugin = self.setup.services.plugin(),
                    "a worker shares more memory than it may have"
                );
                link.end();
                End::Died
            }
            () = memory.nearly_used() => End::Grown,
        }
    }

    /// Waits a while, longer each time.
    async fn rest(&self, pause: &mut Duration) {
        tokio::select! {
            () = sleep(*pause) => {}
            () = self.gone.cancelled() => {}
        }
        *pause = (*pause * 2).min(LONGEST);
    }
}

/// Bytes of what a worker asks of services at once.
const MAX_ASK: usize = 1024 * 1024;

/// For the meta and the head of a frame.
const HEADROOM: usize = 64 * 1024;

/// How long a process that closed its connection may take to end.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// Where it ended, that says more than that its connection did.
async fn lost(error: &FrameError, child: &mut Child) -> LoadError {
    let ended = match error {
        FrameError::Closed | FrameError::Broken(_) => timeout(LAST_WORDS, child.wait()).await.ok(),
        FrameError::TooLarge(_) | FrameError::Malformed => None,
    };
    let cause = match ended {
        Some(Ok(status)) => told(status),
        Some(Err(_)) | None => error.to_string(),
    };
    LoadError::Configure(format!("its worker was never ready: {cause}; the log has what it printed"))
}

fn told(status: ExitStatus) -> String {
    match status.code() {
        Some(code) => format!("its process ended with exit status {code}"),
        // Such as "signal: 9 (SIGKILL)".
        None => format!("its process was ended by {}", status.to_string().replacen(": ", " ", 1)),
    }
}

impl Worker {
    /// Lets it end what it is doing.
    async fn stop(mut self, pool: &Pool) {
        pool.remove(&self.link);
        let told = self.link.send(Kind::Stop, 0, &serde_json::Value::Null, None).await;
        if told.is_ok() {
            tokio::select! {
                _ = self.child.wait() => {}
                () = sleep(GRACE) => {}
                () = self.memory.overdrawn() => {}
            }
        }
        kill(self.link.pid);
        let _ = self.child.wait().await;
    }

    /// How it ended.
    async fn reap(mut self) -> String {
        // What it started may still be there.
        kill(self.link.pid);
        self.child.wait().await.map_or_else(|error| error.to_string(), |status| status.to_string())
    }
}
