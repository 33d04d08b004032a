//! Where an instance runs: where it is called, or on a thread of its own.
//!
//! Such a thread is none of the runtime's: one whose call never ends would keep the gateway from ending.

use std::io;
use std::sync::mpsc;
use std::thread;

use tokio::sync::oneshot;

use crate::instance::Instance;

/// An instance and its place.
pub(crate) enum Seat {
    Here(Instance),
    Aside(Thread),
}

type Job = Box<dyn FnOnce(&mut Instance) + Send>;

/// A thread with an instance. It ends with the last of its jobs once this is dropped.
pub(crate) struct Thread(mpsc::Sender<Job>);

impl Thread {
    /// Starts a thread.
    pub(crate) fn start(mut instance: Instance) -> io::Result<Self> {
        let (jobs, queue) = mpsc::channel::<Job>();
        named(move || {
            for job in queue {
                job(&mut instance);
            }
        })?;
        Ok(Self(jobs))
    }

    /// Runs a job; `None` where the thread ended in the middle of it.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Instance) -> T + Send + 'static,
    ) -> Option<T> {
        let (done, answer) = oneshot::channel();
        let job: Job = Box::new(move |instance| {
            // Whoever asked may be gone.
            let _ = done.send(job(instance));
        });
        // Without a thread the job is dropped, and the answer with it.
        let _ = self.0.send(job);
        answer.await.ok()
    }
}

/// Runs something on a thread of its own, and gives what it comes to; `None` where it ended without.
pub(crate) async fn aside<T: Send + 'static>(
    run: impl FnOnce() -> T + Send + 'static,
) -> io::Result<Option<T>> {
    let (done, answer) = oneshot::channel();
    named(move || {
        let _ = done.send(run());
    })?;
    Ok(answer.await.ok())
}

fn named(run: impl FnOnce() + Send + 'static) -> io::Result<()> {
    thread::Builder::new().name("native-plugin".into()).spawn(run).map(drop)
}
