//! Limits that outlive the process: counted in memory, written behind.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use rusqlite::Connection;
use tidegate_pipeline::{Count, Quotas, Reserved, StoreError, Want};

use super::behind::{Behind, Source};
use super::counters;
use super::writer::Writer;
use crate::quotas::{Changes, Drift, MemoryQuotas};

/// Counters in the memory of this process, which a thread writes to a database every 50 ms.
///
/// The end of the process, however it comes, takes what was reserved and settled in the last 50 ms and during one commit:
/// limits may be exceeded by as much. A loss of power may take the last seconds (`synchronous=NORMAL`). Reservations that
/// were open keep counting, and can be settled by the next process. Time goes on meanwhile by the wall clock; where it was
/// set in between, use may count for longer than its window, by up to a sixtieth and the time by which it was set back.
#[derive(Debug)]
pub struct DurableQuotas {
    memory: Arc<MemoryQuotas>,
    behind: Behind,
}

impl DurableQuotas {
    pub(super) fn start(memory: MemoryQuotas, writer: Arc<Writer>) -> std::io::Result<Self> {
        let memory = Arc::new(memory);
        let source = Counters { memory: Arc::clone(&memory), drift: Drift::default() };
        Ok(Self { memory, behind: Behind::start(source, writer)? })
    }

    /// Bytes held at the moment, as [`MemoryQuotas::held`] counts them.
    pub fn held(&self) -> usize {
        self.memory.held()
    }

    pub(super) fn close(&self) {
        self.behind.close();
    }
}

impl Quotas for DurableQuotas {
    fn reserve<'a>(&'a self, id: &'a str, wants: &'a [Want]) -> BoxFuture<'a, Result<Reserved, StoreError>> {
        self.memory.reserve(id, wants)
    }

    fn settle<'a>(&'a self, id: &'a str, actual: &'a [u64]) -> BoxFuture<'a, Result<(), StoreError>> {
        self.memory.settle(id, actual)
    }

    fn settle_and_tell<'a>(
        &'a self,
        id: &'a str,
        actual: &'a [u64],
    ) -> BoxFuture<'a, Result<Vec<Count>, StoreError>> {
        self.memory.settle_and_tell(id, actual)
    }
}

struct Counters {
    memory: Arc<MemoryQuotas>,
    drift: Drift,
}

impl Source for Counters {
    type Changes = Changes;

    const NAME: &'static str = "the counters of limits";

    fn changes(&mut self) -> Option<Changes> {
        Some(self.memory.changes(&mut self.drift)).filter(|changes| !changes.is_empty())
    }

    fn write(connection: &Connection, changes: &Changes) -> rusqlite::Result<()> {
        counters::write(connection, changes)
    }
}

#[cfg(test)]
#[path = "quotas_tests.rs"]
mod tests;
