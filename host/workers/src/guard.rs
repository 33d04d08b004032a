//! A small process that outlives a killed gateway by a moment: it ends what workers started, which nobody else would.
//!
//! The kernel ends the workers themselves. The guard knows their groups from a pipe; the end of the pipe is the end of the
//! gateway, however it came. It is started with the first worker, and anew where it was killed.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::io::{self, PipeWriter, Read, Write};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use rustix::fs::OFlags;
use rustix::process::Pid;

use crate::groups::{self, GATEWAY, kill};
use crate::proc;

/// How the guard is started; without it there is none.
static GUARD: OnceLock<(PathBuf, Vec<OsString>)> = OnceLock::new();

/// Where it reads.
static PIPE: Mutex<Option<PipeWriter>> = Mutex::new(None);

/// A killed process goes at the kernel's leisure, and one that forks all the time is found in a later round.
const ROUNDS: usize = 200;
const PAUSE: Duration = Duration::from_millis(5);

/// Has workers guarded from here on: `program` is started with `args` and one more, and calls [`stand_guard`] with that.
///
/// What a worker leaves behind becomes a child of this process then, and is ended and waited for. For a process that is a
/// gateway and nothing else: it is asked of the kernel for all of it.
///
/// # Errors
/// Where the kernel does not know of such parents.
pub fn guard(program: PathBuf, args: Vec<OsString>) -> io::Result<()> {
    rustix::process::set_child_subreaper(Some(rustix::process::getpid()))?;
    // A second call changes nothing.
    let _ = GUARD.set((program, args));
    Ok(())
}

pub(crate) fn is_armed() -> bool {
    GUARD.get().is_some()
}

fn pipe() -> MutexGuard<'static, Option<PipeWriter>> {
    PIPE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Starts the guard where it does not run.
pub(crate) fn ensure() {
    let Some((program, args)) = GUARD.get() else { return };
    let mut pipe = pipe();
    if pipe.is_some() {
        return;
    }
    match started(program, args) {
        Ok(mut writer) => {
            for group in groups::living().into_keys() {
                let _ = writer.write_all(&group.to_ne_bytes());
            }
            *pipe = Some(writer);
        }
        Err(error) => {
            tracing::warn!(%error, "no guard: what workers start would outlive a gateway that is killed")
        }
    }
}

fn started(program: &PathBuf, args: &[OsString]) -> io::Result<PipeWriter> {
    let (reader, writer) = io::pipe()?;
    // A guard that was stopped must hold up nobody.
    let flags = rustix::fs::fcntl_getfl(&writer)?;
    rustix::fs::fcntl_setfl(&writer, flags | OFlags::NONBLOCK)?;
    // Where it ends before this process, it is waited for like any stray.
    Command::new(program)
        .args(args)
        .arg(&*GATEWAY)
        .env_clear()
        .current_dir("/")
        .stdin(reader)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        // A signal for all processes of a terminal would end it before its time.
        .process_group(0)
        .spawn()?;
    Ok(writer)
}

/// Tells the guard of a group, or with a minus of its end.
pub(crate) fn tell(group: i32) {
    let mut pipe = pipe();
    let Some(writer) = pipe.as_mut() else { return };
    let told = writer.write_all(&group.to_ne_bytes());
    if told.is_err_and(|error| error.kind() == io::ErrorKind::BrokenPipe) {
        // It is started anew with the next worker, and told of all groups.
        *pipe = None;
    }
}

/// What the guard does: waits for the end of the gateway, ends what is left of its workers, and is done.
pub fn stand_guard(gateway: &str) {
    let _ = rustix::thread::set_name(c"tidegate-guard");
    let mut groups = BTreeSet::new();
    let (mut input, mut record) = (io::stdin().lock(), [0; 4]);
    while input.read_exact(&mut record).is_ok() {
        let group = i32::from_ne_bytes(record);
        if group > 0 {
            groups.insert(group)
        } else {
            groups.remove(&-group)
        };
    }
    for group in groups.into_iter().filter_map(Pid::from_raw) {
        kill(group);
    }
    for _ in 0..ROUNDS {
        if !end_marked(gateway) {
            return;
        }
        std::thread::sleep(PAUSE);
    }
}

/// Ends what has left the groups; whether there was something.
fn end_marked(gateway: &str) -> bool {
    let mut found = false;
    for process in proc::all() {
        if proc::mark(process.pid).is_some_and(|mark| mark.gateway == gateway) {
            found = true;
            let _ = rustix::process::kill_process(process.pid, rustix::process::Signal::KILL);
        }
    }
    found
}
