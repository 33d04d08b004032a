//! The gateway as the admin API sees it.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use serde_json::Value;
use tidegate_admin::{ApiError, Control, KeyControl, ReloadError, Reloaded};
use tidegate_pipeline::UsageLog;

use crate::key_control::Keys;
use crate::reload::Reloader;
use crate::stores::Stores;
use crate::usage;

/// Answers the admin API from the reloader and the stores.
pub(crate) struct AdminControl {
    reloader: Arc<Reloader>,
    keys: Keys,
    usage: Option<Arc<dyn UsageLog>>,
}

impl AdminControl {
    pub(crate) fn new(reloader: Arc<Reloader>, stores: &Stores) -> Self {
        Self { reloader, keys: Keys(Arc::clone(&stores.keys)), usage: stores.usage.clone() }
    }
}

impl Control for AdminControl {
    fn ready(&self) -> bool {
        self.reloader.is_ready()
    }

    fn reload(&self) -> BoxFuture<'_, Result<Reloaded, ReloadError>> {
        Box::pin(self.reloader.reload("admin API"))
    }

    fn config(&self) -> Value {
        self.reloader.shown()
    }

    fn keys(&self) -> &dyn KeyControl {
        &self.keys
    }

    fn usage(&self, query: Vec<(String, String)>) -> BoxFuture<'_, Result<Value, ApiError>> {
        Box::pin(async move {
            let Some(log) = &self.usage else {
                let text = "no account of usage is kept; name a file under \"usage\" of the configuration, and start again";
                return Err(ApiError::NotFound(text.into()));
            };
            usage::report(&**log, &query).await
        })
    }

    fn plugins(&self) -> Vec<Value> {
        self.reloader.shown_plugins()
    }

    fn traces(&self) -> Vec<Box<str>> {
        self.reloader.traces().ids()
    }

    fn trace(&self, request_id: &str) -> Option<Value> {
        self.reloader.traces().find(request_id)
    }

    fn put_plugin(&self, name: String, wanted: Value) -> BoxFuture<'_, Result<Value, ApiError>> {
        Box::pin(async move { self.reloader.put_plugin(&name, wanted).await })
    }

    fn delete_plugin(&self, name: String) -> BoxFuture<'_, Result<Value, ApiError>> {
        Box::pin(async move { self.reloader.delete_plugin(&name).await })
    }

    fn roll_back_plugin(&self, name: String) -> BoxFuture<'_, Result<Value, ApiError>> {
        Box::pin(async move { self.reloader.roll_back_plugin(&name).await })
    }
}
