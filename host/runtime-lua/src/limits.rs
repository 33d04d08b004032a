//! Time: stops a script whose deadline has passed, and lets others of its thread go on while it is busy.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use mlua::{Lua, VmState};

/// How long a script may keep its thread before other tasks get a turn.
const SLICE: Duration = Duration::from_millis(2);

/// Interrupts between two looks at the clock, at most: a look costs as much as some ten interrupts.
const STRIDE: u32 = 8;

/// Errors that a script may cause in functions of the host in one call. Each holds a text outside of the VM's memory
/// until it is collected, which the VM's memory limit does not see.
const MAX_ERRORS: u32 = 1000;

/// Why a script is stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Stop {
    #[error("its time is up")]
    Deadline,
    #[error("it caused more than {MAX_ERRORS} errors in one call")]
    Errors,
}

/// The watch over one VM. Luau asks it at every call, return and backward jump, and at every step of a pattern.
#[derive(Debug)]
pub(crate) struct Watch {
    since: Instant,
    /// Nanoseconds after `since`.
    deadline: AtomicU64,
    slice_end: AtomicU64,
    last_look: AtomicU64,
    until_look: AtomicU32,
    stride: AtomicU32,
    errors: AtomicU32,
    expired: AtomicBool,
    gave_way: AtomicBool,
    /// The state of the coroutine in which the hook runs; only this one may be suspended, since a coroutine of the
    /// script's own would seem to have yielded.
    root: AtomicUsize,
    stop: [Arc<Stop>; 2],
}

impl Watch {
    pub(crate) fn new() -> Self {
        Self {
            since: Instant::now(),
            deadline: AtomicU64::new(u64::MAX),
            slice_end: AtomicU64::new(u64::MAX),
            last_look: AtomicU64::new(0),
            until_look: AtomicU32::new(0),
            stride: AtomicU32::new(1),
            errors: AtomicU32::new(0),
            expired: AtomicBool::new(false),
            gave_way: AtomicBool::new(false),
            root: AtomicUsize::new(0),
            stop: [Arc::new(Stop::Deadline), Arc::new(Stop::Errors)],
        }
    }

    /// Has the VM ask.
    pub(crate) fn install(self: &Arc<Self>, lua: &Lua) {
        let watch = Arc::clone(self);
        lua.set_interrupt(move |lua| watch.tick(lua));
    }

    /// A call begins, in the coroutine with the state `root`, and has to end by `until`.
    pub(crate) fn begin(&self, until: Instant) {
        let deadline = until.saturating_duration_since(self.since);
        self.deadline.store(nanos(deadline), Ordering::Relaxed);
        self.errors.store(0, Ordering::Relaxed);
        self.expired.store(false, Ordering::Relaxed);
    }

    /// The thread was given to the script just now.
    pub(crate) fn resumed(&self, root: usize) {
        let now = nanos(self.since.elapsed());
        self.root.store(root, Ordering::Relaxed);
        self.last_look.store(now, Ordering::Relaxed);
        self.slice_end.store(now.saturating_add(nanos(SLICE)), Ordering::Relaxed);
        self.until_look.store(STRIDE, Ordering::Relaxed);
        self.stride.store(STRIDE, Ordering::Relaxed);
    }

    /// Whether the script was suspended to let others run, since this was asked last.
    pub(crate) fn gave_way(&self) -> bool {
        self.gave_way.swap(false, Ordering::Relaxed)
    }

    /// Whether the script was stopped because its time was up.
    pub(crate) fn is_expired(&self) -> bool {
        self.expired.load(Ordering::Relaxed)
    }

    /// An error for the script with this text; too many of them stop it.
    pub(crate) fn error(&self, text: impl Into<String>) -> mlua::Error {
        if self.errors.fetch_add(1, Ordering::Relaxed) >= MAX_ERRORS {
            return mlua::Error::ExternalError(self.stop[1].clone());
        }
        mlua::Error::RuntimeError(text.into())
    }

    fn tick(&self, lua: &Lua) -> mlua::Result<VmState> {
        let left = self.until_look.load(Ordering::Relaxed);
        if left > 0 {
            self.until_look.store(left - 1, Ordering::Relaxed);
            return Ok(VmState::Continue);
        }
        self.look(lua)
    }

    /// An error of a stopped script comes again at its next step, so that no `pcall` of its own can hold it.
    fn look(&self, lua: &Lua) -> mlua::Result<VmState> {
        let now = nanos(self.since.elapsed());
        if now >= self.deadline.load(Ordering::Relaxed) {
            self.expired.store(true, Ordering::Relaxed);
            return Err(mlua::Error::ExternalError(self.stop[0].clone()));
        }
        if self.errors.load(Ordering::Relaxed) > MAX_ERRORS {
            return Err(mlua::Error::ExternalError(self.stop[1].clone()));
        }
        self.pace(now);
        if now >= self.slice_end.load(Ordering::Relaxed) {
            self.slice_end.store(now.saturating_add(nanos(SLICE)), Ordering::Relaxed);
            if lua.state() as usize == self.root.load(Ordering::Relaxed) {
                self.gave_way.store(true, Ordering::Relaxed);
                return Ok(VmState::Yield);
            }
        }
        Ok(VmState::Continue)
    }

    /// Steps that took long are followed by looks at every step.
    fn pace(&self, now: u64) {
        let took = now.saturating_sub(self.last_look.swap(now, Ordering::Relaxed));
        let stride =
            if took > nanos(SLICE) / 4 { 0 } else { (self.stride.load(Ordering::Relaxed) + 1).min(STRIDE) };
        self.stride.store(stride, Ordering::Relaxed);
        self.until_look.store(stride, Ordering::Relaxed);
    }
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
