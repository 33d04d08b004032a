//! Tests of streams, both ways.

use proptest::prelude::*;

use super::*;
use crate::exchange::answer::Failure;
use crate::exchange::codec::{Asked, EncodeEvents};
use crate::gemini::codec::events_out::Encoder;

fn decoded(events: &[SseEvent]) -> Vec<Event> {
    let (mut decoder, mut out) = (Decoder::default(), Vec::new());
    for event in events {
        assert_eq!(decoder.decode(event, &mut out), Ok(()), "{event:?}");
    }
    decoder.close(&mut out);
    decoder.close(&mut out);
    out
}

fn encoded(events: Vec<Event>) -> Vec<SseEvent> {
    let asked = Asked { id: "ID".into(), model: "m".into(), ..Asked::default() };
    let (mut encoder, mut out) = (Encoder::new(&asked), Vec::new());
    events.into_iter().for_each(|event| encoder.encode(event, &mut out));
    out
}

fn chunk(candidates: &str, rest: &str) -> SseEvent {
    let data = format!(r#"{{"candidates":[{candidates}],"modelVersion":"m-1","responseId":"r"{rest}}}"#);
    SseEvent { data, ..SseEvent::default() }
}

#[test]
fn a_stream_is_whole_when_each_choice_has_ended() {
    let said = r#"{"content":{"parts":[{"text":"a"}]},"index":0}"#;
    let ended = |index: u64| format!(r#"{{"finishReason":"STOP","index":{index}}}"#);
    let ends = |events: &[SseEvent]| decoded(events).contains(&Event::End);
    assert!(!ends(&[]));
    assert!(!ends(&[chunk(said, "")]));
    assert!(!ends(&[chunk(said, ""), chunk(&ended(1), "")]));
    assert!(ends(&[chunk(said, ""), chunk(&ended(1), ""), chunk(&ended(0), "")]));
}

#[test]
fn what_is_used_is_told_when_it_is_new() {
    let counts =
        |output: u64| format!(r#","usageMetadata":{{"promptTokenCount":3,"candidatesTokenCount":{output}}}"#);
    let said = r#"{"content":{"parts":[{"text":"a"}]}}"#;
    let events = decoded(&[chunk(said, &counts(1)), chunk(said, &counts(1)), chunk(said, &counts(2))]);
    let used = |event: &Event| if let Event::Usage(usage) = event { Some(usage.output) } else { None };
    assert_eq!(events.iter().filter_map(used).collect::<Vec<_>>(), [1, 2]);
}

#[test]
fn nothing_follows_an_error() {
    let failed =
        SseEvent { data: r#"[{"error":{"message":"no","status":"ABORTED"}}]"#.into(), ..SseEvent::default() };
    let ended = chunk(r#"{"finishReason":"STOP"}"#, "");
    let failure = Failure { code: Some("ABORTED".into()), ..Failure::new(409, "no") };
    assert_eq!(decoded(&[failed, ended]), [Event::Error(failure)]);
}

#[test]
fn what_is_no_answer_is_not_read() {
    let decode = |data: &str| {
        let event = SseEvent { data: data.into(), ..SseEvent::default() };
        Decoder::default().decode(&event, &mut Vec::new())
    };
    for data in
        ["", "a", "3", r#"{"candidates":3}"#, r#"{"candidates":[{"content":{"parts":[{"text":3}]}}]}"#]
    {
        assert!(decode(data).is_err(), "{data}");
    }
    assert_eq!(decode("{}"), Ok(()));
}

#[test]
fn parts_that_nobody_closed_are_said_at_the_end() {
    let opening = Opening::ToolCall { id: "c".into(), name: "f".into(), signature: None };
    let finish = Event::Finish { choice: 0, finish: Finish::ToolCalls };
    let events = vec![Event::Open { choice: 0, part: 0, opening }, finish, Event::End];
    let said: Vec<String> = encoded(events).into_iter().map(|event| event.data).collect();
    assert_eq!(said.len(), 2);
    assert!(said[0].contains(r#""functionCall":{"id":"c","name":"f","args":{}}"#), "{}", said[0]);
}

#[test]
fn citations_without_a_place_are_of_all_words_of_their_part() {
    let place = |part: u64| (0, part);
    let text = |part: u64, text: &str| {
        let (choice, part) = place(part);
        let delta = Event::Delta { choice, part, delta: Delta::Text(text.into()) };
        [Event::Open { choice, part, opening: Opening::Text }, delta]
    };
    let citation = Citation { url: Some("u".into()), ..Citation::default() };
    let cited = Event::Delta { choice: 0, part: 1, delta: Delta::Citation(Box::new(citation)) };
    let mut events: Vec<Event> = text(0, "é ").into_iter().chain(text(1, "b")).collect();
    events.extend([cited, Event::Delta { choice: 0, part: 1, delta: Delta::Text("c".into()) }, Event::End]);
    let last = encoded(events).pop().unwrap_or_default().data;
    assert!(last.contains(r#""segment":{"startIndex":3,"endIndex":5,"text":"bc"}"#), "{last}");
}

fn part() -> impl Strategy<Value = String> {
    let text = "[a-zé]{0,5}";
    prop_oneof![
        text.prop_map(|text| format!(r#"{{"text":"{text}"}}"#)),
        text.prop_map(|text| format!(r#"{{"text":"{text}","thought":true}}"#)),
        text.prop_map(|text| format!(r#"{{"text":"{text}","thought":true,"thoughtSignature":"cw=="}}"#)),
        text.prop_map(|text| format!(r#"{{"text":"{text}","thoughtSignature":"cw=="}}"#)),
        text.prop_map(|text| format!(r#"{{"functionCall":{{"name":"f","args":{{"a":"{text}"}}}}}}"#)),
        Just(r#"{"functionCall":{"id":"c","name":"g"},"thoughtSignature":"cw=="}"#.to_owned()),
        Just(r#"{"inlineData":{"mimeType":"image/png","data":"AAAA"}}"#.to_owned()),
    ]
}

/// The chunks of a stream of two choices; the last says why both end, and what one of them cites.
fn stream() -> impl Strategy<Value = Vec<SseEvent>> {
    let candidate = (proptest::collection::vec(part(), 0..3), 0_u64..2).prop_map(|(parts, index)| {
        format!(r#"{{"content":{{"role":"model","parts":[{}]}},"index":{index}}}"#, parts.join(","))
    });
    let finish = proptest::sample::select(vec!["STOP", "MAX_TOKENS", "SAFETY", "OTHER"]);
    (proptest::collection::vec(candidate, 0..8), finish, any::<bool>()).prop_map(|(candidates, finish, is_cited)| {
        let grounding = r#","groundingMetadata":{"groundingChunks":[{"web":{"uri":"u"}}],"groundingSupports":[{"segment":{"endIndex":2},"groundingChunkIndices":[0]}]}"#;
        let grounding = if is_cited { grounding } else { "" };
        let last = |index: u64| format!(r#"{{"finishReason":"{finish}","index":{index}{grounding}}}"#);
        let usage = r#","usageMetadata":{"promptTokenCount":3,"candidatesTokenCount":2,"thoughtsTokenCount":1}"#;
        let chunks = candidates.iter().map(|candidate| chunk(candidate, ""));
        chunks.chain([chunk(&format!("{},{}", last(0), last(1)), usage)]).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn a_stream_says_the_same_after_it_was_written_again(stream in stream()) {
        let events = decoded(&stream);
        let again = decoded(&encoded(events.clone()));
        // A reason that has no word of its own, such as OTHER, is a regular end.
        prop_assert_eq!(&again, &events);
        prop_assert_eq!(again.last(), Some(&Event::End));
    }
}
