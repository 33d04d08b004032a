//! The filters that a configuration may name: each with its settings' schema and the way to make one.

use std::sync::Arc;

use serde_json::Value;

use crate::authorizers::Authorizers;
use crate::keys::KeyDirectory;
use crate::plugin::Plugin;
use crate::prices::Prices;
use crate::quotas::Quotas;
use crate::services::{Clusters, HttpClient, KeyValue};

/// Makes filters of one kind.
pub trait FilterFactory: Send + Sync + 'static {
    /// The key of the filter's entry, such as `auth_filter`.
    fn kind(&self) -> &'static str;

    /// The JSON Schema of its settings; secrets carry `writeOnly: true`.
    fn schema(&self) -> Value;

    /// Makes a filter from settings that hold to the schema.
    ///
    /// # Errors
    /// Every problem that the schema cannot express, with its place in the settings.
    fn build(&self, settings: &Value, world: &World<'_>) -> Result<Arc<dyn Plugin>, Vec<SettingsProblem>>;
}

/// What filters are made with, besides their settings.
pub struct World<'w> {
    /// The filter's place in the configuration: the same after a reload that leaves it where it is, and no other's.
    pub place: &'w str,
    /// Files that settings name.
    pub documents: &'w dyn Documents,
    /// Other servers; what an operator's settings name may be reached.
    pub http: Arc<dyn HttpClient>,
    /// Servers that decide about requests over gRPC.
    pub authorizers: Arc<dyn Authorizers>,
    /// The clusters of the configuration.
    pub clusters: Arc<dyn Clusters>,
    /// What counts use against limits; outlives the configuration.
    pub quotas: Arc<dyn Quotas>,
    /// Where values outlive a request, under keys that begin with the name of the filter's kind.
    pub kv: Arc<dyn KeyValue>,
    /// API keys that are made while the gateway runs.
    pub keys: Arc<dyn KeyDirectory>,
    /// What models cost.
    pub prices: Arc<Prices>,
}

/// Something wrong in a filter's settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingsProblem {
    /// RFC 6901, from the root of the settings.
    pub pointer: String,
    /// What is wrong and what to change.
    pub message: String,
}

/// Reads files that settings name: relative to the configuration, and watched for changes from then on.
pub trait Documents {
    /// The YAML or JSON document at `path`, checked against `schema`.
    ///
    /// # Errors
    /// One line for each problem, with file, line and column where it has one.
    fn read(&self, path: &str, schema: &Value) -> Result<Value, Vec<String>>;
}

/// All kinds of filters, in the order in which they are listed to users.
#[derive(Default)]
pub struct Registry {
    factories: Vec<Box<dyn FilterFactory>>,
}

impl Registry {
    /// A registry of these kinds.
    pub fn new(factories: Vec<Box<dyn FilterFactory>>) -> Self {
        Self { factories }
    }

    /// The names of all kinds.
    pub fn kinds(&self) -> impl Iterator<Item = &'static str> {
        self.factories.iter().map(|factory| factory.kind())
    }

    /// The factory of a kind.
    pub fn get(&self, kind: &str) -> Option<&dyn FilterFactory> {
        self.factories.iter().find(|factory| factory.kind() == kind).map(Box::as_ref)
    }
}
