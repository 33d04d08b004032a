//! Where configurations come from: a file or the binary itself, and later a control plane.

use std::path::PathBuf;

use tidegate_config::Source;

/// A place that configurations are read from, again and again.
pub(crate) trait ConfigSource: Send + Sync + 'static {
    /// The configuration as it stands there now.
    ///
    /// # Errors
    /// One sentence that names the place and what to do.
    fn read(&self) -> Result<Source, SourceError>;

    /// The files whose change means that there may be something new; besides those that the text itself names.
    fn files(&self) -> Vec<PathBuf>;
}

/// The source gives no text.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SourceError {
    #[error("configuration \"{}\" cannot be read: {cause}; check the path, or name another with -c", path.display())]
    File { path: PathBuf, cause: std::io::Error },
    #[error("the plugins of the quickstart cannot be written to \"{}\": {cause}; set TMPDIR to a folder that can be written, or name a configuration with -c", path.display())]
    Quickstart { path: PathBuf, cause: std::io::Error },
}

/// A file, read anew each time.
pub(crate) struct FileSource {
    path: PathBuf,
}

impl FileSource {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self { path }
    }
}

impl ConfigSource for FileSource {
    fn read(&self) -> Result<Source, SourceError> {
        let text = std::fs::read_to_string(&self.path)
            .map_err(|cause| SourceError::File { path: self.path.clone(), cause })?;
        let base = self.path.parent().map(PathBuf::from).unwrap_or_default();
        Ok(Source { name: self.path.display().to_string(), text, base })
    }

    fn files(&self) -> Vec<PathBuf> {
        vec![self.path.clone()]
    }
}
