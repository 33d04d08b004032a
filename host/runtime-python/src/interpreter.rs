//! Which Python runs a plugin, and where its packages are.

use std::collections::HashMap;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::Deserialize;
use tidegate_pipeline::LoadError;
use tokio::process::Command;
use tokio::time::timeout;

/// The oldest version that the SDK runs on.
const OLDEST: (u32, u32) = (3, 10);

/// What an interpreter is asked before it is used.
const QUESTION: &str = "import sys; print('{\"version\": [%d, %d], \"executable\": \"%s\"}' % (*sys.version_info[:2], sys.executable))";

/// Imports the module that the first argument names, with the folders that follow.
const IMPORT: &str = "import sys, importlib; sys.path += sys.argv[2:]; importlib.import_module(sys.argv[1])";

/// How long it may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// What a plugin would lack.
#[derive(Debug, Clone)]
pub enum Lack {
    /// There is no interpreter that plugins can run on.
    Interpreter(LoadError),
    /// It has no such module, or one that cannot be loaded.
    Module,
}

/// Whether plugins whose entry names this interpreter can import a module; it is looked for as their workers do.
///
/// # Errors
/// What they would lack. An answer takes 20 s at most.
pub async fn can_import(named: Option<&Path>, module: &str) -> Result<(), Lack> {
    let Interpreter { program, packages } =
        Interpreters::default().find(named).await.map_err(Lack::Interpreter)?;
    let mut command = Command::new(program);
    command.args(["-I", "-S", "-c", IMPORT, module]).args(packages);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
    match timeout(PATIENCE, command.status()).await {
        Ok(Ok(status)) if status.success() => Ok(()),
        _ => Err(Lack::Module),
    }
}

/// An interpreter that can be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Interpreter {
    pub(crate) program: PathBuf,
    /// The folders of installed packages, where it belongs to an environment.
    pub(crate) packages: Vec<PathBuf>,
}

/// What an interpreter says of itself.
#[derive(Debug, Clone, Deserialize)]
struct Facts {
    version: (u32, u32),
    executable: PathBuf,
}

/// What interpreters said: each is asked once, and not for every swap of a plugin.
#[derive(Debug, Default)]
pub(crate) struct Interpreters(Mutex<HashMap<PathBuf, (Stamp, Facts)>>);

/// Another look of a program's file means that it has to be asked again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    device: u64,
    inode: u64,
    changed: (i64, i64),
}

impl Interpreters {
    /// The one that the operator names, as a program or as the folder of an environment; else the `python3` of the path.
    ///
    /// # Errors
    /// Where there is none, or it is too old.
    pub(crate) async fn find(&self, named: Option<&Path>) -> Result<Interpreter, LoadError> {
        let program = match named {
            Some(folder) if folder.is_dir() => in_environment(folder)?,
            Some(program) => program.to_owned(),
            None => "python3".into(),
        };
        let facts = self.facts(&program, named.is_some()).await?;
        let (major, minor) = facts.version;
        if facts.version < OLDEST {
            return Err(LoadError::Configure(format!(
                "\"{}\" is Python {major}.{minor}, and plugins need {}.{} or newer; name another one in \"python\"",
                program.display(),
                OLDEST.0,
                OLDEST.1
            )));
        }
        let packages = environment(&facts.executable)
            .map(|root| root.join(format!("lib/python{major}.{minor}/site-packages")))
            .filter(|packages| packages.is_dir());
        Ok(Interpreter { program: facts.executable, packages: packages.into_iter().collect() })
    }

    async fn facts(&self, program: &Path, is_named: bool) -> Result<Facts, LoadError> {
        let file = on_the_path(program);
        let stamp = file.as_deref().and_then(Stamp::of);
        if let (Some(file), Some(stamp)) = (&file, stamp) {
            let known =
                self.known().get(file).filter(|(seen, _)| *seen == stamp).map(|(_, facts)| facts.clone());
            if let Some(facts) = known {
                return Ok(facts);
            }
        }
        let facts = asked(program, is_named).await?;
        // What only leads to an interpreter, as a script does, may lead to another one tomorrow.
        if let (Some(file), Some(stamp)) = (file, stamp)
            && Stamp::of(&facts.executable) == Some(stamp)
        {
            self.known().insert(file, (stamp, facts.clone()));
        }
        Ok(facts)
    }

    fn known(&self) -> MutexGuard<'_, HashMap<PathBuf, (Stamp, Facts)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Stamp {
    /// Of the file that links lead to.
    fn of(program: &Path) -> Option<Self> {
        let found = std::fs::metadata(program).ok()?;
        Some(Self { device: found.dev(), inode: found.ino(), changed: (found.mtime(), found.mtime_nsec()) })
    }
}

/// Where a bare name leads to, as a shell would look it up.
fn on_the_path(program: &Path) -> Option<PathBuf> {
    if program.components().count() > 1 {
        return Some(program.to_owned());
    }
    let folders = std::env::var_os("PATH")?;
    std::env::split_paths(&folders).map(|folder| folder.join(program)).find(|file| file.is_file())
}

fn in_environment(folder: &Path) -> Result<PathBuf, LoadError> {
    let program = folder.join("bin/python");
    if program.symlink_metadata().is_ok() {
        return Ok(program);
    }
    Err(LoadError::Configure(format!(
        "no Python: the folder \"{}\" is no virtual environment, there is no \"bin/python\" in it; make one there with \
         \"python3 -m venv\", or correct \"python\"",
        folder.display()
    )))
}

async fn asked(program: &Path, is_named: bool) -> Result<Facts, LoadError> {
    let remedy = if is_named {
        "name an interpreter, or the folder of a virtual environment, in \"python\""
    } else {
        "install Python, or name an interpreter in \"python\""
    };
    let wrong = |cause: String| {
        LoadError::Configure(format!("no Python: \"{}\" {cause}; {remedy}", program.display()))
    };
    let mut command = Command::new(program);
    command.args(["-I", "-S", "-c", QUESTION]).stdin(Stdio::null()).kill_on_drop(true);
    let output = timeout(PATIENCE, command.output()).await;
    let output = output.map_err(|_| wrong("does not answer".into()))?;
    let output = output.map_err(|error| wrong(format!("cannot be started: {error}")))?;
    serde_json::from_slice(&output.stdout).map_err(|_| wrong("is no Python interpreter".into()))
}

/// The root of the environment that an interpreter belongs to (PEP 405); links are not followed, as Python does not either.
fn environment(executable: &Path) -> Option<&Path> {
    let root = executable.parent()?.parent()?;
    root.join("pyvenv.cfg").is_file().then_some(root)
}

#[cfg(test)]
#[path = "interpreter_tests.rs"]
mod tests;
