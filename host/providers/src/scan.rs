//! Reading what the gateway must know from bytes that pass unchanged.

mod answer;
mod bound;
mod events;
mod form;
mod found;
mod json;
pub(crate) mod lines;
mod named;
mod request;
mod spoken;

pub use answer::{AnswerScan, Seen};
pub use bound::output_bound;
pub use form::{FormError, FormModel, FormScan};
pub use json::JsonFields;
pub use named::rename_answer;
pub use request::{ModelName, RequestScan, ScanError, replace_model, scan_request};
