use serde_json::{Value, json};
use tidegate_contract::Hook;

use super::{Expected, expected};

fn answer(hook: Hook, out: Value) -> Value {
    match expected(hook, "out", Some(out)).unwrap() {
        Expected::Answer(answer) => answer,
        Expected::Error(text) => panic!("an error: {text}"),
    }
}

fn wrong(hook: Hook, out: Value) -> String {
    let wrong = expected(hook, "out", Some(out)).unwrap_err();
    format!("{}: {}", wrong.place, wrong.problem)
}

#[test]
fn short_and_long_forms_are_the_same() {
    let pairs = [
        (Hook::Authenticate, json!("pass"), json!({"pass": {}})),
        (Hook::Admit, json!("admitted"), json!({"admitted": null})),
        (Hook::Settle, json!("done"), json!({"done": {}})),
        (Hook::TransformRequest, json!("unchanged"), json!({"unchanged": {}})),
        (Hook::ModerateInput, json!("allow"), json!({"allow": {}, "findings": [], "hold": {}})),
        (Hook::TransformEvent, json!([]), json!([])),
    ];
    for (hook, short, long) in pairs {
        assert_eq!(answer(hook, short), answer(hook, long.clone()));
        assert_eq!(answer(hook, long.clone()), long);
    }
}

#[test]
fn what_is_left_out_is_the_default() {
    assert_eq!(
        answer(Hook::TransformResponse, json!({"reply": {"body": "no"}})),
        json!({"reply": {"status": 200, "headers": {}, "body": "no"}})
    );
    assert_eq!(
        answer(Hook::TransformUpstream, json!({"changed": {"edits": [{"remove": "/a"}]}})),
        json!({"changed": {"headers": [], "edits": [{"remove": "/a"}], "replace": null, "cluster": null, "reroute": false}})
    );
    assert_eq!(
        answer(Hook::ModerateOutput, json!({"findings": [{"category": "email", "score": 0.9}]})),
        json!({"allow": {}, "hold": {}, "findings": [{"category": "email", "score": 0.9, "text": null, "detail": ""}]})
    );
    assert!(matches!(expected(Hook::Completed, "out", None), Ok(Expected::Answer(_))));
}

#[test]
fn a_mistake_is_told_with_its_place() {
    assert_eq!(
        wrong(Hook::Authenticate, json!("allowed")),
        "out: unknown variant \"allowed\", expected one of \"pass\", \"allow\", \"deny\""
    );
    assert_eq!(
        wrong(Hook::Authenticate, json!({"deny": {"status": 401, "code": "x"}})),
        "out.deny: missing field \"message\""
    );
    assert_eq!(
        wrong(Hook::ModerateInput, json!({"edit": [{"start": 0, "ende": 1}]})),
        "out.edit[0].ende: unknown field \"ende\", expected one of \"id\", \"start\", \"end\", \"replacement\""
    );
    assert_eq!(
        wrong(Hook::ModerateInput, json!({"allow": {}, "block": "x"})),
        "out: has more than one of \"allow\", \"edit\" and \"block\"; keep one"
    );
    assert_eq!(
        expected(Hook::Admit, "steps[0].out", None).unwrap_err().problem,
        "is missing; it says what the plugin must answer"
    );
}
