//! The contract as the tests of the JavaScript toolkit build with it, where this repository is not: with a world of a plugin that
//! moderates.

use wit_parser::{PackageId, Resolve};

use crate::Made;

const CONTRACT: &str = include_str!("../../wit/0.1/plugin.wit");
const WORLD: &str = "world guard {
  import info; import state; import log;
  export lifecycle; export moderation;
}
";

pub(crate) fn files(_: Resolve, _: PackageId) -> Result<Vec<Made>, String> {
    let (interfaces, _) =
        CONTRACT.split_once("world plugin {").ok_or("the contract has no world \"plugin\"")?;
    Ok(vec![("sdk-js-wasm/tests/wit/plugin.wit".into(), format!("{interfaces}{WORLD}").into_bytes())])
}
