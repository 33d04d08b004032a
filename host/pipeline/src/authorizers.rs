//! Servers that are asked about each request over a protocol of their own, which no filter has to speak.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use secrecy::SecretString;
use tidegate_contract::{Head, Header};

use crate::services::NoAnswer;

/// Ways to such servers.
pub trait Authorizers: Send + Sync + 'static {
    /// The way to a server; no connection is opened before the first question.
    ///
    /// # Errors
    /// What is wrong with what the operator wrote.
    fn way_to(&self, server: AuthzServer) -> Result<Arc<dyn Authorizer>, String>;
}

/// A server, and what it is told with each question.
#[derive(Debug, Default)]
pub struct AuthzServer {
    /// `http` or `https`, host and port.
    pub url: String,
    /// Fields of the question itself, such as a key of the gateway's; lower case.
    pub fields: Vec<(String, SecretString)>,
    /// What the operator says of where the question comes from.
    pub context: BTreeMap<String, String>,
}

/// One server.
pub trait Authorizer: Send + Sync + 'static {
    /// What it says about a request. An `Err` is no verdict: it said nothing, too late, or nothing that can be understood.
    fn check<'a>(&'a self, request: AuthzRequest<'a>) -> BoxFuture<'a, Result<AuthzVerdict, NoAnswer>>;
}

/// What a server is shown of a request.
#[derive(Debug, Clone, Copy)]
pub struct AuthzRequest<'a> {
    /// The request's id.
    pub id: &'a str,
    /// Its head; of its fields those that the server may see.
    pub head: Head<'a>,
    /// Bytes of its body, where the client said so.
    pub size: Option<u64>,
    /// What is left for the question.
    pub deadline: Duration,
}

/// What a server says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AuthzVerdict {
    /// Yes.
    Allow(AuthzGrant),
    /// No.
    Deny(AuthzRefusal),
}

/// A yes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuthzGrant {
    /// Fields for the request on its way.
    pub fields: Vec<AuthzField>,
    /// Fields that are taken from the request; lower case.
    pub removed: Vec<String>,
    /// What is said of the caller besides, each with its name in lower case.
    pub facts: Vec<(String, String)>,
}

/// A field, and how it gets on with what is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthzField {
    /// The field.
    pub header: Header,
    /// What becomes of those of the same name.
    pub action: FieldAction,
}

/// What becomes of a field that the client sent, and of one that the answer said before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldAction {
    /// The client's goes, those that were said before stay.
    Add,
    /// All stay.
    Append,
    /// Where there is one, nothing is added.
    AddIfAbsent,
    /// All go.
    Overwrite,
    /// All go; where there is none, nothing is added.
    OverwriteIfPresent,
}

/// A no.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuthzRefusal {
    /// The status that the client is to have.
    pub status: Option<u32>,
    /// Fields of the answer.
    pub headers: Vec<Header>,
    /// What the client is told; may be empty.
    pub body: String,
}
