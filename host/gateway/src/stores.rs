//! Where what outlives a request is kept, as the configuration says at the start.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tidegate_config::checked::{self, RedisServers, UsageFile};
use tidegate_filters::ManagedKeys;
use tidegate_pipeline::{KeyValue, Quotas, Records, UsageLog};
use tidegate_store::{
    Account, BadSettings, MemoryQuotas, MemoryRecords, MemoryStore, OpenError, Redis, RedisSettings,
    RedisTls, Servers, Sqlite,
};

use crate::boot::LAST_WORDS;

/// Why a store cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StoreError {
    #[error("\"store.sqlite\": {0}")]
    Sqlite(OpenError),
    #[error("\"store.redis\": {0}")]
    Redis(#[from] BadSettings),
    #[error("\"store.redis.tls\": cannot read \"{file}\": {cause}")]
    Certificate { file: String, cause: std::io::Error },
    #[error("\"usage\": {0}")]
    Usage(OpenError),
}

/// What outlives configurations.
#[derive(Clone)]
pub(crate) struct Stores {
    pub(crate) kv: Arc<dyn KeyValue>,
    pub(crate) quotas: Arc<dyn Quotas>,
    pub(crate) keys: Arc<ManagedKeys>,
    pub(crate) usage: Option<Arc<dyn UsageLog>>,
    files: Files,
}

/// Files that are to be written to their end.
#[derive(Clone, Default)]
struct Files {
    store: Option<Arc<Sqlite>>,
    redis: Option<Arc<Redis>>,
    usage: Option<Arc<Account>>,
}

impl Stores {
    /// In memory, until the process ends.
    pub(crate) fn memory() -> Self {
        let (kv, quotas) = (Arc::new(MemoryStore::default()), Arc::new(MemoryQuotas::default()));
        Self::of(kv, quotas, Arc::new(MemoryRecords::default()))
    }

    fn of(kv: Arc<dyn KeyValue>, quotas: Arc<dyn Quotas>, records: Arc<dyn Records>) -> Self {
        Self { kv, quotas, keys: ManagedKeys::new(records), usage: None, files: Files::default() }
    }

    /// As the configuration says.
    ///
    /// # Errors
    /// Where a file cannot be opened, or a setting can be right nowhere.
    pub(crate) fn open(store: &checked::Store, usage: Option<&checked::Usage>) -> Result<Self, StoreError> {
        let stores = match store {
            checked::Store::Memory => Self::memory(),
            checked::Store::Sqlite(path) => {
                let opened = Sqlite::open(path).map_err(StoreError::Sqlite)?;
                let stores = Self::of(opened.key_values(), opened.quotas(), opened.records());
                Self { files: Files { store: Some(opened), ..Files::default() }, ..stores }
            }
            checked::Store::Redis(settings) => {
                let redis = Redis::new(redis(settings)?)?;
                let stores =
                    Self::of(Arc::clone(&redis) as _, Arc::clone(&redis) as _, Arc::clone(&redis) as _);
                Self { files: Files { redis: Some(redis), ..Files::default() }, ..stores }
            }
        };
        Ok(match usage {
            Some(usage) => stores.with_usage(usage).map_err(StoreError::Usage)?,
            None => stores,
        })
    }

    fn with_usage(self, usage: &checked::Usage) -> Result<Self, OpenError> {
        const DAY: Duration = Duration::from_secs(24 * 60 * 60);
        let account = Arc::new(match &usage.file {
            UsageFile::Sqlite(path) => Account::in_database(path, usage.keep_days.map(|days| DAY * days))?,
            UsageFile::JsonLines(path) => Account::in_lines(path)?,
        });
        let log: Arc<dyn UsageLog> = Arc::clone(&account) as _;
        Ok(Self { usage: Some(log), files: Files { usage: Some(account), ..self.files }, ..self })
    }

    /// Writes down what is not yet.
    pub(crate) async fn close(&self) {
        let Files { store, redis, usage } = self.files.clone();
        if let Some(redis) = redis {
            redis.close(LAST_WORDS).await;
        }
        let closing = tokio::task::spawn_blocking(move || {
            if let Some(account) = usage {
                account.close();
            }
            if let Some(store) = store {
                store.close();
            }
        });
        if closing.await.is_err() {
            tracing::error!("a store could not be closed");
        }
    }
}

fn redis(settings: &checked::Redis) -> Result<RedisSettings, StoreError> {
    let address = |(host, port): &(String, u16)| {
        if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
    };
    let all = |servers: &Vec<(String, u16)>| servers.iter().map(address).collect();
    let servers = match &settings.servers {
        RedisServers::One(server) => Servers::One(address(server)),
        RedisServers::Cluster(servers) => Servers::Cluster(all(servers)),
        RedisServers::Sentinel { master, nodes } => {
            Servers::Sentinel { master: master.clone(), nodes: all(nodes) }
        }
    };
    Ok(RedisSettings {
        username: settings.username.clone(),
        password: settings.password.clone(),
        database: settings.database,
        tls: settings.tls.as_ref().map(certificates).transpose()?,
        prefix: settings.prefix.clone(),
        timeout: settings.timeout,
        ..RedisSettings::new(servers)
    })
}

fn certificates(tls: &checked::ClusterTls) -> Result<RedisTls, StoreError> {
    let read = |file: &Path| {
        fs::read(file).map_err(|cause| StoreError::Certificate { file: file.display().to_string(), cause })
    };
    let pem = |file: &Option<std::path::PathBuf>| file.as_deref().map(read).transpose();
    Ok(RedisTls { ca: pem(&tls.ca)?, certificate: pem(&tls.certificate)?, key: pem(&tls.key)? })
}
