//! Makes a component of a core module: `componentize CORE OUT`.
//!
//! The module carries its world in a section that wit-bindgen wrote, so this must be the wit-component that wit-bindgen
//! was made with (0.262 for 0.63), else the section may not be understood. The adapter for WASI preview 1 comes in only
//! where the module imports it.

use std::process::ExitCode;

use wasi_preview1_component_adapter_provider::{
    WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME, WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER,
};

fn main() -> ExitCode {
    let paths: Vec<_> = std::env::args_os().skip(1).collect();
    let [core, out] = paths.as_slice() else {
        eprintln!("usage: componentize CORE OUT");
        return ExitCode::FAILURE;
    };
    let made = std::fs::read(core).map_err(|error| error.to_string()).and_then(|core| component(&core));
    match made.and_then(|component| std::fs::write(out, component).map_err(|error| error.to_string())) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: \"{}\": {error}", core.display());
            ExitCode::FAILURE
        }
    }
}

fn component(core: &[u8]) -> Result<Vec<u8>, String> {
    let encode = || {
        wit_component::ComponentEncoder::default()
            .validate(true)
            .module(core)?
            .adapter(WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME, WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER)?
            .encode()
    };
    encode().map_err(|error| format!("{error:#}"))
}
