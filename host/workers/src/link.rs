//! The connection to one worker: calls go out, answers come back by their ids, and what the worker asks is answered.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use rustix::process::Pid;
use serde::Serialize;
use tidegate_pipeline::{HookError, Scope, Services};
use tokio::io::AsyncWriteExt;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::oneshot;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::call::Answered;
use crate::frame::{Body, Frame, FrameError, Kind, Reader, encode};
use crate::groups::kill;
use crate::memfd;
use crate::pool::Token;
use crate::services::{Asked, Noted};

/// Services that one worker may be waiting for at once.
const MAX_ASKS: usize = 1024;

/// A connection; shared by all calls on it.
pub(crate) struct Link {
    pub(crate) pid: Pid,
    writer: tokio::sync::Mutex<OwnedWriteHalf>,
    calls: Mutex<Calls>,
    services: Arc<Services>,
    /// Of what is said and asked while no call is under way.
    own: Arc<Scope>,
    /// Large bodies go as file descriptors.
    descriptors: AtomicBool,
    /// Bytes of a verdict.
    output: usize,
    answered: AtomicBool,
    /// Nothing can be called any more.
    over: CancellationToken,
}

struct Calls {
    next: u32,
    waiting: HashMap<u32, Waiting>,
    asks: usize,
}

/// A call that has no answer yet.
struct Waiting {
    /// `None` once nobody waits for it any more.
    answer: Option<oneshot::Sender<Result<Frame, FrameError>>>,
    scope: Arc<Scope>,
    until: Instant,
    /// Nobody waits for it any more: what it asked for ends, too.
    gone: CancellationToken,
    /// The worker has no room for another call until this one is answered.
    _token: Token,
}

/// What a call needs besides its meta.
pub(crate) struct Terms {
    pub(crate) scope: Arc<Scope>,
    pub(crate) until: Instant,
    pub(crate) body: Option<Bytes>,
}

impl Link {
    pub(crate) fn new(pid: Pid, writer: OwnedWriteHalf, services: Arc<Services>, output: usize) -> Arc<Self> {
        let own = Scope::new("", Arc::default());
        let calls = Mutex::new(Calls { next: 0, waiting: HashMap::new(), asks: 0 });
        let (descriptors, answered) = (AtomicBool::new(false), AtomicBool::new(false));
        let over = CancellationToken::new();
        let writer = tokio::sync::Mutex::new(writer);
        Arc::new(Self { pid, writer, calls, services, own, descriptors, output, answered, over })
    }

    pub(crate) fn is_over(&self) -> bool {
        self.over.is_cancelled()
    }

    /// Ends when nothing can be called any more.
    pub(crate) async fn ended(&self) {
        self.over.cancelled().await;
    }

    /// Ends the worker; nobody is given it from here on.
    pub(crate) fn end(&self) {
        self.over.cancel();
        kill(self.pid);
    }

    /// Whether it ever answered a call.
    pub(crate) fn has_answered(&self) -> bool {
        self.answered.load(Ordering::Relaxed)
    }

    pub(crate) fn takes_descriptors(&self) {
        self.descriptors.store(true, Ordering::Relaxed);
    }

    /// Calls, and waits for the answer.
    pub(crate) async fn call(
        self: &Arc<Self>,
        token: Token,
        called: &impl Serialize,
        terms: Terms,
    ) -> Result<Frame, HookError> {
        let Terms { scope, until, body } = terms;
        let (answer, answered) = oneshot::channel();
        let waiting =
            Waiting { answer: Some(answer), scope, until, gone: CancellationToken::new(), _token: token };
        let id = self.begin(waiting);
        let unanswered = Unanswered { link: self, id };
        self.send(Kind::Call, id, called, body).await.map_err(|error| self.stopped(&error))?;
        let frame = answered.await.unwrap_or(Err(FrameError::Closed));
        std::mem::forget(unanswered);
        let frame = frame.map_err(|error| self.stopped(&error))?;
        if frame.meta.len() + frame.body.len() > self.output {
            return Err(HookError::Output(self.output));
        }
        match frame.kind {
            Kind::Return => Ok(frame),
            _ => {
                if crate::verdict::ends(&frame.meta) {
                    self.end();
                }
                Err(HookError::Failed(crate::verdict::error(&frame.meta)))
            }
        }
    }

    fn stopped(&self, error: &FrameError) -> HookError {
        match error {
            FrameError::TooLarge(_) => HookError::Output(self.output),
            error => HookError::Trapped(format!("its process ended: {error}")),
        }
    }

    fn begin(&self, waiting: Waiting) -> u32 {
        let mut calls = self.calls();
        // 0 stands for no call; after four billion the first ones are long over.
        calls.next = calls.next.checked_add(1).unwrap_or(1);
        let id = calls.next;
        calls.waiting.insert(id, waiting);
        id
    }

    /// Sends a frame.
    pub(crate) async fn send(
        &self,
        kind: Kind,
        id: u32,
        meta: &impl Serialize,
        body: Option<Bytes>,
    ) -> Result<(), FrameError> {
        let body = body.unwrap_or_default();
        let broken = |error: std::io::Error| FrameError::Broken(error.to_string());
        let apart =
            kind == Kind::Call && body.len() > memfd::FROM && self.descriptors.load(Ordering::Relaxed);
        let descriptor = apart.then(|| memfd::sealed(&body)).transpose().map_err(broken)?;
        let carried = if apart { Body::Descriptor } else { Body::Inline(&body) };
        let frame = encode(kind, id, meta, carried).ok_or(FrameError::Malformed)?;
        let mut writer = self.writer.lock().await;
        let torn = Torn(self);
        let sent = match &descriptor {
            Some(descriptor) => memfd::send(&writer, &frame, descriptor).await.map_err(broken)?,
            None => 0,
        };
        writer.write_all(&frame[sent..]).await.map_err(broken)?;
        std::mem::forget(torn);
        Ok(())
    }

    /// Reads until the worker has nothing more to say; then nobody can call it any more.
    pub(crate) async fn read(self: Arc<Self>, mut reader: Reader<OwnedReadHalf>) -> FrameError {
        let cause = loop {
            let next = tokio::select! {
                biased;
                next = reader.next() => next,
                () = self.over.cancelled() => Err(FrameError::Closed),
            };
            match next {
                Ok(frame) => {
                    if let Err(error) = self.take(frame) {
                        break error;
                    }
                }
                Err(error) => break error,
            }
        };
        self.end();
        let waiting = std::mem::take(&mut self.calls().waiting);
        for answer in waiting.into_values().filter_map(|waiting| waiting.answer) {
            // Whoever asked may have left in this moment.
            let _ = answer.send(Err(cause.clone()));
        }
        cause
    }

    pub(crate) fn take(self: &Arc<Self>, frame: Frame) -> Result<(), FrameError> {
        match frame.kind {
            Kind::Return | Kind::Fail => {
                let waiting = self.calls().waiting.remove(&frame.id).ok_or(FrameError::Malformed)?;
                self.answered.store(true, Ordering::Relaxed);
                if let Some(answer) = waiting.answer {
                    let _ = answer.send(Ok(frame));
                }
            }
            Kind::Note => {
                let noted: Noted = serde_json::from_slice(&frame.meta).map_err(|_| FrameError::Malformed)?;
                noted.note(&self.services, &self.whose(frame.id).scope);
            }
            Kind::Ask => self.answer(frame)?,
            _ => return Err(FrameError::Malformed),
        }
        Ok(())
    }

    /// Answers aside: other answers must not wait for a slow server.
    fn answer(self: &Arc<Self>, frame: Frame) -> Result<(), FrameError> {
        let asked: Asked = serde_json::from_slice(&frame.meta).map_err(|_| FrameError::Malformed)?;
        let Whose { scope, until, gone } = self.whose(asked.call);
        {
            let mut calls = self.calls();
            calls.asks += 1;
            if calls.asks > MAX_ASKS {
                return Err(FrameError::Malformed);
            }
        }
        let link = Arc::clone(self);
        tokio::spawn(async move {
            let left = until.saturating_duration_since(Instant::now());
            let answering = asked.answer(&link.services, &scope, frame.body, left);
            let answer = tokio::select! {
                answer = answering => Some(answer),
                () = gone.cancelled() => Some((Answered::cancelled(), Vec::new())),
                () = link.over.cancelled() => None,
            };
            link.calls().asks -= 1;
            let Some((answer, body)) = answer else { return };
            if let Err(error) = link.send(Kind::Answer, frame.id, &answer, Some(body.into())).await {
                tracing::debug!(%error, "a worker was gone before its answer");
            }
        });
        Ok(())
    }

    fn whose(&self, call: u32) -> Whose {
        let calls = self.calls();
        let known = calls.waiting.get(&call).map(|waiting| Whose {
            scope: Arc::clone(&waiting.scope),
            until: waiting.until,
            gone: waiting.gone.clone(),
        });
        known.unwrap_or_else(|| Whose {
            scope: Arc::clone(&self.own),
            until: Instant::now() + OWN_TIME,
            gone: CancellationToken::new(),
        })
    }

    fn calls(&self) -> MutexGuard<'_, Calls> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The call for which a worker asks, and until when that may take.
struct Whose {
    scope: Arc<Scope>,
    until: Instant,
    gone: CancellationToken,
}

/// How long services may take for a worker that has no call.
const OWN_TIME: std::time::Duration = std::time::Duration::from_secs(5);

/// A frame that is half written: whatever follows it would be read as part of it.
struct Torn<'a>(&'a Link);

impl Drop for Torn<'_> {
    fn drop(&mut self) {
        self.0.end();
    }
}

/// A call whose caller goes away before the answer comes.
struct Unanswered<'a> {
    link: &'a Arc<Link>,
    id: u32,
}

impl Drop for Unanswered<'_> {
    fn drop(&mut self) {
        let until = match self.link.calls().waiting.get_mut(&self.id) {
            Some(waiting) => {
                waiting.answer = None;
                waiting.gone.cancel();
                waiting.until
            }
            None => return,
        };
        if until <= Instant::now() {
            self.link.end();
            return;
        }
        let (link, id) = (Arc::clone(self.link), self.id);
        tokio::spawn(async move {
            let _ = link.send(Kind::Cancel, id, &serde_json::Value::Null, None).await;
            tokio::select! {
                () = tokio::time::sleep_until(until) => {}
                () = link.over.cancelled() => return,
            }
            if link.calls().waiting.contains_key(&id) {
                link.end();
            }
        });
    }
}
