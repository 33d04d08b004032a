//! How a worker's process comes to be, and how it ends.

#![allow(unsafe_code, reason = "what happens between fork and exec; this file is all of it")]

use std::ffi::{OsStr, OsString};
use std::io;
use std::mem::ManuallyDrop;
use std::os::fd::{FromRawFd, OwnedFd};
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::{LazyLock, mpsc};

use rustix::io::FdFlags;
use rustix::process::{Pid, Signal};
use tokio::net::UnixStream;
use tokio::process::{Child, Command};
use tokio::runtime::Handle;
use tokio::sync::oneshot;

use crate::groups::{Group, MARK, Number};
use crate::{guard, strays};

/// The worker's end of the socket.
const DESCRIPTOR: i32 = 3;

/// What a worker may see of the gateway's environment; keys of providers stand there, too.
const ENVIRONMENT: [&str; 6] = ["PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "TZ"];

/// And all that begins so.
const PREFIX: &str = "TIDEGATE_PLUGIN_";

/// How a worker is started.
#[derive(Debug, Clone)]
pub struct Launch {
    /// The program.
    pub program: PathBuf,
    /// Its arguments.
    pub args: Vec<OsString>,
    /// The folder that it runs in.
    pub folder: PathBuf,
}

/// A process and the gateway's end of the socket.
pub(crate) struct Started {
    pub(crate) child: Child,
    pub(crate) pid: Pid,
    pub(crate) group: Group,
    pub(crate) socket: UnixStream,
}

impl Launch {
    /// Starts the process.
    pub(crate) async fn start(&self) -> io::Result<Started> {
        let (ours, theirs) = std::os::unix::net::UnixStream::pair()?;
        ours.set_nonblocking(true)?;
        let socket = UnixStream::from_std(ours)?;
        strays::watch();
        let number = Number::next();
        let (child, pid, group) = spawned(self.command(theirs.into(), number), number).await?;
        Ok(Started { child, pid, group, socket })
    }

    fn command(&self, socket: OwnedFd, number: Number) -> Command {
        let mut command = Command::new(&self.program);
        let seen = |name: &OsStr| {
            name.to_str().is_some_and(|name| ENVIRONMENT.contains(&name) || name.starts_with(PREFIX))
        };
        command
            .args(&self.args)
            .current_dir(&self.folder)
            .env_clear()
            .envs(std::env::vars_os().filter(|(name, _)| seen(name)))
            .env(MARK, number.mark())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // One of its own, so that what it starts ends with it.
            .process_group(0)
            .kill_on_drop(true);
        let gateway = rustix::process::getpid();
        // SAFETY: between fork and exec only system calls may be made, and no memory be taken: this closure makes five
        // system calls. Descriptor 3 is not dropped, whoever it belonged to before: the process is about to be replaced.
        unsafe {
            command.pre_exec(move || {
                rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
                if rustix::process::getppid() != Some(gateway) {
                    // The gateway ended in between; nobody would send the signal any more.
                    return Err(io::Error::from_raw_os_error(rustix::io::Errno::SRCH.raw_os_error()));
                }
                let mut wanted = ManuallyDrop::new(OwnedFd::from_raw_fd(DESCRIPTOR));
                rustix::io::dup2(&socket, &mut wanted)?;
                // Where it was number 3 already, the line above did nothing.
                rustix::io::fcntl_setfd(&*wanted, FdFlags::empty())?;
                Ok(())
            });
        }
        command
    }
}

pub(crate) type Job = Box<dyn FnOnce() + Send>;

/// The thread that starts processes: the kernel ends a worker when the very thread that started it ends, and threads of the
/// runtime come and go.
static PARENT: LazyLock<mpsc::Sender<Job>> = LazyLock::new(|| {
    let (jobs, queue) = mpsc::channel::<Job>();
    let started = std::thread::Builder::new().name("workers".into()).spawn(move || {
        for job in queue {
            job();
        }
    });
    if let Err(error) = started {
        tracing::error!(%error, "no thread for the processes of plugins");
    }
    jobs
});

/// Runs a job there, after those that wait already; not at all where no thread could be started.
pub(crate) fn run(job: Job) {
    // Whoever waits for what the job does sees its end.
    let _ = PARENT.send(job);
}

async fn spawned(mut command: Command, number: Number) -> io::Result<(Child, Pid, Group)> {
    let (done, answer) = oneshot::channel();
    let runtime = Handle::current();
    run(Box::new(move || {
        let _within = runtime.enter();
        guard::ensure();
        let spawned = command.spawn().and_then(|child| {
            let pid = child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
            let pid = pid.ok_or_else(|| io::Error::other("it ended at once"))?;
            Ok((child, pid, Group::of(pid, number)))
        });
        let _ = done.send(spawned);
    }));
    answer.await.map_err(|_| io::Error::other("no thread starts processes"))?
}
