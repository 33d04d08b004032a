//! Looks after one worker: starts it, starts another one when it ends or grows, and ends it with its plugin.

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use serde_json::value::RawValue;
use tidegate_contract::VERSION;
use tidegate_pipeline::{LoadError, Setup};
use tokio::net::unix::OwnedReadHalf;
use tokio::process::Child;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::call::{Hello, SentWindows};
use crate::frame::{FrameError, Kind, Reader};
use crate::launch::{Group, Launch, Started, kill};
use crate::link::Link;
use crate::memory::Memory;
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

/// How often a worker's memory is looked at.
const WATCH: Duration = Duration::from_secs(1);

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
    memory: Memory,
    /// Ends with the worker, whatever is left of it.
    _group: Group,
}

/// Why a worker is not kept.
enum End {
    Died,
    Grown,
    Gone,
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
                Err(LoadError::Configure(format!("it was not ready within {} s", limit.as_secs())))
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
        self.hello(&link).await.map_err(|error| lost(&error))?;
        let ready = self.answered(&link, &mut reader).await?;
        if ready.descriptors {
            link.takes_descriptors();
        }
        let memory = Memory::of(pid).unwrap_or_default();
        memory.cap(pid, self.setup.limits.memory as u64);
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
        };
        link.send(Kind::Hello, 0, &hello, None).await
    }

    /// What the worker says to that; services that it asks for meanwhile are answered.
    async fn answered(
        &self,
        link: &Arc<Link>,
        reader: &mut Reader<OwnedReadHalf>,
    ) -> Result<Ready, LoadError> {
        loop {
            let frame = reader.next().await.map_err(|error| lost(&error))?;
            match frame.kind {
                Kind::Ready => return Ready::read(&frame.meta, self.setup.hooks),
                Kind::Refused => return Err(LoadError::Configure(verdict::error(&frame.meta))),
                Kind::Ask | Kind::Note => link.take(frame).map_err(|error| lost(&error))?,
                _ => return Err(lost(&FrameError::Malformed)),
            }
        }
    }

    /// Keeps one worker until the plugin is gone.
    pub(crate) async fn keep(self: Arc<Self>, first: Option<Worker>) {
        let mut next = first;
        let mut pause = PAUSE;
        while !self.gone.is_cancelled() {
            let worker = match next.take() {
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
            match self.watch(&worker).await {
                End::Gone => return worker.stop(&self.pool).await,
                End::Grown => {
                    next = self.start().await.ok();
                    tokio::spawn({
                        let pool = Arc::clone(&self.pool);
                        async move { worker.stop(&pool).await }
                    });
                }
                End::Died => {
                    let status = worker.reap().await;
                    tracing::warn!(
                        plugin = self.setup.services.plugin(),
                        status,
                        "a worker of a plugin ended"
                    );
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

    async fn watch(&self, worker: &Worker) -> End {
        tokio::select! {
            () = self.gone.cancelled() => End::Gone,
            () = worker.link.ended() => End::Died,
            () = worker.grows(self.setup.limits.memory as u64 / 4 * 3) => End::Grown,
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

fn lost(error: &FrameError) -> LoadError {
    LoadError::Configure(format!("its worker was never ready: {error}; the log has what it printed"))
}

impl Worker {
    async fn grows(&self, more: u64) {
        loop {
            sleep(WATCH).await;
            let Some(now) = Memory::of(self.link.pid) else { continue };
            if now.resident > self.memory.resident.saturating_add(more) {
                return;
            }
        }
    }

    /// Lets it end what it is doing.
    async fn stop(mut self, pool: &Pool) {
        pool.remove(&self.link);
        let told = self.link.send(Kind::Stop, 0, &serde_json::Value::Null, None).await;
        if told.is_ok() {
            let _ = timeout(GRACE, self.child.wait()).await;
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
