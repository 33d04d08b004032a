//! Sockets and the flow. Start reading at `exchange`: one request, top to bottom.

#![forbid(unsafe_code)]

mod build;
mod clock;
mod connect;
mod events;
mod exchange;
mod fault;
mod frames;
mod headers;
mod inbound;
mod io;
mod ledger;
mod listeners;
mod mock;
mod outbound;
mod path;
mod picker;
mod pool;
mod preflight;
mod rescue;
mod route;
mod server;
mod snapshot;
mod stream;
mod tls;
mod upload;
mod upstream;
mod watch;

pub use build::{BuildError, MakeChain, certificate_problems};
pub use ledger::Observers;
pub use listeners::{ListenError, Listeners, Prepared};
pub use server::Proxy;
pub use snapshot::Snapshot;
pub use tls::TlsError;
