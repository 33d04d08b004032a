//! The process groups of the workers that live: each ends with its worker, and all of them with the gateway.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use rustix::process::{Pid, Signal};

use crate::{guard, strays};

/// The variable that every worker has, and what it starts inherits: by it a process is known whatever group it is in.
pub(crate) const MARK: &str = "TIDEGATE_WORKER";

/// This gateway, among all that run or ran on the machine.
pub(crate) static GATEWAY: LazyLock<String> = LazyLock::new(|| {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    format!("{}-{}", rustix::process::getpid().as_raw_nonzero(), now.as_nanos())
});

/// The number of each worker by its group.
static GROUPS: Mutex<BTreeMap<i32, u64>> = Mutex::new(BTreeMap::new());

fn groups() -> MutexGuard<'static, BTreeMap<i32, u64>> {
    GROUPS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Which of the workers that this gateway ever started.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Number(u64);

impl Number {
    pub(crate) fn next() -> Self {
        static LAST: AtomicU64 = AtomicU64::new(0);
        Self(LAST.fetch_add(1, Ordering::Relaxed) + 1)
    }

    /// The value of [`MARK`].
    pub(crate) fn mark(self) -> String {
        format!("{}.{}", *GATEWAY, self.0)
    }
}

/// A worker's process group, for as long as it may have members.
pub(crate) struct Group(Pid);

impl Group {
    pub(crate) fn of(pid: Pid, number: Number) -> Self {
        let group = pid.as_raw_nonzero().get();
        groups().insert(group, number.0);
        guard::tell(group);
        Self(pid)
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        kill(self.0);
        let group = self.0.as_raw_nonzero().get();
        groups().remove(&group);
        guard::tell(-group);
        strays::sweep_soon();
    }
}

/// Those that live.
pub(crate) fn living() -> BTreeMap<i32, u64> {
    groups().clone()
}

/// Ends all workers and what they started: the last thing that a gateway does.
pub fn end_all() {
    for group in living().into_keys().filter_map(Pid::from_raw) {
        kill(group);
    }
}

/// Ends a process and what it started, at once.
pub(crate) fn kill(pid: Pid) {
    // It may be gone already.
    let _ = rustix::process::kill_process_group(pid, Signal::KILL);
}
