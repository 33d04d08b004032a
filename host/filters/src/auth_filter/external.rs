//! A server that decides about each request from its head alone, as forward auth does.

mod settings;

use std::sync::Arc;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use tidegate_contract::{AuthVerdict, Head, Header, HeaderEdit, Principal, Refusal, Reply};
use tidegate_pipeline::{Call, HookError, HttpClient, HttpRequest};

pub(super) use settings::{ExternalSettings, checked};

use super::method::{Asked, Identity, Method, is_name};

/// The way in by another's word.
pub(super) struct External {
    url: String,
    method: String,
    /// Fields of the request that are shown, in lower case.
    shown: Vec<String>,
    /// Fields that are sent besides.
    set: Vec<(String, SecretString)>,
    /// Fields of the answer that say who is calling, in lower case.
    principal: String,
    tenant: Option<String>,
    /// Fields of the answer that go on with the request, in lower case.
    allowed: Vec<String>,
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
            401 => Ok(AuthVerdict::Deny(Refusal::new(
                401,
                "unauthorized",
                "the request is not let in; check its credential",
            ))),
            403 => Ok(AuthVerdict::Deny(Refusal::new(403, "forbidden", "the caller may not do this"))),
            status => Err(failed(&format!("answers with status {status}"))),
        }
    }

    fn allow(&self, reply: &Reply) -> Result<AuthVerdict, HookError> {
        let id = single(reply, &self.principal).filter(|id| is_name(id));
        let id = id.ok_or_else(|| {
            failed(&format!("lets somebody in and does not say who in one \"{}\"", self.principal))
        })?;
        let tenant = self.tenant.as_ref().map(|name| {
            let tenant = single(reply, name).filter(|tenant| is_name(tenant));
            tenant.ok_or_else(|| {
                failed(&format!("lets somebody in and does not say of which tenant in one \"{name}\""))
            })
        });
        let principal = Principal { tenant: tenant.transpose()?, ..Principal::named(id) };
        let headers = self.allowed.iter().flat_map(|name| edits(name, reply)).collect();
        Ok(Identity { headers, ..Identity::of(principal) }.allow())
    }
}

/// The value of a field that is there once, as text.
fn single(reply: &Reply, name: &str) -> Option<String> {
    let mut values = values(reply, name);
    let value = values.next().filter(|_| values.next().is_none())?;
    std::str::from_utf8(value).ok().map(|text| text.trim().to_owned())
}

/// What the client sent under that name never stays.
fn edits(name: &str, reply: &Reply) -> Vec<HeaderEdit> {
    let added = values(reply, name).map(|value| HeaderEdit::Add(name.to_owned(), value.to_vec()));
    std::iter::once(HeaderEdit::Remove(name.to_owned())).chain(added).collect()
}

fn values<'r>(reply: &'r Reply, name: &str) -> impl Iterator<Item = &'r [u8]> {
    let fields = reply.headers.iter().filter(move |header| header.name == name);
    fields.map(|header| &*header.value).collect::<Vec<_>>().into_iter()
}

fn failed(cause: &str) -> HookError {
    HookError::Failed(format!("the server that decides about requests {cause}"))
}

#[cfg(test)]
#[path = "external/external_tests.rs"]
mod tests;
