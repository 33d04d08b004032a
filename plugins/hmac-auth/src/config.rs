//! The configuration, as `config.schema.json` describes it.

use std::collections::HashMap;
use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tidegate_plugin::{Result, Value};

use crate::base::is_known;

/// The field that carries the digest of the body (RFC 9530).
pub(crate) const CONTENT_DIGEST: &str = "content-digest";

/// RFC 2104 advises against keys shorter than the hash; half of it is the least that cannot be tried out.
const SHORTEST: usize = 16;

/// Who signs with a key.
pub(crate) struct Key {
    pub(crate) secret: Vec<u8>,
    pub(crate) principal: String,
    pub(crate) tenant: Option<String>,
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key").field("principal", &self.principal).finish_non_exhaustive()
    }
}

/// A configuration that was read. Times are seconds.
#[derive(Debug)]
pub(crate) struct Config {
    pub(crate) keys: HashMap<String, Key>,
    pub(crate) components: Vec<String>,
    pub(crate) max_age: i64,
    pub(crate) clock_skew: i64,
    pub(crate) needs_nonce: bool,
}

impl Config {
    /// Reads a configuration that holds to the schema; what is not there has the schema's default.
    ///
    /// # Errors
    /// Names the key and what to change, never a secret.
    pub(crate) fn read(config: &Value) -> Result<Self> {
        let components = match &config["components"] {
            Value::Null => ["@method", "@path", "@query", CONTENT_DIGEST].map(String::from).to_vec(),
            value => components(value)?,
        };
        Ok(Self {
            keys: keys(&config["keys"])?,
            components,
            max_age: seconds(config, "max_age", 300)?,
            clock_skew: seconds(config, "clock_skew", 30)?,
            needs_nonce: config["nonce"].as_str() == Some("required"),
        })
    }
}

fn keys(value: &Value) -> Result<HashMap<String, Key>> {
    let list =
        value.as_array().filter(|list| !list.is_empty()).ok_or("\"keys\" must be a list with an entry")?;
    let mut keys = HashMap::new();
    for (at, entry) in list.iter().enumerate() {
        let text = |name: &str| entry[name].as_str().filter(|text| !text.is_empty()).map(String::from);
        let id = text("id").ok_or_else(|| format!("\"keys\", entry {at}: \"id\" is missing"))?;
        let principal = text("principal").ok_or_else(|| format!("key \"{id}\": \"principal\" is missing"))?;
        let secret = secret(entry).map_err(|problem| format!("key \"{id}\": {problem}"))?;
        let key = Key { secret, principal, tenant: text("tenant") };
        if keys.insert(id.clone(), key).is_some() {
            return Err(format!("key \"{id}\" stands twice in \"keys\"; remove one").into());
        }
    }
    Ok(keys)
}

fn secret(entry: &Value) -> std::result::Result<Vec<u8>, &'static str> {
    let text = entry["secret"].as_str().ok_or("\"secret\" is missing")?;
    let secret = match entry["encoding"].as_str() {
        None | Some("text") => text.as_bytes().to_vec(),
        Some("base64") => STANDARD.decode(text).map_err(|_| "\"secret\" is no base64")?,
        Some(_) => return Err("\"encoding\" is \"text\" or \"base64\""),
    };
    if secret.len() < SHORTEST { Err("the secret must have 16 bytes or more") } else { Ok(secret) }
}

fn components(value: &Value) -> Result<Vec<String>> {
    let list = value.as_array().filter(|list| !list.is_empty());
    let list = list.ok_or("\"components\" must be a list with an entry")?;
    let one = |value: &Value| {
        match value.as_str() {
        Some(name) if is_known(name) => Ok(name.to_owned()),
        Some(name) => Err(format!(
            "\"components\" has \"{name}\"; it is a field's name in lower case, or one of @method, @path, @query, \
             @authority, @scheme, @target-uri, @request-target"
        )
        .into()),
        None => Err("\"components\" must be a list of texts".into()),
    }
    };
    list.iter().map(one).collect()
}

fn seconds(config: &Value, key: &str, default: i64) -> Result<i64> {
    match &config[key] {
        Value::Null => Ok(default),
        value => {
            let seconds = value.as_i64().filter(|seconds| (0..=i64::from(u32::MAX)).contains(seconds));
            Ok(seconds.ok_or_else(|| format!("\"{key}\" must be a number of seconds"))?)
        }
    }
}

#[cfg(test)]
#[path = "config_tests.rs"]
mod tests;
