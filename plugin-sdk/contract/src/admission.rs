//! The admission hooks: limits, quotas, budgets.

use crate::Refusal;

/// The answer of `admit`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AdmissionVerdict {
    /// It may be spent. With a ticket, `settle` is told exactly once what was.
    Admitted(Option<String>),
    /// It may not. Ends the request.
    Refused(Refusal),
}
