//! The runtime: packages with `runtime = "lua"`.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use tidegate_pipeline::{Code, LoadError, Package, Runtime};

use crate::code::{LuaCode, Program};

/// Runs plugins written in Luau.
#[derive(Debug, Clone, Copy, Default)]
pub struct LuaRuntime;

impl LuaRuntime {
    /// A runtime; it holds nothing, VMs belong to their plugins.
    pub fn new() -> Self {
        Self
    }
}

impl Runtime for LuaRuntime {
    fn name(&self) -> &'static str {
        "lua"
    }

    fn load<'a>(&'a self, package: &'a Package) -> BoxFuture<'a, Result<Arc<dyn Code>, LoadError>> {
        let package = package.clone();
        Box::pin(async move {
            let entry = package.manifest.entry.clone();
            let compiled = tokio::task::spawn_blocking(move || Program::compile(&package)).await;
            let program = compiled.map_err(|error| LoadError::Code { entry, cause: error.to_string() })??;
            let code: Arc<dyn Code> = Arc::new(LuaCode(Arc::new(program)));
            Ok(code)
        })
    }
}

#[cfg(test)]
#[path = "runtime_tests.rs"]
mod tests;
