//! What workers print: into the gateway's log, line by line, never more than a log can take.

use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::time::Instant;

/// Bytes of a line; the rest of it is left out.
const MAX_LINE: usize = 1024;

/// Lines in each [`SPAN`]; more are counted.
const MAX_LINES: u32 = 100;
const SPAN: Duration = Duration::from_secs(10);

/// Reads to the end, so that the worker never waits for anybody to read.
pub(crate) async fn follow(mut from: impl AsyncRead + Unpin, plugin: &str, stream: &'static str) {
    let mut told = Told { lines: 0, dropped: 0, since: Instant::now() };
    let mut line = Vec::new();
    let mut cut = false;
    let mut buffer = vec![0; 8 * 1024];
    while let Ok(read @ 1..) = from.read(&mut buffer).await {
        for byte in &buffer[..read] {
            match byte {
                b'\n' => {
                    told.line(plugin, stream, &line, cut);
                    line.clear();
                    cut = false;
                }
                _ if line.len() < MAX_LINE => line.push(*byte),
                _ => cut = true,
            }
        }
    }
    if !line.is_empty() {
        told.line(plugin, stream, &line, cut);
    }
    told.dropped(plugin, stream);
}

struct Told {
    lines: u32,
    dropped: u64,
    since: Instant,
}

impl Told {
    fn line(&mut self, plugin: &str, stream: &'static str, line: &[u8], cut: bool) {
        if self.since.elapsed() > SPAN {
            self.dropped(plugin, stream);
            (self.lines, self.since) = (0, Instant::now());
        }
        if self.lines >= MAX_LINES {
            self.dropped += 1;
            return;
        }
        self.lines += 1;
        let text = String::from_utf8_lossy(line);
        let text = text.trim_end().chars().map(|c| if c.is_control() { ' ' } else { c }).collect::<String>();
        let end = if cut { "…" } else { "" };
        tracing::info!(plugin, stream, "{text}{end}");
    }

    fn dropped(&mut self, plugin: &str, stream: &'static str) {
        let dropped = std::mem::take(&mut self.dropped);
        if dropped > 0 {
            tracing::warn!(plugin, stream, dropped, "lines that a plugin printed were left out");
        }
    }
}
