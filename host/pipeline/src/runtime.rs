//! What the pipeline asks of a runtime: code from a package, and configured plugins from code.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use tidegate_contract::{Hook, Hooks, VERSION};

use crate::package::Package;
use crate::plugin::Plugin;
use crate::services::Services;

/// An engine that runs plugins. The gateway has one of each kind.
pub trait Runtime: Send + Sync + 'static {
    /// The value of `runtime` in a manifest.
    fn name(&self) -> &'static str;

    /// Makes code of a package: compiled, checked against the contract and the manifest, not yet run.
    ///
    /// Runs aside, while traffic flows; it must not block a thread that carries requests.
    fn load<'a>(&'a self, package: &'a Package) -> BoxFuture<'a, Result<Arc<dyn Code>, LoadError>>;
}

/// A folder that the environment names, else `below` in `tidegate` of the user's cache; `None` where the user has none.
pub fn cache_folder(variable: &str, below: &str) -> Option<PathBuf> {
    let set = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let user = || set("XDG_CACHE_HOME").or_else(|| set("HOME").map(|home| home.join(".cache")));
    set(variable).or_else(|| user().map(|user| user.join("tidegate").join(below)))
}

/// The runtime of that name.
///
/// # Errors
/// Where there is none; the error lists those that there are.
pub fn runtime_of<'r>(
    runtimes: &'r [Arc<dyn Runtime>],
    name: &str,
) -> Result<&'r Arc<dyn Runtime>, LoadError> {
    runtimes.iter().find(|runtime| runtime.name() == name).ok_or_else(|| {
        let known: Vec<_> = runtimes.iter().map(|runtime| runtime.name()).collect();
        LoadError::Runtime(name.to_owned(), known.join(", "))
    })
}

/// The code of one version of a plugin.
pub trait Code: Send + Sync + 'static {
    /// Makes a plugin with one configuration: runs `configure`, and keeps what is needed to make further instances.
    fn configure(&self, setup: Setup) -> BoxFuture<'_, Result<Arc<dyn Plugin>, LoadError>>;
}

/// What a configured plugin is made with.
#[derive(Clone)]
pub struct Setup {
    /// Its configuration, JSON text that holds to the package's schema.
    pub config: Arc<str>,
    /// What it may reach; every call of a service is checked there.
    pub services: Arc<Services>,
    /// The hooks of the manifest: the upper bound of the subscription.
    pub hooks: Hooks,
    /// What bounds it.
    pub limits: Limits,
    /// Instances at once.
    pub max_instances: usize,
    /// For runtimes whose plugins are processes.
    pub process: Process,
    /// For runtimes whose plugins are libraries.
    pub native: Native,
    /// Whether each request gets an instance of its own, which is thrown away after it.
    pub per_request: bool,
}

/// What runs a plugin that has processes of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Process {
    /// How many there are.
    pub workers: usize,
    /// An interpreter, or the folder of an environment with one; `None` leaves the choice to the runtime.
    pub interpreter: Option<PathBuf>,
    /// Whether the interpreter may run what its environment wants run at every start.
    pub site: bool,
}

/// How a library runs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Native {
    /// Where.
    pub isolation: Isolation,
    /// Whether a call within the gateway runs on a thread that carries no requests.
    pub blocking: bool,
}

/// What else is in the process of a plugin.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Isolation {
    /// The gateway.
    #[default]
    InProcess,
    /// Nothing.
    Process,
}

impl Default for Process {
    fn default() -> Self {
        Self { workers: 1, interpreter: None, site: false }
    }
}

/// What bounds a plugin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of memory an instance.
    pub memory: usize,
    /// Bytes of a verdict.
    pub output: usize,
    /// Bytes of a body that it is given.
    pub body: usize,
    /// How long `configure` may take.
    pub configure: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory: 64 * 1024 * 1024,
            output: 1024 * 1024,
            body: 1024 * 1024,
            configure: Duration::from_secs(5),
        }
    }
}

/// Why a plugin is not loaded. Each text is one sentence for the operator, with what to do.
#[derive(Debug, Clone, thiserror::Error)]
pub enum LoadError {
    /// A file of the package cannot be read.
    #[error("\"{}\" cannot be read: {cause}; check the path", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        cause: String,
    },
    /// The manifest is not what it has to be.
    #[error("plugin.toml: {0}")]
    Manifest(String),
    /// The package is for another contract.
    #[error(
        "it is made for contract \"{found}\", and this gateway speaks \"{known}\"; build it with a matching SDK"
    )]
    Contract {
        /// What the manifest or artefact says.
        found: String,
        /// What is spoken here.
        known: &'static str,
    },
    /// No runtime of that name.
    #[error("runtime \"{0}\" is none of this gateway's; it has {1}")]
    Runtime(String, String),
    /// The artefact is none that the runtime can run.
    #[error("\"{entry}\" cannot be loaded: {cause}")]
    Code {
        /// The file, as the manifest names it.
        entry: String,
        /// What is wrong with it and what to do.
        cause: String,
    },
    /// It needs what the operator did not grant, or asks for what its manifest does not name.
    #[error("{0}")]
    Grants(String),
    /// It refused its configuration, or failed while it read it.
    #[error("configure failed: {0}")]
    Configure(String),
    /// It is to run in a way that its runtime does not have.
    #[error("{0}")]
    Unsupported(String),
    /// It subscribed to what its manifest does not list, or to what does not exist.
    #[error("{0}")]
    Subscription(String),
}

/// The hook of a name that a plugin subscribes to.
///
/// # Errors
/// Where there is none of that name, or the manifest does not list it.
pub fn subscribed(name: &str, listed: Hooks) -> Result<Hook, LoadError> {
    let hook = Hook::by_name(name).ok_or_else(|| {
        let known = Hook::ALL.map(Hook::as_str).join(", ");
        let name: String = name.chars().take(64).collect();
        LoadError::Subscription(format!("it subscribes to \"{name}\", and contract {VERSION} has {known}"))
    })?;
    if listed.has(hook) {
        return Ok(hook);
    }
    Err(LoadError::Subscription(format!(
        "it subscribes to \"{hook}\", which plugin.toml does not list; add it to \"hooks\" there"
    )))
}
