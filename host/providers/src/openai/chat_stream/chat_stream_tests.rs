use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::openai::stream_texts::assemble;
use crate::openai::stream_texts::tests::any_event;
use crate::stream::replay::{Pace, Replay, data, masked, same};

fn chat() -> Box<dyn EditStream> {
    editor(Operation::Chat)
}

fn delta(delta: Value) -> Value {
    json!({"id": "c1", "object": "chat.completion.chunk", "created": 5, "model": "gpt", "system_fingerprint": "fp",
           "choices": [{"index": 0, "delta": delta, "logprobs": null, "finish_reason": null}]})
}

fn finish(reason: &str) -> Value {
    let mut end = delta(json!({}));
    end["choices"][0]["finish_reason"] = reason.into();
    end
}

/// A stream as OpenAI sends it.
fn recorded() -> Vec<Value> {
    let call = |index: u64, arguments: &str| json!({"tool_calls": [{"index": index, "function": {"arguments": arguments}}]});
    let opened = |index: u64| {
        let function = json!({"name": "f", "arguments": ""});
        json!({"tool_calls": [{"index": index, "id": format!("t{index}"), "type": "function", "function": function}]})
    };
    vec![
        delta(json!({"role": "assistant", "content": "", "refusal": null})),
        delta(json!({"reasoning_content": "hm"})),
        delta(json!({"content": "my SEC"})),
        delta(json!({"content": "RET is"})),
        delta(opened(0)),
        delta(call(0, "{\"a\":")),
        delta(opened(1)),
        delta(call(1, "{}")),
        delta(call(0, "1}")),
        finish("tool_calls"),
        json!({"id": "c1", "object": "chat.completion.chunk", "choices": [], "usage": {"prompt_tokens": 1}}),
    ]
}

fn played(events: &[Value], pace: Pace, edit: fn(&str) -> String) -> Vec<Value> {
    data(Replay::new(&mut *chat(), pace, edit).events(events))
}

fn added_up(events: &[Value]) -> Value {
    let texts: Vec<String> = events.iter().map(Value::to_string).collect();
    assemble(&texts.iter().map(String::as_str).collect::<Vec<_>>())
}

#[test]
fn what_passes_at_once_is_the_same() {
    assert_eq!(played(&recorded(), Pace::Free, same), recorded());
}

#[test]
fn what_leaves_later_adds_up_to_the_same() {
    for pace in [Pace::Behind(1), Pace::Behind(4), Pace::Full] {
        let out = played(&recorded(), pace, same);
        assert_eq!(added_up(&out), added_up(&recorded()));
    }
}

#[test]
fn the_rest_of_a_text_comes_in_an_event_of_its_own() {
    let out = played(&recorded(), Pace::Full, masked);
    let content: Vec<&Value> =
        out.iter().filter(|event| event.pointer("/choices/0/delta/content").is_some()).collect();
    assert_eq!(content.len(), 2);
    assert_eq!(
        *content[1],
        delta(json!({"content": "my - is"})).tap(|event| {
            event["choices"][0].as_object_mut().unwrap().shift_remove("logprobs");
        })
    );
    let calls = out.iter().filter_map(|event| event.pointer("/choices/0/delta/tool_calls/0"));
    let calls: Vec<&Value> = calls.filter(|call| call.get("id").is_none()).collect();
    assert_eq!(
        calls,
        [
            &json!({"index": 0, "function": {"arguments": "{\"a\":1}"}}),
            &json!({"index": 1, "function": {"arguments": "{}"}}),
        ]
    );
}

trait Tap: Sized {
    fn tap(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }
}

impl Tap for Value {}

#[test]
fn kinds_are_the_contracts() {
    let mut editor = chat();
    let mut replay = Replay::new(&mut *editor, Pace::Free, same);
    replay.events(&recorded());
    let came: Vec<_> = replay.came().into_iter().filter(|(_, text)| !text.is_empty()).collect();
    assert_eq!(
        came,
        [
            ("text", "my SECRET is"),
            ("reasoning", "hm"),
            ("tool-arguments", "{\"a\":1}"),
            ("tool-arguments", "{}")
        ]
    );
}

#[test]
fn media_are_told_and_stay_as_they_are() {
    let url = |url: &str| json!({"type": "image_url", "image_url": {"url": url}});
    let events = [
        delta(json!({"audio": {"id": "a", "data": "QUJD"}})),
        delta(json!({"images": [url("data:image/png;base64,QUJD"), "QUJD"]})),
        delta(json!({"content": [url("data:image/png;base64,QUJD")]})),
        delta(json!({"image_url": {"url": "data:image/png;base64,QUJD"}})),
        delta(json!({"audio": {"id": "a"}})),
    ];
    let mut editor = chat();
    let mut replay = Replay::new(&mut *editor, Pace::Full, |text| format!("<{text}>"));
    assert_eq!(data(replay.events(&events)), events);
    let image = "image_url data:image/png";
    let came = replay.came();
    assert!(came.iter().all(|(kind, _)| *kind == "media"), "{came:?}");
    let shown: Vec<_> = came.iter().map(|(_, shown)| *shown).collect();
    assert_eq!(shown, ["audio", image, "image", image, image]);
}

#[test]
fn nothing_that_repeats_an_edited_text_is_left() {
    let mut first =
        delta(json!({"content": "SEC", "audio": {"id": "a", "transcript": "SEC", "data": "QUJD"}}));
    first["choices"][0]["logprobs"] = json!({"content": [{"token": "SEC"}]});
    first["choices"][0]["message"] = json!({"content": "SECRET"});
    first["obfuscation"] = "xx".into();
    let events = [
        first,
        delta(json!({"content": "RET", "reasoning_details": [{"type": "reasoning.text", "text": "SECRET"}]})),
        delta(json!({"audio": {"transcript": "RET"}})),
        finish("stop"),
        delta(
            json!({"reasoning_details": [{"type": "reasoning.encrypted", "data": "blob"}], "thinking_blocks": [{"signature": "sig"}]}),
        ),
    ];
    let out = played(&events, Pace::Full, masked);
    let text = Value::Array(out).to_string();
    for gone in ["SEC", "RET", "sig", "blob", "QUJD", "token", "xx"] {
        assert!(!text.contains(gone), "{gone} in {text}");
    }
    assert!(text.contains("\"transcript\":\"-\""));
}

#[test]
fn what_is_only_held_keeps_its_signature() {
    let events = [
        delta(json!({"reasoning_details": [{"type": "reasoning.text", "text": "hm"}]})),
        delta(json!({"reasoning_details": [{"type": "reasoning.text", "signature": "sig"}]})),
        finish("stop"),
    ];
    let text = Value::Array(played(&events, Pace::Behind(1), same)).to_string();
    assert!(text.contains("sig"));
}

#[test]
fn what_nobody_knows_is_read_too() {
    let mut event = delta(json!({
        "words": "1", "deep": {"er": "2"}, "tool_calls": [{"index": 7, "function": {"name": "f", "note": "3"}}],
        "annotations": [{"type": "url_citation", "url_citation": {"title": "4"}}],
    }));
    event["citations"] = json!(["5"]);
    event["choices"][0]["message"] = json!({"content": "6"});
    event["choices"][0]["logprobs"] = json!({"content": [{"token": "no"}]});
    event["usage"] = json!({"kind": "no"});
    event["choices"][0]["delta"]["id"] = json!(["7"]);
    event["choices"][0]["delta"]["code"] = json!("8");
    event["choices"][0]["delta"]["signature"] = json!("no");
    let mut editor = chat();
    let reading = editor.read(&event);
    let mut texts: Vec<&str> = reading.pieces.iter().map(|piece| &*piece.content).collect();
    texts.sort_unstable();
    assert_eq!(texts, ["1", "2", "3", "4", "5", "6", "7", "8"]);
    let again = editor.read(&event);
    let goes_on = |content: &str| {
        let number =
            |reading: &Reading| reading.pieces.iter().find(|piece| piece.content == content).unwrap().text;
        number(&reading) == number(&again)
    };
    assert_eq!(
        ["1", "2", "3", "4", "5", "6", "7"].map(goes_on),
        [true, true, true, false, false, false, true]
    );
    assert_eq!(editor.read(&json!("bare")).pieces[0].content, "bare");
}

#[test]
fn errors_end_at_once() {
    let mut editor = chat();
    let reading =
        editor.read(&json!({"error": {"message": "your SECRET", "type": "t", "metadata": {"x": "y"}}}));
    assert_eq!(reading.pieces.len(), 2);
    assert_eq!(reading.ends.len(), 2);
}

#[test]
fn a_text_that_goes_on_after_the_finish_is_another() {
    let mut editor = chat();
    let before = editor.read(&delta(json!({"content": "a"})));
    let end = editor.read(&finish("stop"));
    assert_eq!(end.ends, [before.pieces[0].text]);
    assert_ne!(editor.read(&delta(json!({"content": "b"}))).pieces[0].text, before.pieces[0].text);
    let mut unfinished = delta(json!({"content": "c"}));
    unfinished["choices"][0]["finish_reason"] = "".into();
    assert_eq!(editor.read(&unfinished).ends, [0_u32; 0]);
}

#[test]
fn only_events_that_fell_silent_are_dropped() {
    let silent = |event: Value, left: &str| {
        let mut editor = chat();
        let reading = editor.read(&event);
        let mut out = event.clone();
        reading.pieces.iter().for_each(|piece| editor.put(&mut out, piece, left));
        !editor.clean(&mut out, &reading, &|_| Change::Held)
    };
    assert!(silent(delta(json!({"content": "a"})), ""));
    assert!(silent(delta(json!({"content": [{"type": "text", "text": "a"}]})), ""));
    assert!(!silent(delta(json!({"content": "a"})), "b"));
    assert!(!silent(delta(json!({"content": ""})), ""));
    assert!(!silent(delta(json!({"role": "assistant", "content": "a"})), ""));
    assert!(!silent(
        delta(json!({"tool_calls": [{"index": 0, "id": "t", "function": {"arguments": "{"}}]})),
        ""
    ));
    let mut end = delta(json!({"content": "a"}));
    end["choices"][0]["finish_reason"] = "stop".into();
    assert!(!silent(end, ""));
    let mut used = delta(json!({"content": "a"}));
    used["usage"] = json!({"prompt_tokens": 1});
    assert!(!silent(used, ""));
}

fn ended(editor: &mut dyn EditStream) -> Vec<Value> {
    let events = editor.blocked("no");
    assert_eq!(events.last().unwrap().data, "[DONE]");
    events[..events.len() - 1].iter().map(|event| serde_json::from_str(&event.data).unwrap()).collect()
}

#[test]
fn a_blocked_stream_ends_as_filtered() {
    let mut editor = chat();
    Replay::new(&mut *editor, Pace::Full, same).events(&recorded()[..3]);
    // What was read but not written is not finished.
    editor.read(&finish("stop"));
    assert_eq!(
        ended(&mut *editor),
        [delta(json!({"refusal": "no"})).tap(|event| {
            event["choices"][0]["finish_reason"] = "content_filter".into();
        })]
    );
    let nothing_came = ended(&mut *chat());
    assert_eq!(
        nothing_came[0]["choices"],
        json!([{"index": 0, "delta": {"refusal": "no", "role": "assistant"},
        "logprobs": null, "finish_reason": "content_filter"}])
    );
    let mut completion = super::editor(Operation::Completion);
    completion.read(&json!({"id": "x", "choices": [{"index": 1, "text": "a"}]}));
    let events = ended(&mut *completion);
    assert_eq!(
        (&events[0]["id"], &events[0]["choices"][0]),
        (&json!("x"), &json!({"index": 1, "text": "", "logprobs": null, "finish_reason": "content_filter"}))
    );
}

proptest! {
    #[test]
    fn any_stream_passes_as_it_is(events in prop::collection::vec(any_event(), 0..12)) {
        prop_assert_eq!(played(&events, Pace::Free, same), events);
    }

    /// Whatever is held, and wherever a text is cut, each text says at last what its edit makes of it.
    #[test]
    fn edits_arrive(events in prop::collection::vec(any_event(), 0..12), held in 6_usize..9) {
        let mut events = events;
        events.iter_mut().flat_map(|event| event["choices"].as_array_mut().unwrap()).for_each(|choice| {
            choice["finish_reason"] = Value::Null;
        });
        let ends: Vec<Value> = (0..3).map(|index| json!({"index": index, "delta": {}, "finish_reason": "stop"})).collect();
        events.push(json!({"id": "c", "object": "chat.completion.chunk", "choices": ends}));
        let texts = |events: &[Value], edit: fn(&str) -> String| {
            let answer = added_up(events);
            let found = crate::answer_texts(tidegate_contract::Dialect::OpenAi, Operation::Chat, &answer);
            let texts = found.iter().map(|found| edit(answer.pointer(&found.pointer).unwrap().as_str().unwrap()));
            texts.collect::<Vec<_>>()
        };
        prop_assert_eq!(texts(&played(&events, Pace::Behind(held), masked), same), texts(&events, masked));
    }

    #[test]
    fn no_secret_is_left(events in prop::collection::vec(any_event(), 0..12)) {
        let mut events = events;
        let ends: Vec<Value> = (0..3).map(|index| json!({"index": index, "delta": {}, "finish_reason": "stop"})).collect();
        events.push(json!({"id": "c", "choices": ends}));
        let texts = |events: &[Value]| {
            let mut events = events.to_vec();
            for event in &mut events {
                for choice in event["choices"].as_array_mut().unwrap() {
                    choice.as_object_mut().unwrap().shift_remove("logprobs");
                }
            }
            Value::Array(events).to_string()
        };
        let out = played(&events, Pace::Full, masked);
        prop_assert!(!texts(&out).contains("SECRET"), "{:?}", out);
    }
}
