//! A folder in which a plugin is written.

use std::path::{Path, PathBuf};

use tidegate_pipeline::{Manifest, Package};

use crate::files;
use crate::language::Language;
use crate::problem::Problem;

/// Where the toolkit stands in a project that was made by `plugin new`.
pub(crate) const SDK: &str = ".tidegate/sdk";

/// What tools make within a toolkit.
const MADE: [&str; 4] = ["target", "Cargo.lock", "__pycache__", "node_modules"];

/// The file by which a component's language is told.
const MARKS: [(&str, Language); 7] = [
    ("Cargo.toml", Language::Rust),
    ("go.mod", Language::Go),
    ("CMakeLists.txt", Language::Cpp),
    ("package.json", Language::Js),
    ("plugin.ts", Language::Js),
    ("plugin.js", Language::Js),
    ("plugin.py", Language::Python),
];

/// A plugin with its sources.
#[derive(Debug, Clone)]
pub struct Project {
    /// Where it is.
    pub folder: PathBuf,
    /// What it says of itself.
    pub manifest: Manifest,
    /// `None` where nothing tells it: a package without its sources.
    pub language: Option<Language>,
}

impl Project {
    /// Reads what a folder says of itself.
    ///
    /// # Errors
    /// Where there is no manifest, or a wrong one.
    pub fn open(folder: &Path) -> Result<Self, Problem> {
        let manifest = Package::manifest(folder)?;
        let has = |file: &str| folder.join(file).is_file();
        let language = match manifest.runtime.as_str() {
            "lua" => Some(Language::Lua),
            "python" => Some(Language::Python),
            "native" => has("Cargo.toml").then_some(Language::Native),
            _ => MARKS.into_iter().find(|(file, _)| has(file)).map(|(_, language)| language),
        };
        let folder = folder.canonicalize().map_err(|error| Problem::file(folder, &error))?;
        Ok(Self { folder, manifest, language })
    }

    /// Where the artefact goes.
    pub fn entry(&self) -> PathBuf {
        self.folder.join(&self.manifest.entry)
    }

    /// Writes the toolkit of this binary where the project expects one: it is kept out of version control.
    pub(crate) fn refresh_toolkit(&self) -> Result<(), Problem> {
        let Some(language) = self.language else { return Ok(()) };
        // Nothing of these points there but editors, so whether it is wanted is told by the folder that `new` made, or by git
        // leaving it out.
        let ignored = std::fs::read_to_string(self.folder.join(".gitignore"));
        if matches!(language, Language::Lua | Language::Python)
            && ignored.is_ok_and(|text| text.contains(".tidegate"))
        {
            return write_toolkit(&self.folder, language);
        }
        let mark = MARKS.into_iter().find(|(_, of)| *of == language || language == Language::Native);
        let expects = mark.is_some_and(|(file, _)| {
            std::fs::read_to_string(self.folder.join(file)).is_ok_and(|text| text.contains(SDK))
        });
        if expects { write_toolkit(&self.folder, language) } else { Ok(()) }
    }
}

/// Writes the toolkit of a language into a project.
pub(crate) fn write_toolkit(folder: &Path, language: Language) -> Result<(), Problem> {
    let sdk = folder.join(SDK);
    for part in language.toolkit() {
        files::mirror(&format!("sdk/{part}"), &sdk.join(part), &MADE)?;
    }
    if language == Language::Native {
        // The crate of the C tables takes its lints from a workspace.
        let workspace =
            "[workspace]\nresolver = \"3\"\nmembers = [\"abi\"]\nexclude = [\"rust\"]\n\n[workspace.lints]\n";
        files::write(&sdk.join("Cargo.toml"), workspace.as_bytes())?;
    }
    files::write(&folder.join(".tidegate/.gitignore"), b"*\n")
}
