//! `plugin.toml`: what a package says of itself, and what it asks for.

use serde::Deserialize;
use tidegate_contract::{Hook, Hooks, VERSION, Windows};

use crate::runtime::LoadError;

/// A manifest whose every name is known.
#[derive(Debug, Clone, PartialEq)]
pub struct Manifest {
    /// `publisher/name`, or a name alone.
    pub id: String,
    /// SemVer.
    pub version: String,
    /// One sentence.
    pub summary: String,
    /// The name of the runtime.
    pub runtime: String,
    /// The file that the runtime loads, relative to the package.
    pub entry: String,
    /// The upper bound of every subscription.
    pub hooks: Hooks,
    /// How streams are cut unless the subscription says otherwise.
    pub stream: Option<Windows>,
    /// What it asks the operator for.
    pub capabilities: Capabilities,
    /// The file of the JSON Schema of its configuration, relative to the package.
    pub schema: Option<String>,
    /// Whether each request gets an instance of its own.
    pub per_request: bool,
}

/// What a plugin may reach outside of its own memory.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Capabilities {
    /// Hosts that it may send requests to: names, or `*.name`, with or without a port.
    pub http: Vec<String>,
    /// Whether it may keep values beyond a request.
    pub kv: bool,
    /// Secrets that it may read.
    pub secrets: Vec<String>,
    /// Whether it may make metrics of its own.
    pub metrics: bool,
    /// Routes whose models it may ask.
    pub models: Vec<String>,
}

impl Manifest {
    /// Reads a manifest.
    ///
    /// # Errors
    /// One sentence: unknown keys, hooks, runtimes of the contract and capabilities are refused by name.
    pub fn parse(text: &str) -> Result<Self, LoadError> {
        let file: File = toml::from_str(text).map_err(|error| LoadError::Manifest(sentence(&error, text)))?;
        let File { plugin, stream, capabilities, config } = file;
        if plugin.contract != VERSION {
            return Err(LoadError::Contract { found: plugin.contract, known: VERSION });
        }
        let hooks = plugin.hooks.iter().map(|name| hook(name)).collect::<Result<Hooks, _>>()?;
        if hooks.is_empty() {
            return Err(LoadError::Manifest("\"hooks\" is empty; list the hooks that the plugin has".into()));
        }
        safe_name("id", &plugin.id)?;
        safe_path("entry", &plugin.entry)?;
        if let Some(schema) = &config.schema {
            safe_path("schema", schema)?;
        }
        Ok(Self {
            id: plugin.id,
            version: plugin.version,
            summary: plugin.summary,
            runtime: plugin.runtime,
            entry: plugin.entry,
            hooks,
            stream: stream.map(Stream::windows).transpose()?,
            capabilities,
            schema: config.schema,
            per_request: plugin.instance == Instance::PerRequest,
        })
    }
}

/// The library's text spans lines; an operator's log line does not.
fn sentence(error: &toml::de::Error, text: &str) -> String {
    let line = error.span().map(|span| text[..span.start.min(text.len())].matches('\n').count() + 1);
    let message = error.message().replace('`', "\"").replace('\n', " ");
    line.map_or_else(|| message.clone(), |line| format!("line {line}: {message}"))
}

fn hook(name: &str) -> Result<Hook, LoadError> {
    Hook::by_name(name).ok_or_else(|| {
        let known: Vec<_> = Hook::ALL.iter().map(|hook| hook.as_str()).collect();
        LoadError::Manifest(format!(
            "unknown hook \"{name}\" in \"hooks\"; contract {VERSION} has {}",
            known.join(", ")
        ))
    })
}

fn safe_name(key: &str, id: &str) -> Result<(), LoadError> {
    let part = |part: &str| {
        !part.is_empty()
            && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-_.".contains(&b))
    };
    if id.len() <= 128 && id.split('/').count() <= 2 && id.split('/').all(part) {
        return Ok(());
    }
    Err(LoadError::Manifest(format!(
        "\"{key}\" must be a name or publisher/name of lower-case letters, digits, \"-\", \"_\" and \".\""
    )))
}

/// A file of the package itself: relative, without a way out.
fn safe_path(key: &str, path: &str) -> Result<(), LoadError> {
    let inside = !path.is_empty() && path.split('/').all(|part| !matches!(part, "" | "." | ".."));
    if inside && !path.contains(['\\', '\0']) {
        return Ok(());
    }
    Err(LoadError::Manifest(format!("\"{key}\" must name a file inside the package")))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    plugin: PluginTable,
    stream: Option<Stream>,
    #[serde(default)]
    capabilities: Capabilities,
    #[serde(default)]
    config: ConfigTable,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PluginTable {
    id: String,
    version: String,
    #[serde(default)]
    summary: String,
    #[serde(default)]
    #[expect(dead_code, reason = "told to people by other commands, of no use to the host")]
    license: String,
    runtime: String,
    entry: String,
    contract: String,
    hooks: Vec<String>,
    #[serde(default)]
    instance: Instance,
}

#[derive(Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Instance {
    #[default]
    Pooled,
    PerRequest,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct ConfigTable {
    schema: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Stream {
    mode: String,
    min: u32,
    max: u32,
    overlap: u32,
    max_match: u32,
    max_hold_ms: u32,
}

impl Default for Stream {
    fn default() -> Self {
        Self { mode: "full".into(), min: 0, max: 4096, overlap: 0, max_match: 256, max_hold_ms: 5000 }
    }
}

impl Stream {
    fn windows(self) -> Result<Windows, LoadError> {
        if !["carry", "window", "full", "watch"].contains(&self.mode.as_str()) {
            let text =
                format!("unknown \"mode\" \"{}\" in [stream]; it is carry, window, full or watch", self.mode);
            return Err(LoadError::Manifest(text));
        }
        let Self { mode, min, max, overlap, max_match, max_hold_ms } = self;
        Ok(Windows { mode, min, max, overlap, max_match, max_hold_ms })
    }
}

#[cfg(test)]
#[path = "manifest_tests.rs"]
mod tests;
