//! How much memory a worker has, and may have.

use std::time::Duration;

use rustix::process::{Pid, Resource, Rlimit, prlimit};
use tokio::time::sleep;

/// How often a worker's memory is looked at.
const WATCH: Duration = Duration::from_millis(250);

/// What a worker may have besides what it had when it was ready.
pub(crate) struct Allowance {
    pid: Pid,
    ready: Memory,
    most: u64,
}

impl Allowance {
    /// From here on the process gets no more than `most` bytes besides, where the kernel can refuse them.
    pub(crate) fn begin(pid: Pid, most: u64) -> Self {
        let ready = Memory::of(pid).unwrap_or_default();
        let limit = Some(ready.data.saturating_add(most));
        let capped = prlimit(Some(pid), Resource::Data, Rlimit { current: limit, maximum: limit });
        if let Err(error) = capped {
            tracing::warn!(%error, "a worker's memory cannot be limited");
        }
        Self { pid, ready, most }
    }

    /// Waits until three quarters are used.
    pub(crate) async fn nearly_used(&self) {
        let enough = self.ready.resident.saturating_add(self.most / 4 * 3);
        self.until(|now| now.resident > enough).await;
    }

    /// Waits until more than all is used by what the kernel refuses to nobody.
    pub(crate) async fn overdrawn(&self) {
        let most = self.ready.shared.saturating_add(self.most);
        self.until(|now| now.shared > most).await;
    }

    async fn until(&self, holds: impl Fn(Memory) -> bool) {
        loop {
            sleep(WATCH).await;
            if Memory::of(self.pid).is_some_and(&holds) {
                return;
            }
        }
    }
}

/// What a process has, in bytes.
#[derive(Debug, Clone, Copy, Default)]
struct Memory {
    /// Its own in RAM, shared or not, and no files.
    resident: u64,
    /// The part of it that it may share with others.
    shared: u64,
    /// What it may write to, in RAM or not: what `RLIMIT_DATA` counts.
    data: u64,
}

impl Memory {
    /// `None` where the process is gone.
    fn of(pid: Pid) -> Option<Self> {
        let text = std::fs::read_to_string(format!("/proc/{}/status", pid.as_raw_nonzero())).ok()?;
        let field = |name: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
            line.trim().strip_suffix(" kB")?.parse::<u64>().ok().map(|kib| kib * 1024)
        };
        let shared = field("RssShmem")?;
        Some(Self { resident: field("RssAnon")? + shared, shared, data: field("VmData")? })
    }
}

#[cfg(test)]
#[path = "memory_tests.rs"]
mod tests;
