//! The Python side of the worker protocol, as the binary carries it: the files of `sdk-python` but for what plays cases.

use std::io;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tempfile::TempDir;

use crate::files;

/// The folder of the SDK, as long as a plugin uses it. All versions of all plugins share it: Python keeps what it compiles of
/// a module beside it, which is half of what the start of a worker costs.
#[derive(Debug, Default)]
pub(crate) struct Sdk(Mutex<Weak<TempDir>>);

impl Sdk {
    /// The folder, made where there is none, or where somebody tidied up in it.
    ///
    /// # Errors
    /// Where nothing can be written there.
    pub(crate) fn folder(&self) -> io::Result<Arc<TempDir>> {
        let mut folder = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_whole = |known: &Arc<TempDir>| FILES.iter().all(|(name, _)| known.path().join(name).is_file());
        if let Some(known) = folder.upgrade().filter(is_whole) {
            return Ok(known);
        }
        let made = Arc::new(files::unpacked(FILES.iter().copied())?);
        *folder = Arc::downgrade(&made);
        Ok(made)
    }
}

macro_rules! files {
    ($($name:literal,)*) => {
        [$((
            concat!("tidegate/", $name),
            include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../sdk-python/src/tidegate/", $name)).as_slice(),
        ),)*]
    };
}

/// Each file with its path below the folder of modules.
pub(crate) const FILES: &[(&str, &[u8])] = &files![
    "__init__.py",
    "_dispatch/__init__.py",
    "_dispatch/configuring.py",
    "_dispatch/hooks.py",
    "_dispatch/loading.py",
    "_dispatch/told.py",
    "_extension.py",
    "_jsontext.py",
    "_record.py",
    "_version.py",
    "_worker/__init__.py",
    "_worker/blocking.py",
    "_worker/calls.py",
    "_worker/channel.py",
    "_worker/codec.py",
    "_worker/frames.py",
    "_worker/multiplex.py",
    "_worker/threads.py",
    "_worker/watch.py",
    "body.py",
    "context.py",
    "errors.py",
    "event.py",
    "headers.py",
    "plugin.py",
    "services/__init__.py",
    "services/asks.py",
    "services/awaited.py",
    "services/blocking.py",
    "services/notes.py",
    "services/parts.py",
    "subscription.py",
    "text.py",
    "values.py",
    "verdicts/__init__.py",
    "verdicts/admission.py",
    "verdicts/auth.py",
    "verdicts/events.py",
    "verdicts/moderation.py",
    "verdicts/parts.py",
    "verdicts/transform.py",
];

#[cfg(test)]
#[path = "sdk_tests.rs"]
mod tests;
