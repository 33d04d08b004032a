use proptest::prelude::*;
use serde_json::{Value, json};
use tidegate_contract::{Dialect, Operation};

use super::scatter;
use crate::bedrock::gather::gather;
use crate::stream::covers;

fn answer(content: Value) -> Value {
    json!({"output": {"message": {"role": "assistant", "content": content}}, "stopReason": "tool_use",
        "additionalModelResponseFields": {"stop_sequence": "s"}, "usage": {"inputTokens": 3, "outputTokens": 9, "totalTokens": 12},
        "metrics": {"latencyMs": 1}})
}

fn content(text: &str) -> Vec<Value> {
    let content = json!([
        {"reasoningContent": {"reasoningText": {"text": text, "signature": "sig"}}},
        {"reasoningContent": {"redactedContent": "QUJD"}},
        {"text": text},
        {"citationsContent": {"content": [{"text": text}], "citations": [{"title": text, "sourceContent": [{"text": "q"}]}]}},
        {"toolUse": {"toolUseId": "t1", "name": "t", "input": {"a": [text], "b": {}}}},
        {"toolUse": {"toolUseId": "t2", "name": "t", "input": {}}},
        {"toolResult": {"toolUseId": "t2", "status": "success", "content": [{"text": text}, {"json": {"a": text}}]}},
        {"toolResult": {"toolUseId": "t3", "content": [{"text": text}]}},
        {"image": {"format": "png", "source": {"bytes": "QUJD"}}},
        {"image": {"format": "png", "error": {"message": text}}},
        {"novelty": {"words": text}},
    ]);
    content.as_array().cloned().unwrap()
}

fn data(answer: &Value) -> Vec<String> {
    scatter(answer).into_iter().map(|event| event.data).collect()
}

fn gathered(events: &[Value]) -> Value {
    let data: Vec<String> = events.iter().map(Value::to_string).collect();
    gather(&data.iter().map(String::as_str).collect::<Vec<_>>())
}

fn again(answer: &Value) -> Value {
    gather(&data(answer).iter().map(String::as_str).collect::<Vec<_>>())
}

fn is_covered(answer: &Value, events: &[String]) -> bool {
    let data: Vec<&str> = events.iter().map(String::as_str).collect();
    covers(Dialect::Bedrock, Operation::Converse, answer, &data)
}

#[test]
fn events_come_in_the_order_of_the_api() {
    let answer = answer(json!([{"text": "hi"}, content("x")[4], content("x")[0]]));
    let events: Vec<(String, Value)> = scatter(&answer)
        .into_iter()
        .map(|event| (event.name.unwrap(), serde_json::from_str(&event.data).unwrap()))
        .collect();
    let of = |name: &str, data: Value| (name.to_owned(), data);
    let delta = |index: u64, delta: Value| {
        of("contentBlockDelta", json!({"delta": delta, "contentBlockIndex": index}))
    };
    let stop = |index: u64| of("contentBlockStop", json!({ "contentBlockIndex": index }));
    assert_eq!(
        events,
        [
            of("messageStart", json!({"role": "assistant"})),
            delta(0, json!({"text": "hi"})),
            stop(0),
            of(
                "contentBlockStart",
                json!({"start": {"toolUse": {"toolUseId": "t1", "name": "t"}}, "contentBlockIndex": 1})
            ),
            delta(1, json!({"toolUse": {"input": "{\"a\":[\"x\"],\"b\":{}}"}})),
            stop(1),
            delta(2, json!({"reasoningContent": {"text": "x"}})),
            delta(2, json!({"reasoningContent": {"signature": "sig"}})),
            stop(2),
            of(
                "messageStop",
                json!({"stopReason": "tool_use", "additionalModelResponseFields": {"stop_sequence": "s"}})
            ),
            of(
                "metadata",
                json!({"usage": {"inputTokens": 3, "outputTokens": 9, "totalTokens": 12}, "metrics": {"latencyMs": 1}})
            ),
        ]
    );
}

#[test]
fn parts_add_up() {
    let delta = |index: u64, delta: Value| json!({"delta": delta, "contentBlockIndex": index, "p": "abc"});
    let start = |index: u64, start: Value| json!({"start": start, "contentBlockIndex": index});
    let gathered = gathered(&[
        json!({"role": "assistant", "p": "a"}),
        delta(0, json!({"text": "a"})),
        delta(0, json!({"text": "b"})),
        delta(0, json!({"reasoningContent": {"text": "c"}})),
        json!({"contentBlockIndex": 0}),
        start(1, json!({"toolUse": {"toolUseId": "t", "name": "n"}})),
        delta(1, json!({"toolUse": {"input": "{\"a\":"}})),
        delta(1, json!({"toolUse": {"input": "1}"}})),
        start(1, json!({"toolUse": {"toolUseId": "u", "name": "n"}})),
        start(2, json!({"toolUse": {"toolUseId": "v", "name": "n"}})),
        delta(2, json!({"toolUse": {"input": "{\"a"}})),
        start(3, json!({"image": {"format": "png"}})),
        delta(3, json!({"image": {"source": {"bytes": "QQ=="}}})),
        delta(3, json!({"image": {"source": {"bytes": "QkM="}}})),
        start(4, json!({"toolResult": {"toolUseId": "w"}})),
        delta(4, json!({"toolResult": [{"text": "x"}]})),
        delta(4, json!({"toolResult": [{"text": "y"}]})),
        delta(4, json!({"toolResult": [{"json": {}}]})),
        json!({"stopReason": "end_turn"}),
        json!({"usage": {"outputTokens": 2}}),
    ]);
    assert_eq!(
        gathered,
        json!({"output": {"message": {"role": "assistant", "content": [
            {"text": "ab"},
            {"reasoningContent": {"reasoningText": {"text": "c"}}},
            {"toolUse": {"toolUseId": "t", "name": "n", "input": {"a": 1}}},
            {"toolUse": {"toolUseId": "u", "name": "n", "input": {}}},
            {"toolUse": {"toolUseId": "v", "name": "n", "input": "{\"a"}},
            {"image": {"format": "png", "source": {"bytes": "QUJD"}}},
            {"toolResult": {"toolUseId": "w", "content": [{"text": "xy"}, {"json": {}}]}},
        ]}}, "stopReason": "end_turn", "usage": {"outputTokens": 2}})
    );
    assert!(data(&gathered).iter().any(|data| data.contains(r#""input":"{\"a""#)));
}

#[test]
fn an_exception_is_one_event_and_back() {
    let body = json!({"message": "no", "originalStatusCode": 500});
    assert_eq!(scatter(&body)[0].name.as_deref(), Some("modelStreamErrorException"));
    assert_eq!(again(&body), body);
    let other = json!({"message": "no"});
    assert_eq!(scatter(&other)[0].name.as_deref(), Some("internalServerException"));
    let mut events: Vec<Value> = data(&answer(json!([{"text": "hi"}])))[..2]
        .iter()
        .map(|data| serde_json::from_str(data).unwrap())
        .collect();
    events.push(other.clone());
    let answer = gathered(&events);
    assert_eq!(answer["error"], other);
    assert_eq!(data(&answer).last().unwrap(), &other.to_string());
}

#[test]
fn what_is_not_in_the_answer_is_not_covered() {
    let whole = answer(content("x").into());
    assert!(is_covered(&whole, &data(&whole)));
    assert!(!is_covered(&whole, &data(&answer(json!([{"text": "other"}])))));
    assert!(!is_covered(&answer(json!([{"text": "x"}])), &data(&whole)));
}

proptest! {
    #[test]
    fn an_answer_adds_up_to_itself_again(text in "[a-zä\"{} ]{0,6}", chosen in prop::collection::vec(0_usize..11, 0..6)) {
        let all = content(&text);
        let whole = answer(chosen.into_iter().map(|index| all[index].clone()).collect());
        prop_assert_eq!(again(&whole), whole.clone());
        prop_assert!(is_covered(&whole, &data(&whole)));
    }

    #[test]
    fn an_answer_covers_the_events_that_it_is_made_from(events in crate::bedrock::stream::tests::any_stream()) {
        let data: Vec<String> = events.iter().map(Value::to_string).collect();
        prop_assert!(is_covered(&gathered(&events), &data), "{}", gathered(&events));
    }

    #[test]
    fn any_events_do_no_harm(
        events in prop::collection::vec(crate::stream::tests::any_event(), 0..6),
        answer in crate::stream::tests::any_value(),
    ) {
        let again = gathered(&events);
        prop_assert!(again.is_object());
        scatter(&again);
        scatter(&answer);
    }
}
