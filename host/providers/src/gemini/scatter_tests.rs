use proptest::prelude::*;
use serde_json::{Value, json};
use tidegate_contract::{Dialect, Operation};

use super::scatter;
use crate::gemini::gather::gather;
use crate::gemini::texts;
use crate::stream::covers;

fn data(answer: &Value) -> Vec<String> {
    let events = scatter(answer);
    assert!(events.iter().all(|event| event.name.is_none()));
    events.into_iter().map(|event| event.data).collect()
}

fn gathered(events: &[Value]) -> Value {
    let data: Vec<String> = events.iter().map(Value::to_string).collect();
    gather(&data.iter().map(String::as_str).collect::<Vec<_>>())
}

fn again(answer: &Value) -> Value {
    let data = data(answer);
    gather(&data.iter().map(String::as_str).collect::<Vec<_>>())
}

fn is_covered(answer: &Value, events: &[String]) -> bool {
    let data: Vec<&str> = events.iter().map(String::as_str).collect();
    covers(Dialect::Gemini, Operation::GenerateContent, answer, &data)
}

#[test]
fn parts_add_up() {
    let event = |index: u64, parts: Value| {
        json!({"candidates": [{"index": index, "content": {"parts": parts, "role": "model"}}],
        "usageMetadata": {"totalTokenCount": index}, "responseId": "r"})
    };
    let call = |call: Value| event(0, json!([{"functionCall": call}]));
    let answer = gathered(&[
        event(0, json!([{"text": "a", "thought": true}])),
        event(1, json!([{"text": "z"}])),
        event(0, json!([{"text": "b", "thought": true, "thoughtSignature": "s"}, {"text": "c"}])),
        event(0, json!([{"text": "d"}, {"text": "", "thoughtSignature": "t"}])),
        call(json!({"name": "f", "willContinue": true})),
        call(
            json!({"partialArgs": [{"jsonPath": "$.a", "stringValue": "x", "willContinue": true}], "willContinue": true}),
        ),
        call(
            json!({"partialArgs": [{"jsonPath": "$.a", "stringValue": "y"}, {"jsonPath": "$.b", "numberValue": 1}], "willContinue": true}),
        ),
        call(json!({})),
        call(json!({"name": "g", "args": {}})),
        event(0, json!([{"text": "e"}])),
        json!({"candidates": [{"index": 0, "finishReason": "STOP", "logprobsResult": {"chosenCandidates": [1]}, "groundingMetadata": {"webSearchQueries": ["q"]}},
            {"index": 1, "finishReason": "MAX_TOKENS"}], "usageMetadata": {"totalTokenCount": 9}}),
        json!({"candidates": [{"index": 0, "logprobsResult": {"chosenCandidates": [2]}, "groundingMetadata": {"webSearchQueries": [], "groundingChunks": [3]}}]}),
    ]);
    assert_eq!(
        answer,
        json!({"candidates": [
            {"index": 0, "finishReason": "STOP", "logprobsResult": {"chosenCandidates": [1, 2]},
                "groundingMetadata": {"webSearchQueries": ["q"], "groundingChunks": [3]},
                "content": {"role": "model", "parts": [
                    {"text": "ab", "thought": true, "thoughtSignature": "s"},
                    {"text": "cd", "thoughtSignature": "t"},
                    {"functionCall": {"name": "f", "partialArgs": [{"jsonPath": "$.a", "stringValue": "xy"}, {"jsonPath": "$.b", "numberValue": 1}]}},
                    {"functionCall": {"name": "g", "args": {}}},
                    {"text": "e"},
                ]}},
            {"index": 1, "finishReason": "MAX_TOKENS", "content": {"role": "model", "parts": [{"text": "z"}]}},
        ], "usageMetadata": {"totalTokenCount": 9}, "responseId": "r"})
    );
}

#[test]
fn an_error_is_one_event_and_back() {
    let body = json!({"error": {"code": 503, "message": "no", "status": "UNAVAILABLE"}});
    assert_eq!(data(&body), [body.to_string()]);
    assert_eq!(again(&body), body);
    let said = json!({"candidates": [{"content": {"parts": [{"text": "a"}]}}]});
    let answer = gathered(&[said.clone(), body.clone()]);
    assert_eq!(answer["error"], body["error"]);
    assert_eq!(data(&answer), [said.to_string(), body.to_string()]);
}

#[test]
fn what_is_not_in_the_answer_is_not_covered() {
    let answer = json!({"candidates": [{"content": {"parts": [{"text": "a"}]}, "groundingMetadata": {"webSearchQueries": ["q"]}}]});
    assert!(is_covered(&answer, &data(&answer)));
    let other = json!({"candidates": [{"content": {"parts": [{"text": "b"}]}}]});
    assert!(!is_covered(&answer, &data(&other)));
    let media = json!({"candidates": [{"content": {"parts": [{"inlineData": {"mimeType": "image/png", "data": "QUJD"}}]}}]});
    assert!(!is_covered(&answer, &data(&media)));
    assert!(is_covered(&media, &data(&media)));
}

/// Parts of which none goes on with the one before.
fn any_parts() -> impl Strategy<Value = Vec<Value>> {
    let part = ("[a-zä\"{} ]{0,6}", 0_u64..6).prop_map(|(text, which)| match which {
        0 | 1 => json!({"text": text, "thoughtSignature": "s"}),
        2 => json!({"text": text, "thought": true}),
        3 => json!({"functionCall": {"id": "c", "name": "f", "args": {"a": [text, 1], "b": {}}}}),
        4 => json!({"inlineData": {"mimeType": "image/png", "data": "QUJD"}}),
        _ => json!({"executableCode": {"language": "PYTHON", "code": text}}),
    });
    prop::collection::vec(part, 0..6).prop_map(|mut parts| {
        parts.dedup_by_key(|part| texts::Said::of(part).map_or(part.to_string(), |said| format!("{said:?}")));
        parts
    })
}

pub(crate) fn any_answer() -> impl Strategy<Value = Value> {
    prop::collection::vec((any_parts(), any::<bool>()), 1..3).prop_map(|candidates| {
        let candidates = candidates.into_iter().enumerate().map(|(index, (parts, grounded))| {
            let mut candidate =
                json!({"index": index, "finishReason": "STOP", "content": {"parts": parts, "role": "model"}});
            if grounded {
                candidate["groundingMetadata"] =
                    json!({"webSearchQueries": ["q"], "groundingChunks": [{"web": {"title": "T"}}]});
            }
            candidate
        });
        json!({"candidates": candidates.collect::<Vec<_>>(), "usageMetadata": {"totalTokenCount": 3},
            "modelVersion": "m", "responseId": "r"})
    })
}

proptest! {
    #[test]
    fn an_answer_adds_up_to_itself_again(answer in any_answer()) {
        prop_assert_eq!(again(&answer), answer.clone());
        prop_assert!(is_covered(&answer, &data(&answer)));
    }

    #[test]
    fn an_answer_covers_the_events_that_it_is_made_from(events in crate::gemini::stream::tests::any_stream()) {
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
