//! Where counters, budgets, keys and usage are kept.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::cluster::ClusterTls;
use super::scalar::{Period, Secret};

/// Where counters of limits, values of plugins and keys of the admin API are kept: one of these; in memory, until the
/// gateway ends, without any.
#[derive(Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("maxProperties" = 1))]
pub(crate) struct Store {
    /// A file on this machine, for one gateway.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) sqlite: Option<Sqlite>,
    /// A server of Redis or Valkey, for several gateways.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) redis: Option<Redis>,
}

/// A database of SQLite.
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Sqlite {
    /// The file, relative to the configuration; made where there is none.
    #[schemars(length(min = 1))]
    pub(crate) path: String,
}

/// A server of Redis or Valkey: `address`, `cluster` or `sentinel`.
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Redis {
    /// One server, such as `127.0.0.1:6379`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1))]
    pub(crate) address: Option<String>,
    /// Some servers of a cluster; the others are found through them.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1), inner(length(min = 1)))]
    pub(crate) cluster: Option<Vec<String>>,
    /// Sentinels that know which server is the master.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) sentinel: Option<Sentinel>,
    /// A user of Redis 6 or later; the default one unless set.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1))]
    pub(crate) username: Option<String>,
    /// The password.
    #[serde(skip_serializing)]
    pub(crate) password: Option<Secret>,
    /// The number of the database; a cluster has only 0.
    #[serde(default)]
    #[schemars(range(min = 0, max = 1_000_000))]
    pub(crate) database: i64,
    /// TLS; `{}` trusts the system's roots. Plain text unless set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) tls: Option<ClusterTls>,
    /// What all keys begin with, so that several gateways with different configurations may share a server.
    #[serde(default = "prefix")]
    #[schemars(length(max = 64))]
    pub(crate) prefix: String,
    /// How long an operation may take, a new connection included.
    #[serde(default = "timeout")]
    pub(crate) timeout: Period,
}

/// Sentinels.
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Sentinel {
    /// The name under which they watch the server.
    #[schemars(length(min = 1))]
    pub(crate) master: String,
    /// Their addresses.
    #[schemars(length(min = 1), inner(length(min = 1)))]
    pub(crate) addresses: Vec<String>,
}

fn prefix() -> String {
    "tidegate:".into()
}

fn timeout() -> Period {
    Period(std::time::Duration::from_millis(50))
}

/// An account of every exchange, for `GET /v1/usage` and `tidegate usage`: in one of these files.
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("minProperties" = 1))]
pub(crate) struct Usage {
    /// A database of SQLite, relative to the configuration; made where there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1))]
    pub(crate) sqlite: Option<String>,
    /// A file of JSON lines, relative to the configuration; made where there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1))]
    pub(crate) json_lines: Option<String>,
    /// Days after which a record is removed from the database; never unless set.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 36_500))]
    pub(crate) keep_days: Option<u32>,
}
