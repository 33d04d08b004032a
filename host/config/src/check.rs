//! From the file as written to the configuration as used: what a schema cannot say is checked here.

mod cluster;
mod credentials;
mod edge;
mod endpoint;
mod filter;
mod headers;
mod plugin;
mod prices;
mod route;
mod service;
mod store;

use std::sync::Arc;

pub use prices::price_catalogue;

use crate::checked::Config;
use crate::raw::File;
use crate::scope::At;

/// Checks the valid part of a file. The result is only good for use if nothing was reported on the way.
pub(crate) fn config(file: File, at: At<'_>) -> Config {
    let listeners = edge::listeners(file.listeners, at.key("listeners"));
    let admin = edge::admin(file.admin, at, &listeners);
    cluster::providers(&file.providers, at.key("providers"));
    let timeouts = edge::timeouts(&file.timeouts, at.key("timeouts"));
    let clusters = file.clusters.into_iter().map(|(name, cluster)| {
        let name: Arc<str> = name.into();
        let place = at.key("clusters").key(&name);
        (Arc::clone(&name), cluster::cluster(name, cluster, (&file.providers, timeouts.idle), place))
    });
    let plugins = file.plugins.into_iter().map(|(name, plugin)| {
        let name: Arc<str> = name.into();
        let place = at.key("plugins").key(&name);
        (Arc::clone(&name), plugin::plugin(name, plugin, file.allow_native, place))
    });
    Config {
        listeners,
        admin,
        workers: file.workers.and_then(std::num::NonZeroUsize::new),
        limits: edge::limits(&file.limits, at.key("limits")),
        timeouts,
        clusters: clusters.collect(),
        plugins: plugins.collect(),
        allow_native: file.allow_native,
        plugin_dirs: file.plugin_dirs.iter().map(|folder| at.folder_of(folder)).collect(),
        virtual_services: service::services(file.virtual_services, at.key("virtual_services")),
        prices: prices::prices(file.prices, &file.providers, at.key("prices")),
        store: store::store(file.store, at.key("store")),
        usage: store::usage(file.usage, at.key("usage")),
        telemetry: edge::telemetry(&file.telemetry),
    }
}

/// What is wrong with an endpoint.
#[cfg(test)]
pub(crate) fn endpoint_problem(text: &str) -> Option<String> {
    endpoint::parse(text).err()
}
