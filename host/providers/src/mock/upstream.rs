//! The embedded model as an upstream.

use tidegate_contract::{Dialect, Operation};

use crate::openai::upstream::versioned;
use crate::upstream::{Provider, Service, Site, Target};

/// `provider: mock`
#[derive(Debug)]
pub(crate) struct Mock;

impl Provider for Mock {
    fn name(&self) -> &str {
        "mock"
    }

    /// It answers each client in its own.
    fn serves(&self, _dialect: Dialect, _operation: Operation) -> Service {
        Service::Passes
    }

    /// It is reached inside the process.
    fn default_endpoint(&self, _site: &Site) -> Option<String> {
        None
    }

    fn default_prefix(&self) -> &str {
        "/v1"
    }

    fn path(&self, target: &Target<'_>) -> String {
        versioned(target)
    }
}
