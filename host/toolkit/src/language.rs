//! The languages that plugins are written in.

use std::fmt;

/// A language, or for [`Language::Native`] a way to run Rust.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Language {
    /// Rust, as a component.
    Rust,
    /// Go, as a component.
    Go,
    /// C++, as a component.
    Cpp,
    /// JavaScript and TypeScript, as a component.
    Js,
    /// Python, in processes of its own, or as a component.
    Python,
    /// Luau.
    Lua,
    /// Rust, as a shared library.
    Native,
}

impl Language {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::Rust, Self::Go, Self::Cpp, Self::Js, Self::Python, Self::Lua, Self::Native];

    /// The name on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Rust => "rust",
            Self::Go => "go",
            Self::Cpp => "cpp",
            Self::Js => "js",
            Self::Python => "python",
            Self::Lua => "lua",
            Self::Native => "native",
        }
    }

    /// The language of that name.
    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|language| language.as_str() == name)
    }

    /// The folders of the toolkit that its plugins are built with.
    pub(crate) fn toolkit(self) -> &'static [&'static str] {
        match self {
            Self::Rust => &["rust", "wit"],
            Self::Native => &["rust", "wit", "abi"],
            Self::Go => &["go"],
            Self::Cpp => &["cpp"],
            Self::Js => &["js"],
            Self::Python => &["python"],
            Self::Lua => &["lua"],
        }
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
