//! A server that is asked over gRPC, in the words of Envoy's external authorization.

use std::sync::Arc;

use http::{HeaderName, HeaderValue};
use tidegate_contract::{AuthVerdict, Head, Header, HeaderEdit, Refusal};
use tidegate_pipeline::{
    Authorizer, AuthzField, AuthzGrant, AuthzRefusal, AuthzRequest, AuthzVerdict, Call, FieldAction,
    HookError,
};

use super::words::{Words, failed, replaced, standard};
use crate::auth_filter::claims::unfit;
use crate::auth_filter::method::{Asked, Identity, Method};

/// The way in by another's word, over gRPC.
pub(super) struct GrpcExternal {
    /// Fields of the request that are shown, in lower case.
    pub(super) shown: Vec<String>,
    pub(super) words: Words,
    pub(super) server: Arc<dyn Authorizer>,
}

impl Method for GrpcExternal {
    fn ask<'a>(&'a self, call: Call<'a>, head: Head<'a>) -> Asked<'a> {
        Asked::Later(Box::pin(async move {
            let is_shown = |(name, _): &&(&str, &[u8])| self.shown.iter().any(|shown| shown == name);
            let fields: Vec<_> = head.headers.iter().filter(is_shown).copied().collect();
            let (id, deadline) = (call.context.request_id, call.context.deadline);
            let request =
                AuthzRequest { id, head: Head { headers: &fields, ..head }, size: size(&head), deadline };
            let verdict = self.server.check(request).await;
            match verdict.map_err(|error| failed(&format!("gives no answer: {error}")))? {
                AuthzVerdict::Allow(grant) => self.allow(grant, &head),
                AuthzVerdict::Deny(refusal) => Ok(AuthVerdict::Deny(denied(refusal))),
            }
        }))
    }
}

impl GrpcExternal {
    fn allow(&self, grant: AuthzGrant, head: &Head<'_>) -> Result<AuthVerdict, HookError> {
        let principal = self.words.principal(&told(&grant))?;
        let edits = |name: &String| edits(name, sent(head, name), &grant.fields);
        let allowed = self.words.allowed.iter().flat_map(edits);
        let removed = grant.removed.iter().filter(|name| unfit(name).is_none());
        let removed = removed.map(|name| HeaderEdit::Remove(name.clone()));
        let headers = allowed.chain(removed).collect();
        Ok(Identity { headers, ..Identity::of(principal) }.allow())
    }
}

/// What is said of the caller: by fields, and by facts of names that no field has.
fn told(grant: &AuthzGrant) -> Vec<Header> {
    let fields = grant.fields.iter().map(|field| field.header.clone());
    let is_new = |(name, _): &&(String, String)| grant.fields.iter().all(|field| field.header.name != *name);
    let facts = grant.facts.iter().filter(is_new);
    let facts = facts.map(|(name, value)| Header { name: name.clone(), value: value.clone().into() });
    fields.chain(facts).collect()
}

fn sent<'h>(head: &Head<'h>, name: &str) -> Vec<&'h [u8]> {
    head.headers.iter().filter(|(sent, _)| *sent == name).map(|(_, value)| *value).collect()
}

/// What the client sent under that name stays only where the server says so.
fn edits(name: &str, sent: Vec<&[u8]>, fields: &[AuthzField]) -> Vec<HeaderEdit> {
    let mut values: Vec<Vec<u8>> = sent.into_iter().map(<[u8]>::to_vec).collect();
    let mut is_clients = true;
    for AuthzField { header, action } in fields.iter().filter(|field| field.header.name == name) {
        let clears = match action {
            FieldAction::Add => is_clients,
            FieldAction::Append | FieldAction::AddIfAbsent => false,
            FieldAction::Overwrite | FieldAction::OverwriteIfPresent => true,
        };
        let adds = match action {
            FieldAction::Add | FieldAction::Append | FieldAction::Overwrite => true,
            FieldAction::AddIfAbsent => values.is_empty(),
            FieldAction::OverwriteIfPresent => !values.is_empty(),
        };
        if clears {
            values.clear();
        }
        if adds {
            values.push(header.value.clone());
        }
        is_clients = false;
    }
    if is_clients {
        values.clear();
    }
    replaced(name, values.into_iter())
}

/// Bytes of the body, where the client says how many come.
fn size(head: &Head<'_>) -> Option<u64> {
    let [length] = sent(head, "content-length")[..] else { return None };
    std::str::from_utf8(length).ok()?.parse().ok()
}

/// A no with what the server would have the client told. It is a no whatever is wrong with it.
fn denied(said: AuthzRefusal) -> Refusal {
    let status = said.status.unwrap_or(403);
    let status = u16::try_from(status).ok().filter(|status| (400..=599).contains(status)).unwrap_or(403);
    let standard = standard(status);
    let message = message(&said.body).unwrap_or_else(|| standard.message.clone());
    let headers = said.headers.into_iter().filter(may_be_told).take(MAX_FIELDS).collect();
    Refusal { message, headers, ..standard }
}

/// Fields of a no that clients are given, and bytes of one.
const MAX_FIELDS: usize = 16;
const MAX_VALUE: usize = 4096;

/// Bytes of the longest sentence.
const MAX_MESSAGE: usize = 1024;

/// The body as one sentence; `None` where it is none.
fn message(body: &str) -> Option<String> {
    let sentence = body.split_whitespace().collect::<Vec<_>>().join(" ");
    let is_fit =
        !sentence.is_empty() && sentence.len() <= MAX_MESSAGE && !sentence.contains(char::is_control);
    is_fit.then_some(sentence)
}

/// The body is the gateway's own, in the client's dialect, and so is what is said about it.
fn may_be_told(header: &Header) -> bool {
    let name = &*header.name;
    let is_own = name.starts_with("content-")
        || name.starts_with("x-tidegate-")
        || ["date", "server", "x-request-id"].contains(&name);
    let is_legal =
        HeaderName::from_bytes(name.as_bytes()).is_ok() && HeaderValue::from_bytes(&header.value).is_ok();
    is_legal && !is_own && unfit(name).is_none() && header.value.len() <= MAX_VALUE
}

#[cfg(test)]
#[path = "grpc_tests.rs"]
mod tests;
