//! The hooks by name.

/// A point at which a plugin is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Hook {
    /// Who is calling.
    Authenticate,
    /// May it be spent.
    Admit,
    /// What was spent.
    Settle,
    /// The request, in the client's dialect.
    TransformRequest,
    /// The request of one attempt, in the provider's dialect.
    TransformUpstream,
    /// The answer.
    TransformResponse,
    /// Events of a streamed answer.
    TransformEvent,
    /// Texts of the request.
    ModerateInput,
    /// Texts of the answer.
    ModerateOutput,
    /// The finished exchange.
    Completed,
}

impl Hook {
    /// The name in manifests, such as `moderate_input`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Authenticate => "authenticate",
            Self::Admit => "admit",
            Self::Settle => "settle",
            Self::TransformRequest => "transform_request",
            Self::TransformUpstream => "transform_upstream",
            Self::TransformResponse => "transform_response",
            Self::TransformEvent => "transform_event",
            Self::ModerateInput => "moderate_input",
            Self::ModerateOutput => "moderate_output",
            Self::Completed => "completed",
        }
    }
}
