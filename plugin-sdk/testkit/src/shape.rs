//! The values of the contract as case files write them: read from a file, and made of what a plugin answered.
//!
//! Both directions go through the same types, so that a default that a file leaves out is the default that is compared.

mod body;
mod data;
mod exchange;
mod head;
mod moderation;
mod people;

pub(crate) use body::{BodyShape, ChangeShape, EventShape, EventVerdictShape, ReplyShape};
pub(crate) use data::{Data, Fields, HeaderEditShape};
pub(crate) use exchange::{OutcomeShape, UsageShape};
pub(crate) use head::HeadShape;
pub(crate) use moderation::{FindingShape, TextEditShape, TextShape};
pub(crate) use people::{ContextShape, OwnedContext, PrincipalShape, RefusalShape};
