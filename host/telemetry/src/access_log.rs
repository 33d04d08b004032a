//! The access log: one JSON object a line for each exchange, written by a thread of its own.

use std::cell::RefCell;
use std::io::{BufWriter, Write};
use std::net::IpAddr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Serialize, Serializer};
use serde_json::ser::Serializer as JsonSerializer;
use tidegate_contract::Usage;
use tracing_appender::non_blocking::{NonBlocking, NonBlockingBuilder, WorkerGuard};

use crate::formatter::OneLine;
use crate::metrics::Metrics;
use crate::moderation::Moderated;
use crate::record::Record;

/// Lines that wait for the writer; further ones are dropped and counted.
const QUEUE: usize = 8192;
/// The longest text in a line, in bytes: a path of 64 KiB must not fill the queue's memory.
const LONGEST: usize = 2048;

thread_local! {
    static LINE: RefCell<Vec<u8>> = RefCell::new(Vec::with_capacity(1024));
}

/// Where log lines go. Cheap to clone; never blocks.
#[derive(Debug, Clone)]
pub struct AccessLog(NonBlocking);

/// Writes out what is queued when dropped; keep it until the last exchange has ended.
#[must_use = "lines are lost at exit unless this is dropped last"]
#[derive(Debug)]
pub struct FlushGuard {
    _worker: WorkerGuard,
}

impl AccessLog {
    /// A log on standard output.
    pub fn stdout(metrics: &Metrics) -> (Self, FlushGuard) {
        Self::to_writer(std::io::stdout(), metrics)
    }

    /// A log on any writer, which a thread of its own feeds in batches.
    pub fn to_writer(writer: impl Write + Send + 'static, metrics: &Metrics) -> (Self, FlushGuard) {
        Self::queued(writer, metrics, QUEUE)
    }

    fn queued(writer: impl Write + Send + 'static, metrics: &Metrics, lines: usize) -> (Self, FlushGuard) {
        // Standard output is line-buffered: without a buffer of our own each line is a system call.
        let writer = BufWriter::with_capacity(64 * 1024, writer);
        let builder = NonBlockingBuilder::default().lossy(true).buffered_lines_limit(lines);
        let (queue, worker) = builder.thread_name("access-log").finish(writer);
        metrics.watch_drops(queue.error_counter());
        (Self(queue), FlushGuard { _worker: worker })
    }

    /// Queues the line of one exchange; returns at once, also when nobody reads.
    pub fn write(&self, record: &Record<'_>) {
        LINE.with_borrow_mut(|line| {
            line.clear();
            let mut json = JsonSerializer::with_formatter(&mut *line, OneLine);
            let outcome = Line::from(record).serialize(&mut json).map_err(std::io::Error::from);
            line.push(b'\n');
            if let Err(error) = outcome.and_then(|()| self.0.clone().write_all(line)) {
                tracing::error!(%error, "access log line lost");
            }
        });
    }
}

/// A line's fields in their order; what is absent is left out.
#[derive(Serialize)]
struct Line<'a> {
    #[serde(serialize_with = "rfc3339")]
    time: SystemTime,
    request_id: Text<'a>,
    client: IpAddr,
    method: Text<'a>,
    path: Text<'a>,
    status: u16,
    listener: Text<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    service: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    route: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cluster: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    provider: Option<Text<'a>>,
    operation: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    original_model: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_model: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_model: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    principal: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tenant: Option<Text<'a>>,
    streaming: bool,
    attempts: u32,
    #[serde(serialize_with = "milliseconds")]
    duration_ms: Duration,
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "some_milliseconds")]
    upstream_ms: Option<Duration>,
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "some_milliseconds")]
    first_token_ms: Option<Duration>,
    #[serde(skip_serializing_if = "Option::is_none")]
    usage: Option<Tokens>,
    bytes_received: u64,
    bytes_sent: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    moderation: Option<Judged>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    blame: Option<Text<'a>>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    cancelled: bool,
}

impl<'a> From<&Record<'a>> for Line<'a> {
    fn from(record: &Record<'a>) -> Self {
        Self {
            time: record.time,
            request_id: Text(record.request_id),
            client: record.client,
            method: Text(record.method),
            path: Text(record.path),
            status: record.status,
            listener: Text(record.listener),
            service: record.service.map(Text),
            route: record.route.map(Text),
            cluster: record.cluster.map(Text),
            provider: record.provider.map(Text),
            operation: record.operation.as_str(),
            original_model: record.original_model.map(Text),
            request_model: record.request_model.map(Text),
            response_model: record.response_model.map(Text),
            principal: record.principal.map(Text),
            tenant: record.tenant.map(Text),
            streaming: record.streaming,
            attempts: record.attempts,
            duration_ms: record.duration,
            upstream_ms: record.upstream,
            first_token_ms: record.first_token,
            usage: record.usage.map(Tokens::from),
            bytes_received: record.bytes_received,
            bytes_sent: record.bytes_sent,
            moderation: record.moderation.map(Judged::from),
            error: record.error.map(Text),
            blame: record.blame.map(Text),
            cancelled: record.cancelled,
        }
    }
}

/// A text of at most [`LONGEST`] bytes.
struct Text<'a>(&'a str);

impl Serialize for Text<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0[..self.0.floor_char_boundary(LONGEST)])
    }
}

#[derive(Serialize)]
struct Tokens {
    input: u64,
    output: u64,
    cached_input: u64,
    cache_write: u64,
    reasoning: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    cost_micro_usd: Option<u64>,
}

impl From<Usage> for Tokens {
    fn from(usage: Usage) -> Self {
        let Usage { input, output, cached_input, cache_write, reasoning, cost_micro_usd, .. } = usage;
        Self { input, output, cached_input, cache_write, reasoning, cost_micro_usd }
    }
}

#[derive(Serialize)]
struct Judged {
    #[serde(skip_serializing_if = "Option::is_none")]
    input: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    output: Option<&'static str>,
    findings: usize,
    #[serde(skip_serializing_if = "Duration::is_zero", serialize_with = "milliseconds")]
    held_ms: Duration,
}

impl From<Moderated> for Judged {
    fn from(moderated: Moderated) -> Self {
        let Moderated { input, output, findings, held } = moderated;
        Self { input, output, findings, held_ms: held }
    }
}

/// A clock before 1970 is shown as 1970: the formatter panics on it.
fn rfc3339<S: Serializer>(time: &SystemTime, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&humantime::format_rfc3339_millis((*time).max(UNIX_EPOCH)))
}

fn milliseconds<S: Serializer>(time: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64((time.as_secs_f64() * 1e6).round() / 1e3)
}

fn some_milliseconds<S: Serializer>(time: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
    milliseconds(&time.unwrap_or_default(), serializer)
}

#[cfg(test)]
#[path = "access_log_tests.rs"]
mod tests;
