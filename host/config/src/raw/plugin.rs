//! The keys of a plugin's entry.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::scalar::{Period, Secret, Size};

/// A plugin: where its package is, what it may use and what bounds it.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Plugin {
    /// The folder of the package, relative to this file; loaded again when it changes.
    #[schemars(length(min = 1))]
    pub(crate) path: String,
    /// What it may use; exactly what its manifest asks for.
    #[serde(default)]
    pub(crate) grants: Grants,
    /// What becomes of its routes when it cannot be loaded.
    #[serde(default)]
    pub(crate) on_load_error: OnLoadError,
    /// Instances at once; without it, 16.
    #[schemars(range(min = 1, max = 1024))]
    pub(crate) max_instances: Option<usize>,
    /// Processes of a Python plugin; without it, as many as there are cores, but no more than 2.
    #[schemars(range(min = 1, max = 64))]
    pub(crate) workers: Option<usize>,
    /// What runs a Python plugin: an interpreter, or the folder of a virtual environment, relative to this file; without it,
    /// `python3` of the path.
    #[schemars(length(min = 1))]
    pub(crate) python: Option<String>,
    /// Whether `.pth` files and `sitecustomize` of its environment run at every start: editable installs need it.
    #[serde(default)]
    pub(crate) site: bool,
    /// Where a native plugin runs; without it, in the gateway's process.
    pub(crate) isolation: Option<Isolation>,
    /// Whether calls of a native plugin in the gateway's process run on threads that carry no requests.
    pub(crate) blocking: Option<bool>,
    /// Whether each request gets an instance of its own; without it, what its manifest says.
    pub(crate) instance: Option<Instance>,
    /// What bounds it.
    #[serde(default)]
    pub(crate) limits: PluginLimits,
}

/// What a plugin may use.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Grants {
    /// Hosts that it may send requests to, such as `sso.example.com`, `*.example.com` or `127.0.0.1:8080`.
    pub(crate) http: Vec<String>,
    /// Whether it may keep values beyond a request.
    pub(crate) kv: bool,
    /// Whether it may make metrics of its own.
    pub(crate) metrics: bool,
    /// Secrets that it may read, by name.
    #[schemars(extend("default" = {}))]
    pub(crate) secrets: IndexMap<String, Secret>,
    /// Routes whose models it may ask.
    pub(crate) models: Vec<String>,
}

/// What becomes of a plugin's routes when it cannot be loaded.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum OnLoadError {
    /// The version that was loaded before stays; where there is none, as `disable`.
    #[default]
    KeepPrevious,
    /// Its filters fail, and each entry's `on_error` says what that means.
    Disable,
    /// The configuration is refused.
    RefuseStart,
}

/// Where a native plugin runs.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Isolation {
    /// In the gateway's process, trusted with all of it.
    InProcess,
    /// In processes of its own, bounded as any other plugin.
    Process,
}

/// How instances are used.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Instance {
    /// An instance serves one request after another.
    Pooled,
    /// Each call gets a fresh instance.
    PerRequest,
}

/// What bounds a plugin.
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct PluginLimits {
    /// Memory of one instance.
    pub(crate) memory: Size,
    /// A verdict.
    pub(crate) output: Size,
    /// A body, or the texts of one, that it is given.
    pub(crate) body: Size,
    /// From its start until it is configured, for each instance or process.
    pub(crate) configure: Period,
}

impl Default for PluginLimits {
    fn default() -> Self {
        let (memory, output, body) = (Size::kib(64 * 1024), Size::kib(1024), Size::kib(1024));
        Self { memory, output, body, configure: Period::seconds(5) }
    }
}
