//! Streams beyond what the golden cases show.

use proptest::collection::vec;
use proptest::prelude::*;

use tidegate_contract::Usage;

use crate::bedrock::codec::Converse;
use crate::exchange::answer::{Delta, Event, Failure, Finish, Opening, Start};
use crate::exchange::codec::{Asked, Codec};
use crate::exchange::json::{Json, object};
use crate::exchange::refused::Unreadable;
use crate::exchange::request::{Block, Citation, Media, MediaKind, Part, Source};
use crate::sse::SseEvent;

fn read(events: &[SseEvent]) -> Result<Vec<Event>, Unreadable> {
    let (mut decoder, mut out) = (Converse.decode_events(), Vec::new());
    for event in events {
        decoder.decode(event, &mut out)?;
    }
    decoder.close(&mut out);
    Ok(out)
}

fn written(events: Vec<Event>) -> Vec<SseEvent> {
    let (mut encoder, mut out) = (Converse.encode_events(&Asked::default()), Vec::new());
    events.into_iter().for_each(|event| encoder.encode(event, &mut out));
    out
}

fn named(name: &str, data: &str) -> SseEvent {
    SseEvent { name: Some(name.to_owned()), data: data.to_owned(), ..SseEvent::default() }
}

fn text(text: &str) -> Delta {
    Delta::Text(text.to_owned())
}

fn open(part: u64, opening: Opening) -> Event {
    Event::Open { choice: 0, part, opening }
}

fn delta(part: u64, delta: Delta) -> Event {
    Event::Delta { choice: 0, part, delta }
}

fn close(part: u64) -> Event {
    Event::Close { choice: 0, part }
}

fn start() -> Event {
    Event::Start(Start::default())
}

fn call(id: &str) -> Opening {
    Opening::ToolCall { id: id.to_owned(), name: "now".to_owned(), signature: None }
}

#[test]
fn a_block_that_changes_its_kind_is_two() {
    let events = read(&[
        named("messageStart", r#"{"role":"assistant"}"#),
        named("contentBlockDelta", r#"{"delta":{"reasoningContent":{"text":"Hm."}},"contentBlockIndex":0}"#),
        named("contentBlockDelta", r#"{"delta":{"text":"4"},"contentBlockIndex":0}"#),
        named("messageStop", r#"{"stopReason":"end_turn"}"#),
    ]);
    let wanted = [
        start(),
        open(0, Opening::Reasoning),
        delta(0, text("Hm.")),
        close(0),
        open(1, Opening::Text),
        delta(1, text("4")),
        close(1),
        Event::Finish { choice: 0, finish: Finish::Stop },
        Event::End,
    ];
    assert_eq!(events.as_deref(), Ok(&wanted[..]));
}

#[test]
fn what_the_provider_runs_itself_is_left_out() {
    let own = r#"{"start":{"toolUse":{"toolUseId":"a","name":"web","type":"server_tool_use"}},"contentBlockIndex":0}"#;
    let result = r#"{"start":{"toolResult":{"toolUseId":"a"}},"contentBlockIndex":1}"#;
    let events = read(&[
        named("contentBlockStart", own),
        named("contentBlockDelta", r#"{"delta":{"toolUse":{"input":"{}"}},"contentBlockIndex":0}"#),
        named("contentBlockStop", r#"{"contentBlockIndex":0}"#),
        named("contentBlockStart", result),
        named("contentBlockDelta", r#"{"delta":{"toolResult":[{"text":"found"}]},"contentBlockIndex":1}"#),
        named("contentBlockStop", r#"{"contentBlockIndex":1}"#),
    ]);
    assert_eq!(events, Ok(vec![start()]));
}

#[test]
fn an_image_is_whole_at_its_end() {
    let events = [
        named("messageStart", r#"{"role":"assistant"}"#),
        named("contentBlockStart", r#"{"start":{"image":{"format":"png"}},"contentBlockIndex":0}"#),
        named(
            "contentBlockDelta",
            r#"{"delta":{"image":{"source":{"bytes":"AAAABBBB"}}},"contentBlockIndex":0}"#,
        ),
        named("contentBlockStop", r#"{"contentBlockIndex":0}"#),
    ];
    let source = Source::Data { media_type: "image/png".into(), data: "AAAABBBB".into() };
    let image = Block::new(Part::Media(Media::new(MediaKind::Image, source)));
    let wanted = vec![start(), open(0, Opening::Whole(Box::new(image))), close(0)];
    assert_eq!(read(&events), Ok(wanted.clone()));
    assert_eq!(written(wanted), events);
}

#[test]
fn events_in_another_order_and_later_ones_are_read() {
    let events = read(&[
        named("initial-response", "{}"),
        named(
            "metadata",
            r#"{"usage":{"inputTokens":1,"outputTokens":2,"totalTokens":3},"metrics":{"latencyMs":1}}"#,
        ),
        named("contentBlockDelta", r#"{"contentBlockIndex":0}"#),
        named("contentBlockDelta", r#"{"delta":{"toolUse":{"input":"lost"}},"contentBlockIndex":0}"#),
        named("messageStop", r#"{"stopReason":"max_tokens"}"#),
        named("metadata", "{}"),
    ]);
    let wanted = vec![
        Event::Usage(Usage { input: 1, output: 2, ..Usage::default() }),
        start(),
        Event::Finish { choice: 0, finish: Finish::Length },
        Event::End,
    ];
    assert_eq!(events, Ok(wanted));
    assert!(read(&[named("messageStart", "no json")]).is_err());
}

#[test]
fn every_exception_has_its_status() {
    let statuses = [
        ("validationException", 400),
        ("throttlingException", 429),
        ("modelTimeoutException", 408),
        ("ServiceUnavailableException", 503),
        ("internalServerException", 500),
        ("modelStreamErrorException", 500),
    ];
    for (name, status) in statuses {
        let failure = Failure { code: Some(name.to_owned()), ..Failure::new(status, "no") };
        assert_eq!(read(&[named(name, r#"{"message":"no"}"#)]), Ok(vec![Event::Error(failure)]));
    }
    let unread = Failure {
        code: Some("internalServerException".to_owned()),
        ..Failure::new(500, "internalServerException")
    };
    assert_eq!(read(&[named("internalServerException", "")]), Ok(vec![Event::Error(unread)]));
}

#[test]
fn after_an_error_nothing_is_written() {
    let out = written(vec![start(), Event::Error(Failure::new(429, "slow down")), Event::End]);
    assert_eq!(out.len(), 2);
    assert_eq!(out.last(), Some(&named("throttlingException", r#"{"message":"slow down"}"#)));
}

#[test]
fn parts_that_are_left_open_end_with_the_answer() {
    let out = written(vec![
        open(0, call("a")),
        open(1, call("b")),
        delta(1, Delta::Arguments("{}".to_owned())),
        open(2, Opening::Text),
        Event::Finish { choice: 0, finish: Finish::ToolCalls },
        open(3, Opening::Text),
    ]);
    let names: Vec<&str> = out.iter().filter_map(|event| event.name.as_deref()).collect();
    let block = ["contentBlockStart", "contentBlockDelta", "contentBlockStop"];
    assert_eq!(names, [&block[..], &block[..], &["messageStop"]].concat());
    assert!(out.iter().all(|event| !event.data.contains(r#""contentBlockIndex":2"#)));
}

#[test]
fn a_citation_is_told_with_its_place() {
    let citation = Citation { url: Some("https://a".into()), title: Some("A".into()), ..Citation::default() };
    let events = vec![
        start(),
        open(0, Opening::Text),
        delta(0, text("a")),
        delta(0, Delta::Citation(Box::new(citation))),
    ];
    let out = written(events.clone());
    let data = r#"{"delta":{"citation":{"title":"A","location":{"web":{"url":"https://a"}}}},"contentBlockIndex":0}"#;
    assert_eq!(out.last(), Some(&named("contentBlockDelta", data)));
    assert_eq!(read(&out), Ok(events));
}

fn quoted(text: String) -> String {
    Json::from(text).to_text()
}

fn block() -> impl Strategy<Value = Vec<(&'static str, String)>> {
    let piece = || "[a-z\"\n\u{e9}]{1,8}";
    let of = |wrap: fn(String) -> String| vec(piece().prop_map(wrap), 1..4);
    let said = of(|text| format!(r#"{{"text":{}}}"#, quoted(text)));
    let thought = of(|text| format!(r#"{{"reasoningContent":{{"text":{}}}}}"#, quoted(text)));
    let input = of(|text| format!(r#"{{"toolUse":{{"input":{}}}}}"#, quoted(text)));
    let deltas = |deltas: Vec<String>| deltas.into_iter().map(|delta| ("delta", delta)).collect::<Vec<_>>();
    let begun = |deltas: Vec<(&'static str, String)>| {
        let start = object! { "toolUse": object! { "toolUseId": "t", "name": "now" } };
        let mut all = vec![("start", Json::from(start).to_text())];
        all.extend(deltas);
        all
    };
    prop_oneof![said.prop_map(deltas), thought.prop_map(deltas), input.prop_map(deltas).prop_map(begun)]
}

fn stream() -> impl Strategy<Value = Vec<SseEvent>> {
    vec(block(), 0..5).prop_map(|blocks| {
        let mut events = vec![named("messageStart", r#"{"role":"assistant"}"#)];
        for (index, block) in blocks.into_iter().enumerate() {
            for (key, value) in block {
                let name = if key == "start" { "contentBlockStart" } else { "contentBlockDelta" };
                events.push(named(name, &format!(r#"{{"{key}":{value},"contentBlockIndex":{index}}}"#)));
            }
            events.push(named("contentBlockStop", &format!(r#"{{"contentBlockIndex":{index}}}"#)));
        }
        events.push(named(
            "messageStop",
            r#"{"stopReason":"stop_sequence","additionalModelResponseFields":{"stop_sequence":"END"}}"#,
        ));
        let usage = r#"{"inputTokens":1,"outputTokens":2,"totalTokens":6,"cacheReadInputTokens":3}"#;
        events.push(named(
            "metadata",
            &format!(r#"{{"usage":{usage},"metrics":{{"latencyMs":0}},"serviceTier":{{"type":"flex"}}}}"#),
        ));
        events
    })
}

proptest! {
    #[test]
    fn a_stream_is_written_as_it_was_read(events in stream()) {
        let canonical = read(&events).unwrap();
        prop_assert_eq!(canonical.last(), Some(&Event::End));
        let again = written(canonical.clone());
        prop_assert_eq!(&again, &events);
        prop_assert_eq!(read(&again).unwrap(), canonical);
    }
}
