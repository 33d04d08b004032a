//! The load of the whole gateway: how many requests are in flight, and how many of them each principal has.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use tidegate_contract::Principal;

use crate::breakers::take;
use crate::health::lock;

/// The requests in flight, in all generations of the configuration.
#[derive(Default)]
pub(crate) struct Load {
    requests: AtomicUsize,
    /// By principal; requests that nobody has authenticated count as one principal's.
    principals: Mutex<HashMap<Option<Arc<str>>, usize>>,
}

/// A request in flight, until this is dropped.
pub(crate) struct Place {
    load: Arc<Load>,
    most: usize,
    /// Whose it is, once that is known.
    holder: Option<Option<Arc<str>>>,
}

/// One principal has its share already.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Greedy;

impl Load {
    /// A place among at most so many; `None` where all are taken.
    pub(crate) fn enter(self: &Arc<Self>, most: usize) -> Option<Place> {
        take(&self.requests, Some(most))?;
        Some(Place { load: Arc::clone(self), most, holder: None })
    }
}

impl Place {
    /// Counts the request as its principal's. Where more than half of all places are taken, each principal that has
    /// requests in flight may have as many as any other, and at least one.
    pub(crate) fn hold(&mut self, principal: Option<&Principal>) -> Result<(), Greedy> {
        if self.holder.is_some() {
            return Ok(());
        }
        let name = principal.map(name);
        let is_busy = self.load.requests.load(Ordering::Relaxed) > self.most / 2;
        let mut principals = lock(&self.load.principals);
        let held = principals.get(&name).copied().unwrap_or(0);
        let holders = principals.len() + usize::from(held == 0);
        let reserve = if name.is_some() { reserve(self.most) } else { 0 };
        if is_busy && held >= ((self.most - reserve) / holders).max(1) {
            return Err(Greedy);
        }
        *principals.entry(name.clone()).or_default() += 1;
        self.holder = Some(name);
        Ok(())
    }
}

/// Places that those who have some leave to others: whoever is new must get in to be counted at all.
fn reserve(most: usize) -> usize {
    most.div_ceil(10)
}

/// Principals of several tenants may have one id.
fn name(principal: &Principal) -> Arc<str> {
    match &principal.tenant {
        Some(tenant) => format!("{tenant}\n{}", principal.id).into(),
        None => principal.id.as_str().into(),
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.load.requests.fetch_sub(1, Ordering::Relaxed);
        let Some(holder) = self.holder.take() else { return };
        let mut principals = lock(&self.load.principals);
        let Some(held) = principals.get_mut(&holder) else { return };
        *held -= 1;
        if *held == 0 {
            principals.remove(&holder);
        }
    }
}

#[cfg(test)]
#[path = "load_tests.rs"]
mod tests;
