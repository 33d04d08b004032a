//! Serves the admin listener so that no client, slow or many, can hold it.

use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use tidegate_telemetry::Metrics;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{sleep, timeout};

use crate::access::LiveAccess;
use crate::control::Control;
use crate::routes::{Served, router};

/// How much and how long a client may.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// Connections at once; further ones wait in the system's queue.
    pub(crate) connections: usize,
    /// The head of a request, in bytes.
    pub(crate) head: usize,
    /// From the connection to the last byte of the head.
    pub(crate) head_time: Duration,
    /// From the connection to the last byte of the answer.
    pub(crate) connection_time: Duration,
    /// How long open connections may go on after shutdown.
    pub(crate) drain: Duration,
}

impl Limits {
    const DEFAULT: Self = Self {
        connections: 256,
        head: 16 * 1024,
        head_time: Duration::from_secs(10),
        connection_time: Duration::from_secs(60),
        drain: Duration::from_secs(5),
    };
}

/// Serves until `shutdown` completes, then lets open requests end for a few seconds.
pub async fn serve(
    listener: TcpListener,
    access: Arc<LiveAccess>,
    control: Arc<dyn Control>,
    metrics: Arc<Metrics>,
    shutdown: impl Future<Output = ()>,
) {
    let router = router(access, Served { control, metrics });
    serve_within(Limits::DEFAULT, listener, router, shutdown).await;
}

pub(crate) async fn serve_within(
    limits: Limits,
    listener: TcpListener,
    router: Router,
    shutdown: impl Future<Output = ()>,
) {
    let graceful = GracefulShutdown::new();
    let slots = Arc::new(Semaphore::new(limits.connections));
    let mut shutdown = pin!(shutdown);
    loop {
        let accepted = tokio::select! {
            () = &mut shutdown => break,
            accepted = accept(&listener, &slots) => accepted,
        };
        match accepted {
            Ok((stream, slot)) => {
                let connection = connection(limits, stream, router.clone(), graceful.watcher());
                tokio::spawn(async move {
                    connection.await;
                    drop(slot);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "admin connection not accepted");
                // Out of file descriptors the error comes back at once: without a pause this loop takes a core.
                sleep(Duration::from_millis(100)).await;
            }
        }
    }
    drop(listener);
    if timeout(limits.drain, graceful.shutdown()).await.is_err() {
        tracing::warn!("admin connections cut at shutdown");
    }
}

async fn accept(
    listener: &TcpListener,
    slots: &Arc<Semaphore>,
) -> io::Result<(TcpStream, OwnedSemaphorePermit)> {
    let slot = Arc::clone(slots).acquire_owned().await.map_err(io::Error::other)?;
    let (stream, _) = listener.accept().await?;
    Ok((stream, slot))
}

/// One request a connection: nothing here is frequent, and the time of a connection is then that of a request.
async fn connection(limits: Limits, stream: TcpStream, router: Router, watcher: Watcher) {
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head_time)
        .max_buf_size(limits.head)
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    match timeout(limits.connection_time, watcher.watch(connection)).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::debug!(%error, "admin connection failed"),
        Err(_) => tracing::debug!("admin connection took too long"),
    }
}

#[cfg(test)]
#[path = "server_tests.rs"]
mod tests;
