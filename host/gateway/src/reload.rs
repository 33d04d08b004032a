//! Live configuration: a new snapshot is built beside the old one and takes its place, or nothing changes.

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use serde_json::Value;
use tidegate_admin::{Access, ReloadError, Reloaded};
use tidegate_config::Config;
use tidegate_config::checked::Usage;
use tidegate_pipeline::Traces;
use tidegate_proxy::{ListenError, Listeners, Observers, Prepared, Proxy};
use tidegate_telemetry::Metrics;

use crate::assemble::{Assembled, Refused, assemble};
use crate::operator::Operator;
use crate::plugins::{Facts, Plugins, Proposal};
use crate::source::ConfigSource;

/// Makes what stands in the source live, one attempt at a time.
pub(crate) struct Reloader {
    source: Arc<dyn ConfigSource>,
    proxy: Arc<Proxy>,
    operator: Operator,
    observers: Observers,
    plugins: Arc<Plugins>,
    generation: AtomicU64,
    listeners: tokio::sync::Mutex<Listeners>,
    state: Mutex<State>,
}

/// What is known of the live configuration.
struct State {
    shown: Value,
    /// What the live configuration was made from.
    files: Vec<PathBuf>,
    /// Those, and what the one that was refused last names.
    seen: Fingerprint,
    fixed: Fixed,
}

/// What is read at the start only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fixed {
    admin: SocketAddr,
    workers: Option<NonZeroUsize>,
    /// As they are shown, without secrets: all that is wanted is whether they changed.
    store: String,
    usage: Option<Usage>,
}

impl Fixed {
    /// What a configuration says of it.
    pub(crate) fn of(config: &Config) -> Self {
        let (store, usage) = (format!("{:?}", config.store), config.usage.clone());
        Self { admin: config.admin.address, workers: config.workers, store, usage }
    }

    fn warn_of(&self, wanted: &Self) {
        if self.admin != wanted.admin {
            tracing::warn!(address = %wanted.admin, "\"admin.address\" changes with the next start only");
        }
        if self.workers != wanted.workers {
            tracing::warn!(workers = ?wanted.workers, "\"workers\" changes with the next start only");
        }
        if self.store != wanted.store {
            tracing::warn!("\"store\" changes with the next start only");
        }
        if self.usage != wanted.usage {
            tracing::warn!("\"usage\" changes with the next start only");
        }
    }
}

/// What the files looked like; another look means that there may be something new.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fingerprint(Vec<(PathBuf, Option<(SystemTime, u64)>)>);

impl Fingerprint {
    /// Follows links, so that a swapped link counts as a change of the file.
    pub(crate) fn of(files: &[PathBuf]) -> Self {
        let look = |file: &PathBuf| {
            let found = std::fs::metadata(file).ok();
            (file.clone(), found.and_then(|found| Some((found.modified().ok()?, found.len()))))
        };
        Self(files.iter().map(look).collect())
    }

    /// This look for the files that it has, a new one for the others.
    fn of_all(&self, files: &[PathBuf]) -> Self {
        let new: Vec<_> =
            files.iter().filter(|file| !self.files().any(|seen| seen == *file)).cloned().collect();
        let mut all = self.0.clone();
        all.retain(|(file, _)| files.contains(file));
        all.extend(Self::of(&new).0);
        all.sort_by(|(a, _), (b, _)| a.cmp(b));
        Self(all)
    }

    fn files(&self) -> impl Iterator<Item = &PathBuf> {
        self.0.iter().map(|(file, _)| file)
    }
}

impl Reloader {
    /// A reloader whose first snapshot is live already.
    pub(crate) fn new(
        source: Arc<dyn ConfigSource>,
        live: Live,
        observers: Observers,
        first: First,
    ) -> Arc<Self> {
        let First { shown, files, fixed } = first;
        let Live { proxy, listeners, operator, plugins } = live;
        let state = State { shown, seen: Fingerprint::of(&files), files, fixed };
        Arc::new(Self {
            source,
            proxy,
            operator,
            observers,
            plugins,
            generation: AtomicU64::new(1),
            listeners: tokio::sync::Mutex::new(listeners),
            state: Mutex::new(state),
        })
    }

    /// Builds what stands in the source now and makes it live; on an error everything stays as it was.
    pub(crate) async fn reload(&self, cause: &'static str) -> Result<Reloaded, ReloadError> {
        self.reload_with(cause, None).await
    }

    /// The same, with a plugin as it is proposed.
    pub(crate) async fn reload_with(
        &self,
        cause: &'static str,
        proposal: Option<&Proposal>,
    ) -> Result<Reloaded, ReloadError> {
        let mut listeners = self.listeners.lock().await;
        match self.replace(&mut listeners, proposal).await {
            Ok(changed) => {
                self.metrics().reload_succeeded();
                let generation = self.generation.load(Ordering::Relaxed);
                tracing::info!(cause, generation, changed, "configuration is live");
                Ok(Reloaded { changed, generation })
            }
            Err(problems) => {
                self.metrics().reload_failed();
                for problem in &problems {
                    tracing::error!(cause, problem, "configuration refused, the old one stays");
                }
                Err(ReloadError { problems })
            }
        }
    }

    async fn replace(
        &self,
        listeners: &mut Listeners,
        proposal: Option<&Proposal>,
    ) -> Result<bool, Vec<String>> {
        // Taken before the files are read: what changes meanwhile is seen as new afterwards.
        let before = Fingerprint::of(&self.files());
        let previous = self.proxy.current();
        let observers = self.observers.clone();
        let plugins = (&*self.plugins, proposal);
        let assembled = match assemble(&*self.source, Some(&previous), observers, plugins).await {
            Ok(assembled) => assembled,
            Err(Refused { error, files }) => {
                self.note_refused(&before, &files);
                return Err(error.lines());
            }
        };
        let Assembled { config, files, shown, snapshot, plugins } = assembled;
        let ready = self.prepare(&config, listeners).await;
        let (prepared, access) = ready.inspect_err(|_| self.note_refused(&before, &files))?;
        self.proxy.publish(snapshot);
        self.plugins.publish(plugins, Facts::of(&config));
        self.observers.follow(&config.telemetry);
        self.operator.follow(access);
        for address in listeners.commit(prepared) {
            tracing::info!(%address, "listening");
        }
        let seen = before.of_all(&files);
        Ok(self.note(shown, files, seen, &Fixed::of(&config)))
    }

    /// The plugins.
    pub(crate) fn plugins(&self) -> &Arc<Plugins> {
        &self.plugins
    }

    /// What can still fail, done before anything changes.
    async fn prepare(
        &self,
        config: &Config,
        listeners: &Listeners,
    ) -> Result<(Prepared, Access), Vec<String>> {
        let prepared = listeners.prepare(&config.listeners).await.map_err(|error| {
            if matches!(error, ListenError::Tls { .. }) {
                self.metrics().certificate_reload_failed();
            }
            vec![error.to_string()]
        })?;
        let access = self.operator.access(&config.admin).map_err(|error| vec![error.to_string()])?;
        Ok((prepared, access))
    }

    /// Notes what was looked at in vain, so that it is tried again when something of it changes, and not before.
    fn note_refused(&self, before: &Fingerprint, files: &[PathBuf]) {
        let mut state = self.state();
        let mut all: Vec<_> = state.files.iter().chain(files).cloned().collect();
        all.sort();
        all.dedup();
        state.seen = before.of_all(&all);
    }

    /// Notes what is live now, and says whether it differs from what was.
    fn note(&self, shown: Value, files: Vec<PathBuf>, seen: Fingerprint, wanted: &Fixed) -> bool {
        let mut state = self.state();
        state.fixed.warn_of(wanted);
        let changed = state.shown != shown || state.seen != seen;
        *state = State { shown, files, seen, fixed: state.fixed.clone() };
        if changed {
            self.generation.fetch_add(1, Ordering::Relaxed);
        }
        changed
    }

    /// Every file whose change may mean something new.
    pub(crate) fn files(&self) -> Vec<PathBuf> {
        self.state().seen.files().cloned().collect()
    }

    /// Whether a file looks different from when it was read.
    pub(crate) fn is_stale(&self) -> bool {
        let seen = self.state().seen.clone();
        let files: Vec<_> = seen.files().cloned().collect();
        Fingerprint::of(&files) != seen
    }

    /// The live configuration without its secrets.
    pub(crate) fn shown(&self) -> Value {
        self.state().shown.clone()
    }

    /// Whether new requests are taken.
    pub(crate) fn is_ready(&self) -> bool {
        !self.proxy.is_draining()
    }

    /// What filters did to the last requests.
    pub(crate) fn traces(&self) -> &Traces {
        &self.observers.traces
    }

    fn metrics(&self) -> &Metrics {
        &self.observers.metrics
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a reload changes.
pub(crate) struct Live {
    pub(crate) proxy: Arc<Proxy>,
    pub(crate) listeners: Listeners,
    pub(crate) operator: Operator,
    pub(crate) plugins: Arc<Plugins>,
}

/// What is known of the configuration that the gateway started with.
pub(crate) struct First {
    pub(crate) shown: Value,
    pub(crate) files: Vec<PathBuf>,
    pub(crate) fixed: Fixed,
}
