//! Sources in their order: the first that is set up decides.

use futures_util::future::BoxFuture;

use crate::{CredentialsError, Why};

/// A source by the name that errors give it; it does nothing before its turn.
pub(crate) struct Link<'a, T> {
    pub(crate) name: &'static str,
    pub(crate) source: BoxFuture<'a, Result<T, CredentialsError>>,
}

impl<'a, T> Link<'a, T> {
    pub(crate) fn new(
        name: &'static str,
        source: impl Future<Output = Result<T, CredentialsError>> + Send + 'a,
    ) -> Self {
        Self { name, source: Box::pin(source) }
    }
}

/// What the first source gives that has anything; one that is set up wrongly ends the search, or a request would go out under
/// an identity that nobody meant.
pub(crate) async fn first<T>(
    cloud: &str,
    remedy: &str,
    links: Vec<Link<'_, T>>,
) -> Result<T, CredentialsError> {
    let mut tried = Vec::new();
    for Link { name, source } in links {
        match source.await {
            Ok(found) => return Ok(found),
            Err(error) if error.why() == Why::Absent => tried.push(format!("{name}: {error}")),
            Err(error) => return Err(error.at(&format!("credentials of {cloud} from {name}"))),
        }
    }
    let tried = tried.join(", ");
    Err(CredentialsError::absent(format!("no credentials of {cloud} were found ({tried}); {remedy}")))
}

#[cfg(test)]
#[path = "chain_tests.rs"]
mod tests;
