//! All that is known of one finished exchange, in the terms of its log line and its metrics.

use std::net::IpAddr;
use std::time::{Duration, SystemTime};

use tidegate_contract::{Operation, Usage};

use crate::moderation::Moderated;

/// One finished exchange. What it did not reach (no route, no cluster, no usage) is `None`.
#[derive(Debug, Clone, Copy)]
pub struct Record<'a> {
    /// When the head of the request was read.
    pub time: SystemTime,
    /// The value of `x-request-id`.
    pub request_id: &'a str,
    /// The address that the client connected to.
    pub listener: &'a str,
    /// The virtual service that took the request.
    pub service: Option<&'a str>,
    /// The route of that service.
    pub route: Option<&'a str>,
    /// The cluster of the last try.
    pub cluster: Option<&'a str>,
    /// The value of `gen_ai.provider.name`, such as `openai`.
    pub provider: Option<&'a str>,
    /// What the request asks of a model.
    pub operation: Operation,
    /// The method of the request.
    pub method: &'a str,
    /// The normalised path; never the query, which may carry a key.
    pub path: &'a str,
    /// The status that the client saw, or would have seen had it stayed.
    pub status: u16,
    /// Why the exchange failed, as a sentence for the operator; it may say more than the client is told.
    pub error: Option<&'a str>,
    /// Who the failure is put down to: `client`, `upstream`, `plugin` or `gateway`.
    pub blame: Option<&'a str>,
    /// Who asked, as the authentication named them.
    pub principal: Option<&'a str>,
    /// The tenant of the principal.
    pub tenant: Option<&'a str>,
    /// The address of the client.
    pub client: IpAddr,
    /// The model that the client asked for.
    pub original_model: Option<&'a str>,
    /// The model that the upstream was asked for.
    pub request_model: Option<&'a str>,
    /// The model that the upstream says it used.
    pub response_model: Option<&'a str>,
    /// Whether the answer was a stream of events.
    pub streaming: bool,
    /// Tries on upstreams: 0 where the gateway answered by itself.
    pub attempts: u32,
    /// From the head of the request to the last byte of the answer.
    pub duration: Duration,
    /// From the request sent to the head of the answer, in the last try.
    pub upstream: Option<Duration>,
    /// From the head of the request to the first piece of a streamed answer.
    pub first_token: Option<Duration>,
    /// Tokens, as the upstream reported them.
    pub usage: Option<Usage>,
    /// Bytes of the request's body.
    pub bytes_received: u64,
    /// Bytes of the answer's body.
    pub bytes_sent: u64,
    /// What moderation did; `None` where no filter judged.
    pub moderation: Option<Moderated>,
    /// Whether the client left before the end.
    pub cancelled: bool,
}

impl Record<'_> {
    /// Whether the exchange counts as an error.
    pub fn failed(&self) -> bool {
        self.error.is_some() || self.status >= 400
    }

    /// Time for each token after the first; `None` where the stream did not end by itself or had one token.
    pub fn per_output_token(&self) -> Option<Duration> {
        let rest = u32::try_from(self.usage?.output).ok()?.checked_sub(1).filter(|rest| *rest > 0)?;
        let generation = self.duration.checked_sub(self.first_token?)?;
        (!self.cancelled).then(|| generation / rest)
    }
}

#[cfg(test)]
#[path = "record_tests.rs"]
pub(crate) mod tests;
