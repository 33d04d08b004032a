//! The runtime: packages with `runtime = "python"`.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use tidegate_pipeline::{Code, LoadError, Package, Runtime};

use crate::code::PythonCode;
use crate::interpreter::Interpreters;
use crate::sdk::Sdk;

/// Runs plugins written in Python.
#[derive(Debug, Clone, Default)]
pub struct PythonRuntime {
    shared: Arc<Shared>,
}

/// What all plugins have in common; workers belong to their plugins.
#[derive(Debug, Default)]
pub(crate) struct Shared {
    pub(crate) interpreters: Interpreters,
    pub(crate) sdk: Sdk,
}

impl PythonRuntime {
    /// A runtime.
    pub fn new() -> Self {
        Self::default()
    }
}

impl Runtime for PythonRuntime {
    fn name(&self) -> &'static str {
        "python"
    }

    fn load<'a>(&'a self, package: &'a Package) -> BoxFuture<'a, Result<Arc<dyn Code>, LoadError>> {
        let (package, shared) = (package.clone(), Arc::clone(&self.shared));
        Box::pin(async move {
            let entry = package.manifest.entry.clone();
            let unpacked = tokio::task::spawn_blocking(move || PythonCode::unpack(&package, shared)).await;
            let code = unpacked.map_err(|error| LoadError::Code { entry, cause: error.to_string() })??;
            Ok(Arc::new(code) as Arc<dyn Code>)
        })
    }
}
