//! A stream whose events pass filters on their way: read once, judged in windows, and written again.

mod item;
mod judge;

use std::future::poll_fn;
use std::pin::Pin;

use bytes::Bytes;
use futures_util::Stream;
use futures_util::stream::unfold;
use tidegate_contract::Event;
use tidegate_pipeline::{Denied, Session, Stage, StreamTransform};
use tidegate_providers::{Change, Decoder, EditStream, Frame, SseEvent, TooLong, edit_stream};

use crate::fault::Fault;
use crate::ledger::Ledger;
use crate::stream::{Cut, Passing};
use item::Item;
use judge::Judge;

/// The pieces of a filtered stream.
pub(crate) type Pieces = Pin<Box<dyn Stream<Item = Result<Bytes, Cut>> + Send>>;

/// The filters of one stream, at work.
pub(crate) struct Filters {
    stages: Vec<Work>,
    /// Follows what the client gets, to know how that can be ended; only where a filter may end it.
    sent: Option<Box<dyn EditStream>>,
}

enum Work {
    Judge(Box<Judge>),
    Transform(StreamTransform),
}

impl Filters {
    /// The filters of a chain; text and events of at most `most` bytes may wait at each.
    ///
    /// # Errors
    /// Where a filter judges, and nobody knows where the texts of this stream stand.
    pub(crate) fn new(stages: Vec<Stage>, most: usize, ledger: &mut Ledger) -> Result<Self, Denied> {
        let (dialect, operation) = (ledger.dialect, ledger.operation);
        Self::of(stages, most, &|| edit_stream(dialect, operation), &mut ledger.session)
    }

    fn of(
        stages: Vec<Stage>,
        most: usize,
        editor: &dyn Fn() -> Option<Box<dyn EditStream>>,
        session: &mut Session,
    ) -> Result<Self, Denied> {
        let mut filters = Self { stages: Vec::with_capacity(stages.len()), sent: None };
        for stage in stages {
            match stage {
                Stage::Transform(transform) => filters.stages.push(Work::Transform(transform)),
                Stage::Moderation(moderation) => {
                    let Some(own) = editor() else {
                        moderation.cannot_read(session)?;
                        continue;
                    };
                    filters.stages.push(Work::Judge(Box::new(Judge::new(*moderation, own, most))));
                    filters.sent = editor();
                }
            }
        }
        Ok(filters)
    }

    /// Passes items through the filters from the given one on.
    async fn pass(
        &mut self,
        mut items: Vec<Item>,
        session: &mut Session,
        (from, last): (usize, bool),
    ) -> Result<Vec<Item>, Denied> {
        for stage in self.stages.iter_mut().skip(from) {
            items = match stage {
                Work::Judge(judge) => judge.pass(items, session, last).await?,
                Work::Transform(transform) => changed(transform, items, session).await?,
            };
        }
        Ok(items)
    }

    /// Shows filters that only watch what has left.
    async fn see(&mut self, session: &mut Session) -> Result<(), Denied> {
        for stage in &mut self.stages {
            if let Work::Judge(judge) = stage {
                judge.see(session, false).await?;
            }
        }
        Ok(())
    }

    /// When the next filter has let text wait long enough, and which one it is.
    fn due(&self) -> Option<(std::time::Instant, usize)> {
        let due = |(index, stage): (usize, &Work)| match stage {
            Work::Judge(judge) => Some((judge.due_at()?, index)),
            Work::Transform(_) => None,
        };
        self.stages.iter().enumerate().filter_map(due).min()
    }

    /// Has the filter at `index` judge what has waited long enough, and passes on what it lets go.
    async fn wake(&mut self, index: usize, session: &mut Session) -> Result<Vec<Item>, Denied> {
        let Some(Work::Judge(judge)) = self.stages.get_mut(index) else { return Ok(Vec::new()) };
        let items = judge.wake(session).await?;
        self.pass(items, session, (index + 1, false)).await
    }

    fn write(&mut self, items: Vec<Item>) -> Vec<u8> {
        let mut out = Vec::new();
        for mut item in items {
            if let (Some(sent), Some(tree)) = (&mut self.sent, item.tree()) {
                let reading = sent.read(tree);
                sent.clean(tree, &reading, &|_| Change::Same);
            }
            item.write(&mut out);
        }
        out
    }

    /// What ends the stream for a client whose answer was blocked.
    fn blocked(&mut self, reason: &str) -> Vec<u8> {
        let mut out = Vec::new();
        let events = self.sent.as_mut().map(|sent| sent.blocked(reason)).unwrap_or_default();
        events.into_iter().for_each(|event| Item::made(event).write(&mut out));
        out
    }

    fn text_bytes(&self) -> u64 {
        let bytes = |stage: &Work| match stage {
            Work::Judge(judge) => judge.text_bytes(),
            Work::Transform(_) => 0,
        };
        self.stages.iter().map(bytes).max().unwrap_or(0)
    }
}

/// Passes the events among items through a filter that changes events; what is no event keeps its place between them.
async fn changed(
    transform: &StreamTransform,
    items: Vec<Item>,
    session: &mut Session,
) -> Result<Vec<Item>, Denied> {
    let mut out = Vec::with_capacity(items.len());
    let mut run: Vec<Event> = Vec::new();
    let mut fields: Vec<SseEvent> = Vec::new();
    for item in items.into_iter().map(Some).chain([None]) {
        let other = match item.map(Item::into_event) {
            Some(Ok((event, field))) => {
                run.push(event);
                fields.push(field);
                continue;
            }
            Some(Err(other)) => Some(*other),
            None => None,
        };
        let passed = transform.pass(session, std::mem::take(&mut run)).await?;
        out.extend(with_fields(passed, std::mem::take(&mut fields)));
        out.extend(other);
    }
    Ok(out)
}

/// Events that took the places of others keep their ids.
fn with_fields(passed: Vec<Event>, fields: Vec<SseEvent>) -> Vec<Item> {
    if passed.len() != fields.len() {
        return passed.into_iter().map(Item::made).collect();
    }
    let one = |(event, field): (Event, SseEvent)| {
        Item::new(Frame::Event(SseEvent { name: event.name, data: event.data, ..field }))
    };
    passed.into_iter().zip(fields).map(one).collect()
}

/// All events of a stream that was held.
pub(crate) struct Events(Vec<Item>);

impl Events {
    /// Reads a whole stream.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, TooLong> {
        let (mut decoder, mut frames) = (Decoder::default(), Vec::new());
        decoder.feed(bytes, &mut frames)?;
        decoder.finish(&mut frames)?;
        Ok(Self(frames.into_iter().map(Item::new).collect()))
    }

    /// Events that were made of an answer.
    pub(crate) fn made(events: Vec<Event>) -> Self {
        Self(events.into_iter().map(Item::made).collect())
    }

    /// The data of each event.
    pub(crate) fn data(&self) -> Vec<&str> {
        self.0.iter().filter_map(Item::data).collect()
    }

    /// The bytes of what the filters that change events make of them; what is judged was judged as one answer.
    pub(crate) async fn transformed(
        self,
        stages: Vec<Stage>,
        session: &mut Session,
    ) -> Result<Vec<u8>, Denied> {
        let mut items = self.0;
        for stage in &stages {
            if let Stage::Transform(transform) = stage {
                items = changed(transform, items, session).await?;
            }
        }
        let mut out = Vec::new();
        items.into_iter().for_each(|item| item.write(&mut out));
        Ok(out)
    }
}

struct State {
    passing: Box<Passing>,
    filters: Filters,
    decoder: Decoder,
    /// Nothing more may leave.
    over: bool,
}

/// Puts filters between a stream and its client.
pub(crate) fn pieces(passing: Box<Passing>, filters: Filters) -> Pieces {
    let state = State { passing, filters, decoder: Decoder::default(), over: false };
    Box::pin(unfold(state, |mut state| async move { Some((state.next().await?, state)) }))
}

/// What happened next.
enum Next {
    Came(Bytes),
    /// The filter at this place has let text wait long enough.
    Due(usize),
    /// The upstream broke off, and this tells the client so.
    Broke(Bytes),
    End,
}

impl State {
    async fn next(&mut self) -> Option<Result<Bytes, Cut>> {
        while !self.over {
            let seen = self.filters.see(&mut self.passing.ledger().session).await;
            let next = match seen {
                Ok(()) => self.wait().await,
                Err(denied) => return self.denied(denied),
            };
            let (next, came) = match next {
                Ok(next) => next,
                Err(cut) => return Some(Err(cut)),
            };
            let out = match self.turn(next).await {
                Ok(out) => out,
                Err(fault) => return self.failed(fault),
            };
            let ledger = self.passing.ledger();
            ledger.bytes_sent = (ledger.bytes_sent + out.len() as u64).saturating_sub(came);
            if !out.is_empty() {
                return Some(Ok(out.into()));
            }
        }
        None
    }

    /// Waits for the upstream, or for text that has waited long enough; with the bytes that were counted as sent.
    async fn wait(&mut self) -> Result<(Next, u64), Cut> {
        let passing = &mut self.passing;
        let due = self.filters.due();
        let piece = match due {
            None => poll_fn(|cx| passing.poll(cx)).await,
            Some((at, index)) => {
                let timer = tokio::time::sleep_until(at.into());
                tokio::select! {
                    biased;
                    piece = poll_fn(|cx| passing.poll(cx)) => piece,
                    () = timer => return Ok((Next::Due(index), 0)),
                }
            }
        };
        let Some(piece) = piece.transpose()? else { return Ok((Next::End, 0)) };
        let came = piece.len() as u64;
        Ok((if self.passing.is_broken() { Next::Broke(piece) } else { Next::Came(piece) }, came))
    }

    async fn turn(&mut self, next: Next) -> Result<Vec<u8>, Fault> {
        let last = matches!(next, Next::End | Next::Broke(_));
        let mut frames = Vec::new();
        let (items, own) = match next {
            Next::Due(index) => {
                let session = &mut self.passing.ledger().session;
                let items = self.filters.wake(index, session).await?;
                return Ok(self.filters.write(items));
            }
            Next::Came(piece) => {
                let read = self.decoder.feed(&piece, &mut frames);
                read.map_err(|error| self.passing.unreadable(&error.to_string()))?;
                (frames, None)
            }
            Next::End => {
                let read = self.decoder.finish(&mut frames);
                read.map_err(|error| self.passing.unreadable(&error.to_string()))?;
                (frames, None)
            }
            Next::Broke(event) => (frames, Some(event)),
        };
        self.over = last;
        let items = items.into_iter().map(Item::new).collect();
        let session = &mut self.passing.ledger().session;
        let passed = self.filters.pass(items, session, (0, last)).await;
        // Where the upstream broke off, that is what the client must learn in any case.
        let passed = match (passed, &own) {
            (Err(denied), None) => return Err(denied.into()),
            (Err(_), Some(_)) => Vec::new(),
            (Ok(passed), _) => passed,
        };
        let mut out = self.filters.write(passed);
        out.extend_from_slice(own.as_deref().unwrap_or_default());
        Ok(out)
    }

    fn denied(&mut self, denied: Denied) -> Option<Result<Bytes, Cut>> {
        self.failed(Fault::Denied(denied))
    }

    /// Ends the stream: blocked in the dialect's own way, failed by its error event. The upstream is left at once.
    fn failed(&mut self, fault: Fault) -> Option<Result<Bytes, Cut>> {
        self.over = true;
        let Fault::Denied(Denied::Blocked { reason, .. }) = &fault else {
            return self.passing.broken(&fault);
        };
        let end = self.filters.blocked(reason);
        let text_bytes = self.filters.text_bytes();
        Some(Ok(self.passing.stop(&fault, end.into(), text_bytes)))
    }
}

#[cfg(test)]
#[path = "filtered/filtered_tests.rs"]
mod tests;
