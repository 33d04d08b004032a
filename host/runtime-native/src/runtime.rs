//! The runtime: packages with `runtime = "native"`.

use std::path::PathBuf;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use tidegate_pipeline::{Code, LoadError, Package, Runtime};

use crate::code::{NativeCode, Worker};

/// Runs plugins that are shared libraries.
#[derive(Debug, Clone)]
pub struct NativeRuntime {
    worker: Worker,
}

impl NativeRuntime {
    /// A runtime whose processes are started so; whoever is started calls [`crate::serve`].
    pub fn new(worker: Worker) -> Self {
        Self { worker }
    }

    /// A runtime whose processes are this very program, with one argument.
    pub fn with_argument(argument: &str) -> Self {
        // What runs now, also where the file has been replaced since.
        Self::new(Worker { program: PathBuf::from("/proc/self/exe"), args: vec![argument.to_owned()] })
    }
}

impl Runtime for NativeRuntime {
    fn name(&self) -> &'static str {
        "native"
    }

    fn load<'a>(&'a self, package: &'a Package) -> BoxFuture<'a, Result<Arc<dyn Code>, LoadError>> {
        let (package, worker) = (package.clone(), self.worker.clone());
        Box::pin(async move {
            let entry = package.manifest.entry.clone();
            let kept = tokio::task::spawn_blocking(move || NativeCode::keep(&package, worker)).await;
            let code = kept.map_err(|error| LoadError::Code { entry, cause: error.to_string() })??;
            Ok(Arc::new(code) as Arc<dyn Code>)
        })
    }
}
