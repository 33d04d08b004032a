//! API keys that are made while the gateway runs, as filters that authenticate see them.

use std::sync::Arc;

use tidegate_contract::Principal;

use crate::quotas::Limit;
use crate::services::StoreError;

/// Finds whose key it is. What is changed by the admin API of this gateway is seen by the next call.
pub trait KeyDirectory: Send + Sync + 'static {
    /// By the SHA-256 of the key; `None` where it is unknown, expired or revoked.
    ///
    /// # Errors
    /// Where the store has not told yet which keys there are.
    fn holder(&self, sha256: &[u8; 32]) -> Result<Option<Arc<KeyHolder>>, StoreError>;
}

/// Whom a key stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyHolder {
    /// Who uses it.
    pub principal: Arc<Principal>,
    /// Limits of its own.
    pub limits: Arc<[Limit]>,
    /// As what use is counted against them: the same after the key was rotated.
    pub counted_as: Box<str>,
}

impl KeyHolder {
    /// Somebody whose key has no end and no limits.
    pub fn of(principal: Principal) -> Self {
        let counted_as = principal.id.as_str().into();
        Self { principal: Arc::new(principal), limits: Arc::default(), counted_as }
    }
}
