//! Keys of AWS, from where its own tools look for them, and requests signed with them.

mod chain;
mod container;
mod files;
mod imds;
mod ini;
mod keys;
mod profile;
mod sign;
mod sts;

use secrecy::SecretString;

pub use self::keys::Keys;
pub(crate) use self::sign::covered;
pub use self::sign::{Scope, sign};
use crate::{CredentialsError, Lease, Sources};

/// An identity that signs requests to one service in one region.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// Such as `us-east-1`; the role is assumed there, too.
    pub region: String,
    /// The name by which the service is signed for, such as `bedrock`.
    pub service: String,
    /// Where the keys come from.
    pub source: Source,
    /// A role to assume with them.
    pub role: Option<Role>,
}

/// Where keys come from.
#[derive(Debug, Clone)]
pub enum Source {
    /// Keys that were given.
    Static(Keys),
    /// The order of AWS's own tools: environment, web identity, files, container, instance.
    Chain,
}

/// A role to assume.
#[derive(Debug, Clone, Default)]
pub struct Role {
    /// Its ARN.
    pub arn: String,
    /// What the owner of the role asks for besides.
    pub external_id: Option<SecretString>,
    /// How the session is called in the owner's log; `tidegate` where nothing is said.
    pub session_name: Option<String>,
    /// How long the keys are to hold, in seconds; an hour where nothing is said.
    pub seconds: Option<u32>,
}

/// Gets keys.
pub(crate) async fn keys(sources: &Sources, wanted: &Wanted) -> Result<Lease<Keys>, CredentialsError> {
    let region = Region::new(&wanted.region)?;
    let lease = match &wanted.source {
        Source::Static(keys) => Lease { value: keys.clone(), life: None },
        Source::Chain => chain::keys(sources, region).await?,
    };
    match &wanted.role {
        Some(role) => sts::assume(sources, region, &lease.value, role).await,
        None => Ok(lease),
    }
}

/// A region whose name may become part of a host.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Region<'a>(&'a str);

impl<'a> Region<'a> {
    pub(crate) fn new(name: &'a str) -> Result<Self, CredentialsError> {
        let legal = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if !name.is_empty() && name.bytes().all(legal) {
            return Ok(Self(name));
        }
        let shown = name.escape_debug();
        let remedy = "write it like \"us-east-1\"";
        Err(CredentialsError::unfit(format!("region \"{shown}\" is no name of a region; {remedy}")))
    }
}
