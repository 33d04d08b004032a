//! Who calls, and what every hook knows of the request.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tidegate_contract::{Context, Dialect, Operation, Principal, Refusal};
use tidegate_pipeline::Session;

use super::data::{Data, Fields};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PrincipalShape {
    pub(crate) id: String,
    #[serde(default)]
    pub(crate) tenant: Option<String>,
    #[serde(default)]
    pub(crate) attributes: BTreeMap<String, Data>,
}

impl PrincipalShape {
    pub(crate) fn of(principal: &Principal) -> Self {
        Self {
            id: principal.id.clone(),
            tenant: principal.tenant.clone(),
            attributes: principal
                .attributes
                .iter()
                .map(|(name, value)| (name.clone(), Data::Text(value.clone())))
                .collect(),
        }
    }

    fn principal(self) -> Principal {
        let text = |data: Data| String::from_utf8_lossy(&data.bytes()).into_owned();
        let attributes = self.attributes.into_iter().map(|(name, value)| (name, text(value))).collect();
        Principal { tenant: self.tenant, attributes, ..Principal::named(self.id) }
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RefusalShape {
    pub(crate) status: u16,
    pub(crate) code: String,
    pub(crate) message: String,
    #[serde(default)]
    pub(crate) headers: Fields,
}

impl RefusalShape {
    pub(crate) fn of(refusal: &Refusal) -> Self {
        let Refusal { status, code, message, headers } = refusal;
        Self { status: *status, code: code.clone(), message: message.clone(), headers: Fields::of(headers) }
    }
}

/// What is not written is that of a chat request whose route is not picked yet.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ContextShape {
    pub(crate) request_id: Option<String>,
    route: String,
    dialect: String,
    operation: String,
    model: Option<String>,
    principal: Option<PrincipalShape>,
    streaming: bool,
    attempt: u32,
    deadline_ms: u32,
}

impl Default for ContextShape {
    fn default() -> Self {
        Self {
            request_id: None,
            route: String::new(),
            dialect: "openai".into(),
            operation: "chat".into(),
            model: None,
            principal: None,
            streaming: false,
            attempt: 0,
            deadline_ms: 10_000,
        }
    }
}

/// A context that owns what it tells.
#[derive(Debug, Clone)]
pub(crate) struct OwnedContext {
    request_id: String,
    shape: ContextShape,
    principal: Option<Arc<Principal>>,
}

impl OwnedContext {
    pub(crate) fn new(request_id: &str, mut shape: ContextShape) -> Self {
        let principal = shape.principal.take().map(|principal| Arc::new(principal.principal()));
        Self { request_id: request_id.to_owned(), shape, principal }
    }

    pub(crate) fn request_id(&self) -> &str {
        &self.request_id
    }

    pub(crate) fn deadline(&self) -> Duration {
        Duration::from_millis(self.shape.deadline_ms.into())
    }

    /// An exchange that is told the same. Its dialect and operation are those of a chat.
    pub(crate) fn session(&self) -> Session {
        let mut session = Session::default();
        session.request_id = self.request_id.as_str().into();
        session.route = self.shape.route.as_str().into();
        session.dialect = Dialect::OpenAi.as_str();
        session.operation = Operation::Chat.as_str();
        session.model.clone_from(&self.shape.model);
        session.principal.clone_from(&self.principal);
        session.streaming = true;
        session.attempt = self.shape.attempt;
        session
    }

    pub(crate) fn context(&self) -> Context<'_> {
        let shape = &self.shape;
        Context {
            request_id: &self.request_id,
            route: &shape.route,
            dialect: &shape.dialect,
            operation: &shape.operation,
            model: shape.model.as_deref(),
            principal: self.principal.as_deref(),
            streaming: shape.streaming,
            attempt: shape.attempt,
            deadline: self.deadline(),
        }
    }
}
