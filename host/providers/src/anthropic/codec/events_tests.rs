use proptest::prelude::*;
use tidegate_contract::Usage;

use super::Messages;
use crate::exchange::answer::{Delta, Event, Failure, Finish, Opening, Start};
use crate::exchange::codec::{Asked, Codec};
use crate::exchange::json::{Json, object};
use crate::exchange::request::{Block, Citation, Part};
use crate::sse::SseEvent;

fn written(events: Vec<Event>) -> Vec<SseEvent> {
    let asked = Asked { id: "ID".into(), model: "m".into(), ..Asked::default() };
    let (mut encoder, mut out) = (Messages.encode_events(&asked), Vec::new());
    events.into_iter().for_each(|event| encoder.encode(event, &mut out));
    out
}

fn read(events: &[SseEvent]) -> Result<Vec<Event>, String> {
    let (mut decoder, mut out) = (Messages.decode_events(), Vec::new());
    for event in events {
        decoder.decode(event, &mut out).map_err(|unreadable| unreadable.0)?;
    }
    decoder.close(&mut out);
    Ok(out)
}

fn event(data: &str) -> SseEvent {
    SseEvent { data: data.to_owned(), ..SseEvent::default() }
}

fn names(events: &[SseEvent]) -> Vec<String> {
    let short = |event: &SseEvent| {
        let data = Json::read(event.data.as_bytes()).unwrap();
        let index = data.at(&["index"]).and_then(Json::as_u64);
        let name = event.name.clone().unwrap_or_default().replace("content_block_", "");
        index.map_or(name.clone(), |index| format!("{name} {index}"))
    };
    events.iter().map(short).collect()
}

#[test]
fn every_event_carries_its_name() {
    let events = written(vec![Event::Start(Start::default()), Event::Ping, Event::End]);
    assert_eq!(names(&events), ["message_start", "ping", "message_delta", "message_stop"]);
    for event in events {
        let data = Json::read(event.data.as_bytes()).unwrap();
        assert_eq!(data.at(&["type"]).and_then(Json::as_str), event.name.as_deref());
    }
}

#[test]
fn only_the_first_answer_is_told() {
    let events = written(vec![
        Event::Start(Start::default()),
        Event::Open { choice: 1, part: 0, opening: Opening::Text },
        Event::Delta { choice: 1, part: 0, delta: Delta::Text("b".into()) },
        Event::Finish { choice: 1, finish: Finish::Length },
        Event::End,
    ]);
    assert_eq!(names(&events), ["message_start", "message_delta", "message_stop"]);
    assert!(events.iter().any(|event| event.data.contains(r#""stop_reason":"end_turn""#)));
}

#[test]
fn words_go_on_in_a_block_of_their_own_after_another_came_between() {
    let text = |part, text: &str| Event::Delta { choice: 0, part, delta: Delta::Text(text.into()) };
    let events = written(vec![
        Event::Start(Start::default()),
        Event::Open { choice: 0, part: 0, opening: Opening::Text },
        text(0, "a"),
        Event::Open { choice: 0, part: 1, opening: Opening::Reasoning },
        text(1, "b"),
        text(0, "c"),
        Event::End,
    ]);
    let told = [
        "message_start",
        "start 0",
        "delta 0",
        "stop 0",
        "start 1",
        "delta 1",
        "stop 1",
        "start 2",
        "delta 2",
        "stop 2",
        "message_delta",
        "message_stop",
    ];
    assert_eq!(names(&events), told);
}

#[test]
fn a_picture_is_shown_as_markdown() {
    use crate::exchange::request::{Media, MediaKind, Source};
    let source = Source::Data { media_type: "image/png".into(), data: "AA==".into() };
    let block = Block::new(Part::Media(Media::new(MediaKind::Image, source)));
    let events = written(vec![
        Event::Start(Start::default()),
        Event::Open { choice: 0, part: 0, opening: Opening::Whole(Box::new(block)) },
        Event::Close { choice: 0, part: 0 },
        Event::End,
    ]);
    assert!(events.iter().any(|event| event.data.contains("![image](data:image/png;base64,AA==)")));
}

#[test]
fn nothing_follows_an_error() {
    let events = written(vec![
        Event::Start(Start::default()),
        Event::Error(Failure::new(529, "Overloaded")),
        Event::Ping,
        Event::End,
    ]);
    assert_eq!(names(&events), ["error"]);
}

#[test]
fn a_stream_that_was_cut_has_no_end() {
    let events = [
        event(r#"{"type":"message_start","message":{"id":"i","model":"m"}}"#),
        event(r#"{"type":"content_block_start","index":0,"content_block":{"type":"text","text":"a"}}"#),
    ];
    assert!(!read(&events).unwrap().contains(&Event::End));
}

#[test]
fn a_stream_whose_reason_came_is_whole() {
    let events = [event(r#"{"type":"message_delta","delta":{"stop_reason":"end_turn"}}"#)];
    let told =
        [Event::Start(Start::default()), Event::Finish { choice: 0, finish: Finish::Stop }, Event::End];
    assert_eq!(read(&events).unwrap(), told);
}

#[test]
fn an_error_without_words_is_one_nevertheless() {
    let told = read(&[event(r#"{"type":"error"}"#)]).unwrap();
    assert_eq!(told, [Event::Error(Failure::new(500, "the provider broke the answer off"))]);
}

#[test]
fn what_is_no_event_of_the_api_is_unreadable() {
    assert!(read(&[event("<html>")]).is_err());
    assert!(read(&[event("[]")]).is_err());
    assert!(read(&[event(r#"{"type":"content_block_start","index":0}"#)]).is_err());
}

fn words() -> impl Strategy<Value = String> {
    "[a-zé\u{1F600}\"\\\\\n]{1,8}"
}

/// The opening of a part, and what comes of it.
fn part() -> impl Strategy<Value = (Opening, Vec<Delta>)> {
    let text = || proptest::collection::vec(words().prop_map(Delta::Text), 1..4);
    let thought = (proptest::collection::vec(words().prop_map(Delta::Text), 0..3), words());
    let citation = words().prop_map(|url| {
        let token = Some("t".into());
        let quote = Some("q".into());
        Delta::Citation(Box::new(Citation { url: Some(url.into()), token, quote, ..Citation::default() }))
    });
    let call = ("[a-z0-9]{1,6}", words()).prop_map(|(id, name)| {
        let pieces = ["{\"a\":", "1}"].map(|piece| Delta::Arguments(piece.to_owned()));
        (Opening::ToolCall { id, name, signature: None }, pieces.to_vec())
    });
    let own = words().prop_map(|query| {
        let spec = object! { "id": "srvtoolu_1", "name": "web_search", "input": object! { "query": query } };
        let block = Block::new(Part::Own { kind: "server_tool_use".into(), spec });
        (Opening::Whole(Box::new(block)), Vec::new())
    });
    prop_oneof![
        text().prop_map(|deltas| (Opening::Text, deltas)),
        (text(), citation).prop_map(|(mut deltas, citation)| {
            deltas.push(citation);
            (Opening::Text, deltas)
        }),
        thought.prop_map(|(mut deltas, signature)| {
            deltas.push(Delta::Signature(signature));
            (Opening::Reasoning, deltas)
        }),
        words().prop_map(|data| (Opening::Reasoning, vec![Delta::Redacted(data)])),
        call,
        own,
    ]
}

fn finish() -> impl Strategy<Value = Finish<'static>> {
    prop_oneof![
        Just(Finish::ToolCalls),
        Just(Finish::Length),
        Just(Finish::ContentFilter),
        Just(Finish::Pause),
        Just(Finish::ContextWindow),
        words().prop_map(|text| Finish::StopSequence(Some(text.into()))),
    ]
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let usage =
        (0..9_u64, 0..9_u64, 0..9_u64, 0..9_u64).prop_map(|(fresh, cached_input, cache_write, output)| {
            Usage {
                input: fresh + cached_input + cache_write,
                cached_input,
                cache_write,
                output,
                ..Usage::default()
            }
        });
    (proptest::collection::vec(part(), 0..5), finish(), usage).prop_map(|(parts, finish, usage)| {
        let start = Start { id: "i".into(), model: "m".into(), ..Start::default() };
        let mut events = vec![Event::Start(start), Event::ServiceTier("default".into()), Event::Usage(usage)];
        for (part, (opening, deltas)) in parts.into_iter().enumerate() {
            let part = part as u64;
            events.push(Event::Open { choice: 0, part, opening });
            events.extend(deltas.into_iter().map(|delta| Event::Delta { choice: 0, part, delta }));
            events.push(Event::Close { choice: 0, part });
        }
        events.extend([Event::Finish { choice: 0, finish }, Event::Usage(usage), Event::End]);
        events
    })
}

proptest! {
    #[test]
    fn a_stream_tells_the_same_once_it_was_written(events in events()) {
        prop_assert_eq!(read(&written(events.clone())).unwrap(), events);
    }

    #[test]
    fn no_stream_makes_the_reader_stumble(pieces in proptest::collection::vec("\\PC{0,40}", 0..4)) {
        let events: Vec<_> = pieces.iter().map(|piece| event(piece)).collect();
        let _ = read(&events);
    }
}
