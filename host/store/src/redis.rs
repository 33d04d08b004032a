//! Values, counters and records in a Redis or Valkey server, which several gateways share.
//!
//! Every change is one script or one command, so that it happens wholly or not at all, and by the server's own clock. A server
//! that gives no answer in time is an error of the call, never a wait: connections are made and kept in the background.

mod connect;
mod courier;
mod fault;
mod link;
mod outage;
mod quotas;
mod records;
mod request;
mod settings;
mod slots;
mod values;

use std::sync::Arc;
use std::time::Duration;

use courier::Courier;
use link::Link;
use slots::Keys;

pub use settings::{BadSettings, RedisSettings, RedisTls, Servers};

/// A server, a cluster of them, or a master that sentinels know; behind all three traits of stores.
pub struct Redis {
    link: Arc<Link>,
    courier: Courier,
    keys: Keys,
}

impl Redis {
    /// Connects with the first call, so that a gateway starts also where the server is down.
    ///
    /// # Errors
    /// Where the settings cannot be right for any server.
    pub fn new(settings: RedisSettings) -> Result<Arc<Self>, BadSettings> {
        let keys = Keys::new(settings.prefix.clone(), matches!(settings.servers, Servers::Cluster(_)))?;
        let timeout = settings.timeout;
        let link = Arc::new(Link::new(connect::Opener::new(settings)?, timeout));
        let courier = Courier::new(Arc::clone(&link), keys.clone());
        Ok(Arc::new(Self { link, courier, keys }))
    }

    /// Waits until no settlement is on its way any more, for so long at most.
    pub async fn close(&self, patience: Duration) {
        const LOOK: Duration = Duration::from_millis(5);
        let end = tokio::time::Instant::now() + patience;
        while self.waiting() > 0 && tokio::time::Instant::now() < end {
            tokio::time::sleep(LOOK).await;
        }
        let left = self.waiting();
        if left > 0 {
            tracing::warn!(left, "settlements could not be delivered; their reservations stay counted");
        }
    }

    /// Settlements that wait for the server to come back.
    pub fn waiting(&self) -> usize {
        self.courier.waiting()
    }
}

#[cfg(test)]
#[path = "redis/tests.rs"]
mod tests;
