//! From a source to all that a snapshot needs: the checked configuration and the filters that it names.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;

use serde_json::Value;
use tidegate_config::{Config, Loaded, Problems, checked};
use tidegate_pipeline::Package;
use tidegate_proxy::{BuildError, Observers, Snapshot, certificate_problems};
use tidegate_telemetry::{Metrics, MetricsError};

use crate::filters::{Filters, Kinds, Reach};
use crate::plugins::{Plugins, Proposal, Table};
use crate::prices::prices;
use crate::source::{ConfigSource, SourceError};

/// Why a source gives no snapshot. Its text is what the user reads.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AssembleError {
    #[error(transparent)]
    Source(#[from] SourceError),
    #[error(transparent)]
    Problems(#[from] Problems),
    #[error(transparent)]
    Build(#[from] BuildError),
    #[error(transparent)]
    Metrics(#[from] MetricsError),
    #[error("{}", .0.join("\n"))]
    Files(Vec<String>),
}

impl AssembleError {
    /// One line for each problem.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.to_string().lines().map(str::to_owned).collect()
    }
}

impl From<tidegate_config::Refused> for AssembleError {
    fn from(refused: tidegate_config::Refused) -> Self {
        Self::Problems(refused.problems)
    }
}

/// A source that gave no snapshot.
#[derive(Debug)]
pub(crate) struct Refused {
    pub(crate) error: AssembleError,
    /// Every file that it was to be made from: a change of one may be what mends it.
    pub(crate) files: Vec<PathBuf>,
}

/// Values for `${VAR}`.
pub(crate) fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// A configuration that passed every check, ready to become a snapshot.
pub(crate) struct Assembled {
    pub(crate) config: Config,
    /// Every file that it was made from or names.
    pub(crate) files: Vec<PathBuf>,
    /// Fit to be shown: no secret in it.
    pub(crate) shown: Value,
    pub(crate) snapshot: Snapshot,
    /// To be made live with the snapshot.
    pub(crate) plugins: Table,
}

/// Reads and checks a source as far as that goes without making connections; plugins are loaded as for a start.
pub(crate) async fn check(source: &dyn ConfigSource, plugins: &Plugins) -> Result<(), AssembleError> {
    let text = source.read()?;
    let kinds = Kinds::builtin();
    let loaded = tidegate_config::load(&text, &environment, &kinds)?;
    let metrics = Metrics::new()?;
    let ready = plugins.prepare(&loaded.config, &text.name, None).await;
    let (prices, wrong) = prices(&loaded.config, &text);
    let reach = Reach::new(&loaded.config, plugins, prices);
    let mut filters = Filters::new((kinds.registry(), reach), &text, &metrics, &ready);
    filters.chains(&loaded.config);
    filters.refuse(ready.problems.iter().cloned().chain(wrong));
    let filters = filters.finish(&mut Vec::new()).err();
    let lines = filters.iter().flat_map(|problems| problems.0.iter().map(ToString::to_string));
    let lines: Vec<_> = lines.chain(certificate_problems(&loaded.config)).collect();
    if lines.is_empty() { Ok(()) } else { Err(AssembleError::Files(lines)) }
}

/// What is read before there is a runtime to read the rest in, and holds until the process ends.
pub(crate) struct Early {
    /// The worker threads.
    pub(crate) workers: Option<NonZeroUsize>,
    pub(crate) store: checked::Store,
    pub(crate) usage: Option<checked::Usage>,
}

/// The early part of a source.
pub(crate) fn early(source: &dyn ConfigSource) -> Result<Early, AssembleError> {
    let loaded = tidegate_config::load(&source.read()?, &environment, &Kinds::builtin())?;
    let Config { workers, store, usage, .. } = loaded.config;
    Ok(Early { workers, store, usage })
}

/// Makes a snapshot of what stands in a source now, beside the one that is live; with a plugin as the admin API proposes it.
///
/// Must run within the runtime: pools look after themselves from the start.
pub(crate) async fn assemble(
    source: &dyn ConfigSource,
    previous: Option<&Snapshot>,
    observers: Observers,
    (plugins, proposal): (&Plugins, Option<&Proposal>),
) -> Result<Assembled, Refused> {
    let mut files = source.files();
    let made = make(source, previous, (observers, plugins, proposal), &mut files).await;
    files.sort();
    files.dedup();
    match made {
        Ok(Made { config, shown, snapshot, table }) => {
            Ok(Assembled { config, files, shown, snapshot, plugins: table })
        }
        Err(error) => Err(Refused { error, files }),
    }
}

/// What [`assemble`] makes, but for the files.
struct Made {
    config: Config,
    shown: Value,
    snapshot: Snapshot,
    table: Table,
}

/// Notes each file as soon as it is named, so that they are known whatever goes wrong.
async fn make(
    source: &dyn ConfigSource,
    previous: Option<&Snapshot>,
    (observers, plugins, proposal): (Observers, &Plugins, Option<&Proposal>),
    files: &mut Vec<PathBuf>,
) -> Result<Made, AssembleError> {
    let text = source.read()?;
    let kinds = Kinds::builtin();
    let loaded = tidegate_config::load(&text, &environment, &kinds);
    files.extend(
        loaded.as_ref().map_or_else(|refused| &refused.files, |loaded| &loaded.files).iter().cloned(),
    );
    let Loaded { config, shown, .. } = loaded?;
    let metrics = Arc::clone(&observers.metrics);
    files.extend(config.plugins.values().flat_map(|plugin| Package::files(&plugin.path)));
    let ready = plugins.prepare(&config, &text.name, proposal).await;
    let (prices, wrong) = prices(&config, &text);
    let observers = Observers { prices: Arc::clone(&prices), ..observers };
    let reach = Reach::new(&config, plugins, prices);
    let clusters = Arc::clone(&reach.clusters);
    let mut filters = Filters::new((kinds.registry(), reach), &text, &metrics, &ready);
    let wanted = wanted(&config, observers);
    let built = Snapshot::build(&config, previous, filters.chains(&config), wanted);
    if let Ok(snapshot) = &built {
        clusters.bind(snapshot);
    }
    filters.refuse(ready.refusals().chain(wrong));
    filters.finish(files)?;
    Ok(Made { snapshot: built?, config, shown, table: ready.table })
}

fn wanted(config: &Config, observers: Observers) -> Observers {
    match config.telemetry.access_log {
        checked::AccessLog::Json => observers,
        checked::AccessLog::Off => Observers { access_log: None, ..observers },
    }
}

#[cfg(test)]
#[path = "assemble_tests.rs"]
mod tests;
