//! The door of libraries written in Rust: abi_stable compares the layout of both sides' tables before anything is called.

use std::path::Path;

use abi_stable::StableAbi;
use abi_stable::library::{LibraryError, RootModule, lib_header_from_path};
use abi_stable::package_version_strings;
use abi_stable::sabi_types::VersionStrings;

use crate::plugin::Plugin;

/// What abi_stable knows of a library of ours. The field drags the layout of [`Plugin`], and of all that its functions take,
/// into what is compared.
#[repr(C)]
#[derive(StableAbi)]
#[sabi(kind(Prefix(prefix_ref = DoorRef)))]
#[sabi(missing_field(panic))]
pub struct Door {
    /// The table.
    #[sabi(last_prefix_field)]
    pub plugin: extern "C" fn() -> *const Plugin,
}

impl RootModule for DoorRef {
    abi_stable::declare_root_module_statics! {DoorRef}
    const BASE_NAME: &'static str = "tidegate_plugin";
    const NAME: &'static str = "tidegate_plugin";
    const VERSION_STRINGS: VersionStrings = package_version_strings!();
}

/// The symbol under which abi_stable looks for the header of a library.
pub const HEADER_SYMBOL: &str = "_1as_0lib_1header_0root_bmodule_bloader";

/// The table of a library that has a door, once the layouts were compared. The library stays loaded.
///
/// # Errors
/// What abi_stable found: another version of itself, another version of this crate, another layout.
pub fn enter(path: &Path) -> Result<*const Plugin, LibraryError> {
    let door = lib_header_from_path(path)?.init_root_module::<DoorRef>()?;
    Ok(door.plugin()())
}

/// Exports the door of a library: `root_module!(table)` with an `extern "C" fn() -> *const Plugin`.
#[macro_export]
macro_rules! __root_module {
    ($table:path) => {
        #[unsafe(export_name = "_1as_0lib_1header_0root_bmodule_bloader")]
        static DOOR: $crate::abi_stable::library::LibHeader = {
            fn door() -> $crate::DoorRef {
                use $crate::abi_stable::prefix_type::PrefixTypeTrait as _;
                $crate::Door { plugin: $table }.leak_into_prefix()
            }
            extern "C" fn opened() -> $crate::abi_stable::library::RootModuleResult {
                $crate::abi_stable::library::__call_root_module_loader(door)
            }
            // SAFETY: the constructor is made of a door, and erased by abi_stable itself.
            unsafe {
                $crate::abi_stable::library::LibHeader::from_constructor::<$crate::DoorRef>(
                    opened,
                    $crate::abi_stable::library::CheckTypeLayout::Yes,
                )
            }
        };
    };
}

pub use crate::__root_module as root_module;

#[cfg(test)]
#[path = "door_tests.rs"]
mod tests;
