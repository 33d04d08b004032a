use proptest::prelude::*;

use super::*;
use crate::stream::replay::{Pace, Replay, Written, data, masked, same};

fn delta(index: u64, delta: Value) -> Value {
    json!({"type": "content_block_delta", "index": index, "delta": delta})
}

/// A thought, a text and a call in these parts, as Anthropic sends them.
fn recorded(parts: &[&str]) -> Vec<Value> {
    let start = |index: u64, block: Value| json!({"type": "content_block_start", "index": index, "content_block": block});
    let stop = |index: u64| json!({"type": "content_block_stop", "index": index});
    let deltas = |index: u64, name: &str, field: &str| -> Vec<Value> {
        parts.iter().map(|part| delta(index, json!({"type": name, field: part}))).collect()
    };
    let mut events = vec![
        json!({"type": "message_start", "message": {"id": "msg_1", "type": "message", "role": "assistant", "model": "claude",
            "content": [], "stop_reason": null, "stop_sequence": null, "usage": {"input_tokens": 3, "output_tokens": 1}}}),
        start(0, json!({"type": "thinking", "thinking": "", "signature": ""})),
        json!({"type": "ping"}),
    ];
    events.extend(deltas(0, "thinking_delta", "thinking"));
    events.extend([
        delta(0, json!({"type": "signature_delta", "signature": "sig"})),
        stop(0),
        start(1, json!({"type": "text", "text": ""})),
    ]);
    events.extend(deltas(1, "text_delta", "text"));
    events.extend([
        delta(1, json!({"type": "citations_delta", "citation": {"type": "page_location", "cited_text": "cited", "document_title": "T"}})),
        stop(1),
        start(2, json!({"type": "tool_use", "id": "toolu_1", "name": "t", "input": {}})),
    ]);
    events.extend(deltas(2, "input_json_delta", "partial_json"));
    events.extend([
        stop(2),
        json!({"type": "message_delta", "delta": {"stop_reason": "tool_use", "stop_sequence": null}, "usage": {"output_tokens": 9}}),
        json!({"type": "message_stop"}),
    ]);
    events
}

fn played(events: &[Value], pace: Pace, edit: fn(&str) -> String) -> Written {
    Replay::new(&mut *editor(), pace, edit).events(events)
}

/// The texts of the deltas, by block.
fn said(events: &[Value]) -> BTreeMap<u64, String> {
    let mut texts: BTreeMap<u64, String> = BTreeMap::new();
    for event in events {
        for field in ["text", "thinking", "partial_json"] {
            if let Some(text) = event["delta"][field].as_str() {
                texts.entry(index(event)).or_default().push_str(text);
            }
        }
    }
    texts
}

const PARTS: [&str; 3] = ["my SEC", "RET", " is"];

#[test]
fn what_passes_at_once_is_the_same() {
    assert_eq!(data(played(&recorded(&PARTS), Pace::Free, same)), recorded(&PARTS));
}

#[test]
fn what_leaves_later_adds_up_to_the_same() {
    for pace in [Pace::Behind(2), Pace::Full] {
        let written = played(&recorded(&PARTS), pace, same);
        assert!(written.iter().all(|(name, event)| name.as_deref() == event["type"].as_str()));
        let out = data(written);
        assert_eq!(said(&out), said(&recorded(&PARTS)));
        assert!(Value::Array(out).to_string().contains("sig\""));
    }
}

#[test]
fn the_rest_of_a_text_comes_before_its_end() {
    let out = data(played(&recorded(&PARTS), Pace::Full, masked));
    let names: Vec<String> = out[1..7]
        .iter()
        .map(|event| event["delta"]["type"].as_str().or(event["type"].as_str()).unwrap().to_owned())
        .collect();
    // The signature is of other words.
    assert_eq!(names[..3], ["content_block_start", "ping", "thinking_delta"]);
    assert_eq!(names[3..], ["content_block_stop", "content_block_start", "citations_delta"]);
    assert_eq!(out[3], delta(0, json!({"type": "thinking_delta", "thinking": "my - is"})));
    assert_eq!(out[7], delta(1, json!({"type": "text_delta", "text": "my - is"})));
    let text = Value::Array(out).to_string();
    assert!(!text.contains("SEC") && !text.contains("\"sig\""), "{text}");
    assert!(text.contains("\"partial_json\":\"my - is\""));
}

#[test]
fn kinds_are_the_contracts() {
    let mut editor = editor();
    let mut replay = Replay::new(&mut *editor, Pace::Free, same);
    replay.events(&recorded(&["a", "b"]));
    let came = replay.came();
    assert_eq!(
        came,
        [("reasoning", "ab"), ("text", "ab"), ("text", "cited"), ("text", "T"), ("tool-arguments", "ab")]
    );
    assert!(editor.read(&json!({"type": "message_stop"})).over);
}

#[test]
fn what_nobody_knows_is_read_too() {
    let mut editor = editor();
    let mut texts = |event: Value| -> Vec<String> {
        let reading = editor.read(&event);
        reading.pieces.into_iter().map(|piece| piece.content).collect()
    };
    assert_eq!(
        texts(json!({"type": "error", "error": {"type": "api_error", "message": "1"}, "request_id": "r"})),
        ["1"]
    );
    let result = json!({"type": "web_search_tool_result", "tool_use_id": "s", "content": [{"type": "web_search_result", "title": "2"}]});
    assert_eq!(texts(json!({"type": "content_block_start", "index": 5, "content_block": result})), ["2"]);
    assert_eq!(
        texts(
            json!({"type": "content_block_start", "index": 6, "content_block": {"type": "novelty", "words": "3"}})
        ),
        ["3"]
    );
    assert_eq!(
        texts(delta(6, json!({"type": "novelty_delta", "words": "4", "deep": {"er": "5"}}))),
        ["4", "5"]
    );
    assert_eq!(texts(delta(6, json!({"type": "name_delta", "name": "6"}))), ["6"]);
    let details = json!({"stop_reason": "refusal", "stop_details": {"type": "refusal", "explanation": "7"}});
    assert_eq!(texts(json!({"type": "message_delta", "delta": details, "usage": {"service": "no"}})), ["7"]);
    assert_eq!(texts(json!({"type": "novelty", "words": "8"})), ["8"]);
    assert_eq!(
        texts(
            json!({"type": "content_block_start", "index": 7, "content_block": {"type": "redacted_thinking", "data": "QUJD"}})
        ),
        [""; 0]
    );
    assert_eq!(texts(json!("9")), ["9"]);
}

#[test]
fn media_are_told_and_stay_as_they_are() {
    let source = json!({"type": "base64", "media_type": "image/png", "data": "QUJD"});
    let start = |block: Value| json!({"type": "content_block_start", "index": 0, "content_block": block});
    let events = [
        start(json!({"type": "image", "source": source})),
        delta(0, json!({"type": "image_delta", "data": "QUJD"})),
        start(json!({"type": "hologram", "data": "QUJD"})),
        start(json!({"type": "novelty"})),
        start(json!({"type": "redacted_thinking", "data": "QUJD"})),
        json!({"type": "message_start", "message": {"content": [{"type": "image", "source": source}]}}),
    ];
    let mut editor = editor();
    let mut replay = Replay::new(&mut *editor, Pace::Full, |text| format!("<{text}>"));
    let out = data(replay.events(&events));
    let came = replay.came();
    assert!(came.iter().all(|(kind, _)| *kind == "media"));
    let shown: Vec<_> = came.iter().map(|(_, shown)| *shown).collect();
    assert_eq!(shown, ["image image/png", "image_delta", "hologram", "novelty", "image image/png"]);
    assert_eq!(out, events);
}

#[test]
fn an_edited_summary_has_no_other_version() {
    let compaction = json!({"type": "compaction_delta", "content": "a SECRET", "encrypted_content": "blob"});
    let events = [delta(0, compaction.clone()), json!({"type": "content_block_stop", "index": 0})];
    let out = Value::Array(data(played(&events, Pace::Free, masked))).to_string();
    assert!(out.contains("a -") && !out.contains("blob"), "{out}");
    assert!(Value::Array(data(played(&events, Pace::Full, same))).to_string().contains("blob"));
}

#[test]
fn what_was_begun_with_its_block_goes_on() {
    let events = [
        json!({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": "SEC"}}),
        delta(0, json!({"type": "text_delta", "text": "RET"})),
        json!({"type": "content_block_stop", "index": 0}),
    ];
    let out = data(played(&events, Pace::Full, masked));
    assert_eq!(out[0]["content_block"]["text"], "");
    assert_eq!(out[1], delta(0, json!({"type": "text_delta", "text": "-"})));
    assert_eq!(out.len(), 3);
}

#[test]
fn a_blocked_stream_is_refused() {
    let mut editor = editor();
    Replay::new(&mut *editor, Pace::Full, same).events(&recorded(&PARTS)[..4]);
    // What was read but not written is not closed.
    editor.read(&json!({"type": "content_block_stop", "index": 0}));
    let events = editor.blocked("no");
    let parsed: Vec<Value> = events.iter().map(|event| serde_json::from_str(&event.data).unwrap()).collect();
    assert!(events.iter().zip(&parsed).all(|(event, data)| event.name.as_deref() == data["type"].as_str()));
    assert_eq!(
        parsed,
        [
            json!({"type": "content_block_stop", "index": 0}),
            json!({"type": "message_delta", "usage": {"output_tokens": 1}, "delta": {"stop_reason": "refusal", "stop_sequence": null,
            "stop_details": {"type": "refusal", "category": null, "explanation": "no"}}}),
            json!({"type": "message_stop"}),
        ]
    );
    let alone = super::editor().blocked("no");
    let names: Vec<_> = alone.iter().filter_map(|event| event.name.as_deref()).collect();
    assert_eq!(names, ["message_start", "message_delta", "message_stop"]);
}

proptest! {
    #[test]
    fn any_stream_passes_as_it_is(parts in prop::collection::vec("[a-zä\"]{0,4}", 0..6)) {
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        let events = recorded(&parts);
        prop_assert_eq!(data(played(&events, Pace::Free, same)), events);
    }

    #[test]
    fn no_secret_is_left(parts in prop::collection::vec(prop_oneof![Just("SEC"), Just("RET"), Just("SECRET"), Just("a")], 0..6), held in 6_usize..9) {
        let out = data(played(&recorded(&parts), Pace::Behind(held), masked));
        let all = masked(&parts.concat());
        prop_assert!(said(&out).values().all(|text| *text == all), "{:?}", out);
    }
}
