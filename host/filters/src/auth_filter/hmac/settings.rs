//! The settings of `hmac`.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use schemars::JsonSchema;
use serde::Deserialize;
use tidegate_pipeline::{SettingsProblem, World};

use super::base::is_known;
use super::{CONTENT_DIGEST, Hmac, Key};
use crate::auth_filter::listed::{Listed, Who};
use crate::settings::{Secret, duration, problem};

/// Who may sign, and what a signature must be like.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Hmac")]
pub(in crate::auth_filter) struct HmacSettings {
    /// The keys themselves.
    keys: Option<Vec<KeySettings>>,
    /// A file with a list `keys`, relative to this configuration; read again when it changes.
    file: Option<String>,
    /// What a signature must cover; `@method`, `@path`, `@query` and `content-digest` unless set. The last one is asked for
    /// where there is a body.
    #[schemars(length(min = 1))]
    components: Option<Vec<String>>,
    /// How long a signature is good for after it was created; `5m` unless set.
    max_age: Option<String>,
    /// By how much clocks may differ; `30s` unless set.
    clock_skew: Option<String>,
    /// Whether a signature needs a nonce. One that it has is good once.
    #[serde(default)]
    nonce: Nonce,
}

/// Whether a signature needs a nonce.
#[derive(Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Nonce {
    /// It may have one.
    #[default]
    Optional,
    /// It must have one.
    Required,
}

/// A file of shared keys.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct HmacKeysFile {
    /// The keys.
    keys: Vec<KeySettings>,
}

/// A shared key and who signs with it.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "HmacKey")]
struct KeySettings {
    /// The `keyid` of signatures.
    #[schemars(length(min = 1))]
    id: String,
    /// The shared key, 16 bytes or more; best taken from the environment or a file.
    secret: Secret,
    /// Whether the bytes of the key are those of the text, or written in it as base64.
    #[serde(default)]
    encoding: Encoding,
    /// Who signs with it; the name in logs, limits and usage.
    #[schemars(length(min = 1))]
    principal: String,
    /// The tenant that the principal belongs to.
    tenant: Option<String>,
    /// Globs of the models that it may use, such as `gpt-4o*`; every model unless set.
    models: Option<Vec<String>>,
}

/// How a key is written.
#[derive(Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Encoding {
    /// As itself.
    #[default]
    Text,
    /// As base64.
    Base64,
}

/// RFC 2104 advises against keys shorter than the hash; half of it is the least that cannot be tried out.
const SHORTEST: usize = 16;

/// The method, or every problem.
pub(in crate::auth_filter) fn checked(
    settings: HmacSettings,
    world: &World<'_>,
    problems: &mut Vec<SettingsProblem>,
) -> Option<Hmac> {
    let components = components(settings.components, problems);
    let mut seconds = |text: Option<String>, usual: u64, key: &str| {
        let (usual, place) = (Duration::from_secs(usual), format!("/hmac/{key}"));
        i64::try_from(duration(text.as_deref(), usual, &place, problems).as_secs()).unwrap_or(i64::MAX)
    };
    let max_age = seconds(settings.max_age, 300, "max_age");
    let clock_skew = seconds(settings.clock_skew, 30, "clock_skew");
    let listed = Listed { method: "hmac", list: "keys", inline: settings.keys, file: settings.file };
    let (listed, place) = listed.read(world, |file: HmacKeysFile| file.keys, problems)?;
    let mut keys = HashMap::new();
    for (index, key) in listed.into_iter().enumerate() {
        let (pointer, id) = (format!("/{index}"), key.id.clone());
        match key.checked() {
            Ok(key) if !keys.contains_key(&id) => drop(keys.insert(id, key)),
            Ok(_) => {
                problems.push(place.problem(&pointer, "this \"id\" is listed twice; remove one of them"))
            }
            Err((key, cause)) => problems.push(place.problem(&format!("{pointer}/{key}"), cause)),
        }
    }
    let needs_nonce = settings.nonce == Nonce::Required;
    Some(Hmac { keys, components, max_age, clock_skew, needs_nonce, nonces: Arc::clone(&world.kv) })
}

fn components(named: Option<Vec<String>>, problems: &mut Vec<SettingsProblem>) -> Vec<String> {
    let Some(named) = named else {
        return ["@method", "@path", "@query", CONTENT_DIGEST].map(String::from).to_vec();
    };
    for (index, name) in named.iter().enumerate().filter(|(_, name)| !is_known(name)) {
        let text = format!(
            "\"{}\" is no component; it is a field's name in lower case, or one of @method, @path, @query, @authority, \
             @scheme, @target-uri, @request-target",
            name.escape_debug()
        );
        problems.push(problem(&format!("/hmac/components/{index}"), &text));
    }
    named
}

impl KeySettings {
    /// The key; otherwise which value is wrong, and how.
    fn checked(self) -> Result<Key, (&'static str, &'static str)> {
        let secret = match self.encoding {
            Encoding::Text => self.secret.0.into_bytes(),
            Encoding::Base64 => {
                STANDARD.decode(self.secret.0.trim()).map_err(|_| ("secret", "\"secret\" is no base64"))?
            }
        };
        if secret.len() < SHORTEST {
            return Err(("secret", "\"secret\" must have 16 bytes or more; a shorter one can be tried out"));
        }
        let who = Who { principal: self.principal, tenant: self.tenant, models: self.models };
        let identity = who.identity().map_err(|cause| ("principal", cause))?;
        Ok(Key { secret: hmac::Key::new(hmac::HMAC_SHA256, &secret), identity })
    }
}
