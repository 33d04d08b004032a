//! What every hook knows of its request.

use std::time::Duration;

use crate::Principal;

/// What every hook may know of the request, whatever its kind. The strings are those of the plugin contract.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The id in `x-request-id`, the client's or a new one.
    pub request_id: &'a str,
    /// The route; empty before one is picked.
    pub route: &'a str,
    /// The client's dialect; for `transform_upstream` the provider's.
    pub dialect: &'a str,
    /// What is asked of the model.
    pub operation: &'a str,
    /// The client's name of the model, as filters before this one left it.
    pub model: Option<&'a str>,
    /// Who calls, once that is known.
    pub principal: Option<&'a Principal>,
    /// Whether the answer is to be a stream; of an answer, whether it is one.
    pub streaming: bool,
    /// Tries upstream, from 1; 0 before the first.
    pub attempt: u32,
    /// What is left for this call.
    pub deadline: Duration,
}

impl<'a> Context<'a> {
    /// The context of a request of which only its id is known.
    pub fn new(request_id: &'a str) -> Self {
        Self {
            request_id,
            route: "",
            dialect: "",
            operation: "",
            model: None,
            principal: None,
            streaming: false,
            attempt: 0,
            deadline: Duration::ZERO,
        }
    }
}
