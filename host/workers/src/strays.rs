//! What a worker started and left behind: the kernel makes it a child of the gateway, which ends it and waits for it.
//!
//! Everything here runs on the thread that starts workers, so that one which is just being started is no stray.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rustix::process::{Signal, WaitOptions};
use tokio::signal::unix::{SignalKind, signal};

use crate::groups::{self, GATEWAY};
use crate::{guard, launch, proc};

/// Between two looks: a plugin may have a thousand processes end at once.
const PAUSE: Duration = Duration::from_millis(50);

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
                sweep_soon();
                tokio::time::sleep(PAUSE).await;
            }
        })),
        Err(error) => tracing::warn!(%error, "what workers leave behind is not waited for"),
    }
}

fn sweep() {
    let (me, own) = (rustix::process::getpid(), rustix::process::getpgrp());
    let (me, own) = (me.as_raw_nonzero().get(), own.as_raw_nonzero().get());
    let living = groups::living();
    let numbers: BTreeSet<u64> = living.values().copied().collect();
    for process in proc::all().filter(|process| process.parent == me) {
        let pid = process.pid.as_raw_nonzero().get();
        // Workers are waited for elsewhere, and so is what the gateway started itself, in its own group.
        if process.group == own || living.contains_key(&pid) {
            continue;
        }
        if process.is_over {
            let _ = rustix::process::waitpid(Some(process.pid), WaitOptions::NOHANG);
            continue;
        }
        if living.contains_key(&process.group) || pid == guard::pid() {
            continue;
        }
        let is_stray = match proc::mark(process.pid) {
            Some(mark) if mark.gateway == *GATEWAY => !numbers.contains(&mark.worker),
            // Everybody's orphans come to the first process of a container.
            _ => me != 1,
        };
        if is_stray {
            let _ = rustix::process::kill_process(process.pid, Signal::KILL);
        }
    }
}
