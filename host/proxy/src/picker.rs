//! Which backend of a route is tried next.

use tidegate_contract::{Dialect, ModelNames, Operation};
use tidegate_providers::Serving;

use crate::snapshot::{Backend, Cluster, Route, Tries};

/// What a client asks for, and in which dialect.
pub(crate) type Client = (Dialect, Operation);

/// Picks backends: by weight among the untried of the lowest priority, then of the next, then from the start again.
/// Where each priority gets one try, a pick uses up its priority.
pub(crate) struct Picker<'a> {
    backends: Vec<(&'a Backend, bool)>,
    plan: Tries,
    tries: usize,
}

impl<'a> Picker<'a> {
    /// Leaves out backends whose model name the principal may not use, those that have not what is asked for, and those
    /// without a share; `None` where that leaves none.
    pub(crate) fn new(route: &'a Route, allowed: Option<&ModelNames>, client: Client) -> Option<Self> {
        let permitted = |backend: &&Backend| match (allowed, &backend.model) {
            (Some(allowed), Some(model)) => allowed.allow(model),
            _ => true,
        };
        let backends: Vec<_> =
            speakers(route, client).filter(permitted).map(|backend| (backend, false)).collect();
        (!backends.is_empty()).then_some(Self { backends, plan: route.retry.tries, tries: 0 })
    }

    /// Whether the plan allows no other try.
    pub(crate) fn is_done(&self) -> bool {
        match self.plan {
            Tries::EachPriority => self.backends.iter().all(|(_, tried)| *tried),
            Tries::InAll(tries) => self.tries >= tries,
        }
    }

    /// The backend to try now.
    pub(crate) fn next(&mut self) -> &'a Backend {
        self.tries += 1;
        if self.backends.iter().all(|(_, tried)| *tried) {
            self.backends.iter_mut().for_each(|(_, tried)| *tried = false);
        }
        let picked = self.by_weight();
        let backend = self.backends[picked].0;
        for (index, (other, tried)) in self.backends.iter_mut().enumerate() {
            let used_up = self.plan == Tries::EachPriority && other.priority == backend.priority;
            *tried |= index == picked || used_up;
        }
        backend
    }

    /// The index of one of the untried of the lowest priority.
    fn by_weight(&self) -> usize {
        if self.backends.len() == 1 {
            return 0;
        }
        let untried = || self.backends.iter().enumerate().filter(|(_, (_, tried))| !tried);
        let priority = untried().map(|(_, (backend, _))| backend.priority).min().unwrap_or_default();
        let candidates = || untried().filter(|(_, (backend, _))| backend.priority == priority);
        let total: u64 = candidates().map(|(_, (backend, _))| u64::from(backend.weight)).sum();
        let mut point = fastrand::u64(..total.max(1));
        let picked = candidates().find(|(_, (backend, _))| {
            let weight = u64::from(backend.weight);
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
