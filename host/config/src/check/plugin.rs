//! Plugins: folders that exist; what a package holds is the business of whoever loads it.

use std::path::PathBuf;
use std::sync::Arc;

use super::edge::positive;
use crate::checked::{Grants, Native, OnLoadError, Plugin};
use crate::raw::plugin as raw;
use crate::scope::At;

/// Instances at once where the file says nothing.
const INSTANCES: usize = 16;

/// A bare name is looked up in the path, as a shell does; anything else is a file or folder.
fn interpreter(python: &str, at: At<'_>) -> PathBuf {
    if python.contains('/') { at.folder_of(python) } else { python.into() }
}

/// Processes where the file says nothing: enough to use two cores, and no more memory than that.
fn workers() -> usize {
    std::thread::available_parallelism().map_or(1, |cores| cores.get().min(2))
}

pub(crate) fn plugin(name: Arc<str>, raw: raw::Plugin, allow_native: bool, at: At<'_>) -> Plugin {
    let folder = at.folder_of(&raw.path);
    if !folder.is_dir() {
        let place = at.key("path");
        place.report(format!("{} is no folder; name the folder that holds plugin.toml", place.quoted()));
    }
    let raw::Grants { http, kv, metrics, secrets, models } = raw.grants;
    let on_load_error = match raw.on_load_error {
        raw::OnLoadError::KeepPrevious => OnLoadError::KeepPrevious,
        raw::OnLoadError::Disable => OnLoadError::Disable,
        raw::OnLoadError::RefuseStart => OnLoadError::RefuseStart,
    };
    Plugin {
        name,
        path: folder,
        grants: Grants {
            http,
            kv,
            metrics,
            secrets: secrets.into_iter().map(|(name, secret)| (name, secret.0)).collect(),
            models,
        },
        on_load_error,
        max_instances: raw.max_instances.unwrap_or(INSTANCES),
        workers: raw.workers.unwrap_or_else(workers),
        python: raw.python.map(|python| interpreter(&python, at)),
        site: raw.site,
        native: Native {
            is_allowed: allow_native,
            in_process: raw.isolation.map(|isolation| matches!(isolation, raw::Isolation::InProcess)),
            blocking: raw.blocking,
        },
        per_request: raw.instance.map(|instance| matches!(instance, raw::Instance::PerRequest)),
        memory: raw.limits.memory.0,
        output: raw.limits.output.0,
        body: raw.limits.body.0,
        configure: positive(raw.limits.configure, "configure", at.key("limits")),
        entry: at.node().cloned(),
    }
}
