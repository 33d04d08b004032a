//! A plugin's package: a folder, read once, known by the digest of what was read.

use std::fmt;
use std::fs::{File, Metadata};
use std::io::Read as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::manifest::Manifest;
use crate::runtime::LoadError;

/// The largest file of a package that is read.
const MAX_FILE: u64 = 128 * 1024 * 1024;

/// The file that every package has.
pub const MANIFEST: &str = "plugin.toml";

/// One version of a plugin, in memory: what was checked is what is loaded.
#[derive(Debug, Clone)]
pub struct Package {
    /// What it says of itself.
    pub manifest: Manifest,
    /// The bytes of its entry.
    pub entry: Bytes,
    /// The schema of its configuration.
    pub schema: Option<Arc<Value>>,
    /// All files of the folder, where the entry may import others beside it.
    pub tree: Arc<[TreeFile]>,
    /// Over all of that.
    pub digest: Digest,
    /// Who may change the entry and the folder that it stands in.
    pub owners: Arc<[Owner]>,
}

/// Who may change a file or folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    /// Which.
    pub path: PathBuf,
    /// Its owner.
    pub uid: u32,
    /// The permissions of its mode.
    pub mode: u32,
}

impl Owner {
    fn of(path: PathBuf, facts: &Metadata) -> Self {
        Self { path, uid: facts.uid(), mode: facts.mode() & 0o7777 }
    }
}

/// A file of a package.
#[derive(Debug, Clone)]
pub struct TreeFile {
    /// Relative to the package.
    pub path: PathBuf,
    /// What stands in it.
    pub bytes: Bytes,
}

/// A SHA-256.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Digest([u8; 32]);

impl Digest {
    /// Of one text or file.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// Of several, each with its length, so that no two lists share a digest.
    pub fn of_parts<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut hasher = Sha256::new();
        for part in parts {
            hasher.update((part.len() as u64).to_le_bytes());
            hasher.update(part);
        }
        Self(hasher.finalize().into())
    }

    /// Its 32 bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl Package {
    /// Reads the package in a folder.
    ///
    /// # Errors
    /// One sentence that names the file and what to do.
    pub fn read(folder: &Path) -> Result<Self, LoadError> {
        let text = read(folder, MANIFEST)?;
        let manifest = Manifest::parse(as_text(&text)?)?;
        let (entry, owner) = read_owned(folder, &manifest.entry)?;
        let folder_of_it = owner.path.parent().unwrap_or(folder);
        let facts = std::fs::metadata(folder_of_it)
            .map_err(|error| LoadError::Read { path: folder_of_it.into(), cause: error.to_string() })?;
        let owners = [Owner::of(folder_of_it.into(), &facts), owner];
        let schema = manifest.schema.as_deref().map(|file| read(folder, file)).transpose()?;
        let tree = if imports(&manifest.entry) { tree::read(folder)? } else { Vec::new() };
        let names: Vec<_> = tree.iter().map(|file| file.path.as_os_str().as_encoded_bytes()).collect();
        let files = names.iter().zip(&tree).flat_map(|(name, file)| [name, &file.bytes[..]]);
        let parts = [&text[..], &entry[..], schema.as_deref().unwrap_or_default()];
        let digest = Digest::of_parts(parts.into_iter().chain(files));
        let schema = match (&manifest.schema, schema) {
            (Some(file), Some(bytes)) => Some(Arc::new(parsed(file, &bytes)?)),
            _ => None,
        };
        Ok(Self { manifest, entry: entry.into(), schema, tree: tree.into(), digest, owners: owners.into() })
    }

    /// What the package in a folder says of itself, whatever else is wrong with it.
    ///
    /// # Errors
    /// One sentence that names the file and what to do.
    pub fn manifest(folder: &Path) -> Result<Manifest, LoadError> {
        let text = read(folder, MANIFEST)?;
        Manifest::parse(as_text(&text)?)
    }

    /// The files of the package in a folder whose change makes another version of it.
    pub fn files(folder: &Path) -> Vec<PathBuf> {
        let mut files = vec![folder.join(MANIFEST)];
        let manifest = std::fs::read_to_string(&files[0]).ok().and_then(|text| Manifest::parse(&text).ok());
        if let Some(manifest) = manifest {
            if imports(&manifest.entry) {
                files.extend(tree::paths(folder).unwrap_or_default());
            }
            files.push(folder.join(manifest.entry));
            files.extend(manifest.schema.map(|file| folder.join(file)));
        }
        files
    }
}

fn as_text(bytes: &[u8]) -> Result<&str, LoadError> {
    std::str::from_utf8(bytes).map_err(|error| {
        let at = error.valid_up_to();
        LoadError::Manifest(format!("it is no UTF-8 at byte {at}; save it as UTF-8"))
    })
}

/// Whether code of this kind imports files beside it by their names.
fn imports(entry: &str) -> bool {
    Path::new(entry).extension().is_some_and(|extension| extension == "py")
}

mod tree;

fn read(folder: &Path, name: &str) -> Result<Vec<u8>, LoadError> {
    read_owned(folder, name).map(|(bytes, _)| bytes)
}

/// A file and who may change it, of one and the same file whatever becomes of its name meanwhile.
fn read_owned(folder: &Path, name: &str) -> Result<(Vec<u8>, Owner), LoadError> {
    let path = folder.join(name);
    let failed = |cause: String| LoadError::Read { path: path.clone(), cause };
    let file = File::open(&path).map_err(|error| failed(error.to_string()))?;
    let facts = file.metadata().map_err(|error| failed(error.to_string()))?;
    if !facts.is_file() {
        return Err(failed("it is no regular file".into()));
    }
    if facts.len() > MAX_FILE {
        return Err(failed(format!("it is larger than {} MiB", MAX_FILE / 1024 / 1024)));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(facts.len()).unwrap_or(0));
    file.take(MAX_FILE).read_to_end(&mut bytes).map_err(|error| failed(error.to_string()))?;
    Ok((bytes, Owner::of(path, &facts)))
}

fn parsed(file: &str, bytes: &[u8]) -> Result<Value, LoadError> {
    serde_json::from_slice(bytes)
        .map_err(|error| LoadError::Manifest(format!("\"{file}\" is no JSON: {error}")))
}

#[cfg(test)]
#[path = "package_tests.rs"]
mod tests;
