//! Gauges that cannot leak: what a guard adds, its drop takes away, also on a panic or a cancelled future.

use prometheus::IntGauge;

/// The end of a connection that the gateway is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// A client connected to a listener.
    Client,
    /// The gateway connected to an upstream.
    Upstream,
}

impl Side {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Upstream => "upstream",
        }
    }
}

/// A request being worked on, counted as long as this lives.
#[must_use = "the request stops being counted when this is dropped"]
#[derive(Debug)]
pub struct InFlight {
    _held: Held,
}

/// An open connection, counted as long as this lives.
#[must_use = "the connection stops being counted when this is dropped"]
#[derive(Debug)]
pub struct Connection {
    _held: Held,
}

/// A cluster that is ejected, shown as long as this lives.
#[must_use = "the cluster stops being shown as ejected when this is dropped"]
#[derive(Debug)]
pub struct Ejected {
    _held: Held,
}

impl Ejected {
    pub(crate) fn new(gauge: &IntGauge) -> Self {
        Self { _held: Held::new(gauge) }
    }
}

impl InFlight {
    pub(crate) fn new(gauge: &IntGauge) -> Self {
        Self { _held: Held::new(gauge) }
    }
}

impl Connection {
    pub(crate) fn new(gauge: &IntGauge) -> Self {
        Self { _held: Held::new(gauge) }
    }
}

#[derive(Debug)]
struct Held(IntGauge);

impl Held {
    fn new(gauge: &IntGauge) -> Self {
        gauge.inc();
        Self(gauge.clone())
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.0.dec();
    }
}
