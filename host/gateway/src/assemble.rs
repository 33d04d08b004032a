//! From a source to all that a snapshot needs: the checked configuration and the filters that it names.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;

use serde_json::Value;
use tidegate_config::{Config, FilterKinds, Loaded, Problem, Problems, Source, checked};
use tidegate_pipeline::{AuthMode, Chain, Link, OnError, Registry};
use tidegate_proxy::{BuildError, Observers, Snapshot, certificate_problems};
use tidegate_telemetry::{Metrics, MetricsError};

use crate::documents::Folder;
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

/// The filters that a configuration may name, as the configuration asks for them.
pub(crate) struct Kinds(Registry);

impl Kinds {
    /// The filters that the binary carries.
    pub(crate) fn builtin() -> Self {
        Self(tidegate_filters::registry())
    }
}

impl FilterKinds for Kinds {
    fn kinds(&self) -> Vec<String> {
        self.0.kinds().map(str::to_owned).collect()
    }

    fn schema(&self, kind: &str) -> Option<Value> {
        self.0.get(kind).map(tidegate_pipeline::FilterFactory::schema)
    }
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
}

/// Reads and checks a source as far as that goes without making connections.
pub(crate) fn check(source: &dyn ConfigSource) -> Result<(), AssembleError> {
    let text = source.read()?;
    let kinds = Kinds::builtin();
    let loaded = tidegate_config::load(&text, &environment, &kinds)?;
    let metrics = Metrics::new()?;
    let mut filters = Filters::new(&kinds.0, &text, &metrics);
    for service in &loaded.config.virtual_services {
        filters.chain(&service.filters, AuthMode::Any);
        for route in &service.routes {
            filters.chain(&route.filters, AuthMode::Any);
        }
    }
    let filters = filters.finish(&mut Vec::new()).err();
    let lines = filters.iter().flat_map(|problems| problems.0.iter().map(ToString::to_string));
    let lines: Vec<_> = lines.chain(certificate_problems(&loaded.config)).collect();
    if lines.is_empty() { Ok(()) } else { Err(AssembleError::Files(lines)) }
}

/// The worker threads that a source asks for, read before there is a runtime to read the rest in.
pub(crate) fn workers(source: &dyn ConfigSource) -> Result<Option<NonZeroUsize>, AssembleError> {
    let loaded = tidegate_config::load(&source.read()?, &environment, &Kinds::builtin())?;
    Ok(loaded.config.workers)
}

/// Makes a snapshot of what stands in a source now, beside the one that is live.
///
/// Must run within the runtime: pools look after themselves from the start.
pub(crate) fn assemble(
    source: &dyn ConfigSource,
    previous: Option<&Snapshot>,
    observers: Observers,
) -> Result<Assembled, Refused> {
    let mut files = source.files();
    let made = make(source, previous, observers, &mut files);
    files.sort();
    files.dedup();
    match made {
        Ok(Made { config, shown, snapshot }) => Ok(Assembled { config, files, shown, snapshot }),
        Err(error) => Err(Refused { error, files }),
    }
}

/// What [`assemble`] makes, but for the files.
struct Made {
    config: Config,
    shown: Value,
    snapshot: Snapshot,
}

/// Notes each file as soon as it is named, so that they are known whatever goes wrong.
fn make(
    source: &dyn ConfigSource,
    previous: Option<&Snapshot>,
    observers: Observers,
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
    let mut filters = Filters::new(&kinds.0, &text, &metrics);
    let wanted = wanted(&config, observers);
    let built = Snapshot::build(&config, previous, &mut |entries, mode| filters.chain(entries, mode), wanted);
    filters.finish(files)?;
    Ok(Made { snapshot: built?, config, shown })
}

fn wanted(config: &Config, observers: Observers) -> Observers {
    match config.telemetry.access_log {
        checked::AccessLog::Json => observers,
        checked::AccessLog::Off => Observers { access_log: None, ..observers },
    }
}

/// Makes the filters of one configuration, and gathers what they find wrong with it.
struct Filters<'a> {
    registry: &'a Registry,
    source: &'a Source,
    metrics: &'a Metrics,
    folder: Folder,
    problems: Vec<Problem>,
}

impl<'a> Filters<'a> {
    fn new(registry: &'a Registry, source: &'a Source, metrics: &'a Metrics) -> Self {
        Self { registry, source, metrics, folder: Folder::new(source.base.clone()), problems: Vec::new() }
    }

    /// The chain of these entries; an entry that cannot be made is left out and reported by [`Filters::finish`].
    fn chain(&mut self, entries: &[checked::Filter], mode: AuthMode) -> Chain {
        let links = entries.iter().filter_map(|entry| self.link(entry)).collect();
        Chain::new(links, mode)
    }

    fn link(&mut self, entry: &checked::Filter) -> Option<Link> {
        let factory = self.registry.get(&entry.kind)?;
        let plugin = match factory.build(&entry.settings.to_json(), &self.folder) {
            Ok(plugin) => plugin,
            Err(found) => {
                let place = |problem: tidegate_pipeline::SettingsProblem| {
                    Problems::at(&self.source.name, &entry.settings, &problem.pointer, problem.message)
                };
                self.problems.extend(found.into_iter().map(place));
                return None;
            }
        };
        let on_error = match entry.on_error {
            checked::OnError::Deny => OnError::Deny,
            checked::OnError::Allow => OnError::Allow,
        };
        let link = Link::new(Arc::clone(&entry.name), plugin, self.metrics);
        let link = link.on_error(on_error).shadow(entry.shadow);
        Some(match entry.timeout {
            Some(timeout) => link.deadline(timeout),
            None => link,
        })
    }

    /// Notes the files that filters asked for, and tells what is wrong with any of them.
    fn finish(self, files: &mut Vec<PathBuf>) -> Result<(), Problems> {
        files.extend(self.folder.into_files());
        if self.problems.is_empty() { Ok(()) } else { Err(Problems(self.problems)) }
    }
}

#[cfg(test)]
#[path = "assemble_tests.rs"]
mod tests;
