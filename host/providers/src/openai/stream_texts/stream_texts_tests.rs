use proptest::prelude::*;
use serde_json::{Value, json};
use tidegate_contract::{Dialect, Operation};

use super::{assemble, forget_repeats};
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
fn calls_of_one_index_are_told_apart_by_id() {
    let call = |id: &str, arguments: Value| json!({"index": 0, "id": id, "function": {"name": "f", "arguments": arguments}});
    let answer = whole(&[delta(json!({"tool_calls": [call("a", "{}".into()), call("b", json!({"k": 1}))]}))]);
    let calls = answer["choices"][0]["message"]["tool_calls"].as_array().unwrap();
    assert_eq!(calls.len(), 2);
    assert_eq!(calls[1]["function"]["arguments"], "{\"k\":1}");
}

#[test]
fn errors_are_the_answers_error() {
    let events = [delta(json!({"content": "a"})), json!({"error": {"message": "your secret", "type": "t"}})];
    assert_eq!(whole(&events)["error"]["message"], "your secret");
    let answer = whole(&[json!({"error": "your secret"})]);
    assert_eq!(
        answer,
        json!({"object": "chat.completion", "choices": [], "error": {"message": "your secret"}})
    );
}

#[test]
fn what_is_no_object_is_left_out() {
    let kept = delta(json!({"content": "a"})).to_string();
    let events = ["\"secret\"", "no json", &kept, "[1]"];
    assert_eq!(assemble(&events), assemble(&[&kept]));
    assert_eq!(assemble(&[]), json!({"object": "chat.completion", "choices": []}));
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
    /// An answer that is made a stream again adds up to the same answer.
    #[test]
    fn nothing_is_lost_on_the_way_there_and_back(stream in prop::collection::vec(any_event(), 0..12)) {
        let answer = whole(&stream);
        let again = crate::openai::chat_events::events(Operation::Chat, &answer);
        let data: Vec<&str> = again.iter().map(|event| event.data.as_str()).collect();
        let texts = |answer: &Value| -> Vec<String> {
            let found = answer_texts(Dialect::OpenAi, Operation::Chat, answer).into_iter();
            found.map(|text| answer.pointer(&text.pointer).unwrap().to_string()).collect()
        };
        prop_assert_eq!(texts(&assemble(&data)), texts(&answer));
    }
}
