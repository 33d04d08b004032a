//! Compiles components aside: one thread at low priority, and each component once.

use std::collections::HashMap;
use std::hash::{Hash, Hasher};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Weak, mpsc};

use bytes::Bytes;
use tidegate_pipeline::Digest;
use tokio::sync::oneshot;
use wasmtime::Engine;
use wasmtime::component::Component;

use crate::disk::Disk;

/// Niceness of the thread, of -20 to 19: requests come first.
const NICENESS: i32 = 10;

/// The compiler's thread; ends when this is dropped.
pub(crate) struct Compiler {
    jobs: mpsc::Sender<Job>,
}

/// A compiled component; shared by all plugins with the same bytes, and forgotten when the last of them is.
pub(crate) struct Compiled(Component);

impl Compiled {
    pub(crate) fn component(&self) -> &Component {
        &self.0
    }
}

struct Job {
    bytes: Bytes,
    done: oneshot::Sender<Result<Arc<Compiled>, String>>,
}

impl Compiler {
    pub(crate) fn start(engine: Engine, disk: Option<Disk>) -> std::io::Result<Self> {
        let (jobs, queue) = mpsc::channel::<Job>();
        let mut bench = Bench { engine, disk, known: HashMap::new() };
        let work = move || {
            lower_priority();
            for job in queue {
                // Whoever asked may have gone; what was compiled for it is on disk then.
                let _ = job.done.send(bench.take(&job.bytes));
            }
        };
        std::thread::Builder::new().name("wasm-compile".into()).spawn(work)?;
        Ok(Self { jobs })
    }

    /// The component in these bytes.
    ///
    /// # Errors
    /// Why it is none.
    pub(crate) async fn compile(&self, bytes: Bytes) -> Result<Arc<Compiled>, String> {
        let (done, answer) = oneshot::channel();
        let lost = || "the compiler stopped".to_owned();
        self.jobs.send(Job { bytes, done }).map_err(|_| lost())?;
        answer.await.map_err(|_| lost())?
    }
}

struct Bench {
    engine: Engine,
    disk: Option<Disk>,
    known: HashMap<Digest, Weak<Compiled>>,
}

impl Bench {
    fn take(&mut self, bytes: &[u8]) -> Result<Arc<Compiled>, String> {
        let key = key(&self.engine, bytes);
        if let Some(compiled) = self.known.get(&key).and_then(Weak::upgrade) {
            return Ok(compiled);
        }
        let stored = self.disk.as_ref().and_then(|disk| disk.load(&self.engine, key));
        let component = match stored {
            Some(component) => component,
            None => self.compile(key, bytes)?,
        };
        let compiled = Arc::new(Compiled(component));
        self.known.retain(|_, known| known.strong_count() > 0);
        self.known.insert(key, Arc::downgrade(&compiled));
        Ok(compiled)
    }

    fn compile(&self, key: Digest, bytes: &[u8]) -> Result<Component, String> {
        kind(bytes)?;
        let started = std::time::Instant::now();
        // A bug of the compiler on hostile code ends this job, not the thread that all jobs need.
        let made = catch_unwind(AssertUnwindSafe(|| Component::new(&self.engine, bytes)));
        let made = made.map_err(|_| "the compiler failed on it".to_owned())?;
        let component = made.map_err(|error| format!("{error:#}; build it again"))?;
        tracing::debug!(
            bytes = bytes.len(),
            milliseconds = started.elapsed().as_millis(),
            "compiled a component"
        );
        if let Some(disk) = &self.disk {
            disk.store(key, &component);
        }
        Ok(component)
    }
}

/// Of the component's bytes, and of all in the engine that decides what they are compiled to.
fn key(engine: &Engine, bytes: &[u8]) -> Digest {
    let mut settings = Collected(Vec::new());
    engine.precompile_compatibility_hash().hash(&mut settings);
    Digest::of_parts([bytes, &settings.0[..]])
}

/// Keeps all that is hashed, so that the key has more than 64 bits of it.
struct Collected(Vec<u8>);

impl Hasher for Collected {
    fn write(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    fn finish(&self) -> u64 {
        0
    }
}

/// # Errors
/// What the file is, where it is no component.
fn kind(bytes: &[u8]) -> Result<(), String> {
    match bytes.get(..8) {
        Some([b'\0', b'a', b's', b'm', 1, 0, 0, 0]) => {
            Err("it is a core module; make a component of it, as \"wasm-tools component new\" does".into())
        }
        Some([b'\0', b'a', b's', b'm', ..]) => Ok(()),
        _ => Err("it is no WASM component; check \"entry\" in plugin.toml".into()),
    }
}

fn lower_priority() {
    let thread = rustix::thread::gettid();
    if let Err(error) = rustix::process::setpriority_process(Some(thread), NICENESS) {
        tracing::debug!(%error, "the compiler's thread keeps its priority");
    }
}

#[cfg(test)]
#[path = "compile_tests.rs"]
mod tests;
