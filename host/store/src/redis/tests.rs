//! Against real servers, which each test starts for itself.

#[path = "tests/clocked.rs"]
mod clocked;
#[path = "tests/cluster.rs"]
mod cluster;
#[path = "tests/log.rs"]
mod log;
#[path = "tests/outages.rs"]
mod outages;
#[path = "tests/pace.rs"]
mod pace;
#[path = "tests/quotas.rs"]
mod quotas;
#[path = "tests/records.rs"]
mod records;
#[path = "tests/sentinel.rs"]
mod sentinel;
#[path = "tests/server.rs"]
mod server;
#[path = "tests/settings.rs"]
mod settings;
#[path = "tests/tls.rs"]
mod tls;
#[path = "tests/values.rs"]
mod values;
