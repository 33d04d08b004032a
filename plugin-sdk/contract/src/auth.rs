//! The auth hook: who is calling, and may they.

use std::net::IpAddr;
use std::sync::Arc;

use crate::Header;

/// The head of a request as an auth hook sees it, normalised: the path that is routed is this path.
#[derive(Debug, Clone, Copy)]
pub struct Head<'a> {
    /// `GET`, `POST`, …
    pub method: &'a str,
    /// `http` or `https`, as the client connected.
    pub scheme: &'a str,
    /// Host and, where given, port.
    pub authority: &'a str,
    /// The normalised path, percent-encoded, without the query.
    pub path: &'a str,
    /// The query without its `?`, percent-encoded; empty where there is none.
    pub query: &'a str,
    /// Lower-case names with the values' bytes, in order, repeated fields repeated.
    pub headers: &'a [(&'a str, &'a [u8])],
    /// Who connected.
    pub client: Peer<'a>,
    /// The SHA-256 of the body, where a hook subscribed to it.
    pub body_sha256: Option<&'a [u8]>,
}

/// The other end of the client's connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer<'a> {
    /// The address, after trusted proxies are taken into account.
    pub address: IpAddr,
    /// The SHA-256 of the certificate that the client showed.
    pub certificate_sha256: Option<&'a [u8]>,
    /// The names in that certificate.
    pub names: &'a [String],
}

impl Peer<'_> {
    /// A client that showed no certificate.
    pub fn at(address: IpAddr) -> Self {
        Self { address, certificate_sha256: None, names: &[] }
    }
}

/// A verified identity. There is no empty principal and no default one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// The name in logs, limits and usage.
    pub id: String,
    /// The tenant that the principal belongs to.
    pub tenant: Option<String>,
    /// The models that it may use; `None` allows every model. Plugins do not see it: the host holds it.
    pub models: Option<ModelNames>,
    /// What else is known of it, by name.
    pub attributes: Vec<(String, String)>,
}

impl Principal {
    /// A principal that may use every model and of which nothing else is known.
    pub fn named(id: impl Into<String>) -> Self {
        Self { id: id.into(), tenant: None, models: None, attributes: Vec::new() }
    }
}

/// A list of model globs: `*` stands for any run of characters, `?` for one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelNames(Vec<String>);

impl ModelNames {
    /// A list of globs such as `gpt-4o*`; an empty list allows nothing.
    pub fn new(globs: impl IntoIterator<Item = String>) -> Self {
        Self(globs.into_iter().collect())
    }

    /// The globs, as written.
    pub fn globs(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// Whether one of the globs matches the whole of `model`. Linear in both lengths, case-sensitive.
    pub fn allow(&self, model: &str) -> bool {
        self.globs().any(|glob| glob_matches(glob.as_bytes(), model.as_bytes()))
    }
}

/// Matches greedily and goes back to the last `*` only: O(pattern × text) at worst, never exponential.
fn glob_matches(glob: &[u8], text: &[u8]) -> bool {
    let (mut g, mut t) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    while t < text.len() {
        match glob.get(g) {
            Some(b'*') => {
                retry = Some((g + 1, t));
                g += 1;
            }
            // Not in the middle of a character, where a `*` before it may have stopped.
            Some(b'?') if !is_continuation(text[t]) => {
                g += 1;
                t += 1 + text[t + 1..].iter().take_while(|byte| is_continuation(**byte)).count();
            }
            Some(&byte) if byte == text[t] && byte != b'?' => {
                g += 1;
                t += 1;
            }
            _ => match retry {
                Some((after_star, taken)) => {
                    retry = Some((after_star, taken + 1));
                    g = after_star;
                    t = taken + 1;
                }
                None => return false,
            },
        }
    }
    glob[g..].iter().all(|&byte| byte == b'*')
}

/// Whether a byte goes on with a character of UTF-8 that an earlier one began.
fn is_continuation(byte: u8) -> bool {
    byte & 0b1100_0000 == 0b1000_0000
}

/// An edit of the request's headers. `set` replaces every field of the name, `add` appends one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HeaderEdit {
    /// Replace all fields of this name by one.
    Set(String, Vec<u8>),
    /// Append a field.
    Add(String, Vec<u8>),
    /// Remove all fields of this name.
    Remove(String),
}

/// A yes: who it is, and what to change in the request's headers.
#[derive(Debug, Clone)]
pub struct Grant {
    /// The identity; shared, because most grants hand out one that was made when the filter was configured.
    pub principal: Arc<Principal>,
    /// Applied in order before the request is routed.
    pub headers: Vec<HeaderEdit>,
}

/// A no; the host writes it in the shape of the client's dialect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// 400 to 599.
    pub status: u16,
    /// A short machine-readable word such as `invalid_api_key`.
    pub code: String,
    /// One sentence for the person who reads it; never a secret.
    pub message: String,
    /// Further fields of the answer, such as `retry-after`.
    pub headers: Vec<Header>,
}

impl Refusal {
    /// A refusal without fields of its own.
    pub fn new(status: u16, code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { status, code: code.into(), message: message.into(), headers: Vec::new() }
    }
}

/// The answer of an auth hook.
#[derive(Debug, Clone)]
pub enum AuthVerdict {
    /// No credential of this filter's kind is here; the next auth hook is asked.
    Pass,
    /// The credential is good.
    Allow(Grant),
    /// The credential is of this filter's kind, and wrong. Ends the request.
    Deny(Refusal),
}

#[cfg(test)]
#[path = "auth_tests.rs"]
mod tests;
