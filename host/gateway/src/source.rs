//! Where configurations come from: a file or the binary itself, and later a control plane.

use std::path::PathBuf;

use tempfile::TempDir;
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

/// The quickstart that the binary carries. Its plugins are written to a folder of its own, which goes with it.
pub(crate) struct EmbeddedSource {
    folder: TempDir,
}

/// The packages of the quickstart, by the paths that its configuration names.
const PACKAGES: [(&str, &[u8]); 6] = [
    ("plugins/prompt-decorator/plugin.toml", include_bytes!("../../../plugins/prompt-decorator/plugin.toml")),
    ("plugins/prompt-decorator/plugin.lua", include_bytes!("../../../plugins/prompt-decorator/plugin.lua")),
    (
        "plugins/prompt-decorator/config.schema.json",
        include_bytes!("../../../plugins/prompt-decorator/config.schema.json"),
    ),
    ("plugins/pii-redact/plugin.toml", include_bytes!("../../../plugins/pii-redact/plugin.toml")),
    ("plugins/pii-redact/pii_redact.wasm", include_bytes!("../../../plugins/pii-redact/pii_redact.wasm")),
    (
        "plugins/pii-redact/config.schema.json",
        include_bytes!("../../../plugins/pii-redact/config.schema.json"),
    ),
];

impl EmbeddedSource {
    /// Writes the plugins of the quickstart.
    ///
    /// # Errors
    /// Where the folder for temporary files takes nothing.
    pub(crate) fn unpack() -> Result<Self, SourceError> {
        let failed = |cause| SourceError::Quickstart { path: std::env::temp_dir(), cause };
        let folder = tempfile::Builder::new().prefix("tidegate-quickstart-").tempdir().map_err(failed)?;
        for (name, bytes) in PACKAGES {
            let path = folder.path().join(name);
            let failed = |cause| SourceError::Quickstart { path: path.clone(), cause };
            std::fs::create_dir_all(path.parent().unwrap_or(folder.path())).map_err(failed)?;
            std::fs::write(&path, bytes).map_err(failed)?;
        }
        Ok(Self { folder })
    }
}

impl ConfigSource for EmbeddedSource {
    fn read(&self) -> Result<Source, SourceError> {
        let text = include_str!("../quickstart.yaml").to_owned();
        Ok(Source { name: "quickstart.yaml".to_owned(), text, base: self.folder.path().to_owned() })
    }

    fn files(&self) -> Vec<PathBuf> {
        Vec::new()
    }
}
