//! The embedded model as an upstream.

use tidegate_contract::Dialect;

use crate::openai::upstream::versioned;
use crate::upstream::Provider;

/// `provider: mock`
#[derive(Debug)]
pub(crate) struct Mock;

impl Provider for Mock {
    fn name(&self) -> &'static str {
        "mock"
    }

    /// It answers each client in its own.
    fn dialect(&self) -> Option<Dialect> {
        None
    }

    /// It is reached inside the process.
    fn default_endpoint(&self) -> Option<&'static str> {
        None
    }

    fn default_prefix(&self) -> &'static str {
        "/v1"
    }

    fn path(&self, base_path: &str, prefix: &str, client_path: &str, query: &str) -> String {
        versioned(base_path, prefix, client_path, query)
    }
}
