use tidegate_contract::{Hook, Hooks};
use tidegate_pipeline::Capabilities;
use wit_parser::{Resolve, WorldItem};

use super::{WORLD, cut, interface, services};

fn names(text: &str) -> (Vec<String>, Vec<String>) {
    let mut resolve = Resolve::default();
    let package = resolve.push_str("plugin.wit", text).unwrap();
    let world = resolve.select_world(&[package], Some(WORLD)).unwrap();
    let told = |items: Vec<&WorldItem>| {
        let name = |item: &&WorldItem| match item {
            WorldItem::Interface { id, .. } => resolve.interfaces[*id].name.clone(),
            _ => None,
        };
        items.iter().filter_map(name).filter(|name| name != "types").collect()
    };
    (
        told(resolve.worlds[world].imports.values().collect()),
        told(resolve.worlds[world].exports.values().collect()),
    )
}

#[test]
fn the_world_has_what_the_manifest_names() {
    let capabilities = Capabilities { kv: true, http: vec!["a.example".into()], ..Capabilities::default() };
    let hooks = Hooks::NONE.with(Hook::ModerateInput).with(Hook::ModerateOutput).with(Hook::Authenticate);
    let (imports, exports) = names(&cut(hooks, &services(&capabilities)));
    assert_eq!(imports, ["info", "state", "log", "kv", "http"]);
    assert_eq!(exports, ["lifecycle", "auth", "moderation"]);
}

#[test]
fn every_hook_has_an_interface_of_the_contract() {
    let (_, exports) = names(super::CONTRACT);
    for hook in Hook::ALL {
        assert!(exports.iter().any(|name| name == interface(hook)), "{hook}");
    }
}
