//! Makes a component of a core module: `componentize CORE OUT MANIFEST`.

use std::error::Error;
use std::ffi::OsString;
use std::process::ExitCode;

use tidegate_pipeline::Manifest;

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().skip(1).collect();
    let [core, out, manifest] = arguments.as_slice() else {
        eprintln!("usage: componentize CORE OUT MANIFEST");
        return ExitCode::FAILURE;
    };
    match made(core, out, manifest) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: \"{}\": {error}", core.display());
            ExitCode::FAILURE
        }
    }
}

fn made(core: &OsString, out: &OsString, manifest: &OsString) -> Result<(), Box<dyn Error>> {
    let manifest = Manifest::parse(&std::fs::read_to_string(manifest)?)?;
    let component = tidegate_toolkit::encode(&std::fs::read(core)?, manifest.hooks, &manifest.capabilities)?;
    Ok(std::fs::write(out, component)?)
}
