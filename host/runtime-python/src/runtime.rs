//! The runtime: packages with `runtime = "python"`.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use tidegate_pipeline::{Code, LoadError, Package, Runtime};

use crate::code::PythonCode;

/// Runs plugins written in Python.
#[derive(Debug, Clone, Copy, Default)]
pub struct PythonRuntime;

impl PythonRuntime {
    /// A runtime; it holds nothing, workers belong to their plugins.
    pub fn new() -> Self {
        Self
    }
}

impl Runtime for PythonRuntime {
    fn name(&self) -> &'static str {
        "python"
    }

    fn load<'a>(&'a self, package: &'a Package) -> BoxFuture<'a, Result<Arc<dyn Code>, LoadError>> {
        let package = package.clone();
        Box::pin(async move {
            let entry = package.manifest.entry.clone();
            let unpacked = tokio::task::spawn_blocking(move || PythonCode::unpack(&package)).await;
            let code = unpacked.map_err(|error| LoadError::Code { entry, cause: error.to_string() })??;
            Ok(Arc::new(code) as Arc<dyn Code>)
        })
    }
}
