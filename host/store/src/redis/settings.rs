//! Where the servers are and how they are reached.

use std::time::Duration;

use secrecy::SecretString;

/// How a Redis is reached.
#[derive(Debug, Clone)]
pub struct RedisSettings {
    /// Where it is.
    pub servers: Servers,
    /// Its user; without one, a password is that of the default user.
    pub username: Option<String>,
    /// Its password.
    pub password: Option<SecretString>,
    /// The number of the database; a cluster has only 0.
    pub database: i64,
    /// Whether and how connections are encrypted, those to sentinels, too.
    pub tls: Option<RedisTls>,
    /// What stands before every key.
    pub prefix: String,
    /// How long any call may take, connecting included.
    pub timeout: Duration,
}

impl RedisSettings {
    /// Those of a server without password, with keys under `tidegate:` and 50 ms for each call.
    pub fn new(servers: Servers) -> Self {
        Self {
            servers,
            username: None,
            password: None,
            database: 0,
            tls: None,
            prefix: "tidegate:".to_owned(),
            timeout: Duration::from_millis(50),
        }
    }
}

/// Which servers there are, each as `host:port`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Servers {
    /// One.
    One(String),
    /// Some nodes of a cluster, which know the others.
    Cluster(Vec<String>),
    /// Sentinels, which know the master of that name. They are asked without a password.
    Sentinel {
        /// The name of the master.
        master: String,
        /// The sentinels.
        nodes: Vec<String>,
    },
}

/// Certificates of encrypted connections, as PEM.
#[derive(Clone, Default)]
pub struct RedisTls {
    /// Who vouches for the servers; without it those whom the machine trusts.
    pub ca: Option<Vec<u8>>,
    /// The gateway's own certificate.
    pub certificate: Option<Vec<u8>>,
    /// Its key.
    pub key: Option<Vec<u8>>,
}

impl std::fmt::Debug for RedisTls {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("RedisTls").finish_non_exhaustive()
    }
}

/// Settings that are right for no server.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadSettings {
    /// An address.
    #[error("\"{0}\" is no address of a redis; write one such as \"redis.example.com:6379\"")]
    Address(String),
    /// No address.
    #[error("there is no address of a redis; give at least one")]
    NoAddress,
    /// The database.
    #[error("database {0} cannot be chosen: a cluster has only database 0")]
    Database(i64),
    /// The prefix.
    #[error("the prefix \"{0}\" must not have braces: they say where in a cluster a key lies")]
    Prefix(String),
    /// One of certificate and key.
    #[error("a certificate needs its key, and a key its certificate")]
    Pair,
    /// The certificates.
    #[error("the certificates cannot be used: {0}")]
    Tls(String),
}

/// The host, without the brackets of IPv6, and the port.
pub(super) fn address(text: &str) -> Result<(String, u16), BadSettings> {
    let bad = || BadSettings::Address(text.escape_debug().to_string());
    let (host, port) = text.rsplit_once(':').ok_or_else(bad)?;
    let port = port.parse().map_err(|_| bad())?;
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let host = bare.unwrap_or(host);
    let is_host = !host.is_empty()
        && !host.contains(['@', '/', '[', ']', ' '])
        && (bare.is_some() || !host.contains(':'));
    if is_host { Ok((host.to_owned(), port)) } else { Err(bad()) }
}
