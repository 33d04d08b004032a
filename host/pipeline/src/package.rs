//! A plugin's package: a folder, read once, known by the digest of what was read.

use std::fmt;
use std::path::Path;
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
    /// Over manifest, entry and schema.
    pub digest: Digest,
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
        let manifest = Manifest::parse(&String::from_utf8_lossy(&text))?;
        let entry = read(folder, &manifest.entry)?;
        let schema = manifest.schema.as_deref().map(|file| read(folder, file)).transpose()?;
        let digest = Digest::of_parts([&text[..], &entry[..], schema.as_deref().unwrap_or_default()]);
        let schema = match (&manifest.schema, schema) {
            (Some(file), Some(bytes)) => Some(Arc::new(parsed(file, &bytes)?)),
            _ => None,
        };
        Ok(Self { manifest, entry: entry.into(), schema, digest })
    }

    /// The files of the package in a folder whose change makes another version of it.
    pub fn files(folder: &Path) -> Vec<std::path::PathBuf> {
        let mut files = vec![folder.join(MANIFEST)];
        let manifest = std::fs::read_to_string(&files[0]).ok().and_then(|text| Manifest::parse(&text).ok());
        if let Some(manifest) = manifest {
            files.push(folder.join(manifest.entry));
            files.extend(manifest.schema.map(|file| folder.join(file)));
        }
        files
    }
}

fn read(folder: &Path, name: &str) -> Result<Vec<u8>, LoadError> {
    let path = folder.join(name);
    let failed = |cause: String| LoadError::Read { path: path.clone(), cause };
    let facts = std::fs::metadata(&path).map_err(|error| failed(error.to_string()))?;
    if !facts.is_file() {
        return Err(failed("it is no regular file".into()));
    }
    if facts.len() > MAX_FILE {
        return Err(failed(format!("it is larger than {} MiB", MAX_FILE / 1024 / 1024)));
    }
    std::fs::read(&path).map_err(|error| failed(error.to_string()))
}

fn parsed(file: &str, bytes: &[u8]) -> Result<Value, LoadError> {
    serde_json::from_slice(bytes)
        .map_err(|error| LoadError::Manifest(format!("\"{file}\" is no JSON: {error}")))
}

#[cfg(test)]
#[path = "package_tests.rs"]
mod tests;
