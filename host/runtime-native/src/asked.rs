//! What a hook is asked, borrowed where it runs at once, owned where it runs on another thread or came from another process.

use std::net::IpAddr;
use std::time::Duration;

use http::HeaderMap;
use tidegate_contract::{Context, Event, Head, Hook, Outcome, Peer, Principal, Text, Usage};
use tidegate_pipeline::{Document, Field, Payload};

/// The arguments of a hook.
#[derive(Clone, Copy)]
pub(crate) enum Asked<'a> {
    Authenticate(Head<'a>),
    Admit(Usage),
    Settle(&'a str, Usage),
    Transform(Message<'a>),
    Events(&'a [Event]),
    Moderate(&'a [Text<'a>], Option<bool>),
    Completed(&'a Outcome),
}

/// What a transform is asked about.
#[derive(Clone, Copy)]
pub(crate) struct Message<'a> {
    pub(crate) hook: Hook,
    /// Of an answer.
    pub(crate) status: Option<u16>,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) body: Payload<'a>,
}

impl Asked<'_> {
    /// The hook.
    pub(crate) fn hook(&self) -> Hook {
        match self {
            Self::Authenticate(_) => Hook::Authenticate,
            Self::Admit(_) => Hook::Admit,
            Self::Settle(..) => Hook::Settle,
            Self::Transform(message) => message.hook,
            Self::Events(_) => Hook::TransformEvent,
            Self::Moderate(_, None) => Hook::ModerateInput,
            Self::Moderate(_, Some(_)) => Hook::ModerateOutput,
            Self::Completed(_) => Hook::Completed,
        }
    }

    /// How many verdicts it asks for.
    pub(crate) fn count(&self) -> usize {
        match self {
            Self::Events(events) => events.len(),
            _ => 1,
        }
    }

    /// The same, without a borrow.
    pub(crate) fn to_owned(self) -> OwnedAsked {
        match self {
            Self::Authenticate(head) => OwnedAsked::Authenticate(Box::new(OwnedHead::of(&head))),
            Self::Admit(usage) => OwnedAsked::Admit(usage),
            Self::Settle(ticket, usage) => OwnedAsked::Settle(ticket.into(), usage),
            Self::Transform(Message { hook, status, headers, body }) => {
                OwnedAsked::Transform(Box::new(OwnedMessage {
                    hook,
                    status,
                    headers: headers.clone(),
                    body: OwnedBody::of(body),
                }))
            }
            Self::Events(events) => OwnedAsked::Events(events.to_vec()),
            Self::Moderate(texts, last) => {
                let owned =
                    |text: &Text<'_>| Text { content: text.content.clone().into_owned().into(), ..*text };
                OwnedAsked::Moderate(texts.iter().map(owned).collect(), last)
            }
            Self::Completed(outcome) => OwnedAsked::Completed(Box::new(outcome.clone())),
        }
    }
}

/// [`Asked`], owned.
pub(crate) enum OwnedAsked {
    Authenticate(Box<OwnedHead>),
    Admit(Usage),
    Settle(String, Usage),
    Transform(Box<OwnedMessage>),
    Events(Vec<Event>),
    Moderate(Vec<Text<'static>>, Option<bool>),
    Completed(Box<Outcome>),
}

impl OwnedAsked {
    /// Lends it.
    pub(crate) fn with<R>(&self, run: impl FnOnce(Asked<'_>) -> R) -> R {
        match self {
            Self::Authenticate(head) => head.with(|head| run(Asked::Authenticate(head))),
            Self::Admit(usage) => run(Asked::Admit(*usage)),
            Self::Settle(ticket, usage) => run(Asked::Settle(ticket, *usage)),
            Self::Transform(message) => message.with(|message| run(Asked::Transform(message))),
            Self::Events(events) => run(Asked::Events(events)),
            Self::Moderate(texts, last) => run(Asked::Moderate(texts, *last)),
            Self::Completed(outcome) => run(Asked::Completed(outcome)),
        }
    }
}

/// [`Head`], owned.
pub(crate) struct OwnedHead {
    pub(crate) method: String,
    pub(crate) scheme: String,
    pub(crate) authority: String,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) headers: Vec<(String, Vec<u8>)>,
    pub(crate) address: IpAddr,
    pub(crate) certificate_sha256: Option<Vec<u8>>,
    pub(crate) names: Vec<String>,
    pub(crate) body_sha256: Option<Vec<u8>>,
}

impl OwnedHead {
    fn of(head: &Head<'_>) -> Self {
        let Head { method, scheme, authority, path, query, headers, client, body_sha256 } = *head;
        let Peer { address, certificate_sha256, names } = client;
        Self {
            method: method.into(),
            scheme: scheme.into(),
            authority: authority.into(),
            path: path.into(),
            query: query.into(),
            headers: headers.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect(),
            address,
            certificate_sha256: certificate_sha256.map(Into::into),
            names: names.to_vec(),
            body_sha256: body_sha256.map(Into::into),
        }
    }

    fn with<R>(&self, run: impl FnOnce(Head<'_>) -> R) -> R {
        let headers: Vec<_> =
            self.headers.iter().map(|(name, value)| (name.as_str(), value.as_slice())).collect();
        let client = Peer {
            address: self.address,
            certificate_sha256: self.certificate_sha256.as_deref(),
            names: &self.names,
        };
        run(Head {
            method: &self.method,
            scheme: &self.scheme,
            authority: &self.authority,
            path: &self.path,
            query: &self.query,
            headers: &headers,
            client,
            body_sha256: self.body_sha256.as_deref(),
        })
    }
}

/// [`Message`], owned.
pub(crate) struct OwnedMessage {
    pub(crate) hook: Hook,
    pub(crate) status: Option<u16>,
    pub(crate) headers: HeaderMap,
    pub(crate) body: OwnedBody,
}

impl OwnedMessage {
    fn with<R>(&self, run: impl FnOnce(Message<'_>) -> R) -> R {
        let Self { hook, status, headers, body } = self;
        body.with(|body| run(Message { hook: *hook, status: *status, headers, body }))
    }
}

/// [`Payload`], owned.
pub(crate) enum OwnedBody {
    Absent,
    Whole(Box<Document>),
    Fields(Vec<(String, String)>),
    Opaque(String),
}

impl OwnedBody {
    fn of(body: Payload<'_>) -> Self {
        match body {
            Payload::Absent => Self::Absent,
            Payload::Whole(document) => Self::Whole(Box::new(Document::new(document.text()))),
            Payload::Fields(fields) => {
                let field = |field: &Field<'_>| (field.pointer.to_owned(), field.value.to_string());
                Self::Fields(fields.iter().map(field).collect())
            }
            Payload::Opaque(media_type) => Self::Opaque(media_type.into()),
        }
    }

    fn with<R>(&self, run: impl FnOnce(Payload<'_>) -> R) -> R {
        match self {
            Self::Absent => run(Payload::Absent),
            Self::Whole(document) => run(Payload::Whole(document)),
            Self::Fields(fields) => {
                let fields: Vec<_> = fields
                    .iter()
                    .map(|(pointer, value)| Field { pointer, value: value.as_str().into() })
                    .collect();
                run(Payload::Fields(&fields))
            }
            Self::Opaque(media_type) => run(Payload::Opaque(media_type)),
        }
    }
}

/// [`Context`], owned.
#[derive(Default)]
pub(crate) struct OwnedContext {
    pub(crate) request_id: String,
    pub(crate) route: String,
    pub(crate) dialect: String,
    pub(crate) operation: String,
    pub(crate) model: Option<String>,
    pub(crate) principal: Option<Principal>,
    pub(crate) streaming: bool,
    pub(crate) attempt: u32,
    pub(crate) deadline: Duration,
}

impl OwnedContext {
    pub(crate) fn of(context: &Context<'_>) -> Self {
        let Context { request_id, route, dialect, operation, model, principal, streaming, attempt, deadline } =
            *context;
        Self {
            request_id: request_id.into(),
            route: route.into(),
            dialect: dialect.into(),
            operation: operation.into(),
            model: model.map(Into::into),
            principal: principal.cloned(),
            streaming,
            attempt,
            deadline,
        }
    }

    pub(crate) fn borrowed(&self) -> Context<'_> {
        Context {
            request_id: &self.request_id,
            route: &self.route,
            dialect: &self.dialect,
            operation: &self.operation,
            model: self.model.as_deref(),
            principal: self.principal.as_ref(),
            streaming: self.streaming,
            attempt: self.attempt,
            deadline: self.deadline,
        }
    }
}
