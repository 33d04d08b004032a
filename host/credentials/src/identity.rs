//! What a cluster holds: an identity in a cloud, asked for the header fields of each request.

use std::fmt;
use std::sync::Arc;

use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};

use crate::cached::Cached;
use crate::{Clock, CredentialsError, Lease, Sources, aws, azure, gcp, token};

/// Whose credentials, and where they come from.
#[derive(Debug, Clone)]
pub enum Wanted {
    /// Requests signed for a service of AWS.
    Aws(aws::Wanted),
    /// Tokens of Microsoft Entra.
    Azure(azure::Wanted),
    /// Tokens of Google.
    Gcp(gcp::Wanted),
}

/// A request as it will go out, as far as a signature covers it.
#[derive(Debug, Clone, Copy)]
pub struct Signable<'a> {
    /// Its method.
    pub method: &'a Method,
    /// Absolute, its path encoded exactly as it goes on the wire; `host` must go out as it says, without a usual port.
    pub url: &'a Uri,
    /// Its fields. `content-type` and `x-amz-*` are signed, so they must arrive as they are.
    pub headers: &'a HeaderMap,
    /// All of its body.
    pub body: &'a [u8],
}

/// An identity with its credentials, which are fetched with the first request and renewed ahead of their end.
pub struct Identity(Kind);

enum Kind {
    Bearer(Cached<token::Bearer>),
    Signer { keys: Cached<aws::Keys>, wanted: Arc<aws::Wanted>, clock: Arc<dyn Clock> },
}

/// The fields that make a request one of an identity.
pub type Fields = Vec<(HeaderName, HeaderValue)>;

/// Which credentials a request shows, so that they are known again where an upstream refuses them.
pub struct Shown(Value);

enum Value {
    Bearer(Arc<token::Bearer>),
    Keys(Arc<aws::Keys>),
}

impl Identity {
    /// Asks nobody yet; `cluster` is for the log.
    pub fn new(cluster: &str, sources: &Sources, wanted: Wanted) -> Self {
        let asked = sources.clone();
        Self(match wanted {
            Wanted::Aws(wanted) => Self::signer(cluster, asked, Arc::new(wanted)),
            Wanted::Azure(wanted) => {
                let asked = Arc::new((asked, wanted));
                Kind::Bearer(Cached::new(cluster, move || {
                    let asked = Arc::clone(&asked);
                    async move {
                        let Lease { value, life } = azure::token(&asked.0, &asked.1).await?;
                        Ok(Lease { value: token::Bearer { token: value, project: None }, life })
                    }
                }))
            }
            Wanted::Gcp(wanted) => {
                let asked = Arc::new((asked, wanted));
                Kind::Bearer(Cached::new(cluster, move || {
                    let asked = Arc::clone(&asked);
                    async move { gcp::token(&asked.0, &asked.1).await }
                }))
            }
        })
    }

    fn signer(cluster: &str, sources: Sources, wanted: Arc<aws::Wanted>) -> Kind {
        let clock = Arc::clone(&sources.clock);
        let asked = Arc::new((sources, Arc::clone(&wanted)));
        let keys = Cached::new(cluster, move || {
            let asked = Arc::clone(&asked);
            async move { aws::keys(&asked.0, &asked.1).await }
        });
        Kind::Signer { keys, wanted, clock }
    }

    /// The fields that make a request one of this identity, in place of those of the same names, and what they show.
    pub async fn headers(&self, request: &Signable<'_>) -> Result<(Fields, Shown), CredentialsError> {
        match &self.0 {
            Kind::Bearer(token) => {
                let token = token.get().await?;
                Ok((token.fields()?, Shown(Value::Bearer(token))))
            }
            Kind::Signer { keys, wanted, clock } => {
                let keys = keys.get().await?;
                let scope =
                    aws::Scope { region: &wanted.region, service: &wanted.service, time: clock.now() };
                let headers = aws::covered(request.headers);
                let fields = aws::sign(&Signable { headers: &headers, ..*request }, &keys, &scope)?;
                Ok((fields, Shown(Value::Keys(keys))))
            }
        }
    }

    /// Has credentials fetched anew that an upstream refused; see [`Cached::forget`]. Those of another identity are none of
    /// its business.
    pub fn forget(&self, refused: &Shown) {
        match (&self.0, &refused.0) {
            (Kind::Bearer(token), Value::Bearer(refused)) => token.forget(refused),
            (Kind::Signer { keys, .. }, Value::Keys(refused)) => keys.forget(refused),
            _ => {}
        }
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match &self.0 {
            Kind::Bearer(_) => "Identity(bearer token)",
            Kind::Signer { .. } => "Identity(signature of AWS)",
        })
    }
}

impl fmt::Debug for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Shown([REDACTED])")
    }
}

#[cfg(test)]
#[path = "identity_tests.rs"]
mod tests;
