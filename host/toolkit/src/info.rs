//! `plugin info`: what an artefact is, read off itself and not only its manifest.

use std::fmt;
use std::path::Path;

use tidegate_contract::{Hook, VERSION};
use tidegate_pipeline::{Capabilities, Digest, Manifest, Package};
use wasmparser::{Parser, Payload};

use crate::problem::Problem;

/// What there is to know of a package.
#[derive(Debug)]
pub struct Info {
    manifest: Manifest,
    digest: Digest,
    bytes: usize,
    /// Names of a component's imports and exports; none of another artefact, which says nothing of itself.
    imports: Vec<String>,
    exports: Vec<String>,
}

impl Info {
    /// Reads a package.
    ///
    /// # Errors
    /// Where it has no manifest or no entry, or a component that is none.
    pub fn read(folder: &Path) -> Result<Self, Problem> {
        let package = Package::read(folder)?;
        let (imports, exports) = if package.manifest.runtime == "wasm" {
            names(&package.entry).map_err(|error| {
                Problem::Refused(format!("\"{}\" is no component: {error}", package.manifest.entry))
            })?
        } else {
            (Vec::new(), Vec::new())
        };
        let Package { manifest, digest, entry, .. } = package;
        Ok(Self { manifest, digest, bytes: entry.len(), imports, exports })
    }
}

/// Imports and exports of the outermost component.
fn names(component: &[u8]) -> wasmparser::Result<(Vec<String>, Vec<String>)> {
    let (mut imports, mut exports, mut depth) = (Vec::new(), Vec::new(), 0_usize);
    for payload in Parser::new(0).parse_all(component) {
        match payload? {
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::ComponentImportSection(section) if depth == 0 => {
                for import in section {
                    imports.push(import?.name.name.to_owned());
                }
            }
            Payload::ComponentExportSection(section) if depth == 0 => {
                for export in section {
                    exports.push(export?.name.name.to_owned());
                }
            }
            _ => {}
        }
    }
    Ok((imports, exports))
}

impl fmt::Display for Info {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { manifest, digest, bytes, imports, exports } = self;
        let hooks: Vec<_> = manifest.hooks.iter().map(Hook::as_str).collect();
        writeln!(f, "plugin        {} {}", manifest.id, manifest.version)?;
        if !manifest.summary.is_empty() {
            writeln!(f, "summary       {}", manifest.summary)?;
        }
        writeln!(f, "contract      {VERSION}")?;
        writeln!(f, "runtime       {}", manifest.runtime)?;
        writeln!(f, "entry         {} ({bytes} bytes)", manifest.entry)?;
        writeln!(f, "digest        sha256:{digest}")?;
        writeln!(f, "hooks         {}", hooks.join(", "))?;
        writeln!(f, "capabilities  {}", asked(&manifest.capabilities))?;
        if let Some(stream) = &manifest.stream {
            writeln!(
                f,
                "stream        {}, at most {} bytes held for a match",
                stream.mode, stream.max_match
            )?;
        }
        for (title, names) in [("imports", imports), ("exports", exports)] {
            for (index, name) in names.iter().enumerate() {
                writeln!(f, "{:<13} {name}", if index == 0 { title } else { "" })?;
            }
        }
        Ok(())
    }
}

fn asked(capabilities: &Capabilities) -> String {
    let Capabilities { http, kv, secrets, metrics, models } = capabilities;
    let listed =
        |name: &str, list: &[String]| (!list.is_empty()).then(|| format!("{name}: {}", list.join(", ")));
    let named = |name: &str, asked: bool| asked.then(|| name.to_owned());
    let all = [
        listed("http", http),
        named("kv", *kv),
        listed("secrets", secrets),
        named("metrics", *metrics),
        listed("models", models),
    ];
    let all: Vec<_> = all.into_iter().flatten().collect();
    if all.is_empty() { "none".into() } else { all.join("; ") }
}
