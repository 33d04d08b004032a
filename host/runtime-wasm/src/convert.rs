//! Between the contract's mirror and what bindgen makes of it.
//!
//! Every struct is taken apart without `..`, so that a change of the contract or of its mirror does not compile here until
//! it is carried over.

mod into_guest;
mod out_of_guest;
mod service;

pub(crate) use into_guest::{Carried, Known, SentHead, event, finding_sent, headers, outcome, text, usage};
pub(crate) use out_of_guest::{
    admission_verdict, auth_verdict, event_verdict, judged, subscription, transform_verdict,
};
pub(crate) use service::{entry, http_answer, http_request, model_error, store_error};

#[cfg(test)]
#[path = "convert_tests.rs"]
mod tests;
