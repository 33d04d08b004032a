//! Opens connections: to one server, to a cluster, or to the master that sentinels name.

use std::fmt::Display;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::cluster::{ClusterClient, ClusterClientBuilder};
use redis::cluster_async::ClusterConnection;
use redis::io::tcp::TcpSettings;
use redis::{
    AsyncConnectionConfig, Client, ClientTlsConfig, Cmd, ConnectionAddr, ConnectionInfo, FromRedisValue,
    IntoConnectionInfo, RedisConnectionInfo, RedisResult, TlsCertificates, TlsMode,
};
use secrecy::ExposeSecret;
use tokio::time::timeout;

use super::settings::{BadSettings, RedisSettings, RedisTls, Servers, address};

/// What opening a connection to one server may take; calls wait for it only as long as they may.
const OPENING: Duration = Duration::from_secs(1);

/// A connection that many calls share.
#[derive(Clone)]
pub(super) enum Connection {
    One(MultiplexedConnection),
    /// It opens connections of its own to the nodes, and opens lost ones again.
    Cluster(ClusterConnection),
}

impl Connection {
    pub(super) async fn query<T: FromRedisValue>(&mut self, command: &Cmd) -> RedisResult<T> {
        match self {
            Self::One(connection) => command.query_async(connection).await,
            Self::Cluster(connection) => command.query_async(connection).await,
        }
    }

    pub(super) fn heals_itself(&self) -> bool {
        matches!(self, Self::Cluster(_))
    }
}

/// Knows where connections go.
pub(super) struct Opener {
    to: To,
    name: String,
}

enum To {
    One(Client),
    Cluster(Box<ClusterClient>),
    Sentinel { master: String, sentinels: Vec<Client>, nodes: Access, next: AtomicUsize },
}

impl Opener {
    pub(super) fn new(settings: RedisSettings) -> Result<Self, BadSettings> {
        let access = Access::new(&settings)?;
        let database = settings.database;
        let (name, to) = match settings.servers {
            Servers::One(server) => (format!("redis at {server}"), To::One(access.client(&server)?)),
            Servers::Cluster(_) if database != 0 => return Err(BadSettings::Database(database)),
            Servers::Cluster(nodes) => (
                format!("redis cluster at {}", listed(&nodes)?),
                To::Cluster(Box::new(access.cluster(&nodes)?)),
            ),
            Servers::Sentinel { master, nodes } => {
                let name = format!("redis \"{master}\" of the sentinels at {}", listed(&nodes)?);
                let plain = Access { login: RedisConnectionInfo::default(), tls: access.tls.clone() };
                let sentinels = nodes.iter().map(|node| plain.client(node)).collect::<Result<_, _>>()?;
                (name, To::Sentinel { master, sentinels, nodes: access, next: AtomicUsize::new(0) })
            }
        };
        Ok(Self { to, name })
    }

    /// As messages call the server.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// A connection that has answered.
    ///
    /// # Errors
    /// The cause, without a secret.
    pub(super) async fn open(&self) -> Result<Connection, String> {
        match &self.to {
            To::One(client) => open(client).await.map(Connection::One),
            To::Cluster(client) => {
                let opened = in_time(client.get_async_connection()).await?;
                Ok(Connection::Cluster(opened))
            }
            To::Sentinel { master, sentinels, nodes, next } => {
                let first = next.load(Ordering::Relaxed);
                let mut causes = Vec::new();
                for index in (first..first + sentinels.len()).map(|index| index % sentinels.len()) {
                    match by_sentinel(&sentinels[index], master, nodes).await {
                        Ok(opened) => {
                            next.store(index, Ordering::Relaxed);
                            return Ok(Connection::One(opened));
                        }
                        Err(cause) => causes.push(cause),
                    }
                }
                Err(causes.join("; "))
            }
        }
    }
}

/// How every server of the settings is spoken to.
struct Access {
    login: RedisConnectionInfo,
    tls: Option<TlsCertificates>,
}

impl Access {
    fn new(settings: &RedisSettings) -> Result<Self, BadSettings> {
        let mut login = RedisConnectionInfo::default().set_db(settings.database);
        if let Some(username) = &settings.username {
            login = login.set_username(username);
        }
        if let Some(password) = &settings.password {
            login = login.set_password(password.expose_secret());
        }
        let tls = settings.tls.as_ref().map(certificates).transpose()?;
        if tls.is_some() {
            // The library takes the provider of the process. Where there is one already, it stays.
            let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        }
        Ok(Self { login, tls })
    }

    fn info(&self, host: String, port: u16) -> ConnectionInfo {
        let addr = match self.tls {
            Some(_) => ConnectionAddr::TcpTls { host, port, insecure: false, tls_params: None },
            None => ConnectionAddr::Tcp(host, port),
        };
        // An address is always one that can be connected to.
        let info = addr.into_connection_info().unwrap_or_else(|_| unreachable!("an address is complete"));
        info.set_redis_settings(self.login.clone()).set_tcp_settings(TcpSettings::default().set_nodelay(true))
    }

    fn client(&self, server: &str) -> Result<Client, BadSettings> {
        let (host, port) = address(server)?;
        self.client_of(host, port)
    }

    fn client_of(&self, host: String, port: u16) -> Result<Client, BadSettings> {
        let info = self.info(host, port);
        let client = match &self.tls {
            Some(certificates) => Client::build_with_tls(info, certificates.clone()),
            None => Client::open(info),
        };
        client.map_err(|error| BadSettings::Tls(error.to_string()))
    }

    fn cluster(&self, nodes: &[String]) -> Result<ClusterClient, BadSettings> {
        let infos = nodes.iter().map(|node| address(node).map(|(host, port)| self.info(host, port)));
        let mut builder = ClusterClientBuilder::new(infos.collect::<Result<Vec<_>, _>>()?)
            .connection_timeout(OPENING)
            .response_timeout(OPENING)
            .tcp_settings(TcpSettings::default().set_nodelay(true))
            .min_retry_wait(1)
            .max_retry_wait(20)
            .retries(3);
        if let Some(certificates) = &self.tls {
            builder = builder.tls(TlsMode::Secure).certs(certificates.clone());
        }
        builder.build().map_err(|error| BadSettings::Tls(error.to_string()))
    }
}

fn certificates(tls: &RedisTls) -> Result<TlsCertificates, BadSettings> {
    let client_tls = match (&tls.certificate, &tls.key) {
        (None, None) => None,
        (Some(certificate), Some(key)) => {
            Some(ClientTlsConfig { client_cert: certificate.clone(), client_key: key.clone() })
        }
        _ => return Err(BadSettings::Pair),
    };
    Ok(TlsCertificates { client_tls, root_cert: tls.ca.clone() })
}

fn listed(nodes: &[String]) -> Result<String, BadSettings> {
    if nodes.is_empty() { Err(BadSettings::NoAddress) } else { Ok(nodes.join(", ")) }
}

async fn in_time<T, E: Display>(opening: impl Future<Output = Result<T, E>>) -> Result<T, String> {
    match timeout(OPENING, opening).await {
        Ok(opened) => opened.map_err(|error| error.to_string()),
        Err(_) => Err(format!("no connection within {OPENING:?}")),
    }
}

async fn open(client: &Client) -> Result<MultiplexedConnection, String> {
    let config = AsyncConnectionConfig::new().set_connection_timeout(None).set_response_timeout(None);
    let opening = async {
        let mut opened = client.get_multiplexed_async_connection_with_config(&config).await?;
        // One that still reads its files, or that is asked for a password, says so now.
        redis::cmd("PING").exec_async(&mut opened).await?;
        RedisResult::Ok(opened)
    };
    in_time(opening).await.map_err(|cause| format!("{}: {cause}", client.get_connection_info().addr()))
}

/// What a sentinel says may be old: who says himself that he is no master is none.
async fn by_sentinel(
    sentinel: &Client,
    master: &str,
    nodes: &Access,
) -> Result<MultiplexedConnection, String> {
    let asked = sentinel.get_connection_info().addr();
    let mut connection = open(sentinel).await?;
    let mut question = redis::cmd("SENTINEL");
    question.arg("GET-MASTER-ADDR-BY-NAME").arg(master);
    let told = in_time(question.query_async::<Option<(String, u16)>>(&mut connection)).await?;
    let (host, port) = told.ok_or_else(|| format!("sentinel {asked} knows no master \"{master}\""))?;
    let client = nodes.client_of(host, port).map_err(|error| error.to_string())?;
    let mut opened = open(&client).await?;
    let role = in_time(redis::cmd("ROLE").query_async::<Vec<redis::Value>>(&mut opened)).await?;
    let is_master = matches!(role.first(), Some(redis::Value::BulkString(word)) if word == b"master");
    if is_master {
        Ok(opened)
    } else {
        Err(format!("{} is no master any more", client.get_connection_info().addr()))
    }
}
