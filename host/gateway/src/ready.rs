//! The plugins that one configuration uses, made before its filters are.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value};
use tidegate_config::{Config, Node, Problem, Problems, checked, hold};
use tidegate_contract::Windows;
use tidegate_pipeline::{LoadError, Package, Plugin, SettingsProblem};

use crate::filters::PLUGIN;
use crate::plugins::{Loaded, Missing, Plugins, Proposal, Table};

/// What filters of kind `plugin` get.
pub(crate) struct Ready {
    /// The plugins as they become live with this configuration.
    pub(crate) table: Table,
    /// What a start tolerates and a check does not: plugins that could not be loaded.
    pub(crate) problems: Vec<Problem>,
    /// Plugins without which nothing is to change: the operator says so, or the change is about them.
    fatal: Vec<Problem>,
    made: BTreeMap<Use, Arc<dyn Plugin>>,
    body: BTreeMap<Arc<str>, usize>,
    names: Vec<String>,
}

/// What an entry of `filters` gets.
pub(crate) struct Given {
    /// `id@version` of a plugin.
    pub(crate) version: Option<Arc<str>>,
    pub(crate) plugin: Arc<dyn Plugin>,
    /// The largest body that it is given.
    pub(crate) body_limit: usize,
    /// How streams are cut for it, where its subscription does not say.
    pub(crate) windows: Option<Windows>,
    /// Whether its hooks are known; those of what could not be loaded may not be.
    pub(crate) is_known: bool,
}

/// A plugin's name and the text of one configuration.
type Use = (String, String);

impl Ready {
    /// The plugin of an entry.
    pub(crate) fn of(&self, entry: &checked::Filter) -> Result<Given, SettingsProblem> {
        let (name, config) = wanted(&entry.settings);
        let made = self.made.get(&(name.clone(), config.to_string())).ok_or_else(|| SettingsProblem {
            pointer: "/name".into(),
            message: unknown(&name, &self.names),
        })?;
        let body_limit = self.body.get(name.as_str()).copied().unwrap_or(usize::MAX);
        let live = self.table.get(name.as_str()).and_then(|entry| entry.live.as_ref());
        let manifest = live.map(|live| &live.package.manifest);
        let windows = manifest.and_then(|manifest| manifest.stream.clone());
        let version = manifest.map(|manifest| format!("{}@{}", manifest.id, manifest.version).into());
        Ok(Given { version, plugin: Arc::clone(made), body_limit, windows, is_known: live.is_some() })
    }

    /// What refuses the configuration.
    pub(crate) fn refusals(&self) -> impl Iterator<Item = Problem> {
        self.fatal.iter().cloned()
    }
}

fn unknown(name: &str, known: &[String]) -> String {
    let hint = match tidegate_config::closest(name, known.iter().map(String::as_str)) {
        Some(close) => format!("did you mean \"{close}\"?"),
        None if known.is_empty() => "there are no \"plugins\"; add it there".to_owned(),
        None => format!("there are \"{}\"", known.join("\", \"")),
    };
    format!("filter \"plugin: {name}\" names no plugin; {hint}")
}

/// The name and the configuration of an entry.
pub(crate) fn wanted(settings: &Node) -> (String, Value) {
    let json = settings.to_json();
    let name = json["name"].as_str().unwrap_or_default().to_owned();
    let config = json.get("config").cloned().unwrap_or_else(|| Value::Object(Map::new()));
    (name, config)
}

impl Plugins {
    /// Loads what the configuration names and makes each plugin with each configuration that its filters give.
    ///
    /// A new version that refuses one of them changes nothing: the one before stays for all, if it may.
    pub(crate) async fn prepare(&self, config: &Config, file: &str, proposal: Option<&Proposal>) -> Ready {
        let before = self.live();
        let mut table = self.load(config.plugins.values(), proposal).await;
        let settings: BTreeMap<_, _> = self.settings(config, &table);
        let mut ready = Ready {
            names: table.keys().map(ToString::to_string).collect(),
            table: Table::new(),
            problems: Vec::new(),
            fatal: Vec::new(),
            made: BTreeMap::new(),
            body: settings.iter().map(|(name, plugin)| (Arc::clone(name), plugin.body)).collect(),
        };
        let uses = uses(config);
        for (name, plugin) in &settings {
            let Some(mut entry) = table.remove(name) else { continue };
            let own: Vec<&(String, Node)> = uses.iter().filter(|(used, _)| used == &**name).collect();
            let made = match &entry.live {
                Some(loaded) => self.make_all(plugin, loaded, &own).await,
                None => Err(Refusal::whole(entry.error.clone().unwrap_or_default().to_string())),
            };
            let mut place = None;
            let made = match made {
                Ok(made) => Ok(made),
                Err(Refusal { error, settings }) => {
                    place = settings;
                    entry.error = Some(error.as_str().into());
                    let before = before.get(name).and_then(|before| before.live.clone());
                    let kept = entry.fall_back(before, plugin.on_load_error);
                    match kept {
                        Some(old) => self.make_all(plugin, &old, &own).await.map_err(|_| error),
                        None => Err(error),
                    }
                }
            };
            if let Some(error) = &entry.error {
                let problem = told(file, plugin, place, error);
                let is_proposed = proposal.is_some_and(|proposal| proposal.name == *name);
                if is_proposed || plugin.on_load_error == checked::OnLoadError::RefuseStart {
                    ready.fatal.push(problem.clone());
                }
                tracing::error!(plugin = &**name, error = &**error, "plugin not loaded");
                ready.problems.push(problem);
            }
            let hooks = match &entry.live {
                Some(loaded) => Some(loaded.package.manifest.hooks),
                // Its code is broken; what it would hook into may still be known.
                None => Package::manifest(&plugin.path).ok().map(|manifest| manifest.hooks),
            };
            let cause: Arc<str> = entry.error.clone().unwrap_or_default();
            for (at, (used, node)) in own.iter().enumerate() {
                let plugin = match &made {
                    Ok(made) => Arc::clone(&made[at]),
                    Err(_) => Arc::new(Missing::new(hooks, Arc::clone(&cause))) as Arc<dyn Plugin>,
                };
                ready.made.insert((used.clone(), wanted(node).1.to_string()), plugin);
            }
            ready.table.insert(Arc::clone(name), entry);
        }
        ready
    }

    async fn make_all(
        &self,
        plugin: &checked::Plugin,
        loaded: &Loaded,
        uses: &[&(String, Node)],
    ) -> Result<Vec<Arc<dyn Plugin>>, Refusal> {
        let mut made = Vec::with_capacity(uses.len());
        for (_, node) in uses {
            let (_, config) = wanted(node);
            let schema = loaded.package.schema.as_ref();
            let faults = schema.map(|schema| hold(node.at("/config"), schema)).unwrap_or_default();
            let refused = |error: String| Refusal { error, settings: Some(node.clone()) };
            if !faults.is_empty() {
                let faults = faults.join("; ");
                return Err(refused(format!("its configuration is refused: {faults}")));
            }
            let configured = self.configured(plugin, loaded, &config).await;
            made.push(configured.map_err(|error| match &error {
                LoadError::Configure(_) => refused(error.to_string()),
                _ => Refusal::whole(error.to_string()),
            })?);
        }
        Ok(made)
    }

    /// The settings of every plugin of the table: those of the file, and of what was put beside it.
    fn settings(&self, config: &Config, table: &Table) -> BTreeMap<Arc<str>, checked::Plugin> {
        let put = table.iter().filter_map(|(name, entry)| Some((Arc::clone(name), entry.settings.clone()?)));
        let filed = config.plugins.iter().map(|(name, plugin)| (Arc::clone(name), plugin.clone()));
        put.chain(filed).collect()
    }
}

/// Why a plugin cannot be used, and by which entry of `filters` where only that is wrong.
struct Refusal {
    error: String,
    settings: Option<Node>,
}

impl Refusal {
    /// Whatever its configuration.
    fn whole(error: String) -> Self {
        Self { error, settings: None }
    }
}

fn told(file: &str, plugin: &checked::Plugin, settings: Option<Node>, error: &str) -> Problem {
    let message = format!("plugin \"{}\" is not loaded: {error}", plugin.name);
    match settings.as_ref().or(plugin.entry.as_ref()) {
        Some(node) => Problems::at(file, node, "", message),
        None => Problem { file: file.to_owned(), line: 1, column: 1, message },
    }
}

/// Every use of a plugin by a filter: its name and the entry's settings, each pair once.
pub(crate) fn uses(config: &Config) -> Vec<(String, Node)> {
    let services = config.virtual_services.iter();
    let entries = services.flat_map(|service| {
        let routes = service.routes.iter().flat_map(|route| {
            let backends = route.backends.iter().flat_map(|backend| backend.filters.iter());
            route.filters.iter().chain(backends)
        });
        service.filters.iter().chain(routes)
    });
    let mut seen = BTreeMap::new();
    for entry in entries.filter(|entry| entry.kind == PLUGIN) {
        let (name, config) = wanted(&entry.settings);
        seen.entry((name, config.to_string())).or_insert_with(|| entry.settings.clone());
    }
    seen.into_iter().map(|((name, _), node)| (name, node)).collect()
}

#[cfg(test)]
#[path = "ready_tests.rs"]
mod tests;
