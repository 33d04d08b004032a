//! Plugins as the admin API changes them: below the operator's folders only, and live only where nothing breaks.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::{Value, json};
use tidegate_admin::ApiError;
use tidegate_pipeline::Package;

use crate::plugins::{Entry, NATIVE, Proposal};
use crate::reload::Reloader;

/// What `PUT` asks for.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    path: Option<PathBuf>,
    package: Option<String>,
}

impl Reloader {
    /// All plugins.
    pub(crate) fn shown_plugins(&self) -> Vec<Value> {
        self.plugins().live().iter().map(|(name, entry)| shown(name, entry)).collect()
    }

    /// Puts the package in a folder in place.
    pub(crate) async fn put_plugin(&self, name: &str, wanted: Value) -> Result<Value, ApiError> {
        let folder = self.folder(wanted)?;
        let plugins = self.plugins();
        self.check_files(&folder)?;
        let is_native = Package::manifest(&folder).is_ok_and(|manifest| manifest.runtime == NATIVE);
        if is_native && !plugins.facts().allow_native {
            let text = "the package is native, and such plugins are loaded only with \"allow_native: true\" in the configuration";
            return Err(ApiError::Invalid(text.into()));
        }
        let loaded = plugins.version(&folder).await.map_err(|error| ApiError::Invalid(error.to_string()))?;
        let entry = match plugins.live().get(name).cloned() {
            Some(old) => old.replaced(loaded).put(),
            None => Entry::beside_the_file(name, &folder, loaded, plugins.facts().allow_native),
        };
        self.propose(name, Some(entry)).await
    }

    /// Takes away what was put: the file's version comes back, or the plugin goes.
    pub(crate) async fn delete_plugin(&self, name: &str) -> Result<Value, ApiError> {
        let old = self.known(name)?;
        let facts = self.plugins().facts();
        let filed = facts.filed.iter().any(|filed| **filed == *name);
        if filed && !old.put {
            let text = format!("plugin \"{name}\" stands in the configuration file; remove it there");
            return Err(ApiError::Conflict(text));
        }
        if !filed && facts.named.iter().any(|named| named == name) {
            let text = format!("filters name plugin \"{name}\"; remove them from the configuration first");
            return Err(ApiError::Conflict(text));
        }
        self.propose(name, None).await
    }

    /// Brings back the version before.
    pub(crate) async fn roll_back_plugin(&self, name: &str) -> Result<Value, ApiError> {
        let old = self.known(name)?;
        let back = old
            .rolled_back()
            .ok_or_else(|| ApiError::Conflict(format!("plugin \"{name}\" has no version to go back to")))?;
        self.propose(name, Some(back)).await
    }

    fn known(&self, name: &str) -> Result<Entry, ApiError> {
        let found = self.plugins().live().get(name).cloned();
        found.ok_or_else(|| ApiError::NotFound(format!("there is no plugin \"{name}\"")))
    }

    /// Makes an entry live, or leaves everything as it was.
    async fn propose(&self, name: &str, entry: Option<Entry>) -> Result<Value, ApiError> {
        let proposal = Proposal { name: name.into(), entry };
        let outcome = self.reload_with("admin API", Some(&proposal)).await;
        outcome.map_err(|error| ApiError::Invalid(own_words(name, &error.problems)))?;
        let live = self.plugins().live().get(name).cloned();
        Ok(live.map_or_else(|| json!({"name": name, "state": "deleted"}), |live| shown(name, &live)))
    }

    /// Files that are links may lead to others below one of `plugin_dirs`, as those of a mounted volume do, and nowhere else.
    fn check_files(&self, folder: &Path) -> Result<(), ApiError> {
        let dirs: Vec<PathBuf> = self.plugins().facts().dirs.iter().filter_map(|dir| resolved(dir)).collect();
        let leads_out =
            |file: &PathBuf| resolved(file).is_some_and(|file| !dirs.iter().any(|dir| file.starts_with(dir)));
        match Package::files(folder).into_iter().find(leads_out) {
            None => Ok(()),
            Some(file) => {
                let name = file.file_name().unwrap_or_default();
                let text = format!(
                    "its file {name:?} is a link that leads out of \"plugin_dirs\"; put the file itself there"
                );
                Err(ApiError::Invalid(text))
            }
        }
    }

    /// The folder that a body names, below one of `plugin_dirs` whatever links lead there.
    fn folder(&self, wanted: Value) -> Result<PathBuf, ApiError> {
        let wanted: Wanted = serde_json::from_value(wanted).map_err(|error| {
            ApiError::Invalid(format!("the body cannot be read: {error}; send {{\"path\": \"FOLDER\"}}"))
        })?;
        let Some(path) = wanted.path.filter(|_| wanted.package.is_none()) else {
            let text = "packages of a marketplace are not served yet; send {\"path\": \"FOLDER\"} below \"plugin_dirs\"";
            return Err(ApiError::Invalid(text.into()));
        };
        let dirs = self.plugins().facts().dirs;
        let inside = |dir: &PathBuf| {
            resolved(&dir.join(&path)).zip(resolved(dir)).filter(|(f, d)| f.starts_with(d) && f != d)
        };
        let found = dirs.iter().find_map(inside).map(|(folder, _)| folder);
        found.ok_or_else(|| {
            let text = format!("{path:?} is no folder below \"plugin_dirs\"; put the package there");
            ApiError::Invalid(text)
        })
    }
}

/// What is wrong with a plugin that was put, without the place of the configuration that names it: nobody changed that.
fn own_words(name: &str, problems: &[String]) -> String {
    let about = format!("plugin \"{name}\" is not loaded: ");
    let own: Vec<&str> =
        problems.iter().filter_map(|problem| problem.find(&about).map(|at| &problem[at..])).collect();
    if own.is_empty() { problems.join("\n") } else { own.join("\n") }
}

fn resolved(path: &Path) -> Option<PathBuf> {
    path.canonicalize().ok()
}

fn shown(name: &str, entry: &Entry) -> Value {
    let state = match (&entry.live, &entry.error) {
        (Some(_), None) => "live",
        (Some(_), Some(_)) => "stale",
        (None, _) => "failed",
    };
    let manifest = entry.live.as_ref().map(|loaded| &loaded.package.manifest);
    json!({
        "name": name,
        "version": manifest.map(|manifest| &manifest.version),
        "digest": entry.live.as_ref().map(|loaded| loaded.package.digest.to_string()),
        "runtime": manifest.map(|manifest| &manifest.runtime),
        "state": state,
        "hooks": manifest.map(|manifest| manifest.hooks.iter().map(|hook| hook.as_str()).collect::<Vec<_>>()),
        "error": entry.error.as_deref(),
        "put": entry.put,
        "previous": entry.previous.as_ref().map(|loaded| loaded.package.digest.to_string()),
    })
}
