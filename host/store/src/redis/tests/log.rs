//! What is written to the log.

use std::fmt::Debug;
use std::sync::Mutex;

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

/// Every line from `info` on: one for the whole process, since what one thread does not listen to is soon kept from all.
static LINES: Mutex<Vec<String>> = Mutex::new(Vec::new());

struct Log;

/// Begins to listen.
pub(super) fn listen() {
    // Where another test began, it listens already.
    let _ = tracing::subscriber::set_global_default(Log);
}

/// The lines that name a server.
pub(super) fn lines_of(server: &str) -> Vec<String> {
    LINES.lock().unwrap().iter().filter(|line| line.contains(server)).cloned().collect()
}

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0 += &format!(" {}={value:?}", field.name());
    }
}

impl Subscriber for Log {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= Level::INFO && metadata.target().starts_with("tidegate")
    }

    fn new_span(&self, _span: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _span: &Id, _values: &Record<'_>) {}

    fn record_follows_from(&self, _span: &Id, _follows: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut line = Line(event.metadata().level().to_string());
        event.record(&mut line);
        LINES.lock().unwrap().push(line.0);
    }

    fn enter(&self, _span: &Id) {}

    fn exit(&self, _span: &Id) {}
}
