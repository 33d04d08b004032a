//! The gateway as the admin API sees it.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use serde_json::Value;
use tidegate_admin::{Control, PluginError, ReloadError, Reloaded};

use crate::reload::Reloader;

/// Answers the admin API from the reloader.
pub(crate) struct AdminControl(pub(crate) Arc<Reloader>);

impl Control for AdminControl {
    fn ready(&self) -> bool {
        self.0.is_ready()
    }

    fn reload(&self) -> BoxFuture<'_, Result<Reloaded, ReloadError>> {
        Box::pin(self.0.reload("admin API"))
    }

    fn config(&self) -> Value {
        self.0.shown()
    }

    fn plugins(&self) -> Vec<Value> {
        self.0.shown_plugins()
    }

    fn traces(&self) -> Vec<Box<str>> {
        self.0.traces().ids()
    }

    fn trace(&self, request_id: &str) -> Option<Value> {
        self.0.traces().find(request_id)
    }

    fn put_plugin(&self, name: String, wanted: Value) -> BoxFuture<'_, Result<Value, PluginError>> {
        Box::pin(async move { self.0.put_plugin(&name, wanted).await })
    }

    fn delete_plugin(&self, name: String) -> BoxFuture<'_, Result<Value, PluginError>> {
        Box::pin(async move { self.0.delete_plugin(&name).await })
    }

    fn roll_back_plugin(&self, name: String) -> BoxFuture<'_, Result<Value, PluginError>> {
        Box::pin(async move { self.0.roll_back_plugin(&name).await })
    }
}
