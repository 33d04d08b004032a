//! Filters in the order of the configuration, and how their verdicts combine.

use std::sync::Arc;

use tidegate_contract::{AuthVerdict, Context, Grant, Head, HeaderEdit, Principal, Refusal};

use crate::guard::Link;
use crate::plugin::HookError;

/// How the verdicts of several auth filters combine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuthMode {
    /// The first that allows is enough.
    Any,
    /// Every one must allow.
    All,
}

/// The filters of a service or of a route.
pub struct Chain {
    auth: Vec<Link>,
    mode: AuthMode,
}

/// A request that may go on.
#[derive(Debug, Default)]
pub struct Authenticated {
    /// Who is calling; `None` only where the chain has no auth filter.
    pub principal: Option<Arc<Principal>>,
    /// Header edits of the grants, in order.
    pub headers: Vec<HeaderEdit>,
}

/// A request that ends here.
#[derive(Debug, thiserror::Error)]
pub enum Denied {
    /// A filter said no.
    #[error("filter \"{filter}\" refused: {}", refusal.message)]
    Refused {
        /// The entry's name.
        filter: Arc<str>,
        /// What the client is told.
        refusal: Refusal,
    },
    /// No filter recognised a credential.
    #[error("no credential was accepted")]
    Unauthenticated,
    /// A filter failed and its `on_error` is `deny`.
    #[error("filter \"{filter}\" failed: {error}")]
    Failed {
        /// The entry's name.
        filter: Arc<str>,
        /// Why it gave no verdict.
        error: HookError,
    },
}

impl Chain {
    /// A chain of `links` in this order; those without hooks of ours cost nothing.
    pub fn new(links: Vec<Link>, mode: AuthMode) -> Self {
        let auth = links.into_iter().filter(Link::authenticates).collect();
        Self { auth, mode }
    }

    /// Whether any auth filter stands in it, shadows included.
    pub fn has_auth(&self) -> bool {
        !self.auth.is_empty()
    }

    /// Runs the auth hooks in order: a deny ends at once, the first allow sets the principal.
    ///
    /// # Errors
    /// [`Denied`] where a filter refuses or fails, and where the chain has auth filters and none of them
    /// (with [`AuthMode::All`]: not every one) allows.
    pub async fn authenticate(&self, context: Context<'_>, head: Head<'_>) -> Result<Authenticated, Denied> {
        let mut outcome = Authenticated::default();
        let mut missing = false;
        for link in &self.auth {
            if link.is_shadow() {
                // Counted and logged by the call itself; its verdict, even its failure, is nobody's.
                let _ = link.authenticate(context, head).await;
                continue;
            }
            match link.authenticate(context, head).await {
                Ok(AuthVerdict::Allow(grant)) => {
                    outcome.accept(grant);
                    if self.mode == AuthMode::Any {
                        return Ok(outcome);
                    }
                }
                Ok(AuthVerdict::Pass) => missing = true,
                Ok(AuthVerdict::Deny(refusal)) => {
                    return Err(Denied::Refused { filter: Arc::clone(link.name()), refusal });
                }
                Err(error) => return Err(Denied::Failed { filter: Arc::clone(link.name()), error }),
            }
        }
        if missing { Err(Denied::Unauthenticated) } else { Ok(outcome) }
    }
}

impl Authenticated {
    fn accept(&mut self, grant: Grant) {
        self.principal.get_or_insert(grant.principal);
        self.headers.extend(grant.headers);
    }
}

#[cfg(test)]
#[path = "chain_tests.rs"]
mod tests;
