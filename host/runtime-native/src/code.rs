//! The code of one version: a library that is kept under the name of its digest and opened where it is used.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use futures_util::future::BoxFuture;
use tidegate_contract::{Subscription, Windows};
use tidegate_pipeline::{Code, HookError, Instances, Isolation, LoadError, Package, Plugin, Scope, Setup};
use tidegate_workers::Launch;
use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::time::timeout;

use crate::image;
use crate::instance::{Instance, Order};
use crate::library::{self, File, Within};
use crate::plugin::NativePlugin;
use crate::reach::Local;
use crate::seat::{Seat, Thread, aside};

/// How a process is started that serves one native plugin.
#[derive(Debug, Clone)]
pub struct Worker {
    /// The program.
    pub program: PathBuf,
    /// Its arguments; it finds the rest on descriptor 3.
    pub args: Vec<String>,
}

/// The code of one version.
pub(crate) struct NativeCode {
    file: File,
    worker: Worker,
    id: String,
    windows: Option<Windows>,
    /// Whether it may ask services that answer later.
    waits: bool,
}

impl NativeCode {
    /// Keeps a copy of the library that nobody else can change.
    ///
    /// # Errors
    /// Where others could have changed the original, or the copy cannot be made.
    pub(crate) fn keep(package: &Package, worker: Worker) -> Result<Self, LoadError> {
        let manifest = &package.manifest;
        for owner in package.owners.iter() {
            library::check_writers(&manifest.entry, owner)?;
        }
        image::check(&package.entry)
            .map_err(|cause| LoadError::Code { entry: manifest.entry.clone(), cause })?;
        let folder = cache_folder();
        let file = library::keep(&folder, &manifest.entry, &package.entry)?;
        let waits = manifest.capabilities.kv || !manifest.capabilities.http.is_empty();
        Ok(Self { file, worker, id: manifest.id.clone(), windows: manifest.stream.clone(), waits })
    }

    async fn in_process(&self, setup: Setup) -> Result<Arc<dyn Plugin>, LoadError> {
        // A hook that waits for a service would wait for ever on the only thread that could answer.
        let alone = Handle::current().runtime_flavor() == RuntimeFlavor::CurrentThread;
        let maker = Arc::new(Maker {
            file: self.file.clone(),
            runtime: Handle::current(),
            setup: setup.clone(),
            aside: setup.native.blocking || (alone && self.waits),
        });
        let (first, subscription) = maker.made().await?;
        let make = Box::new(move || -> BoxFuture<'static, Result<Seat, HookError>> {
            let maker = Arc::clone(&maker);
            Box::pin(async move {
                let made = maker.made().await;
                made.map(|(seat, _)| seat).map_err(|error| HookError::Failed(error.to_string()))
            })
        });
        Ok(Arc::new(NativePlugin {
            subscription,
            instances: Instances::new(setup.max_instances, setup.per_request, Some(first), make),
            services: setup.services,
            runtime: Handle::current(),
            overdue: Arc::default(),
        }))
    }

    async fn in_workers(&self, setup: Setup) -> Result<Arc<dyn Plugin>, LoadError> {
        let Worker { program, args } = self.worker.clone();
        let folder = self.file.path.parent().map_or_else(PathBuf::new, PathBuf::from);
        let launch = Launch { program, args: args.into_iter().map(Into::into).collect(), folder };
        let entry = self.file.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let package = tidegate_workers::Package { id: self.id.clone(), entry, windows: self.windows.clone() };
        tidegate_workers::configure(launch, package, setup, Arc::new(())).await
    }
}

impl Code for NativeCode {
    fn configure(&self, setup: Setup) -> BoxFuture<'_, Result<Arc<dyn Plugin>, LoadError>> {
        match setup.native.isolation {
            Isolation::InProcess => Box::pin(self.in_process(setup)),
            Isolation::Process => Box::pin(self.in_workers(setup)),
        }
    }
}

/// Makes instances, aside: what a plugin does while it is configured holds up no request.
struct Maker {
    file: File,
    runtime: Handle,
    setup: Setup,
    /// Whether calls run on threads of their own.
    aside: bool,
}

impl Maker {
    async fn made(self: &Arc<Self>) -> Result<(Seat, Subscription), LoadError> {
        let limit = self.setup.limits.configure;
        let maker = Arc::clone(self);
        let failed = |error: io::Error| LoadError::Configure(format!("no thread for it: {error}"));
        let made = timeout(limit, aside(move || maker.make())).await.map_err(|_| {
            LoadError::Configure(format!(
                "it did not end within {} ms; do less there, and the rest in the first call, or raise \"limits.configure\" of the plugin",
                limit.as_millis()
            ))
        })?;
        let lost = || Err(LoadError::Configure("its thread ended".into()));
        let (instance, subscription) = made.map_err(failed)?.unwrap_or_else(lost)?;
        let seat = match self.aside {
            true => Seat::Aside(Thread::start(instance).map_err(failed)?),
            false => Seat::Here(instance),
        };
        Ok((seat, subscription))
    }

    fn make(&self) -> Result<(Instance, Subscription), LoadError> {
        let table = self.file.open(Within::Gateway)?;
        let Setup { config, services, hooks, limits, .. } = &self.setup;
        let scope = Scope::default();
        let until = Instant::now() + limits.configure;
        let reach = Local { services, scope: &scope, runtime: &self.runtime, until };
        Instance::make(table, &Order { config, listed: *hooks, output: limits.output }, &reach)
    }
}

/// Below `$TIDEGATE_CACHE`, else the user's cache folder, else one for temporary files.
fn cache_folder() -> PathBuf {
    let folder = tidegate_pipeline::cache_folder("TIDEGATE_CACHE", "");
    folder.unwrap_or_else(|| std::env::temp_dir().join("tidegate")).join("native")
}
