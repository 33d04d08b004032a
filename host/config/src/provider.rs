//! Which providers there are, and what each wants to be told.

use std::sync::{Arc, LazyLock};

use indexmap::IndexMap;

use crate::checked::{Compatible, Provider, Words};
use crate::raw::cluster as raw;

/// A provider that has code of its own.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Own {
    name: &'static str,
    /// What its API begins with.
    prefix: &'static str,
    /// Keys of a cluster without which nobody knows where it is.
    needs: &'static [&'static str],
    /// Keys of a cluster that say where in a cloud it is.
    takes: &'static [&'static str],
    cloud: Option<Cloud>,
}

/// A cloud with credentials of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cloud {
    Aws,
    Gcp,
    Azure,
}

/// The keys that say where in a cloud a cluster is.
pub(crate) const SITE_KEYS: [&str; 4] = ["region", "project", "location", "api_version"];

const AWS: &[&str] = &["region"];
const GCP: &[&str] = &["project", "location"];
const AZURE: &[&str] = &["api_version"];

const OWN: [Own; 8] = [
    Own { name: "openai", prefix: "/v1", needs: &[], takes: &[], cloud: None },
    Own {
        name: "azure-openai",
        prefix: "/openai",
        needs: &["endpoint"],
        takes: AZURE,
        cloud: Some(Cloud::Azure),
    },
    Own { name: "anthropic", prefix: "/v1", needs: &[], takes: &[], cloud: None },
    Own { name: "aws-bedrock", prefix: "", needs: AWS, takes: AWS, cloud: Some(Cloud::Aws) },
    Own { name: "aws-bedrock-anthropic", prefix: "", needs: AWS, takes: AWS, cloud: Some(Cloud::Aws) },
    Own { name: "gemini", prefix: "/v1beta", needs: &[], takes: &[], cloud: None },
    Own { name: "gcp-vertex", prefix: "/v1", needs: GCP, takes: GCP, cloud: Some(Cloud::Gcp) },
    Own { name: "gcp-vertex-anthropic", prefix: "/v1", needs: GCP, takes: GCP, cloud: Some(Cloud::Gcp) },
];

/// Providers that are data; the file is checked by a test.
static TABLE: LazyLock<IndexMap<String, raw::Compatible>> =
    LazyLock::new(|| crate::yaml::embedded(include_str!("providers.yaml")));

/// The provider of that name: of the configuration, of the table, or with code of its own.
pub(crate) fn by_name(name: &str, added: &IndexMap<String, raw::Compatible>) -> Option<Provider> {
    if let Some(own) = OWN.iter().find(|own| own.name == name) {
        return Some(Provider::Own(own.name));
    }
    match name {
        "mock" => Some(Provider::Mock),
        "http" => Some(Provider::Http),
        _ => {
            let line = added.get(name).or_else(|| TABLE.get(name))?;
            Some(Provider::Compatible(Arc::new(compatible(name, line))))
        }
    }
}

fn compatible(name: &str, line: &raw::Compatible) -> Compatible {
    let raw::Compatible { endpoint, path_prefix, responses, tokenize, rerank, words } = line;
    Compatible {
        name: name.to_owned(),
        endpoint: endpoint.clone(),
        prefix: path_prefix.clone(),
        responses: *responses,
        tokenize: *tokenize,
        rerank: rerank.clone(),
        words: match words {
            raw::Words::Common => Words::Common,
            raw::Words::Mistral => Words::Mistral,
        },
    }
}

/// The providers of the table, in its order.
pub fn compatible_providers() -> impl Iterator<Item = Compatible> {
    TABLE.iter().map(|(name, line)| compatible(name, line))
}

/// Whether the configuration may not give a provider this name.
pub(crate) fn is_taken(name: &str) -> bool {
    matches!(name, "mock" | "http") || OWN.iter().any(|own| own.name == name)
}

/// Every name, those with code of their own first.
pub(crate) fn names() -> Vec<&'static str> {
    let own = OWN.iter().map(|own| own.name).chain(["mock", "http"]);
    own.chain(TABLE.keys().map(String::as_str)).collect()
}

impl Provider {
    fn own(&self) -> Option<&'static Own> {
        let Self::Own(name) = self else { return None };
        OWN.iter().find(|own| own.name == *name)
    }

    /// What comes between the endpoint and the operation; `None` where there is no such thing.
    pub(crate) fn prefix(&self) -> Option<&str> {
        match self {
            Self::Own(_) => self.own().map(|own| own.prefix),
            Self::Compatible(compatible) => Some(&compatible.prefix),
            Self::Mock | Self::Http => None,
        }
    }

    /// Keys that a cluster must have.
    pub(crate) fn needs(&self) -> &'static [&'static str] {
        match self {
            Self::Own(_) => self.own().map_or(&[], |own| own.needs),
            Self::Compatible(compatible) if compatible.endpoint.is_none() => &["endpoint"],
            Self::Http => &["endpoint"],
            Self::Compatible(_) | Self::Mock => &[],
        }
    }

    /// Keys of where in a cloud it is that a cluster may have.
    pub(crate) fn takes(&self) -> &'static [&'static str] {
        self.own().map_or(&[], |own| own.takes)
    }

    /// The cloud whose credentials it takes.
    pub(crate) fn cloud(&self) -> Option<Cloud> {
        self.own()?.cloud
    }

    /// Kinds of credentials, as the keys of `credentials`.
    pub(crate) fn credentials(&self) -> &'static [&'static str] {
        match self.cloud() {
            None => &["api_key"],
            Some(Cloud::Aws) => &["api_key", "aws"],
            Some(Cloud::Gcp) => &["gcp"],
            Some(Cloud::Azure) => &["api_key", "azure"],
        }
    }

    /// The name in the configuration.
    pub fn name(&self) -> &str {
        match self {
            Self::Own(name) => name,
            Self::Mock => "mock",
            Self::Http => "http",
            Self::Compatible(compatible) => &compatible.name,
        }
    }
}

#[cfg(test)]
#[path = "provider_tests.rs"]
mod tests;
