//! Go, as a core module for WASI preview 1.

use std::process::Command;

use super::{read, scratch};
use crate::language::Language;
use crate::problem::Problem;
use crate::project::Project;
use crate::setup::places;
use crate::tools::{Tools, run};

pub(super) fn core(project: &Project, tools: &Tools) -> Result<Vec<u8>, Problem> {
    let go = places::go(tools);
    if !go.exists() {
        return Err(Problem::Missing { tool: "go".into(), language: Language::Go });
    }
    let out = scratch(project, "core.wasm")?;
    let mut command = Command::new(go);
    command.current_dir(&project.folder);
    command.env("GOOS", "wasip1").env("GOARCH", "wasm");
    command.args(["build", "-buildmode=c-shared", "-trimpath", "-buildvcs=false"]);
    command.args(["-ldflags=-s -w -buildid= -checklinkname=0", "-o"]);
    run(command.arg(&out).arg("."), "go build")?;
    read(&out)
}
