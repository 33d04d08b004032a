//! A stream whose events pass filters on their way: piece by piece, nothing held that is not at a filter.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::Stream;
use futures_util::stream::unfold;
use http::HeaderMap;

use crate::fault::Fault;
use crate::respond::events;
use crate::snapshot::Route;
use crate::sse;
use crate::stream::{Cut, Passing};

/// The pieces of a filtered stream.
pub(crate) type Pieces = Pin<Box<dyn Stream<Item = Result<Bytes, Cut>> + Send>>;

struct State {
    passing: Box<Passing>,
    route: Arc<Route>,
    headers: HeaderMap,
    /// Once a filter failed, nothing more may leave.
    over: bool,
}

/// Puts the filters of a route between a stream and its client.
pub(crate) fn pieces(passing: Box<Passing>, route: Arc<Route>, headers: HeaderMap) -> Pieces {
    let state = State { passing, route, headers, over: false };
    Box::pin(unfold(state, |mut state| async move { Some((state.next().await?, state)) }))
}

impl State {
    async fn next(&mut self) -> Option<Result<Bytes, Cut>> {
        while !self.over {
            let piece = match poll_fn(|cx| self.passing.poll(cx)).await? {
                Ok(piece) => piece,
                Err(cut) => return Some(Err(cut)),
            };
            let read = sse::read(&piece);
            let ledger = self.passing.ledger();
            let passed = events(&self.route, read, &self.headers, ledger).await;
            match passed {
                Ok(out) if out.is_empty() => ledger.bytes_sent -= piece.len() as u64,
                Ok(out) => {
                    ledger.bytes_sent = ledger.bytes_sent + out.len() as u64 - piece.len() as u64;
                    return Some(Ok(out.into()));
                }
                Err(denied) => {
                    self.over = true;
                    return self.passing.broken(&Fault::Denied(denied));
                }
            }
        }
        None
    }
}
