//! What plugin authors work with: `tidegate plugin new`, `setup`, `build`, `test`, `bench` and `info`.
//!
//! The runtimes come from whoever calls, so that a plugin is played on the very engines that the gateway runs it on.

#![forbid(unsafe_code)]

mod bench;
mod cases;
mod compile;
mod create;
mod encode;
mod files;
mod info;
mod language;
mod problem;
mod project;
mod setup;
mod tools;
mod world;

pub use bench::{Bench, Cost, bench};
pub use cases::{Holds, Report, process, test};
pub use compile::{Built, build};
pub use create::{Template, create};
pub use encode::{EncodeError, encode};
pub use info::Info;
pub use language::Language;
pub use problem::Problem;
pub use project::Project;
pub use setup::setup;
pub use tools::Tools;
pub use world::{CONTRACT, WORLD, cut, interface, services};
