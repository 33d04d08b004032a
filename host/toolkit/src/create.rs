//! `plugin new`: a project that builds and passes its cases as it stands.

use std::path::Path;

use crate::files;
use crate::language::Language;
use crate::problem::Problem;
use crate::project::write_toolkit;

/// The filters that templates show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Template {
    /// Who is calling: a key in a header.
    Auth,
    /// A request is changed.
    Transform,
    /// Words are refused in prompts, and masked in answers, streams too.
    Moderation,
}

impl Template {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Auth, Self::Transform, Self::Moderation];

    /// The name on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Auth => "auth",
            Self::Transform => "transform",
            Self::Moderation => "moderation",
        }
    }
}

/// Who publishes a plugin whose author has not said it yet.
const PUBLISHER: &str = "my-team";

/// What tools make beside the sources.
const IGNORED: &str = "/.tidegate/\n/target/\n/node_modules/\n__pycache__/\n";

/// Writes a project into a folder, which may be there but must be empty.
///
/// # Errors
/// Where the folder is taken, or its name makes no name of a plugin.
pub fn create(language: Language, template: Template, folder: &Path) -> Result<(), Problem> {
    let taken = std::fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some());
    if taken || folder.is_file() {
        return Err(Problem::Refused(format!(
            "\"{}\" is not empty; name a folder that is not there yet",
            folder.display()
        )));
    }
    let whole = std::path::absolute(folder).map_err(|error| Problem::file(folder, &error))?;
    let name = name_of(&whole)?;
    let parts = sources(language, template);
    let named = parts
        .iter()
        .flat_map(|(from, to)| files::below(from).map(move |(file, bytes)| (format!("{to}{file}"), bytes)));
    for (file, bytes) in named {
        let text = String::from_utf8_lossy(bytes);
        let filled = text
            .replace("{{id}}", &format!("{PUBLISHER}/{name}"))
            .replace("{{name}}", &name)
            .replace("{{crate}}", &name.replace('-', "_"));
        files::write(&folder.join(file), filled.as_bytes())?;
    }
    files::write(&folder.join(".gitignore"), IGNORED.as_bytes())?;
    write_toolkit(folder, language)
}

/// What every language has alike, the cases and the schema, then what is the language's own: folders of the binary, and where
/// they go. A library is built of the very source that a component is.
fn sources(language: Language, template: Template) -> Vec<(String, &'static str)> {
    let of = |folder: &str| format!("templates/{folder}/{}", template.as_str());
    let mut sources = vec![(of("every"), ""), (of(language.as_str()), "")];
    if language == Language::Native {
        sources.push((of(Language::Rust.as_str()) + "/src", "src/"));
    }
    sources
}

/// Of the folder: what a package, a crate and a module may be called.
fn name_of(folder: &Path) -> Result<String, Problem> {
    let name = folder.file_name().map(|name| name.to_string_lossy().to_lowercase().replace(['_', ' '], "-"));
    let fits = |name: &String| {
        name.starts_with(|first: char| first.is_ascii_lowercase())
            && name.chars().all(|sign| sign.is_ascii_lowercase() || sign.is_ascii_digit() || sign == '-')
    };
    name.filter(fits).ok_or_else(|| {
        Problem::Refused(format!(
            "\"{}\" makes no name for a plugin; call the folder by lower-case letters, digits and \"-\", a letter first",
            folder.display()
        ))
    })
}

#[cfg(test)]
#[path = "create_tests.rs"]
mod tests;
