//! The contract, cut to what one plugin uses: a component neither exports a hook nor imports a service beyond its manifest.

use tidegate_contract::{Hook, Hooks};
use tidegate_pipeline::Capabilities;

/// The contract as authors are given it.
pub const CONTRACT: &str = include_str!("../../../plugin-sdk/wit/0.1/plugin.wit");

/// The name of the world, whole or cut.
pub const WORLD: &str = "plugin";

/// Services that every plugin has.
const ALWAYS: [&str; 3] = ["info", "state", "log"];

/// The interface that a hook belongs to.
pub fn interface(hook: Hook) -> &'static str {
    match hook {
        Hook::Authenticate => "auth",
        Hook::Admit | Hook::Settle => "admission",
        Hook::TransformRequest | Hook::TransformUpstream | Hook::TransformResponse | Hook::TransformEvent => {
            "transform"
        }
        Hook::ModerateInput | Hook::ModerateOutput => "moderation",
        Hook::Completed => "observe",
    }
}

/// The services that a plugin with these capabilities may import.
pub fn services(capabilities: &Capabilities) -> Vec<&'static str> {
    let Capabilities { http, kv, secrets, metrics, models } = capabilities;
    let asked = [
        ("metrics", *metrics),
        ("secrets", !secrets.is_empty()),
        ("kv", *kv),
        ("http", !http.is_empty()),
        ("models", !models.is_empty()),
    ];
    ALWAYS.into_iter().chain(asked.into_iter().filter(|(_, asked)| *asked).map(|(name, _)| name)).collect()
}

/// The contract with a world of these hooks and services, as WIT.
pub fn cut(hooks: Hooks, services: &[&str]) -> String {
    let mut exports = vec!["lifecycle"];
    for hook in hooks.iter() {
        if !exports.contains(&interface(hook)) {
            exports.push(interface(hook));
        }
    }
    let lines = services.iter().map(|name| format!("  import {name};\n"));
    let lines: String = lines.chain(exports.iter().map(|name| format!("  export {name};\n"))).collect();
    // The world is the last thing in the file; nothing else begins a line with the word.
    let interfaces = CONTRACT.split("\nworld ").next().unwrap_or(CONTRACT);
    format!("{interfaces}\nworld {WORLD} {{\n{lines}}}\n")
}

#[cfg(test)]
#[path = "world_tests.rs"]
mod tests;
