use std::io::{self, Write};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, UNIX_EPOCH};

use serde_json::{Value, json};

use super::{AccessLog, LONGEST};
use crate::metrics::Metrics;
use crate::record::Record;
use crate::record::tests::CHAT;

#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Vec<u8>>>);

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn written(records: &[Record<'_>]) -> String {
    let shared = Shared::default();
    let (log, guard) = AccessLog::to_writer(shared.clone(), &Metrics::new().unwrap());
    records.iter().for_each(|record| log.write(record));
    drop(guard);
    String::from_utf8(std::mem::take(&mut *shared.0.lock().unwrap())).unwrap()
}

#[test]
fn a_line_holds_all_that_is_known() {
    let time = UNIX_EPOCH + Duration::from_millis(1_790_000_000_007);
    let line = written(&[Record { time, ..CHAT }]);
    let expected = json!({
        "time": "2026-09-21T14:13:20.007Z", "request_id": "id-1", "client": "127.0.0.1", "method": "POST",
        "path": "/v1/chat/completions", "status": 200, "listener": "0.0.0.0:10000", "service": "api",
        "route": "gpt", "cluster": "openai", "provider": "openai", "operation": "chat",
        "original_model": "fast", "request_model": "gpt-5-mini", "response_model": "gpt-5-mini-2026",
        "principal": "ada", "tenant": "lab", "streaming": true, "attempts": 1, "duration_ms": 1250.0,
        "upstream_ms": 40.0, "first_token_ms": 250.0,
        "usage": {"input": 20, "output": 11, "cached_input": 8, "cache_write": 0, "reasoning": 3},
        "bytes_received": 300, "bytes_sent": 4000,
    });
    assert_eq!(serde_json::from_str::<Value>(&line).unwrap(), expected);
}

#[test]
fn what_is_absent_is_left_out() {
    let line = written(&[Record {
        service: None,
        cluster: None,
        principal: None,
        usage: None,
        first_token: None,
        error: Some("no_route"),
        blame: Some("client"),
        cancelled: true,
        ..CHAT
    }]);
    let line: Value = serde_json::from_str(&line).unwrap();
    for absent in ["service", "cluster", "principal", "usage", "first_token_ms"] {
        assert_eq!(line.get(absent), None, "{absent}");
    }
    assert_eq!((&line["error"], &line["blame"]), (&json!("no_route"), &json!("client")));
    assert_eq!(line["cancelled"], true);
}

#[test]
fn t_hdr_1_no_text_can_split_a_line() {
    let evil = "a\r\n{\"forged\":1}\n\0\u{b}\u{c}\u{1b}[2J\u{7f}\u{85}\u{2028}\u{2029}é";
    let text = written(&[
        Record { path: evil, request_id: evil, principal: Some(evil), original_model: Some(evil), ..CHAT },
        CHAT,
    ]);
    let is_break = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
    assert_eq!(text.chars().filter(|c| is_break(*c)).count(), 2, "one line end a record: {text:?}");
    let first: Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
    for field in ["path", "request_id", "principal", "original_model"] {
        assert_eq!(first[field], evil, "the reader gets the text back");
    }
}

#[test]
fn a_long_text_is_cut_between_two_characters() {
    let path = format!("/{}", "é".repeat(LONGEST));
    let line: Value = serde_json::from_str(&written(&[Record { path: &path, ..CHAT }])).unwrap();
    let shown = line["path"].as_str().unwrap();
    assert!(path.starts_with(shown));
    assert_eq!(shown.len(), LONGEST - 1);
}

#[test]
fn a_clock_before_1970_is_shown_as_1970() {
    let line = written(&[Record { time: UNIX_EPOCH - Duration::from_secs(9), ..CHAT }]);
    assert!(line.contains(r#""time":"1970-01-01T00:00:00.000Z""#), "{line}");
}

/// A reader that says when it was reached and goes on only when told.
struct Stuck {
    reached: Sender<()>,
    go_on: Receiver<()>,
}

impl Write for Stuck {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let _ = self.reached.send(());
        let _ = self.go_on.recv();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_stuck_reader_costs_lines_and_never_a_request() {
    let metrics = Metrics::new().unwrap();
    let (reached, is_reached) = channel();
    let (go_on, told) = channel();
    let (log, guard) = AccessLog::queued(Stuck { reached, go_on: told }, &metrics, 2);
    log.write(&CHAT);
    is_reached.recv().unwrap();
    for _ in 0..10 {
        log.write(&CHAT);
    }
    let text = metrics.render();
    assert!(text.contains("tidegate_access_log_dropped_total 8\n"), "{text}");
    assert_eq!(metrics.render().matches("tidegate_access_log_dropped_total 8\n").count(), 1);
    drop(go_on);
    drop(guard);
}
