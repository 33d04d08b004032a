use proptest::prelude::*;
use tidegate_contract::Usage;

use super::Responses;
use crate::exchange::answer::{Delta, Event, Failure, Finish, Opening, Start};
use crate::exchange::codec::{Asked, Codec};
use crate::exchange::json::{Json, object};
use crate::exchange::request::{Block, Citation, Media, MediaKind, Part, Source};
use crate::sse::SseEvent;

fn written(events: Vec<Event>) -> Vec<SseEvent> {
    let asked = Asked { id: "ID".into(), model: "m".into(), ..Asked::default() };
    let (mut encoder, mut out) = (Responses.encode_events(&asked), Vec::new());
    events.into_iter().for_each(|event| encoder.encode(event, &mut out));
    out
}

fn read(events: &[SseEvent]) -> Result<Vec<Event>, String> {
    let (mut decoder, mut out) = (Responses.decode_events(), Vec::new());
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
    let short = |event: &SseEvent| event.name.clone().unwrap_or_default().replace("response.", "");
    events.iter().map(short).collect()
}

fn open(part: u64, opening: Opening) -> Event {
    Event::Open { choice: 0, part, opening }
}

fn text(part: u64, text: &str) -> Event {
    Event::Delta { choice: 0, part, delta: Delta::Text(text.into()) }
}

fn close(part: u64) -> Event {
    Event::Close { choice: 0, part }
}

#[test]
fn every_event_carries_its_name_and_its_number() {
    let events = written(vec![
        Event::Start(Start::default()),
        Event::Ping,
        open(0, Opening::Text),
        text(0, "a"),
        Event::End,
    ]);
    let told = [
        "created",
        "in_progress",
        "output_item.added",
        "content_part.added",
        "output_text.delta",
        "output_text.done",
        "content_part.done",
        "output_item.done",
        "completed",
    ];
    assert_eq!(names(&events), told);
    for (number, event) in events.iter().enumerate() {
        let data = Json::read(event.data.as_bytes()).unwrap();
        assert_eq!(data.at(&["type"]).and_then(Json::as_str), event.name.as_deref());
        assert_eq!(data.at(&["sequence_number"]).and_then(Json::as_u64), Some(number as u64));
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
    assert_eq!(names(&events), ["created", "in_progress", "completed"]);
}

#[test]
fn words_go_on_in_their_item_while_another_has_begun() {
    let events = written(vec![
        open(0, Opening::Text),
        text(0, "a"),
        open(1, Opening::Reasoning),
        text(1, "b"),
        text(0, "c"),
        close(0),
        open(2, Opening::Text),
        close(2),
        close(1),
        Event::End,
    ]);
    let last = events.last().map(|event| event.data.clone()).unwrap_or_default();
    let data = Json::read(last.as_bytes()).unwrap();
    let output = data.at(&["response", "output"]).map(Json::to_text).unwrap_or_default();
    assert_eq!(
        output,
        concat!(
            r#"[{"id":"msg_ID_0","type":"message","status":"completed","role":"assistant","content":"#,
            r#"[{"type":"output_text","text":"ac","annotations":[],"logprobs":[]}]},"#,
            r#"{"id":"rs_ID_1","type":"reasoning","summary":[{"type":"summary_text","text":"b"}]},"#,
            r#"{"id":"msg_ID_2","type":"message","status":"completed","role":"assistant","content":"#,
            r#"[{"type":"output_text","text":"","annotations":[],"logprobs":[]}]}]"#
        )
    );
    let done = names(&events).iter().filter(|name| *name == "output_item.done").count();
    assert_eq!(done, 3);
}

#[test]
fn a_picture_is_an_item_and_an_address_is_words() {
    let picture = |source| {
        let block = Block::new(Part::Media(Media::new(MediaKind::Image, source)));
        Opening::Whole(Box::new(block))
    };
    let data = Source::Data { media_type: "image/png".into(), data: "AA==".into() };
    let url = Source::Url { url: "https://a".into(), media_type: None };
    let events = written(vec![open(0, picture(data)), close(0), open(1, picture(url)), close(1), Event::End]);
    let all: String = events.iter().map(|event| &*event.data).collect();
    assert!(all.contains(
        r#""type":"image_generation_call","status":"completed","output_format":"png","result":"AA==""#
    ));
    assert!(all.contains("![image](https://a)"));
}

#[test]
fn nothing_follows_an_error() {
    let events = written(vec![
        Event::Start(Start::default()),
        Event::Error(Failure::new(529, "Overloaded")),
        open(0, Opening::Text),
        Event::End,
    ]);
    assert_eq!(names(&events), ["created", "in_progress", "error", "failed"]);
}

#[test]
fn a_stream_that_was_cut_has_no_end() {
    let events = written(vec![Event::Start(Start::default()), open(0, Opening::Text), text(0, "a")]);
    assert!(!read(&events).unwrap().contains(&Event::End));
}

#[test]
fn an_error_without_words_is_one_nevertheless() {
    let told = [Event::Error(Failure::new(500, "the provider broke the answer off"))];
    assert_eq!(read(&[event(r#"{"type":"response.failed","response":{"error":{}}}"#)]).unwrap(), told);
}

#[test]
fn what_is_no_event_of_the_api_is_unreadable() {
    assert!(read(&[event("<html>")]).is_err());
    assert!(read(&[event("[]")]).is_err());
    assert!(read(&[event(r#"{"type":"response.output_item.done"}"#)]).is_err());
}

#[test]
fn a_thought_that_is_told_twice_is_heard_once() {
    let delta = |kind: &str, delta: &str| {
        event(&format!(r#"{{"type":"response.{kind}.delta","output_index":0,"delta":"{delta}"}}"#))
    };
    let events = [
        delta("reasoning_text", "a"),
        delta("reasoning_summary_text", "A"),
        delta("reasoning_text", "b"),
        event(
            r#"{"type":"response.output_item.done","output_index":0,"item":{"type":"reasoning",
            "summary":[{"text":"A"}],"content":[{"text":"ab"}]}}"#,
        ),
    ];
    let told =
        [Event::Start(Start::default()), open(0, Opening::Reasoning), text(0, "a"), text(0, "b"), close(0)];
    assert_eq!(read(&events).unwrap(), told);
}

fn words() -> impl Strategy<Value = String> {
    "[a-zé\u{1F600}\"\\\\\n]{1,8}"
}

/// The opening of a part, what comes of it, and what it is when it is read again.
fn part() -> impl Strategy<Value = (Opening, Vec<Delta>)> {
    let text = || proptest::collection::vec(words().prop_map(Delta::Text), 1..4);
    let citation = words().prop_map(|url| {
        let title = Some("t".into());
        let range = Some((0, 1));
        Delta::Citation(Box::new(Citation { url: Some(url.into()), title, range, ..Citation::default() }))
    });
    let call = ("[a-z0-9]{1,6}", words()).prop_map(|(id, name)| {
        let pieces = ["{\"a\":", "1}"].map(|piece| Delta::Arguments(piece.to_owned()));
        (Opening::ToolCall { id, name, signature: None }, pieces.to_vec())
    });
    let own = words().prop_map(|query| {
        let spec = object! { "id": "ws_1", "status": "completed", "action": object! { "query": query } };
        let block = Block::new(Part::Own { kind: "web_search_call".into(), spec });
        (Opening::Whole(Box::new(block)), Vec::new())
    });
    prop_oneof![
        text().prop_map(|deltas| (Opening::Text, deltas)),
        text().prop_map(|deltas| (Opening::Refusal, deltas)),
        text().prop_map(|deltas| (Opening::Reasoning, deltas)),
        (text(), citation).prop_map(|(mut deltas, citation)| {
            deltas.push(citation);
            (Opening::Text, deltas)
        }),
        words().prop_map(|data| (Opening::Reasoning, vec![Delta::Redacted(data)])),
        call,
        own,
    ]
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let usage = (0..9_u64, 0..9_u64, 0..9_u64).prop_map(|(cached_input, cache_write, output)| Usage {
        input: cached_input + cache_write + 1,
        cached_input,
        cache_write,
        output,
        reasoning: output / 2,
        ..Usage::default()
    });
    let cut = prop_oneof![Just(None), Just(Some(Finish::Length)), Just(Some(Finish::ContentFilter))];
    (proptest::collection::vec(part(), 0..5), cut, usage).prop_map(|(parts, cut, usage)| {
        let start = Start { id: "resp_i".into(), model: "m".into(), created: Some(5), fingerprint: None };
        let has = |is: fn(&Opening) -> bool| parts.iter().any(|(opening, _)| is(opening));
        let regular = if has(|opening| matches!(opening, Opening::ToolCall { .. })) {
            Finish::ToolCalls
        } else if has(|opening| matches!(opening, Opening::Refusal)) {
            Finish::Refusal
        } else {
            Finish::Stop
        };
        let mut events = vec![Event::Start(start)];
        for (part, (opening, deltas)) in parts.into_iter().enumerate() {
            let part = part as u64;
            events.push(open(part, opening));
            events.extend(deltas.into_iter().map(|delta| Event::Delta { choice: 0, part, delta }));
            events.push(close(part));
        }
        let finish = cut.unwrap_or(regular);
        events.extend([
            Event::Finish { choice: 0, finish },
            Event::ServiceTier("default".into()),
            Event::Usage(usage),
            Event::End,
        ]);
        events
    })
}

/// What is sealed is read as it was written.
fn sealed(mut events: Vec<Event>) -> Vec<Event> {
    for event in &mut events {
        if let Event::Delta { delta: Delta::Redacted(data), .. } = event {
            data.insert_str(0, "tidegate.redacted.");
        }
    }
    events
}

proptest! {
    #[test]
    fn a_stream_tells_the_same_once_it_was_written(events in events()) {
        prop_assert_eq!(read(&written(events.clone())).unwrap(), sealed(events));
    }

    #[test]
    fn a_stream_whose_pieces_are_lost_tells_the_same_at_its_end(events in events()) {
        let mut lossy = written(events.clone());
        lossy.retain(|event| event.name.as_deref().is_some_and(|name| !name.ends_with(".delta")));
        let said = |events: Vec<Event>| -> String {
            let said = |event| match event {
                Event::Delta { delta: Delta::Text(text) | Delta::Arguments(text) | Delta::Redacted(text), .. } => Some(text),
                _ => None,
            };
            events.into_iter().filter_map(said).collect()
        };
        prop_assert_eq!(said(read(&lossy).unwrap()), said(sealed(events)));
    }

    #[test]
    fn no_stream_makes_the_reader_stumble(pieces in proptest::collection::vec("\\PC{0,40}", 0..4)) {
        let events: Vec<_> = pieces.iter().map(|piece| event(piece)).collect();
        let _ = read(&events);
    }
}
