//! The quickstart that the binary carries, with a plugin of each runtime that the machine can run.

use std::fs::{DirBuilder, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use tidegate_config::Source;
use tidegate_runtime_python::Lack as PythonLack;

use crate::source::{ConfigSource, SourceError};

/// The variable that names an interpreter for the Python plugin; the configuration reads it, too.
const PYTHON: &str = "TIDEGATE_QUICKSTART_PYTHON";

/// What the Python plugin imports.
const MODULE: &str = "badwords";

/// A line of the configuration that belongs to a plugin which a machine may be unable to run ends in this and its runtime.
const MARK: &str = "# ";

/// Files of packages, by the paths that the configuration names.
type Files = &'static [(&'static str, &'static [u8])];

/// One file of a package, with its path in the repository.
macro_rules! file {
    ($path:literal) => {
        ($path, include_bytes!(concat!("../../../", $path)).as_slice())
    };
}

/// What every machine runs.
const ALWAYS: Files = &[
    file!("plugins/prompt-decorator/plugin.toml"),
    file!("plugins/prompt-decorator/plugin.lua"),
    file!("plugins/prompt-decorator/config.schema.json"),
    file!("plugins/pii-redact/plugin.toml"),
    file!("plugins/pii-redact/pii_redact.wasm"),
    file!("plugins/pii-redact/config.schema.json"),
];

const OF_PYTHON: Files = &[
    file!("plugins/profanity-filter/plugin.toml"),
    file!("plugins/profanity-filter/plugin.py"),
    file!("plugins/profanity-filter/config.schema.json"),
];

const REQUIREMENTS: &str = include_str!("../../../plugins/profanity-filter/requirements.txt");

/// Where the library was there when the binary was built.
#[cfg(native_plugin)]
const OF_NATIVE: Option<Files> = Some(&[
    file!("plugins/hmac-auth/plugin.toml"),
    file!("plugins/hmac-auth/hmac_auth.so"),
    file!("plugins/hmac-auth/config.schema.json"),
]);
#[cfg(not(native_plugin))]
const OF_NATIVE: Option<Files> = None;

/// A plugin that this machine, or this binary, cannot run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Lack {
    pub(crate) plugin: &'static str,
    pub(crate) runtime: &'static str,
    /// Why, and what to do.
    pub(crate) reason: String,
}

/// What there is for plugins to run on, beside what the binary brings along.
#[derive(Debug)]
pub(crate) struct Machine {
    python: Result<(), String>,
    native: Option<Files>,
}

impl Machine {
    /// This one. Where Python does not answer this takes 20 s, and else not long.
    pub(crate) fn look() -> Self {
        let named = std::env::var_os(PYTHON).filter(|value| !value.is_empty()).map(PathBuf::from);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let python = match runtime {
            Ok(runtime) => runtime.block_on(python(named.as_deref())),
            Err(error) => Err(format!("Python cannot be started: {error}")),
        };
        Self { python, native: OF_NATIVE }
    }

    /// One that has only what the binary brings along.
    #[cfg(test)]
    pub(crate) fn bare() -> Self {
        Self { python: Err("none".into()), native: None }
    }

    /// The plugins that it cannot run.
    pub(crate) fn lacks(&self) -> Vec<Lack> {
        let lack = |plugin, runtime, reason| Lack { plugin, runtime, reason };
        let native = "no native library is in this binary; run scripts/build-native.sh plugins/hmac-auth, then build it again";
        let python =
            self.python.as_ref().err().map(|reason| lack("profanity-filter", "python", reason.clone()));
        let native = self.native.is_none().then(|| lack("hmac-auth", "native", native.to_owned()));
        python.into_iter().chain(native).collect()
    }

    fn files(&self) -> impl Iterator<Item = &'static (&'static str, &'static [u8])> {
        let python = if self.python.is_ok() { OF_PYTHON } else { &[] };
        ALWAYS.iter().chain(python).chain(self.native.unwrap_or_default())
    }
}

/// Whether the interpreter can run the Python plugin, else why not.
async fn python(named: Option<&Path>) -> Result<(), String> {
    if let Some(program) = named.filter(|program| program.components().count() > 1 && program.is_relative()) {
        return Err(format!("{PYTHON} is \"{}\"; give the whole path", program.display()));
    }
    let program = named.unwrap_or(Path::new("python3")).display();
    match tidegate_runtime_python::can_import(named, MODULE).await {
        Ok(()) => Ok(()),
        Err(PythonLack::Interpreter(_)) => Err(format!(
            "no Python: \"{program}\" is no interpreter of version 3.10 or newer; install one, or name one in {PYTHON}"
        )),
        Err(PythonLack::Module) => Err(format!(
            "\"{program}\" has no package \"{}\"; run: python3 -m venv ENV && ENV/bin/pip install {}, and start with \
             {PYTHON}=/path/to/ENV/bin/python",
            requirement().split("==").next().unwrap_or_default(),
            requirement(),
        )),
    }
}

/// The package that the plugin imports, with its version.
fn requirement() -> &'static str {
    REQUIREMENTS.lines().find(|line| !line.starts_with('#')).unwrap_or_default()
}

/// The quickstart. Its plugins are written to a folder of its own, which goes with it.
pub(crate) struct EmbeddedSource {
    folder: TempDir,
    text: String,
}

impl EmbeddedSource {
    /// Writes the plugins of the quickstart that this machine can run.
    ///
    /// # Errors
    /// Where the folder for temporary files takes nothing.
    pub(crate) fn unpack(machine: &Machine) -> Result<Self, SourceError> {
        let failed = |cause| SourceError::Quickstart { path: std::env::temp_dir(), cause };
        let folder = tempfile::Builder::new().prefix("tidegate-quickstart-").tempdir().map_err(failed)?;
        for (name, bytes) in machine.files() {
            let path = folder.path().join(name);
            write(&path, bytes).map_err(|cause| SourceError::Quickstart { path, cause })?;
        }
        Ok(Self { folder, text: text(include_str!("../quickstart.yaml"), &machine.lacks()) })
    }
}

/// For nobody else to write, whatever the umask: native code is run from there.
fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().ok_or(io::ErrorKind::InvalidInput)?;
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?.write_all(bytes)
}

/// The configuration without the lines of those runtimes.
fn text(whole: &str, lacks: &[Lack]) -> String {
    let is_lacking =
        |line: &&str| lacks.iter().any(|lack| line.ends_with(&format!("{MARK}{}", lack.runtime)));
    whole.lines().filter(|line| !is_lacking(line)).flat_map(|line| [line, "\n"]).collect()
}

impl ConfigSource for EmbeddedSource {
    fn read(&self) -> Result<Source, SourceError> {
        let (text, base) = (self.text.clone(), self.folder.path().to_owned());
        Ok(Source { name: "quickstart.yaml".to_owned(), text, base })
    }

    fn files(&self) -> Vec<PathBuf> {
        Vec::new()
    }
}

#[cfg(test)]
#[path = "quickstart_tests.rs"]
mod tests;
