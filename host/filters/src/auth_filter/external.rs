//! A server that decides about each request from its head alone: over HTTP, as forward auth does, or over gRPC.

mod grpc;
mod settings;
mod words;

use std::sync::Arc;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use tidegate_contract::{AuthVerdict, Head, Header, Reply};
use tidegate_pipeline::{Call, HookError, HttpClient, HttpRequest};

pub(super) use settings::{ExternalSettings, checked};
use words::{Words, failed, replaced, said, standard};

use super::method::{Asked, Identity, Method};

/// The way in by another's word, over HTTP.
pub(super) struct External {
    url: String,
    method: String,
    /// Fields of the request that are shown, in lower case.
    shown: Vec<String>,
    /// Fields that are sent besides.
    set: Vec<(String, SecretString)>,
    words: Words,
    http: Arc<dyn HttpClient>,
}

impl Method for External {
    fn ask<'a>(&'a self, call: Call<'a>, head: Head<'a>) -> Asked<'a> {
        let request = self.question(&head, call.context.deadline);
        Asked::Later(Box::pin(async move {
            let reply = self.http.send(&request).await;
            let reply = reply.map_err(|error| failed(&format!("gives no answer: {error}")))?;
            self.verdict(&reply)
        }))
    }
}

impl External {
    fn question(&self, head: &Head<'_>, deadline: Duration) -> HttpRequest {
        let field = |name: &str, value: &[u8]| Header { name: name.into(), value: value.into() };
        let uri = if head.query.is_empty() {
            head.path.to_owned()
        } else {
            format!("{}?{}", head.path, head.query)
        };
        let told = [
            ("x-forwarded-method", head.method.to_owned()),
            ("x-forwarded-proto", head.scheme.to_owned()),
            ("x-forwarded-host", head.authority.to_owned()),
            ("x-forwarded-uri", uri),
            ("x-forwarded-for", head.client.address.to_string()),
        ];
        let told = told.iter().map(|(name, value)| field(name, value.as_bytes()));
        let set = self.set.iter().map(|(name, value)| field(name, value.expose_secret().as_bytes()));
        let is_shown = |name: &str| {
            let is_set = self.set.iter().any(|(set, _)| set == name);
            self.shown.iter().any(|shown| shown == name) && !is_set
        };
        let shown = head.headers.iter().filter(|(name, _)| is_shown(name));
        let shown = shown.map(|(name, value)| field(name, value));
        HttpRequest {
            method: self.method.clone(),
            url: self.url.clone(),
            headers: told.chain(set).chain(shown).collect(),
            body: Vec::new(),
            timeout: Some(deadline),
        }
    }

    fn verdict(&self, reply: &Reply) -> Result<AuthVerdict, HookError> {
        match reply.status {
            200..=299 => self.allow(reply),
            // What its body says may be meant for others than clients.
            status @ (401 | 403) => Ok(AuthVerdict::Deny(standard(status))),
            status => Err(failed(&format!("answers with status {status}"))),
        }
    }

    fn allow(&self, reply: &Reply) -> Result<AuthVerdict, HookError> {
        let principal = self.words.principal(&reply.headers)?;
        let edits = |name: &String| replaced(name, said(&reply.headers, name).map(<[u8]>::to_vec));
        let headers = self.words.allowed.iter().flat_map(edits).collect();
        Ok(Identity { headers, ..Identity::of(principal) }.allow())
    }
}

#[cfg(test)]
#[path = "external/external_tests.rs"]
mod tests;
