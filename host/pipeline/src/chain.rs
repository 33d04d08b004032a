//! Filters in the order of the configuration, and how their verdicts combine: authentication and what ends a request.

use std::sync::Arc;

use http::{HeaderMap, HeaderName};
use tidegate_contract::{AuthVerdict, Grant, Head, HeaderEdit, Hook, Hooks, Principal, Refusal};

use crate::apply;
use crate::document::NotJson;
use crate::guard::Link;
use crate::plugin::{Call, HookError};
use crate::session::Session;

/// How the verdicts of several auth filters combine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuthMode {
    /// The first that allows is enough.
    Any,
    /// Every one must allow.
    All,
}

/// The filters of a service, of a route with those of its service before them, or of a backend.
#[derive(Clone)]
pub struct Chain {
    pub(crate) links: Vec<Arc<Link>>,
    mode: AuthMode,
    hooks: Hooks,
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
    /// A moderation filter blocked.
    #[error("filter \"{filter}\" blocked: {reason}")]
    Blocked {
        /// The entry's name.
        filter: Arc<str>,
        /// What the client is told.
        reason: String,
        /// Whether it was the answer, not the request.
        answer: bool,
    },
    /// The body is none that filters can read, and one of them must.
    #[error(transparent)]
    Body(#[from] NotJson),
}

impl Chain {
    /// A chain of `links` in this order; those without hooks cost nothing.
    pub fn new(links: Vec<Arc<Link>>, mode: AuthMode) -> Self {
        let hooks =
            links.iter().flat_map(|link| Hook::ALL.into_iter().filter(|hook| link.has(*hook))).collect();
        Self { links, mode, hooks }
    }

    /// These filters, then those of `inner`.
    #[must_use]
    pub fn followed_by(&self, inner: &Self) -> Self {
        Self::new(self.links.iter().chain(&inner.links).map(Arc::clone).collect(), self.mode)
    }

    /// Whether any filter wants this hook, shadows included.
    pub fn has(&self, hook: Hook) -> bool {
        self.hooks.has(hook)
    }

    /// Whether any auth filter stands in it, shadows included.
    pub fn has_auth(&self) -> bool {
        self.has(Hook::Authenticate)
    }

    /// Whether an auth filter asks for the SHA-256 of the body.
    pub fn wants_body_digest(&self) -> bool {
        self.with(Hook::Authenticate).any(|link| link.subscription().body_digest)
    }

    /// Header fields of the operator's own in which auth filters take credentials.
    pub fn credential_fields(&self) -> impl Iterator<Item = &HeaderName> {
        self.links.iter().flat_map(|link| link.credential_fields())
    }

    /// The filters that should have judged an exchange and were never asked to. There must be none.
    pub fn skipped<'a>(&'a self, session: &'a Session, hook: Hook) -> impl Iterator<Item = &'a str> {
        self.with(hook).filter(move |link| session.has_skipped(link, hook)).map(|link| &**link.name())
    }

    pub(crate) fn with(&self, hook: Hook) -> impl DoubleEndedIterator<Item = &Arc<Link>> {
        self.links.iter().filter(move |link| link.has(hook))
    }

    /// Runs the auth hooks in order: a deny ends at once, the first allow sets the principal.
    ///
    /// # Errors
    /// [`Denied`] where a filter refuses or fails, and where the chain has auth filters and none of them
    /// (with [`AuthMode::All`]: not every one) allows.
    pub async fn authenticate(
        &self,
        session: &mut Session,
        head: Head<'_>,
        headers: &HeaderMap,
    ) -> Result<Authenticated, Denied> {
        let mut outcome = Authenticated::default();
        let mut missing = false;
        for link in self.with(Hook::Authenticate) {
            let failed = |error| Denied::Failed { filter: Arc::clone(link.name()), error };
            let Some(scope) = session.scope(link, headers).map_err(failed)? else {
                missing |= !link.is_shadow();
                continue;
            };
            let call = Call { context: session.context(), scope: &scope };
            let fields = link.headers().of_fields(head.headers);
            let head = Head { headers: &fields, ..head };
            let verdict =
                link.ask(Hook::Authenticate, call, |plugin, call| Ok(plugin.authenticate(call, head)));
            let carried = match verdict.await.map_err(failed)? {
                Some(AuthVerdict::Allow(grant)) => {
                    apply::check_headers(&grant.headers).map(|()| Some(Ok(grant)))
                }
                Some(AuthVerdict::Deny(refusal)) => apply::refusal(&refusal).map(|()| Some(Err(refusal))),
                Some(AuthVerdict::Pass) | None => Ok(None),
            };
            match link.forgive(Hook::Authenticate, session, carried).map_err(failed)?.flatten() {
                Some(Ok(grant)) => {
                    outcome.accept(grant);
                    if self.mode == AuthMode::Any {
                        return Ok(outcome);
                    }
                }
                Some(Err(refusal)) => {
                    return Err(Denied::Refused { filter: Arc::clone(link.name()), refusal });
                }
                // A failure that is forgiven is a pass, never an allow; a shadow is nobody's.
                None => missing |= !link.is_shadow(),
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
