//! Sockets and the flow. Start reading at `exchange`: one request, top to bottom.

#![forbid(unsafe_code)]

mod account;
mod ask;
mod build;
mod calls;
mod certificate;
mod clock;
mod coding;
mod connect;
mod decoded;
mod egress;
mod events;
mod exchange;
mod fault;
mod filtered;
mod frames;
mod given;
mod headers;
mod hooks;
mod identity;
mod inbound;
mod io;
mod ledger;
mod limits;
mod lingering;
mod listeners;
mod mock;
mod outbound;
mod path;
mod picker;
mod plugin_metrics;
mod pool;
mod preflight;
mod rescue;
mod respond;
mod route;
mod server;
mod snapshot;
mod stream;
mod texts;
mod tls;
mod translated;
mod upload;
mod upstream;
mod watch;

pub use ask::ModelRoutes;
pub use build::{BuildError, RouteChains, ServiceChains, certificate_problems, compatible};
pub use calls::ClusterCalls;
pub use egress::Egress;
pub use ledger::Observers;
pub use listeners::{ListenError, Listeners, Prepared};
pub use plugin_metrics::PluginSink;
pub use server::Proxy;
pub use snapshot::Snapshot;
pub use tls::TlsError;
