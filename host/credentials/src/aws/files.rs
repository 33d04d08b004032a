//! The shared files of AWS, `config` and `credentials`, put together to profiles.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret, SecretString};

use super::ini::{self, Section};
use crate::{CredentialsError, Sources};

/// Profiles by their names.
pub(crate) struct Profiles(BTreeMap<String, Profile>);

/// The values of one profile; they may be secrets, so nothing prints them.
#[derive(Default)]
pub(crate) struct Profile(Section);

impl Profile {
    pub(crate) fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// Whether it names anything that begins so.
    pub(crate) fn has(&self, prefix: &str) -> bool {
        self.0.keys().any(|key| key.starts_with(prefix))
    }
}

impl Profiles {
    /// Both files; one that nobody named may be missing.
    pub(crate) async fn read(sources: &Sources) -> Result<Self, CredentialsError> {
        let mut profiles: BTreeMap<String, Profile> = BTreeMap::new();
        if let Some(text) = file(sources, "AWS_CONFIG_FILE", ".aws/config").await? {
            for (name, section) in ini::parse(text.expose_secret()) {
                let profile = name.strip_prefix("profile ").or((name == "default").then_some("default"));
                profile.into_iter().for_each(|name| add(&mut profiles, name, section.clone()));
            }
        }
        // Keys of this file win, as with AWS's own tools.
        if let Some(text) = file(sources, "AWS_SHARED_CREDENTIALS_FILE", ".aws/credentials").await? {
            for (name, section) in ini::parse(text.expose_secret()) {
                add(&mut profiles, &name, section);
            }
        }
        Ok(Self(profiles))
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Profile> {
        self.0.get(name)
    }
}

fn add(profiles: &mut BTreeMap<String, Profile>, name: &str, section: Section) {
    profiles.entry(name.to_owned()).or_default().0.extend(section);
}

async fn file(sources: &Sources, var: &str, usual: &str) -> Result<Option<SecretString>, CredentialsError> {
    let named = sources.var(var).map(|path| match path.strip_prefix("~/") {
        Some(below) => sources.home(below).unwrap_or_else(|| PathBuf::from(&path)),
        None => Path::new(&path).to_owned(),
    });
    match named.or_else(|| sources.home(usual)) {
        Some(path) => sources.file_if_any(&path).await,
        None => Ok(None),
    }
}
