//! The filters of one configuration: what may be named, and what is made of each entry.

use std::path::PathBuf;
use std::sync::Arc;

use serde_json::{Value, json};
use tidegate_config::{Config, FilterKinds, Problem, Problems, Source, checked};
use tidegate_contract::{Hook, Hooks};
use tidegate_ext_authz::GrpcAuthorizers;
use tidegate_pipeline::{
    AuthMode, Chain, Clusters, Link, OnError, Prices, Registry, SettingsProblem, When, World,
};
use tidegate_proxy::{ClusterCalls, RouteChains, ServiceChains};
use tidegate_telemetry::Metrics;

use crate::documents::Folder;
use crate::placement::{Place, meaningless, misplaced};
use crate::plugins::{Lasting, Plugins};
use crate::ready::{Given, Ready};
use crate::stores::Stores;

/// The kind of an entry that names a plugin.
pub(crate) const PLUGIN: &str = "plugin";

/// The filters that a configuration may name, as the configuration asks for them.
pub(crate) struct Kinds(Registry);

impl Kinds {
    /// The filters that the binary carries, and plugins.
    pub(crate) fn builtin() -> Self {
        Self(tidegate_filters::registry())
    }

    /// Those that the binary carries.
    pub(crate) fn registry(&self) -> &Registry {
        &self.0
    }
}

impl FilterKinds for Kinds {
    fn kinds(&self) -> Vec<String> {
        self.0.kinds().chain([PLUGIN]).map(str::to_owned).collect()
    }

    fn schema(&self, kind: &str) -> Option<Value> {
        if kind == PLUGIN {
            return Some(plugin_schema());
        }
        self.0.get(kind).map(tidegate_pipeline::FilterFactory::schema)
    }
}

/// The name of an entry; of a plugin whose entry has none, the plugin's.
fn name_of(entry: &checked::Filter) -> Arc<str> {
    if entry.kind == PLUGIN && *entry.name == *PLUGIN {
        crate::ready::wanted(&entry.settings).0.into()
    } else {
        Arc::clone(&entry.name)
    }
}

/// The name of something within something else, which no other name equals.
fn named(whole: &str, part: &str) -> String {
    format!("{whole}\u{1f}{part}")
}

/// The settings of a plugin's entry; what `config` may hold is the business of its package.
fn plugin_schema() -> Value {
    json!({
        "type": "object",
        "description": "A plugin of \"plugins\", with a configuration of its own.",
        "properties": {
            "name": {"type": "string", "minLength": 1, "description": "The name of a plugin under \"plugins\"."},
            "config": {"type": "object", "description": "Its configuration, as the schema of its package says."},
        },
        "required": ["name"],
        "additionalProperties": false,
    })
}

/// What built-in filters of one configuration may reach.
pub(crate) struct Reach {
    lasting: Lasting,
    prices: Arc<Prices>,
    pub(crate) clusters: Arc<ClusterCalls>,
}

impl Reach {
    pub(crate) fn new(config: &Config, plugins: &Plugins, prices: Arc<Prices>) -> Self {
        Self { lasting: plugins.lasting(), prices, clusters: ClusterCalls::new(config) }
    }
}

/// Makes the filters of one configuration, and gathers what they find wrong with it.
pub(crate) struct Filters<'a> {
    registry: &'a Registry,
    source: &'a Source,
    metrics: &'a Metrics,
    folder: Folder,
    reach: Reach,
    plugins: &'a Ready,
    problems: Vec<Problem>,
}

impl<'a> Filters<'a> {
    pub(crate) fn new(
        (registry, reach): (&'a Registry, Reach),
        source: &'a Source,
        metrics: &'a Metrics,
        plugins: &'a Ready,
    ) -> Self {
        let folder = Folder::new(source.base.clone());
        Self { registry, source, metrics, folder, reach, plugins, problems: Vec::new() }
    }

    /// Adds what others found.
    pub(crate) fn refuse(&mut self, problems: impl Iterator<Item = Problem>) {
        self.problems.extend(problems);
    }

    /// The chains of a configuration; an entry that cannot be made is left out and reported by [`Filters::finish`].
    pub(crate) fn chains(&mut self, config: &Config) -> Vec<ServiceChains> {
        config.virtual_services.iter().map(|service| self.service(service, config)).collect()
    }

    fn service(&mut self, service: &checked::VirtualService, config: &Config) -> ServiceChains {
        let mode = match service.auth {
            checked::AuthMode::Any => AuthMode::Any,
            checked::AuthMode::All => AuthMode::All,
        };
        let of_service = named(&service.name, "filters");
        let own = self.chain((&of_service, &service.filters), mode, Place::service(service, config));
        let route = |route: &checked::Route| {
            let of_route = named(&named(&service.name, "routes"), &route.name);
            let of_backends = named(&of_route, "backends");
            RouteChains {
                own: self.chain((&of_route, &route.filters), mode, Place::route(route, config)),
                backends: route
                    .backends
                    .iter()
                    .map(|backend| {
                        self.chain((&of_backends, &backend.filters), AuthMode::Any, Place::Backend)
                    })
                    .collect(),
            }
        };
        ServiceChains { own, routes: service.routes.iter().map(route).collect() }
    }

    fn chain(
        &mut self,
        (owner, entries): (&str, &[checked::Filter]),
        mode: AuthMode,
        place: Place<'_>,
    ) -> Chain {
        let link = |(index, entry): (usize, &checked::Filter)| {
            // Entries of other names may come and go between them.
            let same = entries[..index].iter().filter(|earlier| earlier.name == entry.name).count();
            self.link((&named(&named(owner, &entry.name), &same.to_string()), entry), place)
        };
        let links = entries.iter().enumerate().filter_map(link).map(Arc::new).collect();
        Chain::new(links, mode)
    }

    fn link(&mut self, (name, entry): (&str, &checked::Filter), place: Place<'_>) -> Option<Link> {
        let Given { version, plugin, body_limit, windows, is_known } = match self.plugin(name, entry) {
            Ok(made) => made,
            Err(problems) => {
                self.problems.extend(problems);
                return None;
            }
        };
        let wrong = misplaced(place, plugin.subscription().hooks).filter(|_| is_known);
        self.problems.extend(wrong.map(|cause| Problems::at(&self.source.name, &entry.settings, "", cause)));
        let when = self.condition(entry, plugin.subscription().hooks)?;
        let on_error = match entry.on_error {
            checked::OnError::Deny => OnError::Deny,
            checked::OnError::Allow => OnError::Allow,
        };
        let link = Link::new(name_of(entry), plugin, self.metrics);
        let link = link.on_error(on_error).shadow(entry.shadow).when(when).body_limit(body_limit);
        let link = link.windows(windows).beside(entry.parallel).version(version);
        let link = link.unjudged_media(entry.unmoderated == Some(checked::Unmoderated::Allow));
        if is_known {
            let wrong = meaningless(entry, &link);
            self.problems
                .extend(wrong.map(|cause| Problems::at(&self.source.name, &entry.settings, "", cause)));
        }
        Some(match entry.timeout {
            Some(timeout) => link.deadline(timeout),
            None => link,
        })
    }

    /// The filter itself; `name` is its place in the configuration.
    fn plugin(&self, name: &str, entry: &checked::Filter) -> Result<Given, Vec<Problem>> {
        let place = |problem: SettingsProblem| {
            Problems::at(&self.source.name, &entry.settings, &problem.pointer, problem.message)
        };
        if entry.kind == PLUGIN {
            return self.plugins.of(entry).map_err(|problem| vec![place(problem)]);
        }
        let Some(factory) = self.registry.get(&entry.kind) else { return Err(Vec::new()) };
        let clusters: Arc<dyn Clusters> = Arc::clone(&self.reach.clusters) as _;
        let Lasting { http, stores } = self.reach.lasting.clone();
        let Stores { kv, quotas, keys, .. } = stores;
        let prices = Arc::clone(&self.reach.prices);
        let world = World {
            place: name,
            documents: &self.folder,
            http,
            authorizers: Arc::new(GrpcAuthorizers),
            clusters,
            quotas,
            kv,
            keys,
            prices,
        };
        let built = factory.build(&entry.settings.to_json(), &world);
        let given =
            |plugin| Given { version: None, plugin, body_limit: usize::MAX, windows: None, is_known: true };
        built.map(given).map_err(|found| found.into_iter().map(place).collect())
    }

    /// The entry's `when`; `None` where it is reported.
    fn condition(&mut self, entry: &checked::Filter, hooks: Hooks) -> Option<Option<When>> {
        let Some(node) = &entry.when else { return Some(None) };
        let compiled = When::compile(node.text().unwrap_or_default()).and_then(|when| {
            if hooks.has(Hook::Authenticate) && when.looks_beyond_the_head() {
                let cause = "the condition of an auth filter may use \"headers\" only: nothing else is known before it";
                return Err(cause.to_owned());
            }
            Ok(when)
        });
        match compiled {
            Ok(when) => Some(Some(when)),
            Err(cause) => {
                self.problems.push(Problems::at(&self.source.name, node, "", cause));
                None
            }
        }
    }

    /// Notes the files that filters asked for, and tells what is wrong with any of them.
    pub(crate) fn finish(mut self, files: &mut Vec<PathBuf>) -> Result<(), Problems> {
        files.extend(self.folder.into_files());
        // A filter tells what is wrong with it in an order of its own, users read in that of the file.
        self.problems.sort_by_key(|problem| (problem.line, problem.column));
        if self.problems.is_empty() { Ok(()) } else { Err(Problems(self.problems)) }
    }
}
