//! The settings of `auth_filter`, and the way from a keys file to a table of keys.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::Deserialize;
use tidegate_contract::{ModelNames, Principal};
use tidegate_pipeline::{Documents, SettingsProblem};

use super::keys::{Digest, KeyTable, parse_digest, sha256};
use crate::settings::{decode, problem};

/// How clients prove who they are.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Settings {
    /// API keys, sent as `Authorization: Bearer`, `x-api-key`, `api-key`, `x-goog-api-key` or `?key=`.
    pub(crate) api_keys: ApiKeys,
}

/// Where the API keys stand: here or in a file of their own.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ApiKeys {
    /// The keys themselves.
    keys: Option<Vec<ApiKey>>,
    /// A file with a list `keys`, relative to this configuration; read again when it changes.
    file: Option<String>,
}

/// A file of API keys.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct KeysFile {
    /// The keys.
    keys: Vec<ApiKey>,
}

/// An API key and the principal it stands for.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ApiKey {
    /// The key as clients send it; better kept out of files: give `sha256`, or `${VAR}`.
    #[schemars(extend("writeOnly" = true))]
    key: Option<String>,
    /// The SHA-256 of the key, 64 hexadecimal digits.
    #[schemars(extend("writeOnly" = true))]
    sha256: Option<String>,
    /// Who uses this key; the name in logs, limits and usage.
    #[schemars(length(min = 1))]
    principal: String,
    /// The tenant that the principal belongs to.
    tenant: Option<String>,
    /// Globs of the models that this key may use, such as `gpt-4o*`; every model unless set.
    models: Option<Vec<String>>,
}

impl ApiKeys {
    /// The table of keys, from whichever place holds them.
    pub(crate) fn load(self, documents: &dyn Documents) -> Result<KeyTable, Vec<SettingsProblem>> {
        match (self.keys, self.file) {
            (Some(keys), None) => table(keys, "/api_keys/keys"),
            (None, Some(file)) => from_file(&file, documents),
            (None, None) => Err(vec![problem(
                "/api_keys",
                "\"api_keys\" names no keys; give them under \"keys\" or name a file under \"file\"",
            )]),
            (Some(_), Some(_)) => Err(vec![problem(
                "/api_keys/file",
                "\"keys\" and \"file\" exclude each other; move the keys into the file or remove \"file\"",
            )]),
        }
    }
}

fn from_file(file: &str, documents: &dyn Documents) -> Result<KeyTable, Vec<SettingsProblem>> {
    let in_file = |message: String| problem("/api_keys/file", &message);
    let schema = schemars::schema_for!(KeysFile).to_value();
    let document =
        documents.read(file, &schema).map_err(|lines| lines.into_iter().map(in_file).collect::<Vec<_>>())?;
    let keys = decode::<KeysFile>(&document, "/api_keys/file")?.keys;
    table(keys, "/keys").map_err(|problems| {
        let named = |found: SettingsProblem| in_file(format!("{file}: {}: {}", found.pointer, found.message));
        problems.into_iter().map(named).collect()
    })
}

fn table(keys: Vec<ApiKey>, pointer: &str) -> Result<KeyTable, Vec<SettingsProblem>> {
    let mut table = KeyTable::default();
    let mut problems = Vec::new();
    for (index, key) in keys.into_iter().enumerate() {
        let pointer = format!("{pointer}/{index}");
        match key.digest(&pointer) {
            Ok(digest) => {
                if !table.insert(digest, Arc::new(key.principal())) {
                    problems
                        .push(problem(&pointer, "this key is listed twice; give each principal its own key"));
                }
            }
            Err(found) => problems.push(found),
        }
    }
    if problems.is_empty() { Ok(table) } else { Err(problems) }
}

impl ApiKey {
    fn digest(&self, pointer: &str) -> Result<Digest, SettingsProblem> {
        match (&self.key, &self.sha256) {
            (Some(key), None) if key.trim().is_empty() => {
                Err(problem(&format!("{pointer}/key"), "\"key\" is empty; an empty key would let anyone in"))
            }
            (Some(key), None) => Ok(sha256(key.trim().as_bytes())),
            (None, Some(text)) => checked_digest(text, &format!("{pointer}/sha256")),
            (None, None) => Err(problem(pointer, "this entry has no key; give \"key\" or \"sha256\"")),
            (Some(_), Some(_)) => {
                Err(problem(pointer, "\"key\" and \"sha256\" exclude each other; keep \"sha256\""))
            }
        }
    }

    fn principal(self) -> Principal {
        Principal {
            tenant: self.tenant,
            models: self.models.map(ModelNames::new),
            ..Principal::named(self.principal)
        }
    }
}

fn checked_digest(text: &str, pointer: &str) -> Result<Digest, SettingsProblem> {
    let digest = parse_digest(text).ok_or_else(|| {
        problem(pointer, "\"sha256\" must be 64 hexadecimal digits, as `sha256sum` prints them")
    })?;
    if digest == sha256(b"") {
        return Err(problem(pointer, "\"sha256\" is the digest of an empty key, which would let anyone in"));
    }
    Ok(digest)
}
