//! The binary `tidegate`: command line, boot and reload.

#![forbid(unsafe_code)]

mod admin_call;
mod assemble;
mod boot;
#[cfg(test)]
mod case_files_tests;
mod cli;
mod control;
mod dev;
mod documents;
mod endpoints;
mod filters;
mod key_control;
mod operator;
mod placement;
mod plugin_admin;
mod plugin_command;
mod plugins;
mod prices;
mod quickstart;
mod ready;
mod reload;
mod runtimes;
mod source;
mod stores;
mod trace_command;
mod usage;
mod usage_command;
mod watch;

use std::process::ExitCode;

use tikv_jemallocator::Jemalloc;

/// A request makes some forty small allocations and a read buffer on each side: in glibc's allocator they were 13 % of
/// its instructions, and of its time more.
#[global_allocator]
static ALLOCATOR: Jemalloc = Jemalloc;

fn main() -> ExitCode {
    cli::run()
}
