//! One VM: the module of a plugin, loaded, configured, and called.

use std::future::{Future, poll_fn};
use std::ops::Deref;
use std::pin::pin;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::task::Poll;
use std::time::{Duration, Instant};

use mlua::chunk::ChunkMode;
use mlua::{AnyUserData, Function, IntoLuaMulti, Lua, LuaString, Table, Thread, Value};
use tidegate_contract::{Hook, Need, Subscription};
use tidegate_pipeline::{HookError, Limits, LoadError, Scope, Services, Setup};

use crate::code::Program;
use crate::context::{Ctx, Headers};
use crate::error;
use crate::frame::Frame;
use crate::json;
use crate::limits::Watch;
use crate::sandbox;
use crate::subscription;

/// What functions of the host know of the VM that calls them.
pub(crate) struct Shared {
    pub(crate) watch: Arc<Watch>,
    pub(crate) services: Arc<Services>,
    pub(crate) limits: Limits,
    /// The call that runs.
    call: Mutex<Option<Arc<Frame>>>,
    /// Of log lines outside of any call.
    outside: Arc<Scope>,
    library: OnceLock<Library>,
}

/// Values of the VM that the host hands out again and again.
pub(crate) struct Library {
    /// The metatable of arrays.
    pub(crate) array: Table,
    /// What `for` calls in a view.
    pub(crate) next_entry: Function,
    /// What `for` calls in headers.
    pub(crate) next_field: Function,
}

impl Shared {
    fn new(setup: &Setup) -> Arc<Self> {
        Arc::new(Self {
            watch: Arc::new(Watch::new()),
            services: Arc::clone(&setup.services),
            limits: setup.limits,
            call: Mutex::new(None),
            outside: Scope::new("", Arc::default()),
            library: OnceLock::new(),
        })
    }

    /// # Errors
    /// Before the VM is sealed, when no script runs yet.
    pub(crate) fn library(&self) -> mlua::Result<&Library> {
        self.library.get().ok_or_else(|| mlua::Error::runtime("the VM is not ready"))
    }

    /// The call that runs; `None` in `configure`.
    pub(crate) fn call(&self) -> Option<Arc<Frame>> {
        self.call.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Notes, attributes and log of the call that runs, else of none.
    pub(crate) fn scope(&self) -> Arc<Scope> {
        let scope = self.call().and_then(|frame| frame.with(|inside| Arc::clone(&inside.scope)));
        scope.unwrap_or_else(|| Arc::clone(&self.outside))
    }

    fn set_call(&self, frame: Option<Arc<Frame>>) {
        *self.call.lock().unwrap_or_else(PoisonError::into_inner) = frame;
    }
}

/// A VM with one configured module. Serves one call at a time.
pub(crate) struct Vm(Option<Machine>);

/// What a [`Vm`] is made of.
pub(crate) struct Machine {
    pub(crate) lua: Lua,
    pub(crate) shared: Arc<Shared>,
    pub(crate) keys: Keys,
    hooks: [Option<Function>; Hook::ALL.len()],
    /// Pointers of the subscription, as keys of the table that a script gets.
    pointers: Vec<(String, LuaString)>,
    /// The coroutine that every call runs in.
    thread: Thread,
    /// What hooks are given first, and transforms and auth hooks besides.
    pub(crate) ctx: AnyUserData,
    pub(crate) headers: AnyUserData,
}

/// Keys of the tables that a call makes or reads, kept so that no call makes them anew.
pub(crate) struct Keys {
    pub(crate) verdict: LuaString,
    pub(crate) value: LuaString,
    pub(crate) id: LuaString,
    pub(crate) role: LuaString,
    pub(crate) kind: LuaString,
    pub(crate) content: LuaString,
    pub(crate) start: LuaString,
    pub(crate) released: LuaString,
    pub(crate) complete: LuaString,
    pub(crate) new_turn: LuaString,
}

impl Keys {
    fn new(lua: &Lua) -> mlua::Result<Self> {
        let key = |text: &str| lua.create_string(text);
        Ok(Self {
            verdict: key("verdict")?,
            value: key("value")?,
            id: key("id")?,
            role: key("role")?,
            kind: key("kind")?,
            content: key("content")?,
            start: key("start")?,
            released: key("released")?,
            complete: key("complete")?,
            new_turn: key("new_turn")?,
        })
    }
}

#[expect(clippy::expect_used, reason = "the machine is only taken out when the VM is dropped")]
impl Deref for Vm {
    type Target = Machine;

    fn deref(&self) -> &Machine {
        self.0.as_ref().expect("there until dropped")
    }
}

impl Drop for Vm {
    /// A large heap takes long to take down: 64 MiB some ten milliseconds, in which a worker would serve nobody.
    fn drop(&mut self) {
        let Some(machine) = self.0.take() else { return };
        if machine.lua.used_memory() > LARGE && tokio::runtime::Handle::try_current().is_ok() {
            tokio::task::spawn_blocking(move || drop(machine));
        }
    }
}

/// Bytes of a heap that is not taken down in passing.
const LARGE: usize = 4 * 1024 * 1024;

impl Vm {
    /// Makes a VM, runs the module and configures it.
    ///
    /// # Errors
    /// One sentence for the operator.
    pub(crate) async fn boot(program: &Program, setup: &Setup) -> Result<(Self, Subscription), LoadError> {
        let shared = Shared::new(setup);
        let until = Instant::now() + setup.limits.configure;
        shared.watch.begin(until);
        let booted = boot(program, setup, shared);
        match tokio::time::timeout_at(until.into(), booted).await {
            Ok(booted) => booted,
            Err(_) => Err(LoadError::Configure(late(setup.limits.configure))),
        }
    }
}

impl Machine {
    /// Calls a hook.
    ///
    /// # Errors
    /// Whatever the script raised, or why it was stopped.
    pub(crate) async fn call(
        &self,
        hook: Hook,
        args: impl IntoLuaMulti,
        deadline: Duration,
    ) -> Result<Value, HookError> {
        let Some(function) = &self.hooks[hook as usize] else {
            return Err(HookError::Failed(format!("the module has no function \"{hook}\" any more")));
        };
        let outcome = run(&self.lua, &self.thread, &self.shared, (function, args)).await;
        outcome.map_err(|error| self.hook_error(&error, deadline))
    }

    /// What an error of the VM means for the call.
    pub(crate) fn hook_error(&self, error: &mlua::Error, deadline: Duration) -> HookError {
        if self.shared.watch.is_expired() {
            return HookError::Deadline(deadline);
        }
        error::hook_error(error, self.shared.limits.memory, deadline)
    }

    /// Functions of the host see this call from now on, and the watch its end.
    pub(crate) fn enter(&self, frame: &Arc<Frame>, until: Instant) {
        self.shared.watch.begin(until);
        self.shared.set_call(Some(Arc::clone(frame)));
    }

    /// The call has ended.
    pub(crate) fn leave(&self) {
        self.shared.set_call(None);
    }

    /// A pointer as a key.
    pub(crate) fn pointer(&self, pointer: &str) -> mlua::Result<LuaString> {
        match self.pointers.iter().find(|(known, _)| known == pointer) {
            Some((_, key)) => Ok(key.clone()),
            None => self.lua.create_string(pointer),
        }
    }
}

async fn boot(
    program: &Program,
    setup: &Setup,
    shared: Arc<Shared>,
) -> Result<(Vm, Subscription), LoadError> {
    let broken = |error: &mlua::Error| LoadError::Code {
        entry: program.entry.clone(),
        cause: told(setup, &shared, error),
    };
    let (lua, library) = sandbox::new(&shared).map_err(|error| broken(&error))?;
    // Set once, here; a second value would be the same.
    let _ = shared.library.set(library);
    let chunk = lua.load(&*program.bytecode).set_name(&program.name).set_mode(ChunkMode::Binary);
    let main = chunk.into_function().map_err(|error| broken(&error))?;
    let thread = lua.create_thread(main.clone()).map_err(|error| broken(&error))?;
    let module = run(&lua, &thread, &shared, (&main, ())).await.map_err(|error| broken(&error))?;
    let Value::Table(module) = module else {
        let cause = format!(
            "it returns a {}; end it with \"return M\", the table of its functions",
            module.type_name()
        );
        return Err(LoadError::Code { entry: program.entry.clone(), cause });
    };
    let configure = |error: &mlua::Error| LoadError::Configure(told(setup, &shared, error));
    let answer = match module.raw_get::<Value>("configure").unwrap_or_default() {
        Value::Nil => Value::Nil,
        Value::Function(function) => {
            let config =
                shared.library().and_then(|library| json::decode(&lua, library, setup.config.as_bytes()));
            let config = config.map_err(|error| configure(&error))?;
            run(&lua, &thread, &shared, (&function, config)).await.map_err(|error| configure(&error))?
        }
        other => {
            let text = format!("\"configure\" is a {}; make it a function", other.type_name());
            return Err(LoadError::Configure(text));
        }
    };
    let subscription = subscription::read(&module, &answer, setup.hooks, program.stream.as_ref())?;
    let mut hooks = [const { None }; Hook::ALL.len()];
    for hook in subscription.hooks.iter() {
        hooks[hook as usize] = module.raw_get::<Option<Function>>(hook.as_str()).unwrap_or_default();
    }
    let pointers = pointers(&lua, &subscription).map_err(|error| configure(&error))?;
    let keys = Keys::new(&lua).map_err(|error| configure(&error))?;
    let ctx = lua.create_userdata(Ctx(Arc::clone(&shared))).map_err(|error| configure(&error))?;
    let headers = lua.create_userdata(Headers(Arc::clone(&shared))).map_err(|error| configure(&error))?;
    Ok((Vm(Some(Machine { lua, shared, keys, hooks, pointers, thread, ctx, headers })), subscription))
}

/// Runs a function in the VM's coroutine, which waits where the function waits, and gives way where it is long.
///
/// The memory limit holds while the script runs. The host's own part, bounded by `limits.body`, goes without: where no
/// allocation can fail, each is made without a protected call around it, which halves the cost of a call.
async fn run(
    lua: &Lua,
    thread: &Thread,
    shared: &Shared,
    (function, args): (&Function, impl IntoLuaMulti),
) -> mlua::Result<Value> {
    thread.reset(function.clone())?;
    let root = thread.state() as usize;
    let mut running = pin!(thread.clone().into_async::<Value>(args)?);
    lua.set_memory_limit(shared.limits.memory)?;
    let mut gave_way = false;
    let outcome = poll_fn(|cx| {
        if std::mem::take(&mut gave_way) {
            // Only now may what others wait for on the network be looked at: a task that merely wakes itself goes first.
            let _ = pin!(tokio::task::yield_now()).poll(cx);
            return Poll::Pending;
        }
        shared.watch.resumed(root);
        let outcome = running.as_mut().poll(cx);
        gave_way = outcome.is_pending() && shared.watch.gave_way();
        outcome
    })
    .await;
    lua.set_memory_limit(0)?;
    outcome
}

fn told(setup: &Setup, shared: &Shared, error: &mlua::Error) -> String {
    if shared.watch.is_expired() {
        return late(setup.limits.configure);
    }
    if error::is_memory(error) {
        return HookError::Memory(setup.limits.memory).to_string();
    }
    error::sentence(error)
}

fn late(limit: Duration) -> String {
    let limit = limit.as_millis();
    format!(
        "it did not end within {limit} ms; do less there, and the rest in the first call, or raise \
         \"limits.configure\" of the plugin"
    )
}

fn pointers(lua: &Lua, subscription: &Subscription) -> mlua::Result<Vec<(String, LuaString)>> {
    let needs = [&subscription.request_body, &subscription.response_body];
    let named = needs.into_iter().flat_map(|need| match need {
        Need::Fields(pointers) => pointers.as_slice(),
        Need::Nothing | Need::Whole => &[],
    });
    named.take(64).map(|pointer| Ok((pointer.clone(), lua.create_string(pointer)?))).collect()
}
