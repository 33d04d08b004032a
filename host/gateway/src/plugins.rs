//! The plugins of the gateway: loaded beside what is live, shared by all filters with the same code and configuration,
//! and put in place of one another by the admin API.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use serde_json::Value;
use tidegate_config::{Config, checked};
use tidegate_contract::{Dialect, Hook, Hooks, Subscription};
use tidegate_pipeline::{
    Backing, Capabilities, Code, Digest, HttpClient, Isolation, Limits, LoadError, Native, Package, Plugin,
    Process, Runtime, Services, Setup, check_wanted, consent, runtime_of,
};

use crate::stores::Stores;

/// A version of a plugin that can be used.
pub(crate) struct Loaded {
    pub(crate) package: Package,
    code: Arc<dyn Code>,
}

/// What is known of a plugin of the configuration.
#[derive(Clone)]
pub(crate) struct Entry {
    /// What filters get; `None` where nothing could be loaded.
    pub(crate) live: Option<Arc<Loaded>>,
    /// What a rollback brings back.
    pub(crate) previous: Option<Arc<Loaded>>,
    /// Why what stands in the folder is not what is live.
    pub(crate) error: Option<Arc<str>>,
    /// Put by the admin API; stays until the file's entry changes.
    pub(crate) put: bool,
    /// The folder that the configuration names; `None` of a plugin that the file does not name.
    configured: Option<PathBuf>,
    /// Of a plugin that the file does not name.
    pub(crate) settings: Option<checked::Plugin>,
}

/// What the admin API would have in place of an entry; `None` takes away what it put before.
pub(crate) struct Proposal {
    pub(crate) name: Arc<str>,
    pub(crate) entry: Option<Entry>,
}

/// The plugins of one generation of the configuration, by name.
pub(crate) type Table = BTreeMap<Arc<str>, Entry>;

/// What the admin API must know of the live configuration.
#[derive(Debug, Clone, Default)]
pub(crate) struct Facts {
    /// Folders below which plugins may be put from.
    pub(crate) dirs: Vec<PathBuf>,
    /// The plugins that filters name.
    pub(crate) named: Vec<String>,
    /// The plugins of the file.
    pub(crate) filed: Vec<Arc<str>>,
    /// Whether native plugins are loaded.
    pub(crate) allow_native: bool,
}

impl Facts {
    pub(crate) fn of(config: &Config) -> Self {
        let named = crate::ready::uses(config).into_iter().map(|(name, _)| name).collect();
        Self {
            dirs: config.plugin_dirs.clone(),
            named,
            filed: config.plugins.keys().cloned().collect(),
            allow_native: config.allow_native,
        }
    }
}

/// What built-in filters use that outlives configurations.
#[derive(Clone)]
pub(crate) struct Lasting {
    pub(crate) http: Arc<dyn HttpClient>,
    /// Values are shared with plugins, whose keys are other ones.
    pub(crate) stores: Stores,
}

/// All that loads plugins, and what it has loaded.
pub(crate) struct Plugins {
    runtimes: Vec<Arc<dyn Runtime>>,
    backing: Backing,
    lasting: Lasting,
    /// The plugins of the live configuration.
    live: Mutex<Table>,
    facts: Mutex<Facts>,
    /// Configured plugins that something still uses, by all that makes two of them the same.
    configured: Mutex<BTreeMap<Digest, Weak<dyn Plugin>>>,
    /// Code that something still uses, by the digest of its package.
    code: Mutex<BTreeMap<Digest, Weak<Loaded>>>,
}

impl Plugins {
    pub(crate) fn new(runtimes: Vec<Arc<dyn Runtime>>, backing: Backing, lasting: Lasting) -> Arc<Self> {
        let (live, facts) = (Mutex::default(), Mutex::default());
        let (configured, code) = (Mutex::default(), Mutex::default());
        Arc::new(Self { runtimes, backing, lasting, live, facts, configured, code })
    }

    /// What built-in filters of every configuration share.
    pub(crate) fn lasting(&self) -> Lasting {
        self.lasting.clone()
    }

    /// The plugins as they are live.
    pub(crate) fn live(&self) -> Table {
        lock(&self.live).clone()
    }

    /// What else is known of the live configuration.
    pub(crate) fn facts(&self) -> Facts {
        lock(&self.facts).clone()
    }

    /// Makes a table live.
    pub(crate) fn publish(&self, table: Table, facts: Facts) {
        let before = std::mem::replace(&mut *lock(&self.live), table.clone());
        for (name, entry) in &table {
            let Some(live) = &entry.live else { continue };
            let old = before.get(name).and_then(|old| old.live.as_ref());
            if old.is_none_or(|old| old.package.digest != live.package.digest) {
                let (version, digest) = (&*live.package.manifest.version, live.package.digest);
                tracing::info!(plugin = &**name, version, %digest, "plugin live");
            }
        }
        *lock(&self.facts) = facts;
        lock(&self.configured).retain(|_, plugin| plugin.strong_count() > 0);
        lock(&self.code).retain(|_, code| code.strong_count() > 0);
    }

    /// The plugins that a configuration names, loaded anew where their folder has something new, and those beside it.
    pub(crate) async fn load(
        &self,
        wanted: impl Iterator<Item = &checked::Plugin>,
        proposal: Option<&Proposal>,
    ) -> Table {
        let mut before = self.live();
        let mut table = Table::new();
        if let Some(Proposal { name, entry }) = proposal {
            before.remove(name);
            table.extend(entry.clone().map(|entry| (Arc::clone(name), entry)));
        }
        for plugin in wanted {
            if !table.contains_key(&plugin.name) {
                let entry = self.entry(plugin, before.get(&plugin.name)).await;
                table.insert(Arc::clone(&plugin.name), entry);
            }
        }
        for (name, entry) in before {
            if entry.settings.is_some() {
                table.entry(name).or_insert(entry);
            }
        }
        table
    }

    async fn entry(&self, plugin: &checked::Plugin, old: Option<&Entry>) -> Entry {
        let configured = Some(plugin.path.clone());
        if let Some(kept) = old.filter(|old| old.put && old.configured == configured) {
            return kept.clone();
        }
        let live = old.and_then(|old| old.live.clone());
        let previous = old.and_then(|old| old.previous.clone());
        let entry =
            Entry { live: live.clone(), previous, error: None, put: false, configured, settings: None };
        match self.version(&plugin.path).await {
            Ok(loaded) => entry.replaced(loaded),
            Err(error) => {
                let mut entry = Entry { error: Some(error.to_string().into()), ..entry };
                entry.fall_back(live, plugin.on_load_error);
                entry
            }
        }
    }

    /// The code in a folder; what is loaded already is not loaded twice.
    pub(crate) async fn version(&self, folder: &Path) -> Result<Arc<Loaded>, LoadError> {
        let path = folder.to_owned();
        let read = tokio::task::spawn_blocking(move || Package::read(&path)).await;
        let package = read.map_err(|_| LoadError::Configure("reading its package failed".into()))??;
        let known = lock(&self.code).get(&package.digest).and_then(Weak::upgrade);
        if let Some(known) = known {
            return Ok(known);
        }
        check_schema(&package)?;
        let runtime = runtime_of(&self.runtimes, &package.manifest.runtime)?;
        let code = runtime.load(&package).await?;
        let digest = package.digest;
        let loaded = Arc::new(Loaded { package, code });
        lock(&self.code).insert(digest, Arc::downgrade(&loaded));
        Ok(loaded)
    }

    /// A plugin with one configuration, shared by all filters that have the same.
    ///
    /// # Errors
    /// Where it refuses its configuration or needs what is not granted.
    pub(crate) async fn configured(
        &self,
        plugin: &checked::Plugin,
        loaded: &Loaded,
        config: &Value,
    ) -> Result<Arc<dyn Plugin>, LoadError> {
        let config: Arc<str> = config.to_string().into();
        let key = identity(plugin, loaded, &config);
        let known = lock(&self.configured).get(&key).and_then(Weak::upgrade);
        if let Some(known) = known {
            return Ok(known);
        }
        let manifest = &loaded.package.manifest;
        let native = native(plugin, &manifest.runtime)?;
        let granted = consent(&manifest.capabilities, &capabilities(&plugin.grants))?;
        let secrets = plugin.grants.secrets.iter().map(|(name, secret)| (name.clone(), secret.clone()));
        let services =
            Services::new(Arc::clone(&plugin.name), granted, secrets.collect(), self.backing.clone());
        let setup = Setup {
            config,
            services,
            hooks: manifest.hooks,
            limits: Limits {
                memory: plugin.memory,
                output: plugin.output,
                body: plugin.body,
                configure: plugin.configure,
            },
            max_instances: plugin.max_instances,
            process: Process {
                workers: plugin.workers,
                interpreter: plugin.python.clone(),
                site: plugin.site,
            },
            native,
            per_request: plugin.per_request.unwrap_or(manifest.per_request),
        };
        let made = loaded.code.configure(setup).await?;
        check_dialects(made.subscription())?;
        check_wanted(made.subscription())?;
        lock(&self.configured).insert(key, Arc::downgrade(&made));
        Ok(made)
    }

    /// How many plugins with a configuration of their own are in use.
    #[cfg(test)]
    pub(crate) fn configured_count(&self) -> usize {
        lock(&self.configured).values().filter(|plugin| plugin.strong_count() > 0).count()
    }
}

impl Entry {
    /// Of a plugin that the file does not name.
    pub(crate) fn beside_the_file(
        name: &str,
        folder: &Path,
        loaded: Arc<Loaded>,
        allow_native: bool,
    ) -> Self {
        let limits = Limits::default();
        let settings = checked::Plugin {
            name: name.into(),
            path: folder.to_owned(),
            grants: checked::Grants::default(),
            on_load_error: checked::OnLoadError::KeepPrevious,
            max_instances: 16,
            workers: 1,
            python: None,
            site: false,
            native: checked::Native { is_allowed: allow_native, ..checked::Native::default() },
            per_request: None,
            memory: limits.memory,
            output: limits.output,
            body: limits.body,
            configure: limits.configure,
            entry: None,
        };
        let live = Some(loaded);
        Self { live, previous: None, error: None, put: true, configured: None, settings: Some(settings) }
    }

    /// With another version in place of the live one, which a rollback brings back.
    pub(crate) fn replaced(self, loaded: Arc<Loaded>) -> Self {
        let same = self.live.as_ref().is_some_and(|live| live.package.digest == loaded.package.digest);
        let previous = if same { self.previous } else { self.live.or(self.previous) };
        Self { live: Some(loaded), previous, error: None, ..self }
    }

    /// Put by the admin API.
    pub(crate) fn put(self) -> Self {
        Self { put: true, ..self }
    }

    /// With the version before in place of the live one, and the other way round.
    pub(crate) fn rolled_back(self) -> Option<Self> {
        let previous = self.previous?;
        Some(Self { live: Some(previous), previous: self.live, put: true, error: None, ..self })
    }

    /// What stays live where something new is broken; nothing where the operator does not want that.
    pub(crate) fn fall_back(
        &mut self,
        before: Option<Arc<Loaded>>,
        on_load_error: checked::OnLoadError,
    ) -> Option<Arc<Loaded>> {
        let keeps = on_load_error == checked::OnLoadError::KeepPrevious;
        self.live = before.filter(|_| keeps);
        self.live.clone()
    }
}

/// All that makes two configured plugins the same: code, configuration, grants and limits.
fn identity(plugin: &checked::Plugin, loaded: &Loaded, config: &str) -> Digest {
    use secrecy::ExposeSecret;
    let bounds = format!(
        "{:?} {:?} {:?} {:?} {:?} {:?}",
        plugin.per_request,
        plugin.configure,
        [plugin.memory, plugin.output, plugin.body, plugin.max_instances, plugin.workers],
        plugin.python,
        plugin.site,
        plugin.native,
    );
    let grants = format!("{:?}", capabilities(&plugin.grants));
    let secrets = plugin.grants.secrets.values().map(|secret| secret.expose_secret().as_bytes());
    let digest = loaded.package.digest.to_string();
    let parts =
        [plugin.name.as_bytes(), digest.as_bytes(), config.as_bytes(), bounds.as_bytes(), grants.as_bytes()];
    Digest::of_parts(parts.into_iter().chain(secrets))
}

/// How a library runs.
///
/// # Errors
/// Where none may, or where the settings are those of a library and the plugin is none.
fn native(plugin: &checked::Plugin, runtime: &str) -> Result<Native, LoadError> {
    let checked::Native { is_allowed, in_process, blocking } = plugin.native;
    let refused = |text: String| Err(LoadError::Grants(text));
    match (runtime == NATIVE, in_process, blocking) {
        (false, Some(_), _) => refused(format!(
            "\"isolation\" is for native plugins, and this one is {runtime}, which never runs unconfined; remove it"
        )),
        (false, None, Some(_)) => {
            refused(format!("\"blocking\" is for native plugins, and this one is {runtime}; remove it"))
        }
        (true, Some(false), Some(true)) => refused(
            "\"blocking\" is for plugins in the gateway's process; remove it, or \"isolation: process\"".into(),
        ),
        (true, ..) if !is_allowed => refused(
            "it is native code, which may do all that the gateway may, and the configuration does not allow any; set \"allow_native: true\" if you trust it"
                .into(),
        ),
        (_, in_process, blocking) => Ok(Native {
            isolation: if in_process.unwrap_or(true) { Isolation::InProcess } else { Isolation::Process },
            blocking: blocking.unwrap_or(false),
        }),
    }
}

/// The runtime whose plugins are libraries.
pub(crate) const NATIVE: &str = "native";

fn capabilities(grants: &checked::Grants) -> Capabilities {
    Capabilities {
        http: grants.http.clone(),
        kv: grants.kv,
        secrets: grants.secrets.keys().cloned().collect(),
        metrics: grants.metrics,
        models: grants.models.clone(),
    }
}

fn check_schema(package: &Package) -> Result<(), LoadError> {
    let problem = package.schema.as_ref().and_then(|schema| tidegate_config::schema_problem(schema));
    match (problem, &package.manifest.schema) {
        (Some(problem), Some(file)) => Err(LoadError::Code {
            entry: file.clone(),
            cause: format!("it is no schema: {problem}; mend it there"),
        }),
        _ => Ok(()),
    }
}

/// A plugin that understands no dialect that there is can never be called. That it understands the one of a request is
/// asked when it is to see that request, since a route may carry several.
fn check_dialects(subscription: &Subscription) -> Result<(), LoadError> {
    let known: Vec<&str> = Dialect::ALL.into_iter().map(Dialect::as_str).chain(["chat"]).collect();
    let understood = &subscription.dialects;
    if understood.is_empty() || understood.iter().any(|name| known.contains(&name.as_str())) {
        return Ok(());
    }
    let (list, known) = (understood.join("\", \""), known.join("\", \""));
    Err(LoadError::Subscription(format!(
        "it understands the dialect \"{list}\" only, and routes carry \"{known}\"; use it with a gateway that has such routes"
    )))
}

/// What a filter calls whose plugin is not there: every call fails, and the entry's `on_error` says what that means.
pub(crate) struct Missing {
    subscription: Subscription,
    cause: Arc<str>,
}

impl Missing {
    /// In place of a plugin with these hooks; where they are not known, of any hook.
    pub(crate) fn new(hooks: Option<Hooks>, cause: Arc<str>) -> Self {
        let hooks = hooks.unwrap_or_else(|| Hook::ALL.into_iter().collect());
        Self { subscription: Subscription::to(hooks), cause }
    }

    fn fail<'a, T: Send + 'a>(&self) -> tidegate_pipeline::Answer<'a, T> {
        Box::pin(std::future::ready(Err(tidegate_pipeline::HookError::NotLoaded(Arc::clone(&self.cause)))))
    }
}

mod missing;

fn lock<T: ?Sized>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    // Nothing that runs under these locks can panic half-way through a change.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
