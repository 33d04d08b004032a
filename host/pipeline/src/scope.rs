//! What a call may reach of its own request: notes, attributes, and a bounded number of log lines.

use std::any::Any;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use http::HeaderMap;

use crate::quotas::Allowance;
use crate::trace::Trace;

/// What the notes of one filter on one request may hold, keys included.
pub const MAX_NOTES: usize = 16 * 1024;

/// Log lines that one filter may write for one request; what comes beyond is counted, not written.
pub const MAX_LINES: u32 = 64;

/// Facts of a request, fixed before the first hook runs; plugins ask for them by name.
#[derive(Debug)]
pub struct Attributes {
    /// The virtual service.
    pub service: Arc<str>,
    /// The listener's address.
    pub listener: Arc<str>,
    /// `GET`, `POST`, …
    pub method: http::Method,
    /// The normalised path.
    pub path: Box<str>,
    /// Where the client connected from.
    pub client: Option<IpAddr>,
    /// Of what a plugin asked a model: how many questions deep it is; 0 of a client's request.
    pub depth: u8,
    /// Where the calls of its filters are written down.
    pub trace: Option<Arc<Trace>>,
}

impl Default for Attributes {
    fn default() -> Self {
        Self {
            service: Arc::default(),
            listener: Arc::default(),
            method: http::Method::GET,
            path: Box::default(),
            client: None,
            depth: 0,
            trace: None,
        }
    }
}

impl Attributes {
    /// The fact of that name; see `interface info` of the contract.
    pub fn get(&self, name: &str) -> Option<String> {
        match name {
            "service" => Some(self.service.to_string()),
            "listener" => Some(self.listener.to_string()),
            "method" => Some(self.method.to_string()),
            "path" => Some(self.path.to_string()),
            "client.address" => self.client.map(|client| client.to_string()),
            _ => None,
        }
    }
}

/// One filter on one request.
#[derive(Debug, Default)]
pub struct Scope {
    request_id: Box<str>,
    attributes: Arc<Attributes>,
    notes: Mutex<BTreeMap<String, Vec<u8>>>,
    lines: AtomicU32,
    fields: OnceLock<HeaderMap>,
    allowances: Mutex<Vec<Allowance>>,
    kept: OnceLock<Arc<dyn Any + Send + Sync>>,
}

/// A note that does not fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the notes of a request may hold {} KiB", MAX_NOTES / 1024)]
pub struct NotesFull;

impl Scope {
    /// Of a request; without notes yet.
    pub fn new(request_id: &str, attributes: Arc<Attributes>) -> Arc<Self> {
        Arc::new(Self { request_id: request_id.into(), attributes, ..Self::default() })
    }

    /// The request's id.
    pub fn request_id(&self) -> &str {
        &self.request_id
    }

    /// How many questions of plugins the request is deep.
    pub fn depth(&self) -> u8 {
        self.attributes.depth
    }

    pub(crate) fn trace(&self) -> Option<&Arc<Trace>> {
        self.attributes.trace.as_ref()
    }

    /// A fact of the request.
    pub fn attribute(&self, name: &str) -> Option<String> {
        self.attributes.get(name)
    }

    /// Where the client connected from.
    pub fn client(&self) -> Option<IpAddr> {
        self.attributes.client
    }

    /// Of the request's header fields those that the filter subscribed to by name, for hooks that are given none.
    pub fn fields(&self) -> Option<&HeaderMap> {
        self.fields.get()
    }

    pub(crate) fn show_fields(&self, fields: HeaderMap) {
        // The first hook that is shown them is shown what all are.
        let _ = self.fields.set(fields);
    }

    /// Tells the client where limits stand, with whatever answer it gets.
    pub fn tell_allowances(&self, told: impl IntoIterator<Item = Allowance>) {
        lock(&self.allowances).extend(told);
    }

    pub(crate) fn take_allowances(&self) -> Vec<Allowance> {
        std::mem::take(&mut lock(&self.allowances))
    }

    /// A note of an earlier call.
    pub fn note(&self, key: &str) -> Option<Vec<u8>> {
        self.notes().get(key).cloned()
    }

    /// Keeps a note for later calls of the same filter on the same request.
    ///
    /// # Errors
    /// Where all notes together would be larger than [`MAX_NOTES`]; the note that was there stays.
    pub fn set_note(&self, key: &str, value: &[u8]) -> Result<(), NotesFull> {
        let mut notes = self.notes();
        let others = notes.iter().filter(|(other, _)| other.as_str() != key);
        let size: usize = others.map(|(key, value)| key.len() + value.len()).sum();
        if size + key.len() + value.len() > MAX_NOTES {
            return Err(NotesFull);
        }
        notes.insert(key.to_owned(), value.to_vec());
        Ok(())
    }

    /// Keeps something for later hooks of the same built-in filter on the same request; the first that was kept stays.
    pub fn keep(&self, kept: Arc<dyn Any + Send + Sync>) {
        let _ = self.kept.set(kept);
    }

    /// What was kept, where it is of this type.
    pub fn kept<T: Any + Send + Sync>(&self) -> Option<Arc<T>> {
        Arc::clone(self.kept.get()?).downcast().ok()
    }

    /// Whether another log line may be written; `false` means that it is only counted.
    pub fn may_log(&self) -> bool {
        self.lines.fetch_add(1, Ordering::Relaxed) < MAX_LINES
    }

    fn notes(&self) -> MutexGuard<'_, BTreeMap<String, Vec<u8>>> {
        lock(&self.notes)
    }
}

fn lock<T>(held: &Mutex<T>) -> MutexGuard<'_, T> {
    held.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
#[path = "scope_tests.rs"]
mod tests;
