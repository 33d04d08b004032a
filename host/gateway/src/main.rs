//! The binary `tidegate`: command line, boot and reload.

#![forbid(unsafe_code)]

mod assemble;
mod boot;
mod cli;
mod control;
mod documents;
mod operator;
mod reload;
mod source;
mod watch;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::run()
}
