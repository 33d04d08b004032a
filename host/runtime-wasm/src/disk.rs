//! Compiled code on disk, for the next start. It is machine code: whoever can write it owns the gateway, so nothing is read
//! that another user could have written, and nothing is loaded but the bytes that were checked.

#![allow(unsafe_code, reason = "loading machine code; this file is all of it")]

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;

use rustix::fs::{AtFlags, Mode, OFlags};
use rustix::io::Errno;
use tidegate_pipeline::Digest;
use wasmtime::Engine;
use wasmtime::component::Component;

/// The largest file that is read.
const MAX_FILE: u64 = 512 * 1024 * 1024;

/// Files that are kept; beyond it the folder is emptied.
const MAX_FILES: usize = 256;

/// Before the digest, in every file: another format has another mark.
const MARK: &[u8; 8] = b"tgcwasm1";

/// Mark, key of what was compiled, digest of the code.
const HEAD: usize = MARK.len() + 64 + 64;

/// A folder of this user alone. Held open, so that it cannot be exchanged after the check.
pub(crate) struct Disk {
    folder: OwnedFd,
}

impl Disk {
    /// Opens the folder, which is made where it is missing; `None`, with a line in the log, where it is not this user's
    /// alone or cannot be had.
    pub(crate) fn open(path: &Path) -> Option<Self> {
        match open(path) {
            Ok(folder) => Some(Self { folder }),
            Err(cause) => {
                let folder = path.display();
                tracing::warn!(%folder, cause, "compiled WASM code is kept in memory only; set TIDEGATE_CACHE to a folder of your own");
                None
            }
        }
    }

    /// What was stored under this key, if it is whole.
    pub(crate) fn load(&self, engine: &Engine, key: Digest) -> Option<Component> {
        let code = self.read(key)?;
        // SAFETY: `deserialize` asks for bytes that `Component::serialize` made and nobody changed. They were read from a
        // file that belongs to this user and that nobody else may write, in a folder of which the same is true (`open`,
        // `read`), so that only a process of this user can have written them, and it could do as it likes without us. The
        // digest before them excludes a file that was cut or damaged. What is loaded is the memory that was checked, not
        // the file again. The engine itself refuses code of another version of it or of other settings.
        let component = unsafe { Component::deserialize(engine, code) };
        component.inspect_err(|error| tracing::debug!(%error, "stored WASM code is of no use here")).ok()
    }

    /// Stores a component; a failure costs only the time to compile it again.
    pub(crate) fn store(&self, key: Digest, component: &Component) {
        let stored = component.serialize().map_err(|error| error.to_string());
        let stored = stored.and_then(|code| self.write(key, &code).map_err(|error| error.to_string()));
        if let Err(error) = stored {
            tracing::debug!(error, "compiled WASM code could not be stored");
        }
    }

    fn read(&self, key: Digest) -> Option<Vec<u8>> {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let file = rustix::fs::openat(&self.folder, name(key), flags, Mode::empty()).ok()?;
        let facts = rustix::fs::fstat(&file).ok()?;
        let regular = rustix::fs::FileType::from_raw_mode(facts.st_mode) == rustix::fs::FileType::RegularFile;
        if !regular || !is_private(&facts) {
            tracing::warn!("a file with compiled WASM code is not this user's alone and is not used");
            return None;
        }
        let mut bytes = Vec::new();
        File::from(file).take(MAX_FILE).read_to_end(&mut bytes).ok()?;
        let (head, code) = bytes.split_at_checked(HEAD)?;
        if head != self::head(key, code).as_slice() {
            tracing::warn!("a file with compiled WASM code is damaged and is not used");
            return None;
        }
        Some(code.to_vec())
    }

    /// Written aside and renamed, so that a reader sees all of it or nothing.
    fn write(&self, key: Digest, code: &[u8]) -> std::io::Result<()> {
        self.make_room()?;
        let temporary = format!("{}.{}", name(key), std::process::id());
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::TRUNC | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let mode = Mode::RUSR | Mode::WUSR;
        let mut file = File::from(rustix::fs::openat(&self.folder, &temporary, flags, mode)?);
        let written = file.write_all(&head(key, code)).and_then(|()| file.write_all(code));
        let placed = written
            .and_then(|()| Ok(rustix::fs::renameat(&self.folder, &temporary, &self.folder, name(key))?));
        if placed.is_err() {
            let _ = rustix::fs::unlinkat(&self.folder, &temporary, AtFlags::empty());
        }
        placed
    }

    /// Which files are still of use cannot be told; all of them can be made again.
    fn make_room(&self) -> std::io::Result<()> {
        let entries = rustix::fs::Dir::read_from(&self.folder)?.filter_map(Result::ok);
        let names: Vec<_> = entries.map(|entry| entry.file_name().to_owned()).collect();
        let stored: Vec<_> = names.iter().filter(|name| name.to_bytes().ends_with(b".cwasm")).collect();
        if stored.len() < MAX_FILES {
            return Ok(());
        }
        for name in stored {
            match rustix::fs::unlinkat(&self.folder, name.as_c_str(), AtFlags::empty()) {
                Ok(()) | Err(Errno::NOENT) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }
}

fn open(path: &Path) -> Result<OwnedFd, String> {
    let failed = |error: std::io::Error| error.to_string();
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(failed)?;
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let folder = rustix::fs::open(path, flags, Mode::empty()).map_err(|error| failed(error.into()))?;
    let facts = rustix::fs::fstat(&folder).map_err(|error| failed(error.into()))?;
    if is_private(&facts) {
        Ok(folder)
    } else {
        Err("others may write to it, or it belongs to another user".into())
    }
}

/// Whether it belongs to this user, and nobody else may read or write it.
fn is_private(facts: &rustix::fs::Stat) -> bool {
    let others = Mode::RWXG | Mode::RWXO;
    facts.st_uid == rustix::process::geteuid().as_raw()
        && !Mode::from_raw_mode(facts.st_mode).intersects(others)
}

fn name(key: Digest) -> String {
    format!("{key}.cwasm")
}

fn head(key: Digest, code: &[u8]) -> Vec<u8> {
    [&MARK[..], key.to_string().as_bytes(), Digest::of(code).to_string().as_bytes()].concat()
}

#[cfg(test)]
#[path = "disk_tests.rs"]
mod tests;
