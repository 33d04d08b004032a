//! Other processes, as `/proc` shows them.

use rustix::process::Pid;

use crate::groups::MARK;

/// A process.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Process {
    pub(crate) pid: Pid,
    pub(crate) parent: i32,
    pub(crate) group: i32,
    /// It ended, and nobody has waited for it.
    pub(crate) is_over: bool,
}

/// Who started a process.
pub(crate) struct Mark {
    /// The gateway.
    pub(crate) gateway: String,
    /// Its worker.
    pub(crate) worker: u64,
}

/// All that can be seen.
pub(crate) fn all() -> impl Iterator<Item = Process> {
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| read(Pid::from_raw(entry.file_name().to_str()?.parse().ok()?)?))
}

fn read(pid: Pid) -> Option<Process> {
    let text = std::fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero())).ok()?;
    // The name before it may hold anything.
    let mut fields = text.rsplit_once(") ")?.1.split(' ');
    let is_over = fields.next()? == "Z";
    Some(Process { pid, is_over, parent: fields.next()?.parse().ok()?, group: fields.next()?.parse().ok()? })
}

/// What a process has in its environment since its start.
pub(crate) fn mark(pid: Pid) -> Option<Mark> {
    let environment = std::fs::read(format!("/proc/{}/environ", pid.as_raw_nonzero())).ok()?;
    let mut variables = environment.split(|byte| *byte == 0);
    let value = variables.find_map(|pair| pair.strip_prefix(MARK.as_bytes())?.strip_prefix(b"="))?;
    let (gateway, worker) = std::str::from_utf8(value).ok()?.rsplit_once('.')?;
    Some(Mark { gateway: gateway.to_owned(), worker: worker.parse().ok()? })
}
