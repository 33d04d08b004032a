use proptest::prelude::*;

use super::*;
use crate::stream::replay::{Pace, Replay, Written, data, masked, same};

fn response(status: &str, output: Value) -> Value {
    json!({"id": "resp_1", "object": "response", "created_at": 5, "status": status, "model": "gpt", "instructions": "be brief",
        "metadata": {}, "output": output, "parallel_tool_calls": true, "tool_choice": "auto", "tools": [], "usage": null})
}

fn numbered(mut events: Vec<Value>) -> Vec<Value> {
    events.iter_mut().enumerate().for_each(|(number, event)| event["sequence_number"] = number.into());
    events
}

fn of(name: &str, output: u64, more: Value) -> Value {
    let mut event = json!({"type": name, "item_id": format!("item_{output}"), "output_index": output});
    more.as_object().unwrap().iter().for_each(|(key, value)| event[key] = value.clone());
    event
}

/// A thought, a text in these parts and a function call, as OpenAI sends them.
fn recorded(parts: &[&str]) -> Vec<Value> {
    let text = parts.concat();
    let said = json!({"type": "output_text", "text": text, "annotations": [{"type": "url_citation", "title": "T", "url": "U"}],
        "logprobs": [{"token": text}]});
    let thought = json!({"id": "item_0", "type": "reasoning", "summary": [{"type": "summary_text", "text": text}],
        "encrypted_content": "blob"});
    let message = json!({"id": "item_1", "type": "message", "status": "completed", "role": "assistant", "content": [said]});
    let call = json!({"id": "item_2", "type": "function_call", "call_id": "c", "name": "f", "arguments": text, "status": "completed"});
    let item =
        |name: &str, output: u64, item: &Value| json!({"type": name, "output_index": output, "item": item});
    let mut events = vec![
        json!({"type": "response.created", "response": response("in_progress", json!([]))}),
        json!({"type": "response.in_progress", "response": response("in_progress", json!([]))}),
        item("response.output_item.added", 0, &json!({"id": "item_0", "type": "reasoning", "summary": []})),
        of(
            "response.reasoning_summary_part.added",
            0,
            json!({"summary_index": 0, "part": {"type": "summary_text", "text": ""}}),
        ),
    ];
    let deltas = |name: &str, output: u64, more: Value| {
        let delta = |part: &&str| {
            let mut event = of(name, output, more.clone());
            event["delta"] = (*part).into();
            event["obfuscation"] = "xxx".into();
            event
        };
        parts.iter().map(delta).collect::<Vec<_>>()
    };
    events.extend(deltas("response.reasoning_summary_text.delta", 0, json!({"summary_index": 0})));
    events.extend([
        of("response.reasoning_summary_text.done", 0, json!({"summary_index": 0, "text": text})),
        of("response.reasoning_summary_part.done", 0, json!({"summary_index": 0, "part": thought["summary"][0]})),
        item("response.output_item.done", 0, &thought),
        item("response.output_item.added", 1, &json!({"id": "item_1", "type": "message", "status": "in_progress", "role": "assistant", "content": []})),
        of("response.content_part.added", 1, json!({"content_index": 0, "part": {"type": "output_text", "text": "", "annotations": [], "logprobs": []}})),
    ]);
    let logprobs = json!([{"token": parts.first().unwrap_or(&"")}]);
    events.extend(deltas("response.output_text.delta", 1, json!({"content_index": 0, "logprobs": logprobs})));
    events.extend([
        of(
            "response.output_text.annotation.added",
            1,
            json!({"content_index": 0, "annotation_index": 0, "annotation": said["annotations"][0]}),
        ),
        of(
            "response.output_text.done",
            1,
            json!({"content_index": 0, "text": text, "logprobs": said["logprobs"]}),
        ),
        of("response.content_part.done", 1, json!({"content_index": 0, "part": said})),
        item("response.output_item.done", 1, &message),
        item(
            "response.output_item.added",
            2,
            &json!({"id": "item_2", "type": "function_call", "call_id": "c", "name": "f", "arguments": ""}),
        ),
    ]);
    events.extend(deltas("response.function_call_arguments.delta", 2, json!({})));
    events.extend([
        of("response.function_call_arguments.done", 2, json!({"arguments": text})),
        item("response.output_item.done", 2, &call),
        json!({"type": "response.completed", "response": response("completed", json!([thought, message, call]))}),
    ]);
    numbered(events)
}

fn played(events: &[Value], pace: Pace, edit: fn(&str) -> String) -> Written {
    Replay::new(&mut *editor(), pace, edit).events(events)
}

/// The texts of the deltas, by item.
fn said(events: &[Value]) -> BTreeMap<u64, String> {
    let mut texts: BTreeMap<u64, String> = BTreeMap::new();
    for event in events {
        if let (Some(output), Some(delta)) = (event["output_index"].as_u64(), event["delta"].as_str()) {
            texts.entry(output).or_default().push_str(delta);
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
        assert_eq!(out.last().unwrap()["response"]["output"][1]["content"][0]["text"], "my SECRET is");
        let numbers: Vec<u64> = out.iter().map(|event| event["sequence_number"].as_u64().unwrap()).collect();
        assert_eq!(numbers, (0..out.len() as u64).collect::<Vec<_>>());
    }
}

#[test]
fn the_rest_of_a_text_comes_before_its_end() {
    let out = data(played(&recorded(&PARTS), Pace::Full, same));
    let at = out.iter().position(|event| event["type"] == "response.output_text.done").unwrap();
    let carrier = out[..at].iter().rfind(|event| event["type"] == "response.output_text.delta").unwrap();
    let mut expected = of(
        "response.output_text.delta",
        1,
        json!({"content_index": 0, "logprobs": [], "delta": "my SECRET is"}),
    );
    expected["sequence_number"] = carrier["sequence_number"].clone();
    assert_eq!(*carrier, expected);
}

#[test]
fn nothing_that_repeats_an_edited_text_is_left() {
    for pace in [Pace::Full, Pace::Behind(6)] {
        let out = Value::Array(data(played(&recorded(&PARTS), pace, masked))).to_string();
        for gone in ["SEC", "RET", "blob", "xxx", "token"] {
            assert!(!out.contains(gone), "{gone} in {out}");
        }
        assert!(out.contains("my - is"));
        assert_eq!(out.matches("url_citation").count(), 1, "only where it came before the edit");
    }
}

#[test]
fn what_is_only_held_keeps_what_vouches_for_it() {
    let out = Value::Array(data(played(&recorded(&PARTS), Pace::Full, same))).to_string();
    assert!(out.contains("blob") && out.contains("url_citation") && !out.contains("token"));
}

#[test]
fn kinds_and_roles_are_the_contracts() {
    let mut editor = editor();
    let mut replay = Replay::new(&mut *editor, Pace::Free, same);
    replay.events(&recorded(&["a", "b"]));
    let came: Vec<_> = replay.came().into_iter().filter(|(_, text)| *text == "ab").collect();
    assert_eq!(came, [("reasoning", "ab"), ("text", "ab"), ("tool-arguments", "ab")]);
    let reading =
        editor.read(&json!({"type": "response.created", "response": response("in_progress", json!([]))}));
    assert_eq!(editor.text(reading.pieces[0].text), StreamText { role: "system", kind: "text" });
    assert_eq!(reading.ends, [reading.pieces[0].text]);
}

#[test]
fn an_answer_without_deltas_is_judged_once() {
    let item = json!({"type": "message", "id": "m", "role": "assistant", "content": [{"type": "output_text", "text": "a SECRET"}]});
    let events = [
        json!({"type": "response.output_item.done", "output_index": 0, "item": item}),
        json!({"type": "response.completed", "response": {"output": [item]}}),
    ];
    let mut editor = editor();
    let first = editor.read(&events[0]);
    let second = editor.read(&events[1]);
    assert_eq!(first.ends, [first.pieces[0].text]);
    assert_eq!((second.pieces[0].text, second.pieces[0].extent), (first.pieces[0].text, Extent::Whole));
    assert!(second.over);
    let out = Value::Array(data(played(&events, Pace::Behind(3), masked))).to_string();
    assert!(!out.contains("SECRET") && out.matches("a -").count() == 2, "{out}");
}

#[test]
fn what_was_begun_with_its_item_goes_on() {
    let call = json!({"id": "item_0", "type": "function_call", "name": "f", "arguments": "SEC"});
    let events = [
        json!({"type": "response.output_item.added", "output_index": 0, "item": call, "sequence_number": 1}),
        of("response.function_call_arguments.delta", 0, json!({"delta": "RET", "sequence_number": 2})),
        of("response.function_call_arguments.done", 0, json!({"arguments": "SECRET", "sequence_number": 3})),
    ];
    let out = data(played(&events, Pace::Full, masked));
    assert_eq!(out.len(), 3);
    assert_eq!(
        out[1],
        of("response.function_call_arguments.delta", 0, json!({"delta": "-", "sequence_number": 2}))
    );
    assert_eq!(out[2]["arguments"], "-");
}

#[test]
fn what_nobody_knows_is_read_too() {
    let mut editor = editor();
    let mut texts = |event: Value| -> Vec<String> {
        let reading = editor.read(&event);
        reading.pieces.into_iter().map(|piece| piece.content).collect()
    };
    assert_eq!(texts(json!({"type": "error", "code": "x", "message": "1", "param": "y"})), ["1"]);
    assert_eq!(
        texts(json!({"type": "response.novelty.delta", "item_id": "i", "delta": "2", "note": "3"})),
        ["2", "3"]
    );
    assert_eq!(texts(json!({"type": "response.novelty.delta", "delta": {"deep": "4"}})), ["4"]);
    assert_eq!(texts(json!({"type": "response.content_part.novelty.x", "part": {"text": "5"}})), ["5"]);
    assert_eq!(texts(json!({"type": "response.audio.delta", "delta": "QUJD", "note": "6"})), ["audio", "6"]);
    assert_eq!(
        texts(json!({"type": "response.failed", "response": {"error": {"code": "x", "message": "7"}}})),
        ["7"]
    );
    assert_eq!(
        texts(json!({"type": "response.image_generation_call.partial_image", "partial_image_b64": "QUJD"})),
        ["image"]
    );
    let image = json!({"type": "output_image", "image_url": "8"});
    assert_eq!(texts(json!({"type": "response.content_part.done", "part": image})), ["8", "image_url"]);
    assert_eq!(texts(json!("9")), ["9"]);
    assert_eq!(texts(json!({"detail": "10"})), ["10"]);
}

#[test]
fn media_are_told_and_stay_as_they_are() {
    let image = json!({"type": "image_generation_call", "id": "ig", "result": "QUJD"});
    let audio = json!({"type": "output_audio", "data": "QUJD", "transcript": "t"});
    let file = json!({"type": "input_file", "file_data": "data:application/pdf;base64,QUJD"});
    let events = [
        json!({"type": "response.image_generation_call.partial_image", "item_id": "ig", "partial_image_b64": "QUJD"}),
        json!({"type": "response.output_item.done", "output_index": 0, "item": image}),
        json!({"type": "response.content_part.done", "output_index": 1, "content_index": 0, "part": audio}),
        json!({"type": "response.content_part.done", "output_index": 1, "content_index": 1, "part": file}),
        json!({"type": "response.output_audio.delta", "output_index": 1, "delta": "QUJD"}),
        json!({"type": "response.completed", "response": {"output": [image]}}),
    ];
    let mut editor = editor();
    let mut replay = Replay::new(&mut *editor, Pace::Full, |text| format!("<{text}>"));
    let out = data(replay.events(&events));
    let came = replay.came();
    let media: Vec<_> = came.iter().filter(|(kind, _)| *kind == "media").map(|(_, shown)| *shown).collect();
    assert_eq!(
        media,
        [
            "image",
            "image_generation_call",
            "output_audio",
            "input_file data:application/pdf",
            "audio",
            "image_generation_call"
        ]
    );
    let mut expected = events.to_vec();
    expected[2]["part"]["transcript"] = "<t>".into();
    expected[2]["part"]["data"] = "".into();
    // What a transcript said before its edit is not spoken either.
    expected.remove(4);
    assert_eq!(out, expected);
}

#[test]
fn deltas_that_nobody_knows_go_on_until_they_are_done() {
    let delta = |text: &str| json!({"type": "response.novelty.delta", "item_id": "i", "delta": text});
    let events = [
        delta("SEC"),
        delta("RET"),
        json!({"type": "response.novelty.done", "item_id": "i", "all": "SECRET"}),
    ];
    let out = data(played(&events, Pace::Full, masked));
    assert_eq!(out, [delta("-"), json!({"type": "response.novelty.done", "item_id": "i", "all": "-"})]);
}

#[test]
fn commands_and_what_they_print_are_told_apart() {
    let of_command = |name: &str, at: u64, more: Value| {
        let mut event =
            json!({"type": format!("response.shell_call_{name}"), "output_index": 0, "command_index": at});
        more.as_object().unwrap().iter().for_each(|(key, value)| event[key] = value.clone());
        event
    };
    let call = json!({"type": "shell_call", "action": {"commands": ["SECRET", "b"]}});
    let events = [
        of_command("command.added", 0, json!({"command": "SEC"})),
        of_command("command.delta", 1, json!({"delta": "b"})),
        of_command("command.delta", 0, json!({"delta": "RET"})),
        of_command("command.done", 0, json!({"command": "SECRET"})),
        json!({"type": "response.output_item.done", "output_index": 0, "item": call}),
        of_command("output_content.delta", 0, json!({"delta": {"stdout": "SEC"}})),
        of_command("output_content.delta", 0, json!({"delta": {"stdout": "RET"}})),
        of_command("output_content.done", 0, json!({"output": [{"stdout": "SECRET", "stderr": ""}]})),
    ];
    let out = data(played(&events, Pace::Full, masked));
    assert_eq!(
        out,
        [
            of_command("command.added", 0, json!({"command": ""})),
            of_command("command.delta", 0, json!({"delta": "-"})),
            of_command("command.done", 0, json!({"command": "-"})),
            of_command("command.delta", 1, json!({"delta": "b"})),
            json!({"type": "response.output_item.done", "output_index": 0, "item": {"type": "shell_call", "action": {"commands": ["-", "b"]}}}),
            of_command("output_content.delta", 0, json!({"delta": {"stdout": "-"}})),
            of_command("output_content.done", 0, json!({"output": [{"stdout": "-", "stderr": ""}]})),
        ]
    );
    assert_eq!(data(played(&events, Pace::Free, same)), events);
}

#[test]
fn a_blocked_stream_is_incomplete() {
    let mut editor = editor();
    let written = Replay::new(&mut *editor, Pace::Full, same).events(&recorded(&PARTS)[..6]);
    let events = editor.blocked("no");
    let parsed: Vec<Value> = events.iter().map(|event| serde_json::from_str(&event.data).unwrap()).collect();
    let numbers: Vec<u64> = parsed.iter().map(|event| event["sequence_number"].as_u64().unwrap()).collect();
    let begin = written.len() as u64;
    assert_eq!(numbers, (begin..begin + events.len() as u64).collect::<Vec<_>>());
    assert_eq!(parsed[0]["output_index"], 1);
    let last = &parsed[parsed.len() - 1];
    assert_eq!((&last["type"], &last["response"]["id"]), (&json!("response.incomplete"), &json!("resp_1")));
    assert_eq!(last["response"]["incomplete_details"], json!({"reason": "content_filter"}));
    assert_eq!(last["response"]["instructions"], Value::Null);
    assert!(events.iter().zip(&parsed).all(|(event, data)| event.name.as_deref() == data["type"].as_str()));
    let alone = super::editor().blocked("no");
    assert_eq!(alone[0].name.as_deref(), Some("response.created"));
    assert!(alone[0].data.contains("\"sequence_number\":0"));
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
        let out = Value::Array(data(played(&recorded(&parts), Pace::Behind(held), masked))).to_string();
        prop_assert!(!out.contains("SECRET"), "{}", out);
        let all = masked(&parts.concat());
        prop_assert!(all.is_empty() || out.contains(&all));
    }
}
