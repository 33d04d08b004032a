//! API keys as the admin API sees them.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use serde_json::Value;
use tidegate_admin::{ApiError, KeyControl};
use tidegate_filters::{KeyError, ManagedKeys};

/// Answers from the keys.
pub(crate) struct Keys(pub(crate) Arc<ManagedKeys>);

fn told(error: KeyError) -> ApiError {
    let text = error.to_string();
    match error {
        KeyError::NotFound(_) => ApiError::NotFound(text),
        KeyError::Invalid(_) => ApiError::Invalid(text),
        KeyError::Unavailable(_) => ApiError::Unavailable(text),
    }
}

impl KeyControl for Keys {
    fn create(&self, wanted: Value) -> BoxFuture<'_, Result<Value, ApiError>> {
        Box::pin(async move { self.0.create(&wanted).await.map_err(told) })
    }

    fn list(&self, query: Vec<(String, String)>) -> BoxFuture<'_, Result<Value, ApiError>> {
        Box::pin(async move { self.0.list(&query).await.map_err(told) })
    }

    fn get(&self, id: String) -> BoxFuture<'_, Result<Value, ApiError>> {
        Box::pin(async move { self.0.get(&id).await.map_err(told) })
    }

    fn update(&self, id: String, wanted: Value) -> BoxFuture<'_, Result<Value, ApiError>> {
        Box::pin(async move { self.0.update(&id, &wanted).await.map_err(told) })
    }

    fn rotate(&self, id: String, wanted: Value) -> BoxFuture<'_, Result<Value, ApiError>> {
        Box::pin(async move { self.0.rotate(&id, &wanted).await.map_err(told) })
    }

    fn revoke(&self, id: String) -> BoxFuture<'_, Result<(), ApiError>> {
        Box::pin(async move { self.0.revoke(&id).await.map_err(told) })
    }
}
