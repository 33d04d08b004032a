//! How much memory a worker has, and may have.

use rustix::process::{Pid, Resource, Rlimit, prlimit};

/// Pages of a process.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Memory {
    /// Bytes in RAM.
    pub(crate) resident: u64,
    /// Bytes that it may write to, in RAM or not: what `RLIMIT_DATA` counts.
    data: u64,
}

impl Memory {
    /// `None` where the process is gone.
    pub(crate) fn of(pid: Pid) -> Option<Self> {
        let text = std::fs::read_to_string(format!("/proc/{}/statm", pid.as_raw_nonzero())).ok()?;
        let pages: Vec<u64> =
            text.split_ascii_whitespace().filter_map(|number| number.parse().ok()).collect();
        let size = rustix::param::page_size() as u64;
        Some(Self { resident: pages.get(1)? * size, data: pages.get(5)? * size })
    }

    /// From here on the process gets no more than `more` bytes besides.
    pub(crate) fn cap(self, pid: Pid, more: u64) {
        let most = Some(self.data.saturating_add(more));
        let capped = prlimit(Some(pid), Resource::Data, Rlimit { current: most, maximum: most });
        if let Err(error) = capped {
            tracing::warn!(%error, "a worker's memory cannot be limited");
        }
    }
}
