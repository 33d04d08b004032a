//! The built-in filters. Each stands in its own folder and implements the same traits as a plugin.

#![forbid(unsafe_code)]

pub mod auth_filter;
pub mod content_moderation;
mod hex;
mod limits;
mod managed_keys;
pub mod rate_limit;
pub mod request_transform;
pub mod response_transform;
mod settings;
mod transform;

#[cfg(test)]
mod testing;

pub use managed_keys::{KeyError, ManagedKeys};
use tidegate_pipeline::Registry;

/// Every built-in filter, in the order in which users see them listed.
pub fn registry() -> Registry {
    Registry::new(vec![
        Box::new(auth_filter::AuthFilterFactory),
        Box::new(rate_limit::RateLimitFactory),
        Box::new(request_transform::RequestTransformFactory),
        Box::new(response_transform::ResponseTransformFactory),
        Box::new(content_moderation::ContentModerationFactory),
    ])
}
