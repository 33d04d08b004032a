//! JavaScript and TypeScript: bundled with the toolkit, and made a component with an engine in it.

use std::process::Command;

use super::{read, scratch, world};
use crate::files;
use crate::language::Language;
use crate::problem::Problem;
use crate::project::Project;
use crate::setup::{KEPT, places};
use crate::tools::{Tools, on_path, run};
use crate::world::WORLD;

/// Where the source may stand.
const SOURCES: [&str; 4] = ["plugin.ts", "plugin.js", "src/plugin.ts", "src/plugin.js"];

pub(super) fn component(project: &Project, tools: &Tools) -> Result<Vec<u8>, Problem> {
    let toolkit = places::js(tools);
    if on_path("node").is_none() || !toolkit.join("node_modules").exists() {
        return Err(Problem::Missing { tool: "the compilers of JavaScript".into(), language: Language::Js });
    }
    // What the binary carries, also after another one did the set-up.
    files::mirror("sdk/js", &toolkit, &KEPT)?;
    let source = SOURCES.into_iter().find(|source| project.folder.join(source).is_file());
    let source = source.ok_or_else(|| {
        Problem::Refused(format!(
            "\"{}\" has no source; write {}",
            project.folder.display(),
            SOURCES.join(", ")
        ))
    })?;
    let out = scratch(project, "component.wasm")?;
    let mut command = Command::new("node");
    command.current_dir(&project.folder).arg(toolkit.join("build.mjs"));
    command.args(["--entry", source, "--world", WORLD, "--wit"]).arg(world(project)?);
    run(command.arg("--out").arg(&out), "building the component")?;
    read(&out)
}
