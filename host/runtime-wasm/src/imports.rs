//! What a component may import: the services that its manifest asks for, and WASI with nothing behind it.

use tidegate_contract::VERSION;
use tidegate_pipeline::{Capabilities, LoadError, Manifest};

use crate::compile::Compiled;

/// The contract's package, as it stands before the name of an interface.
pub(crate) const PACKAGE: &str = "tidegate:plugin/";

/// Packages of WASI 0.2 that are linked.
const WASI: [&str; 6] = ["cli", "clocks", "filesystem", "io", "random", "sockets"];

/// Checks every import and the version of every export, before any code of the guest runs.
///
/// # Errors
/// Names the import and what to do.
pub(crate) fn check(component: &Compiled, manifest: &Manifest) -> Result<(), LoadError> {
    let component = component.component();
    let (shape, engine) = (component.component_type(), component.engine());
    for (name, _) in shape.exports(engine) {
        if let Some(interface) = name.strip_prefix(PACKAGE) {
            versionless(interface)?;
        }
    }
    for (name, _) in shape.imports(engine) {
        import(name, &manifest.capabilities, &manifest.entry)?;
    }
    Ok(())
}

fn import(name: &str, asked: &Capabilities, entry: &str) -> Result<(), LoadError> {
    if let Some(interface) = name.strip_prefix(PACKAGE) {
        return service(versionless(interface)?, asked, entry);
    }
    let wasi = name.strip_prefix("wasi:").and_then(|rest| rest.split_once('/'));
    let known = wasi.is_some_and(|(package, rest)| WASI.contains(&package) && rest.contains("@0.2."));
    if known {
        return Ok(());
    }
    let cause = format!(
        "it imports \"{name}\", which no plugin gets; it may import tidegate:plugin and wasi:{} at 0.2: build it \
         without what needs more",
        WASI.join(", wasi:")
    );
    Err(LoadError::Code { entry: entry.to_owned(), cause })
}

/// # Errors
/// Names the capability that the manifest does not ask for.
fn service(interface: &str, asked: &Capabilities, entry: &str) -> Result<(), LoadError> {
    let (asked, line) = match interface {
        "types" | "info" | "state" | "log" => return Ok(()),
        "metrics" => (asked.metrics, "metrics = true"),
        "secrets" => (!asked.secrets.is_empty(), "secrets = [\"NAME\"]"),
        "kv" => (asked.kv, "kv = true"),
        "http" => (!asked.http.is_empty(), "http = [\"HOST\"]"),
        "models" => (!asked.models.is_empty(), "models = [\"ROUTE\"]"),
        _ => {
            let cause = format!(
                "it imports \"{PACKAGE}{interface}\", which contract {VERSION} has not; build it with a matching SDK"
            );
            return Err(LoadError::Code { entry: entry.to_owned(), cause });
        }
    };
    if asked {
        return Ok(());
    }
    Err(LoadError::Grants(format!(
        "\"{entry}\" imports \"{PACKAGE}{interface}\", and its manifest does not ask for it; add \"{line}\" to \
         [capabilities] in plugin.toml, or build it without"
    )))
}

/// The name of an interface of this contract; a later patch of the same version only adds to it.
fn versionless(interface: &str) -> Result<&str, LoadError> {
    let (name, version) = interface.split_once('@').unwrap_or((interface, ""));
    let patch = version.strip_prefix(VERSION).and_then(|rest| rest.strip_prefix('.'));
    if patch.is_some_and(|patch| !patch.is_empty() && patch.bytes().all(|byte| byte.is_ascii_digit())) {
        return Ok(name);
    }
    Err(LoadError::Contract { found: version.to_owned(), known: VERSION })
}

#[cfg(test)]
#[path = "imports_tests.rs"]
mod tests;
