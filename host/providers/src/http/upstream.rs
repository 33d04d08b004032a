//! Any HTTP server as an upstream: paths, queries and bodies pass as they are.

use tidegate_contract::{Dialect, Operation};

use crate::upstream::{Provider, Serving, Site, Target, joined};

/// `provider: http`
#[derive(Debug)]
pub(crate) struct Http;

impl Provider for Http {
    fn name(&self) -> &str {
        "http"
    }

    fn takes_stream_options(&self) -> bool {
        false
    }

    fn serves(&self, _dialect: Dialect, _operation: Operation) -> Serving {
        Serving::Passes
    }

    fn default_endpoint(&self, _site: &Site) -> Option<String> {
        None
    }

    fn default_prefix(&self) -> &str {
        ""
    }

    fn path(&self, target: &Target<'_>) -> String {
        joined([target.base_path, target.prefix, target.path], target.query)
    }
}
