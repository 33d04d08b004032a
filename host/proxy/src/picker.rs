//! Which backend of a route is tried next.

use tidegate_contract::{Dialect, ModelNames, Operation};
use tidegate_providers::Serving;

use crate::snapshot::{Backend, Cluster, Route, Tries};

/// What a client asks for, and in which dialect.
pub(crate) type Client = (Dialect, Operation);

/// Picks backends: by weight among the untried of the lowest priority, then of the next, then from the start again.
/// Where each priority gets one try, a pick uses up its priority. Backends that are set aside come after all others.
pub(crate) struct Picker<'a> {
    backends: Vec<Candidate<'a>>,
    plan: Tries,
    tries: usize,
}

struct Candidate<'a> {
    backend: &'a Backend,
    tried: bool,
    /// Its cluster is ejected, or asked to be left alone for a while.
    set_aside: bool,
}

impl<'a> Picker<'a> {
    /// Leaves out backends whose model name the principal may not use, those that have not what is asked for, and those
    /// without a share; `None` where that leaves none.
    pub(crate) fn new(route: &'a Route, allowed: Option<&ModelNames>, client: Client) -> Option<Self> {
        let permitted = |backend: &&Backend| match (allowed, &backend.model) {
            (Some(allowed), Some(model)) => allowed.allow(model),
            _ => true,
        };
        let candidate = |backend| Candidate { backend, tried: false, set_aside: false };
        let backends: Vec<_> = speakers(route, client).filter(permitted).map(candidate).collect();
        (!backends.is_empty()).then_some(Self { backends, plan: route.retry.tries, tries: 0 })
    }

    /// Whether the plan allows no other try.
    pub(crate) fn is_done(&self) -> bool {
        match self.plan {
            Tries::EachPriority => self.backends.iter().all(|candidate| candidate.tried),
            Tries::InAll(tries) => self.tries >= tries,
        }
    }

    /// The backend to try now, for a client that names this model.
    pub(crate) fn next(&mut self, model: &str) -> &'a Backend {
        self.tries += 1;
        if self.backends.iter().all(|candidate| candidate.tried) {
            self.backends.iter_mut().for_each(|candidate| candidate.tried = false);
        }
        if self.backends.len() > 1 {
            self.set_aside(model);
        }
        let picked = self.by_weight();
        let backend = self.backends[picked].backend;
        for (index, other) in self.backends.iter_mut().enumerate() {
            let used_up = self.plan == Tries::EachPriority && other.backend.priority == backend.priority;
            other.tried |= index == picked || used_up;
        }
        backend
    }

    /// Looks which backends should not be asked now. No more are left out as ejected than the share that their clusters allow.
    fn set_aside(&mut self, model: &str) {
        let all = self.backends.len();
        let mut ejected = 0;
        for candidate in &mut self.backends {
            let health = &candidate.backend.cluster.health;
            let allowed = |percent: u32| (ejected + 1) * 100 <= all * percent as usize;
            let is_ejected = health.ejected().is_some_and(allowed);
            ejected += usize::from(is_ejected);
            candidate.set_aside = is_ejected || health.cools_down(candidate.backend.asks_for(model));
        }
    }

    /// The index of one of the untried of the lowest priority.
    fn by_weight(&self) -> usize {
        if self.backends.len() == 1 {
            return 0;
        }
        let untried = || self.backends.iter().enumerate().filter(|(_, candidate)| !candidate.tried);
        let place = |candidate: &Candidate<'_>| (candidate.set_aside, candidate.backend.priority);
        let first = untried().map(|(_, candidate)| place(candidate)).min().unwrap_or_default();
        let candidates = || untried().filter(|(_, candidate)| place(candidate) == first);
        let weight = |candidate: &Candidate<'_>| u64::from(candidate.backend.weight);
        let total: u64 = candidates().map(|(_, candidate)| weight(candidate)).sum();
        let mut point = fastrand::u64(..total.max(1));
        let picked = candidates().find(|(_, candidate)| {
            let weight = weight(candidate);
            let hit = point < weight;
            point = point.saturating_sub(weight);
            hit
        });
        picked.map_or(0, |(index, _)| index)
    }
}

/// Backends with a share that have what is asked for.
fn speakers(route: &Route, client: Client) -> impl Iterator<Item = &Backend> {
    let shares = route.backends.iter().filter(|backend| backend.weight > 0);
    shares.filter(move |backend| lacks(backend, client).is_none())
}

fn lacks(backend: &Backend, (dialect, operation): Client) -> Option<&'static str> {
    match backend.cluster.provider.serves(dialect, operation) {
        Serving::Refuses(lacks) => Some(lacks),
        Serving::Passes | Serving::Speaks(_) => None,
    }
}

/// Where no backend with a share has what is asked for: the first one's cluster, and what it lacks.
pub(crate) fn refusal(route: &Route, client: Client) -> Option<(&Cluster, &'static str)> {
    let mut shares = route.backends.iter().filter(|backend| backend.weight > 0).peekable();
    let first = shares.peek().and_then(|backend| Some((&*backend.cluster, lacks(backend, client)?)));
    first.filter(|_| shares.all(|backend| lacks(backend, client).is_some()))
}

#[cfg(test)]
#[path = "picker_tests.rs"]
mod tests;
