//! Envoy's external authorization over gRPC: `envoy.service.auth.v3.Authorization/Check`, as in the proto file
//! `envoy/service/auth/v3/external_auth.proto`.
//!
//! A crate of its own, since the messages of Envoy take a minute to compile: nothing else waits for them.

#![forbid(unsafe_code)]

mod answer;
mod client;
mod question;

use std::sync::Arc;

use tidegate_pipeline::{Authorizer, Authorizers, AuthzServer};

/// Servers of Envoy's external authorization.
#[derive(Debug, Clone, Copy, Default)]
pub struct GrpcAuthorizers;

impl Authorizers for GrpcAuthorizers {
    fn way_to(&self, server: AuthzServer) -> Result<Arc<dyn Authorizer>, String> {
        Ok(Arc::new(client::Client::new(server)?))
    }
}
