//! One instance of a component: its memory, what bounds it, and what it may reach during a call.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tidegate_contract::Subscription;
use tidegate_pipeline::{HookError, Limits, LoadError, Scope, Services, Setup};
use wasmtime::component::{InstancePre, ResourceTable};
use wasmtime::{ResourceLimiter, Store, UpdateDeadline};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

use crate::compile::Compiled;
use crate::convert;
use crate::exports::{Guests, Places};
use crate::fault::{self, Bounds, Overdue};

/// Resources of WASI, such as open streams, that an instance may hold.
const MAX_RESOURCES: usize = 1024;

/// Bytes of host memory for the shape of a verdict, beside its texts.
const SHAPE: usize = 16 * 1024;

/// What instances of one plugin with one configuration are made of.
pub(crate) struct Mould {
    /// Held so that another plugin with the same bytes need not compile them.
    pub(crate) _compiled: Arc<Compiled>,
    pub(crate) linked: InstancePre<Data>,
    pub(crate) places: Arc<Places>,
    pub(crate) setup: Setup,
}

/// What a call may reach, behind the imports.
pub(crate) struct Data {
    pub(crate) services: Arc<Services>,
    pub(crate) scope: Arc<Scope>,
    pub(crate) until: Instant,
    memory: Memory,
    /// Made when WASI is first used: most guests never do.
    wasi: Option<Box<Wasi>>,
}

/// Memory and tables of an instance, all of them together.
struct Memory {
    used: usize,
    limit: usize,
    denied: bool,
}

struct Wasi {
    context: WasiCtx,
    table: ResourceTable,
}

/// A configured instance.
pub(crate) struct Instance {
    pub(crate) store: Store<Data>,
    pub(crate) guests: Guests,
    limits: Limits,
    deadline: Duration,
    /// In place of a request's between calls.
    idle: Arc<Scope>,
}

impl Mould {
    /// Makes an instance and has it read its configuration.
    ///
    /// # Errors
    /// As of a hook; a subscription that does not exist is [`LoadError::Subscription`].
    pub(crate) async fn make(&self) -> Result<(Instance, Result<Subscription, LoadError>), HookError> {
        let limit = self.setup.limits.configure;
        // Boxed: a future of this size would stand in every request that may need another instance.
        let made = tokio::time::timeout(limit, Box::pin(self.configured(limit)));
        match made.await.unwrap_or(Err(HookError::Deadline(limit))) {
            Err(HookError::Deadline(_)) => {
                let limit = limit.as_millis();
                let text = format!(
                    "it did not end within {limit} ms; do less there, and the rest in the first call, or raise \
                     \"limits.configure\" of the plugin"
                );
                Err(HookError::Failed(text))
            }
            made => made,
        }
    }

    async fn configured(
        &self,
        limit: Duration,
    ) -> Result<(Instance, Result<Subscription, LoadError>), HookError> {
        let limits = self.setup.limits;
        let mut store = Store::new(self.linked.engine(), self.data(Instant::now() + limit));
        store.limiter(|data| &mut data.memory);
        store.set_hostcall_fuel(limits.output.saturating_add(SHAPE));
        store.set_epoch_deadline(1);
        store.epoch_deadline_callback(|store| {
            if Instant::now() >= store.data().until {
                Err(Overdue.into())
            } else {
                // Looks at the network before it goes on; a task that merely wakes itself would go first.
                Ok(UpdateDeadline::YieldCustom(1, Box::pin(tokio::task::yield_now())))
            }
        });
        let bounds =
            |store: &Store<Data>| Bounds { limits, deadline: limit, denied: store.data().memory.denied };
        let made = self.linked.instantiate_async(&mut store).await;
        let guests = made.and_then(|instance| self.places.load(&mut store, &instance));
        let guests = guests.map_err(|error| fault::of(&error, &bounds(&store)))?;
        let answer = guests.lifecycle.call_configure(&mut store, &self.setup.config).await;
        let answer = answer.map_err(|error| fault::of(&error, &bounds(&store)))?;
        let subscription = answer.map_err(|text| HookError::Failed(fault::cut(&text)))?;
        let idle = Arc::clone(&store.data().scope);
        let instance = Instance { store, guests, limits, deadline: limit, idle };
        Ok((instance, convert::subscription(subscription)))
    }

    fn data(&self, until: Instant) -> Data {
        Data {
            services: Arc::clone(&self.setup.services),
            scope: Arc::new(Scope::default()),
            until,
            memory: Memory { used: 0, limit: self.setup.limits.memory, denied: false },
            wasi: None,
        }
    }
}

impl Instance {
    /// Prepares for a call that may take until `until`, which is `deadline` after it was asked for.
    pub(crate) fn begin(&mut self, scope: &Arc<Scope>, until: Instant, deadline: Duration) {
        let data = self.store.data_mut();
        data.scope = Arc::clone(scope);
        data.until = until;
        data.memory.denied = false;
        self.deadline = deadline;
        self.store.set_epoch_deadline(1);
    }

    /// After a call that ended regularly: lets go of what belongs to its request.
    pub(crate) fn rest(&mut self) {
        self.store.data_mut().scope = Arc::clone(&self.idle);
    }

    /// Why a call did not end regularly; the instance is of no use after it.
    pub(crate) fn fault(&self, error: &wasmtime::Error) -> HookError {
        let denied = self.store.data().memory.denied;
        fault::of(error, &Bounds { limits: self.limits, deadline: self.deadline, denied })
    }
}

impl ResourceLimiter for Memory {
    fn memory_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        Ok(self.take(desired.saturating_sub(current)))
    }

    fn table_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        Ok(self.take(desired.saturating_sub(current).saturating_mul(size_of::<usize>())))
    }
}

impl Memory {
    fn take(&mut self, bytes: usize) -> bool {
        let used = self.used.saturating_add(bytes);
        let fits = used <= self.limit;
        if fits {
            self.used = used;
        } else {
            self.denied = true;
        }
        fits
    }
}

impl WasiView for Data {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        let Wasi { context, table } = &mut **self.wasi.get_or_insert_with(Wasi::sealed);
        WasiCtxView { ctx: context, table }
    }
}

impl Wasi {
    /// A clock and random numbers; no file, no socket, no name to look up, no argument, no variable, no output.
    fn sealed() -> Box<Self> {
        let mut table = ResourceTable::new();
        table.set_max_capacity(MAX_RESOURCES);
        let context =
            WasiCtx::builder().allow_tcp(false).allow_udp(false).allow_ip_name_lookup(false).build();
        Box::new(Self { context, table })
    }
}
