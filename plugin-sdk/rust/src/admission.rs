//! Verdicts of `admit`.

use crate::bindings::admission::exports::tidegate::plugin::admission::Verdict;
use crate::bindings::host::tidegate::plugin::types::Refusal;
use crate::headers;

/// The answer of [`crate::Plugin::admit`], made by [`admit`] or [`refuse`].
#[derive(Debug, Clone, PartialEq)]
pub struct Admission(pub(crate) Verdict);

/// It may be spent. Without a ticket nothing is settled.
pub fn admit() -> Admission {
    Admission(Verdict::Admitted(None))
}

/// It may not. The status is 400 to 599, the code a short word for programs such as `quota_exceeded`, the message a
/// sentence for people; none may hold a secret.
pub fn refuse(status: u16, code: impl Into<String>, message: impl Into<String>) -> Admission {
    Admission(Verdict::Refused(Refusal {
        status,
        code: code.into(),
        message: message.into(),
        headers: Vec::new(),
    }))
}

impl Admission {
    /// Of an admission: what [`crate::Plugin::settle`] is told together with what was used, exactly once.
    #[must_use]
    pub fn ticket(mut self, ticket: impl Into<String>) -> Self {
        if let Verdict::Admitted(place) = &mut self.0 {
            *place = Some(ticket.into());
        }
        self
    }

    /// Of a refusal: a further field of the answer, such as `retry-after`.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<Vec<u8>>) -> Self {
        if let Verdict::Refused(refusal) = &mut self.0 {
            refusal.headers.push(headers::field(name, value));
        }
        self
    }
}
