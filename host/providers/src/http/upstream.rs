//! Any HTTP server as an upstream: paths, queries and bodies pass as they are.

use tidegate_contract::Dialect;

use crate::upstream::{Provider, joined};

/// `provider: http`
#[derive(Debug)]
pub(crate) struct Http;

impl Provider for Http {
    fn name(&self) -> &'static str {
        "http"
    }

    fn dialect(&self) -> Option<Dialect> {
        None
    }

    fn default_endpoint(&self) -> Option<&'static str> {
        None
    }

    fn default_prefix(&self) -> &'static str {
        ""
    }

    fn path(&self, base_path: &str, prefix: &str, client_path: &str, query: &str) -> String {
        joined([base_path, prefix, client_path], query)
    }
}
