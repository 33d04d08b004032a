use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::bedrock::gather::gather;
use crate::stream::replay::{Pace, Replay, data, masked, same};

fn delta(block: u64, delta: Value) -> Value {
    json!({"delta": delta, "contentBlockIndex": block})
}

fn stop(block: u64) -> Value {
    json!({ "contentBlockIndex": block })
}

/// A thought, a text and a call in these parts, as Bedrock sends them.
fn recorded(parts: &[&str]) -> Vec<Value> {
    let deltas = |block: u64, of: fn(&str) -> Value| -> Vec<Value> {
        parts.iter().map(|part| delta(block, of(part))).collect()
    };
    let mut events = vec![json!({"role": "assistant", "p": "abcdef"})];
    events.extend(deltas(0, |part| json!({"reasoningContent": {"text": part}})));
    events.extend([delta(0, json!({"reasoningContent": {"signature": "sig"}})), stop(0)]);
    events.extend(deltas(1, |part| json!({ "text": part })));
    events.extend([
        delta(1, json!({"citation": {"title": "T", "sourceContent": [{"text": "cited"}], "location": {"documentPage": {"documentIndex": 0}}}})),
        stop(1),
        json!({"start": {"toolUse": {"toolUseId": "t1", "name": "t"}}, "contentBlockIndex": 2}),
    ]);
    events.extend(deltas(2, |part| json!({"toolUse": {"input": part}})));
    events.extend([
        stop(2),
        json!({"stopReason": "tool_use", "p": "abc"}),
        json!({"usage": {"inputTokens": 1, "outputTokens": 2, "totalTokens": 3}, "metrics": {"latencyMs": 1}}),
    ]);
    events
}

fn played(events: &[Value], pace: Pace, edit: fn(&str) -> String) -> Vec<Value> {
    data(Replay::new(&mut *editor(), pace, edit).events(events))
}

/// The texts of the deltas, by block.
fn said(events: &[Value]) -> BTreeMap<u64, String> {
    let mut texts: BTreeMap<u64, String> = BTreeMap::new();
    for event in events {
        for place in ["/delta/text", "/delta/reasoningContent/text", "/delta/toolUse/input"] {
            if let Some(text) = event.pointer(place).and_then(Value::as_str) {
                texts.entry(index_of(event)).or_default().push_str(text);
            }
        }
    }
    texts
}

const PARTS: [&str; 3] = ["my SEC", "RET", " is"];

#[test]
fn what_passes_at_once_is_the_same() {
    assert_eq!(played(&recorded(&PARTS), Pace::Free, same), recorded(&PARTS));
}

#[test]
fn what_leaves_later_adds_up_to_the_same() {
    for pace in [Pace::Behind(2), Pace::Full] {
        let out = played(&recorded(&PARTS), pace, same);
        assert_eq!(said(&out), said(&recorded(&PARTS)));
        assert!(Value::Array(out).to_string().contains("\"sig\""));
    }
}

#[test]
fn the_rest_of_a_text_comes_before_its_end() {
    let out = played(&recorded(&PARTS), Pace::Full, masked);
    assert_eq!(out[0], json!({"role": "assistant", "p": "abcdef"}));
    // The signature is of other words.
    assert_eq!(out[1..3], [delta(0, json!({"reasoningContent": {"text": "my - is"}})), stop(0)]);
    assert!(out[3]["delta"]["citation"].is_object());
    assert_eq!(out[4..6], [delta(1, json!({"text": "my - is"})), stop(1)]);
    assert_eq!(out[7..9], [delta(2, json!({"toolUse": {"input": "my - is"}})), stop(2)]);
    assert_eq!(out.len(), 11);
}

#[test]
fn carriers_are_named_as_the_api_names_them() {
    let mut editor = editor();
    let reading = editor.read(&delta(3, json!({"toolResult": [{"text": "a"}]})));
    let carrier = editor.carrier(reading.pieces[0].text, "b");
    assert_eq!(carrier.name.as_deref(), Some("contentBlockDelta"));
    assert_eq!(
        serde_json::from_str::<Value>(&carrier.data).unwrap(),
        delta(3, json!({"toolResult": [{"text": "b"}]}))
    );
    let what = editor.text(reading.pieces[0].text);
    assert_eq!((what.role, what.kind), ("tool", "tool-result"));
    let unknown = editor.carrier(99, "b");
    assert_eq!(serde_json::from_str::<Value>(&unknown.data).unwrap(), delta(0, json!({"text": "b"})));
}

#[test]
fn kinds_are_the_contracts() {
    let mut editor = editor();
    let mut replay = Replay::new(&mut *editor, Pace::Free, same);
    replay.events(&recorded(&["a", "b"]));
    let came = replay.came();
    assert_eq!(
        came,
        [("reasoning", "ab"), ("text", "ab"), ("text", "T"), ("text", "cited"), ("tool-arguments", "ab")]
    );
    assert!(editor.read(&json!({"usage": {"inputTokens": 1}, "metrics": {"latencyMs": 1}})).over);
}

#[test]
fn what_nobody_knows_is_read_too() {
    let mut editor = editor();
    let mut texts = |event: Value| -> Vec<String> {
        let reading = editor.read(&event);
        reading.pieces.into_iter().map(|piece| piece.content).collect()
    };
    assert_eq!(texts(json!({"message": "1", "originalStatusCode": 500, "originalMessage": "2"})), ["1", "2"]);
    assert_eq!(texts(json!({"start": {"novelty": {"words": "3"}}, "contentBlockIndex": 5})), ["3"]);
    assert_eq!(texts(delta(5, json!({"novelty": "4", "deep": {"er": "5"}}))), ["4", "5"]);
    assert_eq!(texts(delta(6, json!({"toolResult": [{"json": {"name": "6"}}, {"text": "7"}]}))), ["6", "7"]);
    assert_eq!(texts(json!({"stopReason": "x", "additionalModelResponseFields": {"a": ["8"]}})), ["8"]);
    let trace = json!({"guardrail": {"modelOutput": ["9"], "outputAssessments": {"g": [{"wordPolicy": {"customWords": [{"match": "10", "action": "BLOCKED"}]}}]}}});
    assert_eq!(texts(json!({"usage": {"inputTokens": 1}, "trace": trace})), ["9", "10"]);
    assert_eq!(texts(json!({"p": "no padding"})), ["no padding"]);
    assert_eq!(texts(delta(7, json!("11"))), ["11"]);
    assert_eq!(texts(json!("12")), ["12"]);
    assert_eq!(texts(delta(8, json!({"reasoningContent": {"redactedContent": "QUJD"}}))), [""; 0]);
}

#[test]
fn a_block_under_a_known_index_is_another_text() {
    let mut editor = editor();
    let mut replay = Replay::new(&mut *editor, Pace::Free, same);
    replay.events(&[
        delta(0, json!({"text": "a"})),
        delta(0, json!({"text": "b"})),
        delta(0, json!({"reasoningContent": {"text": "c"}})),
        delta(0, json!({"text": "d"})),
        stop(0),
        delta(0, json!({"text": "e"})),
        delta(1, json!({"text": "f"})),
    ]);
    let came: Vec<&str> = replay.came().into_iter().map(|(_, text)| text).collect();
    assert_eq!(came, ["ab", "c", "d", "e", "f"]);
}

#[test]
fn media_are_told_and_stay_as_they_are() {
    let events = [
        json!({"start": {"image": {"format": "png"}}, "contentBlockIndex": 0}),
        delta(0, json!({"image": {"source": {"bytes": "QUJD"}}})),
        stop(0),
        json!({"start": {"hologram": {"id": 1}}, "contentBlockIndex": 1}),
        delta(2, json!({"image": {"source": {"s3Location": {"uri": "s3://b/k", "bucketOwner": "1"}}}})),
    ];
    let mut editor = editor();
    let mut replay = Replay::new(&mut *editor, Pace::Full, |text| format!("<{text}>"));
    let out = data(replay.events(&events));
    let came = replay.came();
    assert_eq!(came, [("media", "image png"), ("media", "hologram"), ("media", "image s3://b/k")]);
    assert_eq!(out, events);
}

#[test]
fn what_a_guardrail_saw_is_not_told_of_edited_words() {
    let usage = json!({"usage": {"inputTokens": 1}, "trace": {"guardrail": {"modelOutput": ["SECRET"], "actionReason": "r"}}});
    let events = [delta(0, json!({"text": "SECRET"})), stop(0), usage.clone()];
    let out = played(&events, Pace::Free, masked);
    assert_eq!(out[2]["trace"], json!({"guardrail": {"actionReason": "r"}}));
    assert_eq!(played(&events, Pace::Full, same)[2], usage);
}

#[test]
fn padding_tells_no_length_of_what_was_changed() {
    let padded = json!({"delta": {"text": "my SECRET"}, "contentBlockIndex": 0, "p": "abcdefghij"});
    assert_eq!(played(&[padded], Pace::Free, masked), [delta(0, json!({"text": "my -"}))]);
}

#[test]
fn a_blocked_stream_ends_with_an_exception() {
    let events = editor().blocked("no");
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].name.as_deref(), Some("validationException"));
    assert_eq!(events[0].data, r#"{"message":"no"}"#);
}

fn any_block() -> impl Strategy<Value = Vec<Value>> {
    let text = || prop_oneof![Just("SEC"), Just("RET"), Just("SECRET"), Just("a"), Just("")];
    let texts = prop::collection::vec(text(), 1..4);
    (0_u64..3, 0_u64..4, texts, any::<bool>()).prop_map(|(block, kind, texts, stops)| {
        let of = |text: &&str| match kind {
            0 => json!({ "text": text }),
            1 => json!({"reasoningContent": {"text": text}}),
            2 => json!({"toolUse": {"input": text}}),
            _ => json!({"toolResult": [{"text": text}]}),
        };
        let begun =
            json!({"start": {"toolUse": {"toolUseId": "t", "name": "n"}}, "contentBlockIndex": block});
        let start = (kind == 2).then_some(begun).into_iter();
        let deltas: Vec<Value> = texts.iter().map(|text| delta(block, of(text))).collect();
        start.chain(deltas).chain(stops.then(|| stop(block))).collect()
    })
}

pub(crate) fn any_stream() -> impl Strategy<Value = Vec<Value>> {
    prop::collection::vec(any_block(), 0..5).prop_map(|blocks| {
        let start = json!({"role": "assistant"});
        std::iter::once(start)
            .chain(blocks.into_iter().flatten())
            .chain([json!({"stopReason": "end_turn"})])
            .collect()
    })
}

proptest! {
    #[test]
    fn any_stream_passes_as_it_is(events in any_stream()) {
        prop_assert_eq!(played(&events, Pace::Free, same), events);
    }

    #[test]
    fn any_stream_that_leaves_later_says_the_same(events in any_stream(), held in 0_usize..9) {
        let out = played(&events, Pace::Behind(held), same);
        let words = |events: &[Value]| -> Vec<String> {
            let data: Vec<String> = events.iter().map(Value::to_string).collect();
            let answer = gather(&data.iter().map(String::as_str).collect::<Vec<_>>());
            let found = texts::answer(&answer).into_iter();
            let mut words: Vec<String> =
                found.map(|text| answer.pointer(&text.pointer).unwrap().to_string()).collect();
            // Of blocks that are never closed, one may now begin before another.
            words.sort();
            words
        };
        prop_assert_eq!(words(&out), words(&events));
    }

    #[test]
    fn no_secret_is_left(parts in prop::collection::vec(prop_oneof![Just("SEC"), Just("RET"), Just("SECRET"), Just("a")], 0..6), held in 6_usize..9) {
        let out = played(&recorded(&parts), Pace::Behind(held), masked);
        let all = masked(&parts.concat());
        prop_assert!(said(&out).values().all(|text| *text == all), "{:?}", out);
    }
}
