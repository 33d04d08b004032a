//! From a host to the addresses that may be connected to, each of them checked.

use std::collections::HashSet;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use futures_util::future::BoxFuture;
use tidegate_pipeline::NoAnswer;
use tokio::net::lookup_host;
use tokio::sync::Semaphore;

use super::address::{Reach, reach};
use super::target::{Host, Target, denied};

/// Lookups at once: each holds a thread, which outlives a request that waits no longer.
const LOOKUPS: usize = 16;

/// Asks for the addresses of a name.
pub(crate) type Lookup = dyn Fn(String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> + Send + Sync;

/// The resolver, and the names that the operator trusts to be private.
pub(crate) struct Resolver {
    lookup: Box<Lookup>,
    may_be_private: HashSet<String>,
    /// Every name may: who wrote it wrote the configuration.
    all_may_be_private: bool,
    /// Whether what asks is the gateway itself, for its credentials.
    may_ask_metadata: bool,
}

/// The one name under which a cloud has its metadata service.
const METADATA: &str = "metadata.google.internal";

impl Resolver {
    pub(crate) fn new(lookup: Box<Lookup>, may_be_private: impl IntoIterator<Item = String>) -> Self {
        let may_be_private = may_be_private.into_iter().map(|name| name.to_ascii_lowercase()).collect();
        Self { lookup, may_be_private, all_may_be_private: false, may_ask_metadata: false }
    }

    /// Lets every name be private.
    pub(crate) fn trusting(self) -> Self {
        Self { all_may_be_private: true, ..self }
    }

    /// Lets the addresses be reached at which clouds give credentials, as themselves or behind the name that is known.
    pub(crate) fn with_metadata(self) -> Self {
        Self { may_ask_metadata: true, ..self }
    }

    /// Addresses for one request. A single address that is refused refuses all: honest names do not mix them.
    pub(crate) async fn addresses(&self, target: &Target) -> Result<Vec<SocketAddr>, NoAnswer> {
        let found = match &target.host {
            Host::Literal(address) => vec![*address],
            Host::Name(name) if name == "localhost" => {
                vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()]
            }
            Host::Name(name) => {
                let found = (self.lookup)(name.clone()).await;
                found.map_err(|error| {
                    NoAnswer::Failed(format!("host \"{name}\" cannot be resolved: {error}"))
                })?
            }
        };
        if found.is_empty() {
            return Err(NoAnswer::Failed(format!("host \"{}\" has no address", target.host)));
        }
        for address in &found {
            self.check(&target.host, *address)?;
        }
        // What is connected to is what was checked: the address inside a mapped one, and no scope.
        Ok(found.into_iter().map(|address| SocketAddr::new(address.to_canonical(), target.port)).collect())
    }

    /// The operator granted every host that comes here. One that is an address, or `localhost`, was granted as what it is; a
    /// name was granted without a look at where it leads, which whoever owns the name may change at any time.
    fn check(&self, host: &Host, address: IpAddr) -> Result<(), NoAnswer> {
        let trusted = match host {
            Host::Literal(_) => true,
            Host::Name(name) => {
                self.all_may_be_private || name == "localhost" || self.may_be_private.contains(name)
            }
        };
        match reach(address) {
            Reach::Public => Ok(()),
            Reach::Loopback | Reach::Private if trusted => Ok(()),
            Reach::Loopback | Reach::Private => {
                tracing::debug!(%host, %address, "a plugin's request to a private address was refused");
                let remedy = "the operator must grant the address itself, and the plugin ask for it by that";
                Err(denied(&format!("host \"{host}\" has a private address; {remedy}")))
            }
            Reach::Metadata if self.may_ask_metadata && names_it(host) => Ok(()),
            Reach::Metadata | Reach::Never => {
                tracing::debug!(%host, %address, "a plugin's request to a reserved address was refused");
                let text = "has a link-local or reserved address, which no plugin may reach";
                Err(denied(&format!("host \"{host}\" {text}")))
            }
        }
    }
}

fn names_it(host: &Host) -> bool {
    match host {
        Host::Literal(_) => true,
        Host::Name(name) => name == METADATA,
    }
}

/// The system's resolver, with `/etc/hosts` and all that it has.
pub(crate) fn system() -> Box<Lookup> {
    let lookups = Arc::new(Semaphore::new(LOOKUPS));
    Box::new(move |name| {
        let lookups = Arc::clone(&lookups);
        Box::pin(async move {
            let permit = lookups.acquire_owned().await.map_err(io::Error::other)?;
            // A task of its own: the permit is held as long as the thread, also where nobody waits any more.
            let lookup = tokio::spawn(async move {
                let found = lookup_host((name, 0)).await;
                drop(permit);
                found.map(|found| found.map(|address| address.ip()).collect())
            });
            lookup.await.map_err(io::Error::other)?
        })
    })
}
