//! Bindings in C, over which the toolkit of C++ stands.

use std::path::Path;

use wit_bindgen_c::Opts;
use wit_bindgen_core::Files;
use wit_parser::{PackageId, Resolve};

use crate::Made;

const FOLDER: &str = "sdk-cpp-wasm/c";
const WORLD: &str = "plugin";

/// `plugin.c`, `plugin.h`, and the object file that carries the contract into a module.
///
/// # Errors
/// Where the package has no such world, or what is in it has no form in C.
pub(crate) fn files(mut resolve: Resolve, package: PackageId) -> Result<Vec<Made>, String> {
    let world = resolve.select_world(&[package], Some(WORLD)).map_err(|error| format!("{error:#}"))?;
    let mut files = Files::default();
    Opts::default()
        .build()
        .generate(&mut resolve, world, &mut files)
        .map_err(|error| format!("{FOLDER}: {error:#}"))?;
    Ok(files.iter().map(|(name, content)| (Path::new(FOLDER).join(name), content.to_vec())).collect())
}
