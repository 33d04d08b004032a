//! Libraries: looked at before they are opened, opened once, never closed.
//!
//! A library that is closed takes code away that a thread, or a destructor of one, may still run. So every version stays mapped
//! for as long as the process lives, under a name made of its digest: the same bytes are never opened twice, and other bytes
//! never under the same name.

#![allow(unsafe_code, reason = "opening a library runs its code; each block has its reason")]

use std::collections::BTreeMap;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use libloading::os::unix::{Library, RTLD_LOCAL, RTLD_NOW, Symbol};
use tidegate_abi::{HEADER_SYMBOL, MAGIC, MAJOR, MINOR, Plugin, SYMBOL, UNWINDS, enter};
use tidegate_contract::VERSION;
use tidegate_pipeline::{Digest, LoadError};

/// From here on every further library is told in the log: each stays in memory.
const MANY: usize = 20;

/// No more than these.
const MOST: usize = 500;

/// Those that are open, by the digest of their bytes.
static OPEN: Mutex<BTreeMap<Digest, &'static Plugin>> = Mutex::new(BTreeMap::new());

/// What a library may take down with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Within {
    /// Everything.
    Gateway,
    /// A process that is started anew.
    Worker,
}

/// A library on disk, under a name that is its digest.
#[derive(Debug, Clone)]
pub(crate) struct File {
    pub(crate) path: PathBuf,
    pub(crate) digest: Digest,
    /// As the manifest names it.
    pub(crate) entry: String,
}

impl File {
    fn wrong(&self, cause: String) -> LoadError {
        LoadError::Code { entry: self.entry.clone(), cause }
    }

    /// Opens it, or finds it open, and checks its table.
    ///
    /// # Errors
    /// One sentence: no library for this machine, no table, one of another version, one that would end the process.
    pub(crate) fn open(&self, within: Within) -> Result<&'static Plugin, LoadError> {
        let mut open = OPEN.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(table) = open.get(&self.digest) {
            return Ok(table);
        }
        if open.len() >= MOST {
            return Err(self.wrong(format!(
                "{MOST} native libraries are open already, and none can be closed; restart the gateway, or set \"isolation: process\""
            )));
        }
        let table = self.table().map_err(|cause| self.wrong(cause))?;
        check(table, within).map_err(|cause| self.wrong(cause))?;
        open.insert(self.digest, table);
        if open.len() >= MANY {
            let libraries = open.len();
            tracing::warn!(libraries, "native libraries stay in memory until the gateway is started anew");
        }
        Ok(table)
    }

    fn table(&self) -> Result<&'static Plugin, String> {
        // SAFETY: code of the library runs here. The operator allowed native plugins, and nobody but the operator can write it.
        let library = unsafe { Library::open(Some(&self.path), RTLD_NOW | RTLD_LOCAL) }.map_err(|error| {
            format!("{}; build it for this machine, against libraries that are here", cause(&error))
        })?;
        // SAFETY: a function of this type is what a plugin exports under this name.
        let function = unsafe { library.get::<extern "C" fn() -> *const Plugin>(SYMBOL.as_bytes()) }
            .map(|function: Symbol<_>| *function);
        // SAFETY: only whether it is there is looked at.
        let has_door = unsafe { library.get::<*const ()>(HEADER_SYMBOL.as_bytes()) }.is_ok();
        // Never closed: see above.
        std::mem::forget(library);
        let Ok(function) = function else {
            return Err(format!(
                "it has no function \"{SYMBOL}\"; export one, as the SDK's attribute or \"tidegate_plugin.h\" does"
            ));
        };
        let table = if has_door { self.enter()? } else { function() };
        // SAFETY: a table lives as long as its library, which is for ever; null is looked at.
        unsafe { table.as_ref() }.ok_or_else(|| format!("its \"{SYMBOL}\" gives no table"))
    }

    /// Through the door of a library made with the Rust SDK.
    fn enter(&self) -> Result<*const Plugin, String> {
        enter(&self.path).map_err(|error| {
            let text = error.to_string();
            let lines: Vec<_> = text.lines().map(str::trim).filter(|line| !line.is_empty()).take(3).collect();
            format!(
                "its tables are laid out in another way than this gateway's: {}; build it with a matching SDK",
                lines.join(" ")
            )
        })
    }
}

/// What the loader says, which is the source of what the library says.
fn cause(error: &libloading::Error) -> String {
    error.source().map_or_else(|| error.to_string(), ToString::to_string)
}

fn check(table: &Plugin, within: Within) -> Result<(), String> {
    let Plugin { magic, major, minor, size, flags, contract, .. } = *table;
    if magic != MAGIC {
        return Err(format!(
            "its table begins with {magic} in place of {MAGIC}; it is no plugin, or one of another byte order"
        ));
    }
    if major != MAJOR {
        return Err(format!(
            "its table has version {major}.{minor}, and this gateway reads {MAJOR}.{MINOR}; build it with a matching SDK"
        ));
    }
    if size < size_of::<Plugin>() {
        let whole = size_of::<Plugin>();
        return Err(format!(
            "its table has {size} bytes, and one of version {major}.{minor} has {whole}; build it with a matching SDK"
        ));
    }
    if flags & UNWINDS == 0 && within == Within::Gateway {
        return Err(
            "it was built so that a panic ends the whole process; build it with panic = \"unwind\", or set \"isolation: process\""
                .into(),
        );
    }
    // SAFETY: a text of the library, which lives for ever.
    let contract = String::from_utf8_lossy(unsafe { contract.as_slice() });
    if contract != VERSION {
        return Err(format!(
            "it is made for contract \"{contract}\", and this gateway speaks \"{VERSION}\"; build it with a matching SDK"
        ));
    }
    Ok(())
}

/// Puts a library below `folder` under the name of its digest, for nobody but this user to write.
///
/// # Errors
/// Where that cannot be written.
pub(crate) fn keep(folder: &Path, entry: &str, bytes: &[u8]) -> Result<File, LoadError> {
    let digest = Digest::of(bytes);
    let path = folder.join(format!("{digest}.so"));
    let file = File { path, digest, entry: entry.to_owned() };
    if std::fs::read(&file.path).is_ok_and(|there| Digest::of(&there) == digest) {
        return Ok(file);
    }
    let written = write(folder, &file.path, bytes);
    written.map_err(|error| LoadError::Read { path: file.path.clone(), cause: error.to_string() })?;
    Ok(file)
}

fn write(folder: &Path, path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;

    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    // Whole or not at all, under its name: another gateway may do the same in this moment.
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    std::io::Write::write_all(&mut file, bytes)?;
    file.persist(path)?;
    Ok(())
}

/// Nobody but the system's and the gateway's own user may change what runs with all of the gateway's rights.
///
/// # Errors
/// Where somebody else may.
pub(crate) fn check_writers(entry: &str, owner: &tidegate_pipeline::Owner) -> Result<(), LoadError> {
    let own = rustix::process::geteuid().as_raw();
    let tidegate_pipeline::Owner { path, uid, mode } = owner;
    let cause = if mode & 0o022 != 0 {
        format!(
            "\"{}\" can be written by others than its owner; run: chmod go-w \"{}\"",
            path.display(),
            path.display()
        )
    } else if *uid != 0 && *uid != own {
        format!(
            "\"{}\" belongs to user {uid}, who could change what runs as user {own}; run: chown {own} \"{}\"",
            path.display(),
            path.display()
        )
    } else {
        return Ok(());
    };
    Err(LoadError::Code { entry: entry.to_owned(), cause })
}

#[cfg(test)]
#[path = "library_tests.rs"]
mod tests;
