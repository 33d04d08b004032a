//! Everything that can end an exchange early, with who is to blame and whether another try may help.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use tidegate_config::checked::RetryOn;
use tidegate_pipeline::Denied;
use tidegate_providers::Refused;

use crate::path::PathProblem;

/// Why an exchange ends without the answer that it was made for. [`crate::rescue`] turns it into HTTP.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Fault {
    /// The head is one that two readers could understand differently, or no legal HTTP.
    #[error("{0}")]
    Malformed(&'static str),
    #[error(transparent)]
    Path(#[from] PathProblem),
    /// The body is not what the path asks for; the text says where.
    #[error("{0}")]
    Body(String),
    #[error("the request body is larger than {limit} bytes; send less, or raise \"limits.{key}\"")]
    BodyTooLarge { limit: usize, key: &'static str },
    #[error("no more of the request body came for {} s", .0.as_secs_f32())]
    BodyTimeout(Duration),
    #[error("the client ended the request before it was complete")]
    ClientLeft,
    #[error(transparent)]
    Denied(#[from] Denied),
    #[error("the model \"{model}\" is not allowed for this key")]
    ModelNotAllowed { model: String },
    #[error("this key may use named models only, and the request names none")]
    ModelUnknown,
    #[error("no virtual service answers for the host \"{0}\"")]
    NoService(String),
    #[error("no route claims {method} {path}")]
    NoRoute { method: http::Method, path: String },
    #[error("the model \"{0}\" does not exist, or no route serves it")]
    NoModel(String),
    #[error("cluster \"{cluster}\" has no {lacks}; call another API, or a model of another provider")]
    NotServed { cluster: Arc<str>, lacks: &'static str },
    /// The provider has no words for it, or nobody can read it.
    #[error(transparent)]
    Untranslatable(Refused),
    #[error("this model wants a key of your own; send one in the header \"{prefix}api-key\", or its like")]
    NoKeyGiven { prefix: String },
    #[error("header \"{name}\" {problem}")]
    KeyUnfit { name: String, problem: &'static str },
    #[error("cluster \"{cluster}\" has no credentials: {cause}")]
    Credentials { cluster: Arc<str>, cause: String },
    #[error("the method {0} is not served on this path")]
    Method(http::Method),
    #[error("cluster \"{cluster}\" cannot be reached: {cause}")]
    Connect { cluster: Arc<str>, cause: String },
    #[error("cluster \"{cluster}\" has no free connection")]
    PoolExhausted { cluster: Arc<str> },
    #[error("cluster \"{cluster}\" has as many requests as its \"circuit_breakers.{limit}\" allows")]
    Overflow { cluster: Arc<str>, limit: &'static str },
    #[error("the gateway has as many requests in flight as \"limits.requests\" allows")]
    Overloaded,
    #[error("the gateway is busy, and this caller has its share of the requests in flight")]
    OverShare,
    #[error("cluster \"{cluster}\" ended the connection without an answer: {cause}")]
    Reset { cluster: Arc<str>, cause: String },
    #[error("cluster \"{cluster}\" ended the connection in the middle of its answer: {cause}")]
    BrokeOff { cluster: Arc<str>, cause: String },
    #[error("cluster \"{cluster}\" did not {phase} within {} s", after.as_secs_f32())]
    UpstreamTimeout { cluster: Arc<str>, phase: &'static str, after: Duration },
    #[error("cluster \"{cluster}\" sent an answer that is not served: {cause}")]
    BadAnswer { cluster: Arc<str>, cause: Cow<'static, str> },
    #[error("the request took longer than {} s", .0.as_secs_f32())]
    RequestTimeout(Duration),
    #[error("{0}")]
    Internal(String),
}

/// Who has to change something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Blame {
    Client,
    Upstream,
    Plugin,
    Gateway,
}

impl Blame {
    /// The value of `blame` in the access log.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Upstream => "upstream",
            Self::Plugin => "plugin",
            Self::Gateway => "gateway",
        }
    }
}

impl Fault {
    pub(crate) fn blame(&self) -> Blame {
        match self {
            Self::Denied(Denied::Failed { .. }) => Blame::Plugin,
            // What is refused for want of a server's answer, such as that of a store, is not the client's doing.
            Self::Denied(Denied::Refused { refusal, .. }) if refusal.status >= 500 => Blame::Gateway,
            Self::Connect { .. }
            | Self::Reset { .. }
            | Self::BrokeOff { .. }
            | Self::UpstreamTimeout { .. }
            | Self::BadAnswer { .. }
            | Self::RequestTimeout(_) => Blame::Upstream,
            Self::PoolExhausted { .. }
            | Self::Overflow { .. }
            | Self::Overloaded
            | Self::Credentials { .. }
            | Self::Internal(_) => Blame::Gateway,
            _ => Blame::Client,
        }
    }

    /// The class of failure that a route's `retry.on` names; `None` where another try cannot help.
    pub(crate) fn retry_class(&self) -> Option<RetryOn> {
        match self {
            Self::Connect { .. }
            | Self::PoolExhausted { .. }
            | Self::Overflow { .. }
            | Self::Credentials { .. } => Some(RetryOn::Connect),
            Self::Reset { .. } | Self::BadAnswer { .. } => Some(RetryOn::Reset),
            Self::UpstreamTimeout { .. } => Some(RetryOn::Timeout),
            _ => None,
        }
    }

    /// Whether the cluster failed, and not the gateway's own bounds or credentials.
    pub(crate) fn is_of_cluster(&self) -> bool {
        let is_its = self.blame() == Blame::Upstream;
        is_its && !matches!(self, Self::RequestTimeout(_))
    }

    /// What the client is told: the cause where it can act on it, without the inside of the gateway where not.
    pub(crate) fn told(&self) -> Cow<'static, str> {
        match self {
            Self::Denied(Denied::Refused { refusal, .. }) => refusal.message.clone().into(),
            Self::Denied(Denied::Blocked { reason, answer: false, .. }) => {
                format!("the request was blocked: {reason}").into()
            }
            Self::Denied(Denied::Blocked { reason, answer: true, .. }) => {
                format!("the answer was blocked: {reason}").into()
            }
            Self::Denied(Denied::Unauthenticated) => {
                "no API key or token was sent; send one as \"Authorization: Bearer KEY\", or as this gateway expects it".into()
            }
            Self::Denied(Denied::Failed { .. }) => {
                "a policy of the gateway could not decide; try again".into()
            }
            Self::Credentials { cluster, .. } => {
                format!("cluster \"{cluster}\" has no credentials; the operator finds the cause in the log")
                    .into()
            }
            Self::Overflow { cluster, .. } => format!("cluster \"{cluster}\" has too many requests").into(),
            Self::Overloaded => "the gateway has too many requests in flight".into(),
            Self::Connect { cluster, .. } => format!("cluster \"{cluster}\" cannot be reached").into(),
            Self::Reset { cluster, .. } => {
                format!("cluster \"{cluster}\" ended the connection without an answer").into()
            }
            Self::BrokeOff { cluster, .. } => {
                format!("cluster \"{cluster}\" ended the connection in the middle of its answer").into()
            }
            Self::Internal(_) => {
                "the gateway failed; the operator finds the cause under this request id".into()
            }
            other => other.to_string().into(),
        }
    }
}
