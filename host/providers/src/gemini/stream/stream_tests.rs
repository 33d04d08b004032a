use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::stream::replay::{Pace, Replay, Written, data, masked, same};

fn chunk(candidate: Value) -> Value {
    json!({"candidates": [candidate], "usageMetadata": {"promptTokenCount": 3, "totalTokenCount": 4},
        "modelVersion": "gemini-3", "responseId": "r"})
}

fn parts(parts: Value) -> Value {
    chunk(json!({"content": {"parts": parts, "role": "model"}, "index": 0}))
}

/// A thought, a text and a call in these parts, as Google sends them.
fn recorded(texts: &[&str]) -> Vec<Value> {
    let thoughts = texts.iter().map(|text| parts(json!([{"text": text, "thought": true}])));
    let words = texts.iter().map(|text| parts(json!([{"text": text}])));
    let all = texts.concat();
    thoughts
        .chain(words)
        .chain([
            parts(json!([{"text": "", "thoughtSignature": "sig"}])),
            parts(json!([{"functionCall": {"id": "c", "name": "f", "args": {"a": [all], "b": 1}}, "thoughtSignature": "call"}])),
            chunk(json!({"content": {"parts": [{"text": ""}], "role": "model"}, "finishReason": "STOP", "index": 0,
                "avgLogprobs": -0.5, "citationMetadata": {"citationSources": [{"endIndex": 3, "uri": "https://u"}]},
                "groundingMetadata": {"groundingChunks": [{"web": {"uri": "https://w", "title": "T"}}],
                    "groundingSupports": [{"segment": {"endIndex": 2}, "groundingChunkIndices": [0]}]}})),
        ])
        .collect()
}

fn played(events: &[Value], pace: Pace, edit: fn(&str) -> String) -> Vec<Value> {
    let written: Written = Replay::new(&mut *editor(), pace, edit).events(events);
    assert!(written.iter().all(|(name, _)| name.is_none()));
    data(written)
}

/// The words of the candidates, by candidate and kind.
fn said(events: &[Value]) -> BTreeMap<(u64, bool), String> {
    let mut texts: BTreeMap<(u64, bool), String> = BTreeMap::new();
    for event in events {
        for candidate in event["candidates"].as_array().into_iter().flatten() {
            for (_, part) in listed(&candidate["content"]) {
                let text = part["text"].as_str().unwrap_or_default();
                texts.entry((index_of(candidate, 0), part["thought"] == true)).or_default().push_str(text);
            }
        }
    }
    texts
}

const TEXTS: [&str; 3] = ["my SEC", "RET", " is"];

#[test]
fn what_passes_at_once_is_the_same() {
    assert_eq!(played(&recorded(&TEXTS), Pace::Free, same), recorded(&TEXTS));
}

#[test]
fn what_leaves_later_adds_up_to_the_same() {
    for pace in [Pace::Behind(2), Pace::Full] {
        let out = played(&recorded(&TEXTS), pace, same);
        assert_eq!(said(&out), said(&recorded(&TEXTS)));
        let text = Value::Array(out).to_string();
        assert!(text.contains("\"sig\"") && text.contains("groundingSupports") && text.contains("citation"));
        // It tells tokens of what has not left.
        assert!(!text.contains("avgLogprobs"), "{text}");
    }
}

#[test]
fn the_rest_of_a_text_comes_before_what_follows_it() {
    let out = played(&recorded(&TEXTS), Pace::Full, masked);
    let carried = |part: Value| {
        json!({"responseId": "r", "modelVersion": "gemini-3",
            "candidates": [{"index": 0, "content": {"role": "model", "parts": [part]}}]})
    };
    assert_eq!(out[0], carried(json!({"text": "my - is", "thought": true})));
    // Its signature was of other thoughts, and an event without it says nothing.
    assert_eq!(out[1], carried(json!({"text": "my - is"})));
    let call = &out[2]["candidates"][0]["content"]["parts"][0];
    assert_eq!(call["functionCall"], json!({"id": "c", "name": "f", "args": {"a": ["my - is"], "b": 1}}));
    assert_eq!(call["thoughtSignature"], "skip_thought_signature_validator");
    assert_eq!(out.len(), 4);
    let last = &out[3]["candidates"][0];
    assert_eq!(
        last["groundingMetadata"],
        json!({"groundingChunks": [{"web": {"uri": "https://w", "title": "T"}}]})
    );
    assert!(last.get("citationMetadata").is_none() && last.get("avgLogprobs").is_none(), "{last}");
    assert!(out[3]["usageMetadata"].is_object());
}

#[test]
fn kinds_and_roles_are_the_contracts() {
    let mut editor = editor();
    let mut replay = Replay::new(&mut *editor, Pace::Free, same);
    replay.events(&recorded(&["a", "b"]));
    let came = replay.came();
    assert_eq!(
        came,
        [
            ("reasoning", "ab"),
            ("text", "ab"),
            ("tool-arguments", "ab"),
            ("text", "https://u"),
            ("text", "https://w"),
            ("text", "T")
        ]
    );
    let ran = parts(json!([{"codeExecutionResult": {"outcome": "OUTCOME_OK", "output": "3"}}]));
    let reading = editor.read(&ran);
    let what = editor.text(reading.pieces[0].text);
    assert_eq!((what.role, what.kind), ("tool", "tool-result"));
}

#[test]
fn words_that_follow_each_other_are_one_text() {
    let mut editor = editor();
    let mut replay = Replay::new(&mut *editor, Pace::Free, same);
    replay.events(&[
        parts(json!([{"text": "a"}, {"text": "b"}])),
        parts(json!([{"text": "c"}, {"text": "x", "thought": true}, {"text": "d"}])),
        json!({"candidates": [{"index": 1, "content": {"parts": {"text": "z"}}}]}),
        parts(json!([{"text": "e", "thoughtSignature": "s"}])),
        chunk(json!({"content": {"parts": [{"text": "f"}]}, "finishReason": "STOP"})),
        parts(json!([{"text": "g"}])),
    ]);
    let came: Vec<&str> = replay.came().into_iter().map(|(_, text)| text).collect();
    assert_eq!(came, ["abc", "x", "def", "z", "g"]);
}

#[test]
fn arguments_in_pieces_go_on_under_their_path() {
    let call = |call: Value| parts(json!([{"functionCall": call}]));
    let piece = |path: &str, text: &str, more: bool| {
        let mut piece = json!({"jsonPath": path, "stringValue": text});
        if more {
            piece["willContinue"] = true.into();
        }
        call(json!({"partialArgs": [piece], "willContinue": true}))
    };
    let events = [
        call(json!({"name": "f", "willContinue": true})),
        piece("$.a", "my SEC", true),
        piece("$.a", "RET", true),
        piece("$.a", "", false),
        piece("$.b", "SEC", true),
        call(json!({})),
        call(json!({"name": "g", "willContinue": true})),
        piece("$.b", "RET", false),
    ];
    assert_eq!(played(&events, Pace::Free, same), events);
    let out = played(&events, Pace::Full, masked);
    let strings: Vec<(&Value, &Value)> = out
        .iter()
        .filter_map(|event| event.pointer("/candidates/0/content/parts/0/functionCall/partialArgs/0"))
        .map(|piece| (&piece["jsonPath"], &piece["stringValue"]))
        .filter(|(_, text)| **text != "")
        .collect();
    assert_eq!(
        strings,
        [(&json!("$.a"), &json!("my -")), (&json!("$.b"), &json!("SEC")), (&json!("$.b"), &json!("RET"))]
    );
}

#[test]
fn what_nobody_knows_is_read_too() {
    let mut editor = editor();
    let mut texts = |event: Value| -> Vec<String> {
        let reading = editor.read(&event);
        reading.pieces.into_iter().map(|piece| piece.content).collect()
    };
    let error = json!({"error": {"code": 429, "message": "1", "status": "RESOURCE_EXHAUSTED"}});
    assert_eq!(texts(error), ["1"]);
    assert_eq!(texts(parts(json!([{"novelty": {"words": "2"}}]))), ["2"]);
    assert_eq!(texts(parts(json!([{"text": "3", "deep": {"er": "4"}}]))), ["3", "4"]);
    assert_eq!(texts(chunk(json!({"finishReason": "SAFETY", "finishMessage": "5"}))), ["5"]);
    assert_eq!(texts(json!({"promptFeedback": {"blockReason": "OTHER", "blockReasonMessage": "6"}})), ["6"]);
    assert_eq!(texts(json!({"novelty": ["7"]})), ["7"]);
    assert_eq!(texts(json!({"candidates": "8"})), ["8"]);
    assert_eq!(
        texts(json!({"candidates": ["9", {"content": "10"}, {"content": {"parts": "11"}}]})),
        ["9", "10", "11"]
    );
    assert_eq!(texts(parts(json!([{"hologram": {"id": "x"}}]))), ["hologram"]);
    assert_eq!(texts(json!("12")), ["12"]);
}

#[test]
fn media_are_told_and_stay_as_they_are() {
    let events = [
        parts(json!([{"inlineData": {"mimeType": "image/png", "data": "QUJD"}}])),
        parts(json!([{"fileData": {"mimeType": "video/mp4", "fileUri": "https://a:b@host/p?sig=1"}}])),
        parts(json!([{"hologram": {}}])),
    ];
    let mut editor = editor();
    let mut replay = Replay::new(&mut *editor, Pace::Full, |text| format!("<{text}>"));
    let out = data(replay.events(&events));
    let came = replay.came();
    let shown: Vec<_> = came.iter().map(|(kind, shown)| (*kind, *shown)).collect();
    assert_eq!(
        shown,
        [("media", "image image/png"), ("media", "video https://host/p"), ("media", "hologram")]
    );
    assert_eq!(out, events);
}

#[test]
fn tokens_of_edited_words_are_told_nowhere() {
    let events = [
        chunk(
            json!({"index": 0, "content": {"parts": [{"text": "SECRET"}]}, "logprobsResult": {"chosenCandidates": [{"token": "SECRET"}]}}),
        ),
        chunk(json!({"index": 0, "logprobsResult": {"chosenCandidates": [{"token": "SECRET"}]}})),
        chunk(
            json!({"index": 1, "content": {"parts": [{"text": "a"}]}, "logprobsResult": {"chosenCandidates": [{"token": "a"}]}}),
        ),
    ];
    let out = played(&events, Pace::Free, masked);
    assert!(!Value::Array(out.clone()).to_string().contains("SECRET"));
    assert_eq!(out.last(), events.last());
}

#[test]
fn a_blocked_stream_ends_for_its_safety() {
    let parsed = |events: Vec<Event>| -> Vec<Value> {
        events.iter().map(|event| serde_json::from_str(&event.data).unwrap()).collect()
    };
    let mut editor = editor();
    let events = [
        parts(json!([{"text": "a"}])),
        chunk(json!({"index": 1, "content": {"parts": [{"text": "b"}]}, "finishReason": "STOP"})),
    ];
    Replay::new(&mut *editor, Pace::Free, same).events(&events);
    assert_eq!(
        parsed(editor.blocked("no")),
        [json!({"candidates": [{"finishReason": "SAFETY", "finishMessage": "no", "index": 0}],
            "responseId": "r", "modelVersion": "gemini-3"})]
    );
    let alone = json!({"candidates": [{"finishReason": "SAFETY", "finishMessage": "no", "index": 0}]});
    assert_eq!(parsed(super::editor().blocked("no")), [alone]);
    let mut over = super::editor();
    Replay::new(&mut *over, Pace::Free, same).events(&recorded(&TEXTS));
    assert_eq!(parsed(over.blocked("no")), [Value::Null; 0]);
}

fn any_part() -> impl Strategy<Value = Value> {
    let text = || prop_oneof![Just("SEC"), Just("RET"), Just("SECRET"), Just("a")];
    prop_oneof![
        1 => Just(json!({"text": "", "thoughtSignature": "s"})),
        4 => text().prop_map(|text| json!({"text": text})),
        2 => text().prop_map(|text| json!({"text": text, "thought": true})),
        1 => text().prop_map(|text| json!({"text": text, "thoughtSignature": "s"})),
        1 => text().prop_map(|text| json!({"functionCall": {"name": "f", "args": {"a": text}}})),
    ]
}

pub(crate) fn any_stream() -> impl Strategy<Value = Vec<Value>> {
    let candidate = (0_u64..2, prop::collection::vec(any_part(), 0..4), prop::bool::weighted(0.1));
    let event = prop::collection::vec(candidate, 1..3).prop_map(|candidates| {
        let candidates = candidates.into_iter().map(|(index, parts, ends)| {
            let mut candidate = json!({"index": index, "content": {"parts": parts, "role": "model"}});
            if ends {
                candidate["finishReason"] = "STOP".into();
            }
            candidate
        });
        json!({"candidates": candidates.collect::<Vec<_>>(), "responseId": "r"})
    });
    prop::collection::vec(event, 0..8)
}

proptest! {
    #[test]
    fn any_stream_passes_as_it_is(events in any_stream()) {
        prop_assert_eq!(played(&events, Pace::Free, same), events);
    }

    #[test]
    fn any_stream_that_leaves_later_says_the_same(mut events in any_stream(), held in 0_usize..9) {
        let last = |index: u64| json!({"index": index, "finishReason": "STOP"});
        events.push(json!({"candidates": [last(0), last(1)]}));
        let out = played(&events, Pace::Behind(held), same);
        let spoken = |events: &[Value]| {
            let mut said = said(events);
            said.retain(|_, text| !text.is_empty());
            said
        };
        prop_assert_eq!(spoken(&out), spoken(&events));
        let gathered = |events: &[Value]| {
            let data: Vec<String> = events.iter().map(Value::to_string).collect();
            crate::gemini::gather::gather(&data.iter().map(String::as_str).collect::<Vec<_>>())
        };
        let words = |events: &[Value]| -> Vec<String> {
            let answer = gathered(events);
            let found = texts::answer(&answer).into_iter();
            found.map(|text| answer.pointer(&text.pointer).unwrap().to_string()).collect()
        };
        prop_assert_eq!(words(&out), words(&events));
    }

    #[test]
    fn no_secret_is_left(texts in prop::collection::vec(prop_oneof![Just("SEC"), Just("RET"), Just("SECRET"), Just("a")], 0..6), held in 6_usize..9) {
        let out = played(&recorded(&texts), Pace::Behind(held), masked);
        let all = masked(&texts.concat());
        prop_assert!(said(&out).values().all(|text| *text == all), "{:?}", out);
    }
}
