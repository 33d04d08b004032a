use serde_json::json;

use super::shown;

#[test]
fn every_step_has_a_line_and_its_changes_below() {
    let trace = json!({
        "steps": [
            {
                "hook": "transform_request", "filter": "mask", "plugin": "me/mask@1.0.0", "verdict": "changed",
                "error": null, "shadow": false, "duration_us": 12,
                "effect": {
                    "headers": [{"op": "set", "name": "x-team", "value": "a"}],
                    "body": [{"op": "remove", "pointer": "/user", "value": null}],
                    "cluster": null, "reroute": false,
                },
            },
            {
                "hook": "moderate_output", "filter": "words", "plugin": null, "verdict": "edit", "error": null,
                "shadow": true, "duration_us": 3,
                "effect": {
                    "edit": [{"text": 0, "start": 4, "end": 9, "replacement": "***"}],
                    "findings": [{"category": "word", "text": 0, "score": null, "detail": ""}],
                },
            },
            {
                "hook": "completed", "filter": "audit", "plugin": null, "verdict": "error",
                "error": "it gave no answer in time", "shadow": false, "duration_us": 9, "effect": null,
            },
        ],
        "left_out": 2,
    });
    let expected = "\
transform_request   mask (me/mask@1.0.0): changed, 12 us
    ~ x-team: a
    - /user
moderate_output     words: edit, shadow, 3 us
    ~ text 0, bytes 4 to 9 to \"***\"
    found word in text 0
completed           audit: error, 9 us
    ! it gave no answer in time
and 2 calls more
";
    assert_eq!(shown(&trace), expected);
}

#[test]
fn a_request_without_filters_says_so() {
    assert_eq!(shown(&json!({"steps": [], "left_out": 0})), "no filter was called\n");
}

#[test]
fn what_others_wrote_cannot_move_the_cursor() {
    let step = json!({
        "hook": "moderate_output", "filter": "words", "plugin": null, "verdict": "error", "shadow": false,
        "error": "a\u{1b}[2J\nb", "duration_us": 1, "effect": {"block": "c\u{1b}[0m"},
    });
    let text = shown(&json!({"steps": [step], "left_out": 0}));
    assert!(!text.contains('\u{1b}') && text.lines().count() == 3, "{text:?}");
}
