//! The open listeners, changed as a whole: what cannot be bound or read leaves everything as it was.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use arc_swap::ArcSwapOption;
use rustls::ServerConfig;
use tidegate_config::checked::Listener;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::server::{Door, Proxy, accept};
use crate::tls::{self, TlsError};

/// Why a listener cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// The address is taken, not on this machine, or not allowed.
    #[error("listener \"{address}\" cannot be opened: {cause}; free the address or choose another")]
    Bind {
        /// As the configuration names it.
        address: SocketAddr,
        /// What the system says.
        cause: io::Error,
    },
    /// Its certificate cannot be used.
    #[error("listener \"{address}\": {cause}")]
    Tls {
        /// As the configuration names it.
        address: SocketAddr,
        /// What is wrong with it.
        cause: TlsError,
    },
}

/// The open listeners of a proxy.
pub struct Listeners {
    proxy: Arc<Proxy>,
    open: HashMap<Place, Arc<Door>>,
}

/// A configured address, and how many listeners before it in the file have the same: with port 0 there may be several.
type Place = (SocketAddr, usize);

/// A change of listeners whose every part is known to work.
pub struct Prepared(Vec<PreparedListener>);

struct PreparedListener {
    place: Place,
    tls: Option<Arc<ServerConfig>>,
    /// `None` where it is open already.
    socket: Option<TcpListener>,
}

impl Listeners {
    /// No listener yet.
    pub fn new(proxy: Arc<Proxy>) -> Self {
        Self { proxy, open: HashMap::new() }
    }

    /// Reads all certificates and binds all new addresses; changes nothing that is open.
    ///
    /// # Errors
    /// The first listener that cannot be opened.
    pub async fn prepare(&self, wanted: &[Listener]) -> Result<Prepared, ListenError> {
        let mut prepared = Vec::with_capacity(wanted.len());
        for (index, listener) in wanted.iter().enumerate() {
            let address = listener.address;
            let place = (address, wanted[..index].iter().filter(|other| other.address == address).count());
            let tls = certificate(listener)?;
            let socket = if self.open.contains_key(&place) { None } else { Some(bind(address).await?) };
            prepared.push(PreparedListener { place, tls, socket });
        }
        Ok(Prepared(prepared))
    }

    /// Opens what is new, closes what is gone, and gives new connections the new certificates.
    ///
    /// Returns the addresses that were opened, with the ports that the system chose.
    pub fn commit(&mut self, Prepared(prepared): Prepared) -> Vec<SocketAddr> {
        let wanted: Vec<_> = prepared.iter().map(|listener| listener.place).collect();
        self.open.retain(|place, door| {
            let stays = wanted.contains(place);
            if !stays {
                door.stop.cancel();
                tracing::info!(address = &*door.name, "listener closed");
            }
            stays
        });
        prepared.into_iter().filter_map(|listener| self.open(listener)).collect()
    }

    fn open(&mut self, prepared: PreparedListener) -> Option<SocketAddr> {
        let Some(socket) = prepared.socket else {
            let door = self.open.get(&prepared.place)?;
            door.tls.store(prepared.tls);
            return None;
        };
        let bound = socket.local_addr().unwrap_or(prepared.place.0);
        let door = Arc::new(Door {
            name: bound.to_string().into(),
            tls: ArcSwapOption::new(prepared.tls),
            stop: CancellationToken::new(),
        });
        self.open.insert(prepared.place, Arc::clone(&door));
        tokio::spawn(accept(Arc::clone(&self.proxy), door, socket));
        Some(bound)
    }
}

/// What the listener shows, read from its files; `None` where it is plain.
pub(crate) fn certificate(listener: &Listener) -> Result<Option<Arc<ServerConfig>>, ListenError> {
    let tls = listener.tls.as_ref().map(tls::server).transpose();
    tls.map_err(|cause| ListenError::Tls { address: listener.address, cause })
}

async fn bind(address: SocketAddr) -> Result<TcpListener, ListenError> {
    TcpListener::bind(address).await.map_err(|cause| ListenError::Bind { address, cause })
}
