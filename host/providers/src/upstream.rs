//! What the gateway must know to send a request to a provider: path, credential, defaults.

use http::header::{HeaderMap, HeaderValue, InvalidHeaderValue};
use tidegate_contract::Dialect;

use crate::{anthropic, http as opaque, mock, openai};

/// A kind of upstream. One value serves all clusters of its kind; a new provider is one folder and a line in [`all`].
pub trait Provider: Send + Sync + std::fmt::Debug {
    /// The value of `provider` in the configuration and of `gen_ai.provider.name` in metrics.
    fn name(&self) -> &'static str;

    /// The dialect of its bodies; `None` where it has none or knows all, so that bodies always pass as they are.
    fn dialect(&self) -> Option<Dialect>;

    /// Scheme, authority and base path where the cluster names no `endpoint`; `None` where it must.
    fn default_endpoint(&self) -> Option<&'static str>;

    /// What comes between the endpoint and the operation where the cluster names no `path_prefix`; no slash at its end.
    fn default_prefix(&self) -> &'static str;

    /// Makes the header value that carries the key, marked sensitive. Done once, when the cluster is built.
    ///
    /// # Errors
    /// Where the key holds bytes that no header field may have.
    fn credential(&self, api_key: &str) -> Result<HeaderValue, InvalidHeaderValue> {
        let mut value = HeaderValue::try_from(format!("Bearer {api_key}"))?;
        value.set_sensitive(true);
        Ok(value)
    }

    /// Puts what [`Provider::credential`] made into the request, in place of any other credential of that kind.
    fn authorize(&self, headers: &mut HeaderMap, credential: &HeaderValue) {
        headers.insert(http::header::AUTHORIZATION, credential.clone());
    }

    /// Adds the fields that the provider demands and the client did not send.
    fn complete(&self, _headers: &mut HeaderMap) {}

    /// The path and query to send: `base_path` of the endpoint, `prefix`, then the operation of the client's path.
    ///
    /// `base_path` and `prefix` are empty or begin with a slash and do not end in one; `client_path` begins with a
    /// slash; `query` has no `?` and may be empty.
    fn path(&self, base_path: &str, prefix: &str, client_path: &str, query: &str) -> String;

    /// Whether bodies must be translated for a client of that dialect; else they pass as they are.
    fn translates(&self, client: Dialect) -> bool {
        self.dialect().is_some_and(|own| own != client)
    }
}

static ALL: [&dyn Provider; 4] = [
    &openai::upstream::OpenAi,
    &anthropic::upstream::Anthropic,
    &mock::upstream::Mock,
    &opaque::upstream::Http,
];

/// Every provider.
pub fn all() -> &'static [&'static dyn Provider] {
    &ALL
}

/// The provider of that name.
pub fn by_name(name: &str) -> Option<&'static dyn Provider> {
    all().iter().copied().find(|provider| provider.name() == name)
}

/// The parts one after another, and the query where there is one; one allocation.
pub(crate) fn joined(parts: [&str; 3], query: &str) -> String {
    let length = parts.iter().map(|part| part.len()).sum::<usize>() + 1 + query.len();
    let mut path = String::with_capacity(length);
    path.extend(parts);
    if !query.is_empty() {
        path.push('?');
        path.push_str(query);
    }
    path
}

#[cfg(test)]
#[path = "upstream_tests.rs"]
mod tests;
