use proptest::prelude::*;
use serde_json::{Value, json};
use tidegate_contract::{Dialect, Operation};

use super::{assemble, disassemble, forget_repeats};
use crate::answer_texts;

fn strings(events: &[Value]) -> Vec<String> {
    events.iter().map(Value::to_string).collect()
}

fn borrowed(events: &[String]) -> Vec<&str> {
    events.iter().map(String::as_str).collect()
}

fn whole(events: &[Value]) -> Value {
    assemble(&borrowed(&strings(events)))
}

/// The events after an edit of what they add up to, and what those add up to.
fn edited(events: &[Value], edit: impl FnOnce(&mut Value)) -> (Vec<Value>, Value) {
    let original = strings(events);
    let mut answer = assemble(&borrowed(&original));
    edit(&mut answer);
    let out = disassemble(&borrowed(&original), &answer);
    let again = assemble(&borrowed(&out));
    (out.iter().map(|event| serde_json::from_str(event).unwrap()).collect(), again)
}

fn delta(delta: Value) -> Value {
    json!({"id": "c1", "object": "chat.completion.chunk", "created": 5, "model": "gpt", "system_fingerprint": "fp",
           "choices": [{"index": 0, "delta": delta, "logprobs": null, "finish_reason": null}]})
}

/// A stream as OpenAI sends it.
fn chat() -> Vec<Value> {
    let mut end = delta(json!({}));
    end["choices"][0]["finish_reason"] = "tool_calls".into();
    vec![
        delta(json!({"role": "assistant", "content": "", "refusal": null})),
        delta(json!({"reasoning_content": "hm"})),
        delta(json!({"content": "my se"})),
        delta(json!({"content": "cret is"})),
        delta(
            json!({"tool_calls": [{"index": 0, "id": "t0", "type": "function", "function": {"name": "f", "arguments": ""}}]}),
        ),
        delta(json!({"tool_calls": [{"index": 0, "function": {"arguments": "{\"a\":"}}]})),
        delta(
            json!({"tool_calls": [{"index": 1, "id": "t1", "type": "function", "function": {"name": "g", "arguments": "{}"}}]}),
        ),
        delta(json!({"tool_calls": [{"index": 0, "function": {"arguments": "1}"}}]})),
        end,
        json!({"id": "c1", "object": "chat.completion.chunk", "choices": [], "usage": {"prompt_tokens": 1}}),
    ]
}

#[test]
fn chunks_add_up_to_an_answer() {
    assert_eq!(
        whole(&chat()),
        json!({
            "id": "c1", "object": "chat.completion", "created": 5, "model": "gpt", "system_fingerprint": "fp",
            "choices": [{"index": 0, "finish_reason": "tool_calls", "message": {
                "role": "assistant", "content": "my secret is", "reasoning_content": "hm",
                "tool_calls": [
                    {"id": "t0", "type": "function", "function": {"name": "f", "arguments": "{\"a\":1}"}},
                    {"id": "t1", "type": "function", "function": {"name": "g", "arguments": "{}"}},
                ]}}],
            "usage": {"prompt_tokens": 1},
        })
    );
}

#[test]
fn completions_add_up_too() {
    let event = |index: u64, text: &str| json!({"id": "x", "object": "text_completion", "choices": [{"index": index, "text": text, "finish_reason": null}]});
    let answer = whole(&[event(1, "b"), event(0, "a"), event(1, "c")]);
    assert_eq!(answer["object"], "text_completion");
    let texts: Vec<&Value> =
        answer["choices"].as_array().unwrap().iter().map(|choice| &choice["text"]).collect();
    assert_eq!(texts, ["a", "bc"]);
}

#[test]
fn what_is_not_edited_stays_byte_for_byte() {
    let events: Vec<String> = chat().iter().map(|event| format!("{event:#}")).collect();
    let answer = assemble(&borrowed(&events));
    assert_eq!(disassemble(&borrowed(&events), &answer), events);
}

#[test]
fn an_edited_text_stands_whole_in_its_first_part() {
    let (out, again) =
        edited(&chat(), |answer| answer["choices"][0]["message"]["content"] = "nothing".into());
    let contents: Vec<&Value> =
        out.iter().filter_map(|event| event.pointer("/choices/0/delta/content")).collect();
    assert_eq!(contents, ["", "nothing", ""]);
    assert_eq!(again["choices"][0]["message"]["content"], "nothing");
    assert_eq!(
        again["choices"][0]["message"]["tool_calls"],
        whole(&chat())["choices"][0]["message"]["tool_calls"]
    );
    assert_eq!(out[8], chat()[8]);
}

#[test]
fn arguments_of_one_call_are_edited_alone() {
    let (out, again) = edited(&chat(), |answer| {
        answer["choices"][0]["message"]["tool_calls"][0]["function"]["arguments"] = "{}".into();
    });
    let arguments =
        |event: &Value| event.pointer("/choices/0/delta/tool_calls/0/function/arguments").cloned();
    let arguments: Vec<Value> = out.iter().filter_map(arguments).collect();
    assert_eq!(arguments, ["", "{}", "{}", ""]);
    assert_eq!(again["choices"][0]["message"]["tool_calls"][0]["id"], "t0");
}

#[test]
fn whatever_repeats_an_edited_text_is_gone() {
    let mut first =
        delta(json!({"content": "se", "audio": {"id": "a", "transcript": "sec", "data": "QUJD"}}));
    first["choices"][0]["logprobs"] = json!({"content": [{"token": "secret"}]});
    first["choices"][0]["message"] = json!({"content": "secret"});
    let second =
        delta(json!({"content": "cret", "thinking_blocks": [{"thinking": "secret", "signature": "sig"}]}));
    let third = delta(json!({"audio": {"transcript": "ret"}}));
    let (out, again) = edited(&[first, second, third], |answer| {
        let message = &mut answer["choices"][0]["message"];
        message["content"] = "x".into();
        message["thinking_blocks"][0]["thinking"] = "y".into();
        message["audio"]["transcript"] = "z".into();
    });
    let text = Value::Array(out).to_string();
    for gone in ["sec", "ret", "sig", "QUJD", "token"] {
        assert!(!text.contains(gone), "{gone} in {text}");
    }
    assert_eq!(again["choices"][0]["message"]["audio"]["transcript"], "z");
}

#[test]
fn calls_of_one_index_are_told_apart_by_id() {
    let call = |id: &str, arguments: Value| json!({"index": 0, "id": id, "function": {"name": "f", "arguments": arguments}});
    let answer = whole(&[delta(json!({"tool_calls": [call("a", "{}".into()), call("b", json!({"k": 1}))]}))]);
    let calls = answer["choices"][0]["message"]["tool_calls"].as_array().unwrap();
    assert_eq!(calls.len(), 2);
    assert_eq!(calls[1]["function"]["arguments"], "{\"k\":1}");
}

#[test]
fn errors_are_judged_and_edited_like_texts() {
    let events = [delta(json!({"content": "a"})), json!({"error": {"message": "your secret", "type": "t"}})];
    assert_eq!(whole(&events)["error"]["message"], "your secret");
    let (out, _) = edited(&events, |answer| answer["error"]["message"] = "x".into());
    assert_eq!(out[1], json!({"error": {"message": "x", "type": "t"}}));
    let (out, again) =
        edited(&[json!({"error": "your secret"})], |answer| answer["error"]["message"] = "x".into());
    assert_eq!(out, [json!({"error": "x"})]);
    assert_eq!(again, json!({"object": "chat.completion", "choices": [], "error": {"message": "x"}}));
}

#[test]
fn what_no_judge_can_see_is_dropped() {
    let kept = delta(json!({"content": "a"})).to_string();
    let events = ["\"secret\"", "no json", &kept, "[1]"];
    assert_eq!(disassemble(&events, &assemble(&events)), [kept.as_str()]);
    assert_eq!(assemble(&[]), json!({"object": "chat.completion", "choices": []}));
}

#[test]
fn a_text_that_was_taken_away_is_empty() {
    let (out, _) = edited(&chat(), |answer| *answer = json!({}));
    assert!(!Value::Array(out).to_string().contains("secr"));
}

#[test]
fn every_text_of_a_stream_is_found_in_the_answer() {
    let events = [
        delta(
            json!({"content": "1", "refusal": "2", "reasoning_content": "3", "reasoning": "4", "thinking": "5",
            "audio": {"transcript": "6"}, "function_call": {"name": "f", "arguments": "7"},
            "reasoning_details": [{"text": "8"}, {"summary": "9"}], "thinking_blocks": [{"thinking": "10"}],
            "tool_calls": [{"index": 3, "function": {"name": "f", "arguments": "11"}},
                           {"index": 2, "custom": {"name": "g", "input": "12"}}]}),
        ),
        delta(
            json!({"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "13"}]}, {"type": "text", "text": "14"}]}),
        ),
        json!({"choices": [{"index": 1, "text": "15"}], "error": {"message": "16", "metadata": {"raw": "17"}}}),
        json!({"message": "18", "detail": "19"}),
    ];
    let answer = whole(&events);
    let found = answer_texts(Dialect::OpenAi, Operation::Chat, &answer);
    let texts: Vec<&str> =
        found.iter().filter_map(|text| answer.pointer(&text.pointer).and_then(Value::as_str)).collect();
    let all = texts.concat();
    for number in 1..=19 {
        assert!(all.contains(&number.to_string()), "{number} is not in {texts:?}");
    }
}

#[test]
fn a_whole_answer_forgets_what_repeats_an_edited_text() {
    let before = json!({"choices": [
        {"index": 0, "message": {"content": "a", "reasoning_details": [{"text": "t", "signature": "s"}]}, "logprobs": {"content": []}},
        {"index": 1, "message": {"content": "b", "audio": {"transcript": "x", "data": "QUJD"}}, "logprobs": {"content": []}},
        {"index": 2, "text": "c", "logprobs": {"tokens": ["c"]}},
    ]});
    let mut after = before.clone();
    after["choices"][1]["message"]["audio"]["transcript"] = "y".into();
    after["choices"][2]["text"] = "d".into();
    forget_repeats(&before, &mut after);
    assert_eq!(after["choices"][0], before["choices"][0]);
    assert_eq!(after["choices"][1]["message"]["audio"]["data"], "");
    assert_eq!(
        (&after["choices"][1]["logprobs"], &after["choices"][2]["logprobs"]),
        (&Value::Null, &Value::Null)
    );
    let mut list = json!([1]);
    forget_repeats(&before, &mut list);
    assert_eq!(list, json!([1]));
    let mut after = before.clone();
    after["choices"][0]["message"]["reasoning_details"][0]["text"] = "u".into();
    forget_repeats(&before, &mut after);
    assert_eq!(after["choices"][0]["message"]["reasoning_details"], json!([{"text": "u"}]));
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![Just(String::new()), "[a-zä\"\\\\ ]{1,6}", Just("SECRET".to_owned())]
}

fn any_delta() -> impl Strategy<Value = Value> {
    let key = prop_oneof![Just("content"), Just("refusal"), Just("reasoning_content"), Just("reasoning")];
    let call = (0_u64..3, any::<bool>(), text(), any::<bool>()).prop_map(|(index, opens, text, custom)| {
        let mut call = if custom {
            json!({"custom": {"input": text}})
        } else {
            json!({"function": {"arguments": text}})
        };
        call["index"] = index.into();
        if opens {
            call["id"] = format!("id{index}").into();
        }
        json!({"tool_calls": [call]})
    });
    prop_oneof![
        4 => (key, text()).prop_map(|(key, text)| json!({key: text})),
        2 => call,
        1 => Just(json!({"role": "assistant", "content": null})),
        1 => text().prop_map(|text| json!({"audio": {"transcript": text, "data": "QUJD"}})),
    ]
}

pub(crate) fn any_event() -> impl Strategy<Value = Value> {
    let choice = (0_u64..3, any_delta(), any::<bool>()).prop_map(|(index, delta, ends)| {
        let finish = if ends { json!("stop") } else { Value::Null };
        json!({"index": index, "delta": delta, "finish_reason": finish, "logprobs": {"content": [{"token": "SECRET"}]}})
    });
    let completion = (0_u64..3, text()).prop_map(|(index, text)| json!({"index": index, "text": text}));
    let choices = prop::collection::vec(prop_oneof![6 => choice, 1 => completion], 0..3);
    (choices, any::<bool>()).prop_map(|(choices, last)| {
        let usage = if last { json!({"prompt_tokens": 3}) } else { Value::Null };
        json!({"id": "c", "object": "chat.completion.chunk", "choices": choices, "usage": usage})
    })
}

proptest! {
    #[test]
    fn nothing_is_lost_without_an_edit(events in prop::collection::vec(any_event(), 0..12)) {
        let events = strings(&events);
        let answer = assemble(&borrowed(&events));
        let out = disassemble(&borrowed(&events), &answer);
        prop_assert_eq!(&out, &events);
        prop_assert_eq!(assemble(&borrowed(&out)), answer);
    }

    /// Whatever texts become, the new events say exactly that.
    #[test]
    fn an_edit_arrives(events in prop::collection::vec(any_event(), 0..12), new in text(), every in 1_usize..4) {
        let events = strings(&events);
        let mut answer = assemble(&borrowed(&events));
        let found = answer_texts(Dialect::OpenAi, Operation::Chat, &answer);
        for place in found.iter().step_by(every) {
            *answer.pointer_mut(&place.pointer).unwrap() = new.clone().into();
        }
        let out = disassemble(&borrowed(&events), &answer);
        prop_assert_eq!(assemble(&borrowed(&out)), answer);
    }

    #[test]
    fn a_removed_secret_is_nowhere(events in prop::collection::vec(any_event(), 0..12)) {
        let events = strings(&events);
        let mut answer = assemble(&borrowed(&events));
        let mut touched = std::collections::BTreeSet::new();
        for place in answer_texts(Dialect::OpenAi, Operation::Chat, &answer) {
            let Some(Value::String(text)) = answer.pointer_mut(&place.pointer) else { continue };
            if text.contains("SECRET") {
                *text = text.replace("SECRET", "-");
                touched.insert(place.pointer.split('/').nth(2).unwrap().to_owned());
            }
        }
        let out = disassemble(&borrowed(&events), &answer);
        let indices: Vec<u64> = touched.iter().map(|position| answer["choices"][position.parse::<usize>().unwrap()]["index"].as_u64().unwrap()).collect();
        for event in &out {
            let event: Value = serde_json::from_str(event).unwrap();
            for choice in event["choices"].as_array().unwrap() {
                let is_touched = choice["index"].as_u64().is_some_and(|index| indices.contains(&index));
                prop_assert!(!is_touched || !choice.to_string().contains("SECRET"), "{}", choice);
            }
        }
    }
}
