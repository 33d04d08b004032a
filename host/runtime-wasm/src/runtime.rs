//! The engine and its clock; everything that all plugins share.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use tidegate_pipeline::{Code, LoadError, Package, Runtime};
use wasmtime::component::Linker;
use wasmtime::{Config, Engine, InstanceAllocationStrategy, PoolingAllocationConfig, Strategy};

use crate::code::WasmCode;
use crate::compile::Compiler;
use crate::disk::Disk;
use crate::instance::Data;
use crate::{host, imports};

/// How often a running guest is asked whether its time is up, and lets other requests of its thread run.
const TICK: Duration = Duration::from_millis(5);

/// Instances of all plugins at once; also calls at once, since an instance serves one.
const INSTANCES: u32 = 1000;

/// Core modules that a component is made of: one for Rust or C, a dozen for interpreters.
const MODULES: u32 = 8;

/// Runs plugins whose manifest says `runtime = "wasm"`.
pub struct WasmRuntime {
    /// Tried first.
    fast: Option<Lane>,
    optimizing: Lane,
}

/// An engine, and all that is its own.
struct Lane {
    linker: Linker<Data>,
    compiler: Compiler,
}

/// What the compiler is good at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compilation {
    /// Code that runs fast: for everything that serves.
    Optimizing,
    /// Code that is there soonest and runs slower: for the author who waits for it. What the fast compiler does
    /// not know (such as some SIMD) is left to the other one.
    Fast,
}

/// The engine cannot be started on this machine.
#[derive(Debug, Clone, thiserror::Error)]
#[error("the WASM engine cannot start: {0}")]
pub struct StartError(String);

impl WasmRuntime {
    /// Starts the engine. Compiled code is kept in `$TIDEGATE_CACHE`, else below the user's cache folder.
    ///
    /// # Errors
    /// Where this processor or system is none that the engine knows.
    pub fn new(compilation: Compilation) -> Result<Self, StartError> {
        Self::with_cache(compilation, cache_folder())
    }

    /// Starts the engine with compiled code kept in this folder, or in memory only.
    ///
    /// # Errors
    /// Where this processor or system is none that the engine knows.
    pub fn with_cache(compilation: Compilation, folder: Option<PathBuf>) -> Result<Self, StartError> {
        let engine = pooling_engine().map_err(|error| StartError(format!("{error:#}")))?;
        // Not every processor has such a compiler.
        let fast = (compilation == Compilation::Fast).then(fast_engine).and_then(Result::ok);
        let fast = fast.map(|engine| Lane::start(engine, folder.as_deref())).transpose()?;
        Ok(Self { fast, optimizing: Lane::start(engine, folder.as_deref())? })
    }
}

impl Lane {
    fn start(engine: Engine, cache: Option<&Path>) -> Result<Self, StartError> {
        let failed = |error: wasmtime::Error| StartError(format!("{error:#}"));
        let mut linker = Linker::new(&engine);
        host::link(&mut linker).map_err(failed)?;
        wasmtime_wasi::p2::add_to_linker_async(&mut linker).map_err(failed)?;
        start_clock(&engine).map_err(|error| StartError(error.to_string()))?;
        let compiler = Compiler::start(engine, cache.and_then(Disk::open));
        Ok(Self { linker, compiler: compiler.map_err(|error| StartError(error.to_string()))? })
    }

    async fn load(&self, package: &Package) -> Result<Arc<dyn Code>, LoadError> {
        let entry = &package.manifest.entry;
        let failed = |cause| LoadError::Code { entry: entry.clone(), cause };
        let component = self.compiler.compile(package.entry.clone()).await.map_err(failed)?;
        imports::check(&component, &package.manifest)?;
        let linked = self.linker.instantiate_pre(component.component());
        let linked = linked.map_err(|error| failed(format!("{error:#}; build it with a matching SDK")))?;
        let code = WasmCode::new(entry, component, linked)?;
        Ok(Arc::new(code) as Arc<dyn Code>)
    }
}

impl Runtime for WasmRuntime {
    fn name(&self) -> &'static str {
        "wasm"
    }

    fn load<'a>(&'a self, package: &'a Package) -> BoxFuture<'a, Result<Arc<dyn Code>, LoadError>> {
        Box::pin(async move {
            if let Some(fast) = &self.fast {
                match fast.load(package).await {
                    Err(LoadError::Code { cause, .. }) => {
                        tracing::debug!(
                            plugin = package.manifest.id,
                            cause,
                            "left to the optimizing compiler"
                        );
                    }
                    loaded => return loaded,
                }
            }
            self.optimizing.load(package).await
        })
    }
}

/// Pooled, so that an instance takes microseconds; where so much address space cannot be had, without a pool.
fn pooling_engine() -> wasmtime::Result<Engine> {
    let mut config = config();
    config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool()));
    Engine::new(&config).or_else(|error| {
        tracing::warn!(%error, "no pool for WASM instances; each is allocated by itself, which is slower");
        config.allocation_strategy(InstanceAllocationStrategy::OnDemand);
        Engine::new(&config)
    })
}

fn fast_engine() -> wasmtime::Result<Engine> {
    // Nobody else is served meanwhile, so every core may help.
    Engine::new(config().strategy(Strategy::Winch).parallel_compilation(true))
}

fn config() -> Config {
    let mut config = Config::new();
    config.epoch_interruption(true);
    // Requests that are served come first.
    config.parallel_compilation(false);
    // What two machines may answer differently has no place in a policy.
    config.wasm_relaxed_simd(false);
    config
}

fn pool() -> PoolingAllocationConfig {
    let mut pool = PoolingAllocationConfig::default();
    pool.total_component_instances(INSTANCES)
        .total_core_instances(INSTANCES * MODULES)
        .total_memories(INSTANCES)
        .total_tables(INSTANCES * MODULES)
        .total_stacks(INSTANCES)
        // Interpreters compiled to WASM have tables of some ten thousand functions.
        .table_elements(100_000)
        // Pages that are zeroed rather than given back when an instance ends: cheaper for small guests.
        .linear_memory_keep_resident(256 * 1024)
        .max_unused_warm_slots(32);
    pool
}

/// Advances the epoch for as long as the engine lives.
fn start_clock(engine: &Engine) -> std::io::Result<()> {
    let engine = engine.weak();
    let tick = move || {
        while let Some(engine) = engine.upgrade() {
            engine.increment_epoch();
            drop(engine);
            std::thread::sleep(TICK);
        }
    };
    std::thread::Builder::new().name("wasm-clock".into()).spawn(tick).map(drop)
}

fn cache_folder() -> Option<PathBuf> {
    tidegate_pipeline::cache_folder("TIDEGATE_CACHE", "").map(|folder| folder.join("wasm"))
}

#[cfg(test)]
#[path = "runtime_tests.rs"]
mod tests;
