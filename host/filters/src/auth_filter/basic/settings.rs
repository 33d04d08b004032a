//! The settings of `basic`.

use std::collections::HashMap;
use std::sync::Arc;

use argon2::Params;
use argon2::password_hash::phc::PasswordHash;
use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use schemars::JsonSchema;
use serde::Deserialize;
use tidegate_pipeline::{SettingsProblem, World};
use tokio::sync::Semaphore;

use super::{AT_ONCE, Basic, User};
use crate::auth_filter::cache::Cache;
use crate::auth_filter::listed::{Listed, Who};
use crate::settings::{Secret, problem};

/// Where the users stand: here or in a file of their own.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Basic")]
pub(in crate::auth_filter) struct BasicSettings {
    /// The users themselves.
    users: Option<Vec<UserSettings>>,
    /// A file with a list `users`, relative to this configuration; read again when it changes.
    file: Option<String>,
}

/// A file of users.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct UsersFile {
    /// The users.
    users: Vec<UserSettings>,
}

/// A name and the hash of a password.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "User")]
struct UserSettings {
    /// The name, without a colon.
    #[schemars(length(min = 1))]
    name: String,
    /// The argon2id hash of the password, in the form `$argon2id$v=19$m=…`.
    hash: Secret,
    /// Who that is in logs, limits and usage; the name unless set.
    #[schemars(length(min = 1))]
    principal: Option<String>,
    /// The tenant that the principal belongs to.
    tenant: Option<String>,
    /// Globs of the models that it may use, such as `gpt-4o*`; every model unless set.
    models: Option<Vec<String>>,
}

/// More memory (in KiB), passes or lanes than a check may cost.
const MOST: (u32, u32, u32) = (256 * 1024, 16, 16);

/// The method, or every problem.
pub(in crate::auth_filter) fn checked(
    settings: BasicSettings,
    world: &World<'_>,
    problems: &mut Vec<SettingsProblem>,
) -> Option<Basic> {
    let listed = Listed { method: "basic", list: "users", inline: settings.users, file: settings.file };
    let (users, place) = listed.read(world, |file: UsersFile| file.users, problems)?;
    let mut made = HashMap::new();
    for (index, user) in users.into_iter().enumerate() {
        let (pointer, name) = (format!("/{index}"), user.name.clone());
        match user.checked() {
            Ok(user) if !made.contains_key(&name) => drop(made.insert(name, user)),
            Ok(_) => problems.push(place.problem(&pointer, "this name is listed twice; remove one of them")),
            Err((key, cause)) => problems.push(place.problem(&format!("{pointer}/{key}"), &cause)),
        }
    }
    let mut names: Vec<String> = made.keys().cloned().collect();
    names.sort();
    let Ok(key) = hmac::Key::generate(hmac::HMAC_SHA256, &SystemRandom::new()) else {
        problems.push(problem("/basic", "the system gives no random numbers"));
        return None;
    };
    let checks = Arc::new(Semaphore::new(AT_ONCE));
    Some(Basic { users: made, names, key, good: Arc::new(Cache::new()), checks })
}

impl UserSettings {
    fn checked(self) -> Result<User, (&'static str, String)> {
        if self.name.contains(':') {
            return Err(("name", "\"name\" has a colon, which ends a name; choose another".into()));
        }
        let hash = hash(&self.hash.0).map_err(|cause| ("hash", cause.to_owned()))?;
        let principal = self.principal.unwrap_or(self.name);
        let identity = Who { principal, tenant: self.tenant, models: self.models }.identity();
        let identity = identity.map_err(|cause| ("principal", cause.to_owned()))?;
        Ok(User { hash: Arc::new(hash), identity })
    }
}

fn hash(text: &str) -> Result<PasswordHash, &'static str> {
    let parsed =
        PasswordHash::new(text.trim()).ok().filter(|hash| hash.hash.is_some() && hash.salt.is_some());
    let hash = parsed.ok_or(
        "\"hash\" is no hash of a password; make one with `argon2 SALT -id -e` and give what begins with \"$argon2id$\"",
    )?;
    if hash.algorithm.as_str() != "argon2id" {
        return Err("\"hash\" is of another kind than argon2id; hash the password anew");
    }
    if hash.version.is_some_and(|version| version != 19) {
        return Err("\"hash\" is of an old version of argon2; hash the password anew with \"v=19\"");
    }
    let params = Params::try_from(&hash).map_err(|_| "\"hash\" has parameters that argon2 does not allow")?;
    let (memory, passes, lanes) = MOST;
    if params.m_cost() > memory || params.t_cost() > passes || params.p_cost() > lanes {
        return Err("\"hash\" costs more than a check may; use at most m=262144, t=16 and p=16");
    }
    Ok(hash)
}
