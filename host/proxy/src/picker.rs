//! Which backend of a route is tried next.

use tidegate_contract::{Dialect, ModelNames};

use crate::snapshot::{Backend, Route, Tries};

/// Picks backends: by weight among the untried of the lowest priority, then of the next, then from the start again.
/// Where each priority gets one try, a pick uses up its priority.
pub(crate) struct Picker<'a> {
    backends: Vec<(&'a Backend, bool)>,
    plan: Tries,
    tries: usize,
}

impl<'a> Picker<'a> {
    /// Leaves out backends whose model name the principal may not use, those that do not speak the client's dialect, and
    /// those without a share; `None` where that leaves none.
    pub(crate) fn new(
        route: &'a Route,
        allowed: Option<&ModelNames>,
        client: Option<Dialect>,
    ) -> Option<Self> {
        let permitted = |backend: &&Backend| match (allowed, &backend.model) {
            (Some(allowed), Some(model)) => allowed.allow(model),
            _ => true,
        };
        let backends: Vec<_> =
            speakers(route, client).filter(permitted).map(|backend| (backend, false)).collect();
        (!backends.is_empty()).then_some(Self { backends, plan: route.retry.tries, tries: 0 })
    }

    /// Whether some backend with a share speaks the client's dialect.
    pub(crate) fn any_speaks(route: &Route, client: Option<Dialect>) -> bool {
        speakers(route, client).next().is_some()
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

/// Backends with a share that take the client's bodies as they are; `None` stands for bodies that no dialect knows.
fn speakers(route: &Route, client: Option<Dialect>) -> impl Iterator<Item = &Backend> {
    let shares = route.backends.iter().filter(|backend| backend.weight > 0);
    shares.filter(move |backend| client.is_none_or(|client| !backend.cluster.provider.translates(client)))
}
