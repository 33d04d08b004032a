//! What the chain asks of a filter, built in or loaded.

use futures_util::future::BoxFuture;
use tidegate_contract::{AuthVerdict, Context, Head};

/// A configured filter. Every hook has a default that does nothing, and only subscribed hooks are called.
///
/// Calls are concurrent. A future that is dropped was cancelled: its client left or its deadline passed.
pub trait Plugin: Send + Sync + 'static {
    /// The hooks that this configuration wants; read once, when the chain is made.
    fn hooks(&self) -> Hooks;

    /// Says who is calling. Runs before anything of the body is trusted, in the order of the chain.
    ///
    /// # Errors
    /// A [`HookError`] is a failure of the filter, never a verdict: the chain decides by `on_error`.
    fn authenticate<'a>(
        &'a self,
        _context: Context<'a>,
        _head: Head<'a>,
    ) -> BoxFuture<'a, Result<AuthVerdict, HookError>> {
        Box::pin(std::future::ready(Ok(AuthVerdict::Pass)))
    }
}

/// The hooks a filter subscribes to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Hooks {
    /// [`Plugin::authenticate`].
    pub authenticate: bool,
}

/// Why a hook gave no verdict.
#[derive(Debug, thiserror::Error)]
pub enum HookError {
    /// The filter said so itself.
    #[error("{0}")]
    Failed(String),
    /// It had no answer when its time was up.
    #[error("no verdict within {} ms", .0.as_millis())]
    Deadline(std::time::Duration),
    /// It panicked; the call is lost, the process is not.
    #[error("the filter panicked")]
    Panicked,
}
