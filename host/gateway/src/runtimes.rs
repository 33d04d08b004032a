//! The engines that this binary carries, and what plugins may reach through them: the one place that names them all.

use std::sync::Arc;

use tidegate_pipeline::{Backing, Runtime};
use tidegate_proxy::{Egress, ModelRoutes, PluginSink};
use tidegate_runtime_lua::LuaRuntime;
use tidegate_runtime_native::NativeRuntime;
use tidegate_runtime_python::PythonRuntime;
use tidegate_runtime_wasm::{Compilation, WasmRuntime};
use tidegate_telemetry::Metrics;

use crate::plugins::{Lasting, Plugins};
use crate::stores::Stores;

/// Why an engine cannot run here.
#[derive(Debug, thiserror::Error)]
#[error("the runtime \"{runtime}\" cannot be set up: {cause}")]
pub(crate) struct RuntimeError {
    runtime: &'static str,
    cause: String,
}

/// The command by which this binary becomes a process that serves one native plugin.
pub(crate) const WORKER: &str = "worker";

/// Everything that loads plugins.
pub(crate) fn plugins(
    metrics: &Arc<Metrics>,
    models: &Arc<ModelRoutes>,
    compilation: Compilation,
    stores: &Stores,
) -> Result<Arc<Plugins>, RuntimeError> {
    let runtimes = engines(compilation)?;
    let egress = Egress::new(Vec::new());
    let backing = Backing {
        kv: Arc::clone(&stores.kv),
        http: Arc::new(egress),
        metrics: Arc::new(PluginSink::new(Arc::clone(metrics))),
        models: Arc::clone(models) as _,
    };
    let lasting = Lasting { http: Arc::new(Egress::of_operator()), stores: stores.clone() };
    Ok(Plugins::new(runtimes, backing, lasting))
}

/// One of each.
pub(crate) fn engines(compilation: Compilation) -> Result<Vec<Arc<dyn Runtime>>, RuntimeError> {
    let wasm = WasmRuntime::new(compilation)
        .map_err(|error| RuntimeError { runtime: "wasm", cause: error.to_string() })?;
    Ok(vec![
        Arc::new(wasm),
        Arc::new(LuaRuntime::new()),
        Arc::new(PythonRuntime::new()),
        Arc::new(NativeRuntime::with_argument(WORKER)),
    ])
}
