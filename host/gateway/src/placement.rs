//! Whether a filter does anything where it stands; one that never could is refused instead of being passed by in silence.

use tidegate_config::{Config, checked};
use tidegate_contract::{Hook, Hooks};
use tidegate_pipeline::Link;

/// Where an entry of `filters` stands.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Place<'a> {
    /// In a virtual service or a route; with the name of a cluster behind it whose bodies nobody can read.
    Requests { opaque: Option<&'a str> },
    /// In a backend.
    Backend,
}

impl<'a> Place<'a> {
    pub(crate) fn service(service: &'a checked::VirtualService, config: &Config) -> Self {
        let opaque = service.routes.iter().find_map(|route| opaque(route, config));
        Self::Requests { opaque }
    }

    pub(crate) fn route(route: &'a checked::Route, config: &Config) -> Self {
        Self::Requests { opaque: opaque(route, config) }
    }
}

fn opaque<'a>(route: &'a checked::Route, config: &Config) -> Option<&'a str> {
    let is_opaque = |name: &str| {
        config.clusters.get(name).is_some_and(|cluster| cluster.provider == checked::Provider::Http)
    };
    route.backends.iter().map(|backend| &*backend.cluster).find(|name| is_opaque(name))
}

/// Hooks that run before a backend is picked, or after it answered.
const NOT_OF_A_BACKEND: [Hook; 6] = [
    Hook::Authenticate,
    Hook::Admit,
    Hook::ModerateInput,
    Hook::ModerateOutput,
    Hook::TransformResponse,
    Hook::TransformEvent,
];

/// What is wrong with a filter of these hooks at this place.
pub(crate) fn misplaced(place: Place<'_>, hooks: Hooks) -> Option<String> {
    let moderates = hooks.has(Hook::ModerateInput) || hooks.has(Hook::ModerateOutput);
    match place {
        Place::Backend => {
            let idle = hooks.iter().find(|hook| NOT_OF_A_BACKEND.contains(hook))?;
            Some(format!(
                "the filters of a backend run \"transform_upstream\" only, so that the hook \"{idle}\" of this one would never run; move it to the filters of the route"
            ))
        }
        Place::Requests { opaque: Some(cluster) } if moderates => Some(format!(
            "it moderates, and nobody knows where the texts stand in what cluster \"{cluster}\" of provider \"http\" is sent and answers; give the cluster another provider, or the filter to other routes"
        )),
        Place::Requests { .. } => (hooks.iter().eq([Hook::TransformUpstream])).then(|| {
            "its only hook is \"transform_upstream\", which the filters of a backend run; move it to \"filters\" of a backend".to_owned()
        }),
    }
}

/// What is wrong with the keys of an entry for a filter of these hooks.
pub(crate) fn meaningless(entry: &checked::Filter, link: &Link) -> Option<String> {
    let hooks = link.hooks();
    if entry.parallel && !hooks.has(Hook::ModerateInput) {
        return Some(
            "\"parallel\" is set, and it has no hook \"moderate_input\" that could run beside the call; take the key away"
                .to_owned(),
        );
    }
    if entry.unmoderated.is_some() && !hooks.has(Hook::ModerateInput) && !hooks.has(Hook::ModerateOutput) {
        return Some("\"unmoderated\" is set, and it moderates nothing; take the key away".to_owned());
    }
    if !link.needs_whole_answers() {
        let idle = entry.on_stream_missing.is_some() && !hooks.has(Hook::TransformResponse);
        return idle.then(|| {
            "\"on_stream_missing\" is set, and it transforms no answers; take the key away".to_owned()
        });
    }
    (entry.on_stream_missing == Some(checked::OnStreamMissing::Reject)).then(|| {
        "it transforms whole answers and has no hook \"transform_event\", so that streams would pass it by; give it the hook, or set \"on_stream_missing\" to \"buffer\""
            .to_owned()
    })
}

#[cfg(test)]
#[path = "placement_tests.rs"]
mod tests;
