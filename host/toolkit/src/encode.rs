//! Makes a component of a core module.

use tidegate_contract::{Hook, Hooks};
use tidegate_pipeline::Capabilities;
use wasi_preview1_component_adapter_provider::{
    WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME, WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER,
};
use wasm_encoder::RawSection;
use wasmparser::{Parser, Payload};
use wit_component::{ComponentEncoder, StringEncoding};
use wit_parser::Resolve;

use crate::world::{WORLD, cut, interface, services};

/// The begin of the names of the contract's interfaces.
const PACKAGE: &str = "tidegate:plugin/";
/// Where bindings keep the world that they were made for. Ours is cut to the plugin, theirs need not be.
const SECTION: &str = "component-type";

/// Why no component could be made.
#[derive(Debug, thiserror::Error)]
pub enum EncodeError {
    /// The compiler made something else.
    #[error("the compiler left no WebAssembly module: {0}")]
    NoModule(String),
    /// The manifest promises a hook that the code does not have.
    #[error(
        "\"{hook}\" stands in \"hooks\" of plugin.toml, but the module exports no function of \"{interface}\"; write the \
         hook, or take it out of the list"
    )]
    NoHook {
        /// Which.
        hook: Hook,
        /// What it belongs to.
        interface: &'static str,
    },
    /// The code uses a service that the manifest does not ask for.
    #[error(
        "the code uses the service \"{0}\", which plugin.toml does not ask for; name it under [capabilities], or do \
         without it"
    )]
    NotAsked(String),
    /// All else that the encoder finds.
    #[error("the module is no plugin of this contract: {0}")]
    Contract(String),
}

/// A component that exports the interfaces of `hooks` and imports what the code uses of the services asked for.
/// The adapter for WASI preview 1 comes in only where the module imports it.
///
/// # Errors
/// One sentence that says what to change.
pub fn encode(core: &[u8], hooks: Hooks, capabilities: &Capabilities) -> Result<Vec<u8>, EncodeError> {
    let module = Module::read(core).map_err(|error| EncodeError::NoModule(error.to_string()))?;
    let asked = services(capabilities);
    for service in &module.services {
        if *service != "types" && !asked.contains(&service.as_str()) {
            return Err(EncodeError::NotAsked(service.clone()));
        }
    }
    for hook in hooks.iter() {
        let interface = interface(hook);
        if !module.exported.iter().any(|name| name == interface) {
            return Err(EncodeError::NoHook { hook, interface });
        }
    }
    component(&module.bytes, &cut(hooks, &asked)).map_err(|error| EncodeError::Contract(format!("{error:#}")))
}

fn component(module: &[u8], world: &str) -> Result<Vec<u8>, Box<dyn std::error::Error + Send + Sync>> {
    let mut module = module.to_vec();
    let mut resolve = Resolve::default();
    let package = resolve.push_str("plugin.wit", world)?;
    let world = resolve.select_world(&[package], Some(WORLD))?;
    wit_component::embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8, false)?;
    Ok(ComponentEncoder::default()
        .validate(true)
        .module(&module)?
        .adapter(WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME, WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER)?
        .encode()?)
}

/// A core module, read.
struct Module {
    /// Without the worlds that bindings left in it.
    bytes: Vec<u8>,
    /// Names of the contract's interfaces that it imports.
    services: Vec<String>,
    /// Names of the contract's interfaces of which it exports a function.
    exported: Vec<String>,
}

impl Module {
    fn read(core: &[u8]) -> wasmparser::Result<Self> {
        let (mut services, mut exported) = (Vec::new(), Vec::new());
        let note = |list: &mut Vec<String>, name: &str| {
            if let Some(name) = interface_of(name).filter(|name| !list.iter().any(|there| there == name)) {
                list.push(name.to_owned());
            }
        };
        let mut kept = wasm_encoder::Module::new();
        for payload in Parser::new(0).parse_all(core) {
            let payload = payload?;
            match &payload {
                Payload::ImportSection(section) => {
                    for import in section.clone().into_imports() {
                        note(&mut services, import?.module);
                    }
                }
                Payload::ExportSection(section) => {
                    for export in section.clone() {
                        note(&mut exported, export?.name);
                    }
                }
                Payload::CustomSection(section) if section.name().starts_with(SECTION) => continue,
                _ => {}
            }
            if let Some((id, range)) = payload.as_section() {
                let data = usize::try_from(range.start).ok().zip(usize::try_from(range.end).ok());
                let data = data.and_then(|(start, end)| core.get(start..end)).unwrap_or_default();
                kept.section(&RawSection { id, data });
            }
        }
        Ok(Self { bytes: kept.finish(), services, exported })
    }
}

/// `kv` of `tidegate:plugin/kv@0.1.0` and of `tidegate:plugin/kv@0.1.0#get`.
fn interface_of(name: &str) -> Option<&str> {
    name.strip_prefix(PACKAGE)?.split(['@', '#']).next()
}

#[cfg(test)]
#[path = "encode_tests.rs"]
mod tests;
