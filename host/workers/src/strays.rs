//! What a worker started and left behind: the kernel makes it a child of the gateway, which ends it and waits for it.
//!
//! Everything here runs on the thread that starts workers, so that one which is just being started is no stray.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustix::process::{Signal, WaitOptions};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;

use crate::groups::{self, GATEWAY};
use crate::{guard, launch, proc};

/// Between two looks: a plugin may have a thousand processes end at once.
const PAUSE: Duration = Duration::from_millis(50);

/// Whoever started a process himself has waited for it by then.
const PATIENCE: Duration = Duration::from_secs(1);

/// Processes that ended, and when that was seen.
static OVER: Mutex<BTreeMap<i32, Instant>> = Mutex::new(BTreeMap::new());

/// Has a look soon; several wishes make one look.
pub(crate) fn sweep_soon() {
    static WANTED: AtomicBool = AtomicBool::new(false);
    if guard::is_armed() && !WANTED.swap(true, Ordering::AcqRel) {
        launch::run(Box::new(|| {
            WANTED.store(false, Ordering::Release);
            sweep();
        }));
    }
}

/// Has a look whenever a child of this process ends.
pub(crate) fn watch() {
    static WATCHED: AtomicBool = AtomicBool::new(false);
    if !guard::is_armed() || WATCHED.swap(true, Ordering::AcqRel) {
        return;
    }
    match signal(SignalKind::child()) {
        Ok(mut ended) => drop(tokio::spawn(async move {
            while ended.recv().await.is_some() {
                tokio::time::sleep(PAUSE).await;
                while swept().await {
                    tokio::time::sleep(PATIENCE).await;
                }
            }
        })),
        Err(error) => tracing::warn!(%error, "what workers leave behind is not waited for"),
    }
}

/// Whether there is something that has to be looked at again.
async fn swept() -> bool {
    let (done, answer) = oneshot::channel();
    launch::run(Box::new(move || {
        let _ = done.send(sweep());
    }));
    answer.await.unwrap_or(false)
}

fn sweep() -> bool {
    let (me, own) = (rustix::process::getpid(), rustix::process::getpgrp());
    let (me, own) = (me.as_raw_nonzero().get(), own.as_raw_nonzero().get());
    let living = groups::living();
    let numbers: BTreeSet<u64> = living.values().copied().collect();
    // Workers are waited for elsewhere, and so is what the gateway started in its own group.
    let foreign = |process: &proc::Process| {
        process.parent == me
            && process.group != own
            && !living.contains_key(&process.pid.as_raw_nonzero().get())
    };
    let mut over = OVER.lock().unwrap_or_else(PoisonError::into_inner);
    let known = std::mem::take(&mut *over);
    for process in proc::all().filter(foreign) {
        let pid = process.pid.as_raw_nonzero().get();
        if process.is_over {
            let since = known.get(&pid).copied().unwrap_or_else(Instant::now);
            if since.elapsed() < PATIENCE {
                over.insert(pid, since);
            } else {
                let _ = rustix::process::waitpid(Some(process.pid), WaitOptions::NOHANG);
            }
        } else if !living.contains_key(&process.group) {
            // One without a mark may be somebody else's: the orphans of a container come to its first process.
            let gone = |mark: proc::Mark| mark.gateway == *GATEWAY && !numbers.contains(&mark.worker);
            if proc::mark(process.pid).is_some_and(gone) {
                let _ = rustix::process::kill_process(process.pid, Signal::KILL);
            }
        }
    }
    !over.is_empty()
}
