use serde_json::{Value, json};

use super::{Case, cases};

fn error(case: &Value) -> String {
    Case::parse("a.json", &case.to_string()).unwrap_err().to_string()
}

fn step(step: Value) -> String {
    error(
        &json!({"name": "x", "steps": [{"hook": "moderate_input", "in": {"texts": []}, "out": "allow"}, step]}),
    )
}

#[test]
fn a_mistake_is_one_sentence_with_file_and_place() {
    let moderate = |text: Value| json!({"hook": "moderate_input", "in": {"texts": [text]}, "out": "allow"});
    let pairs = [
        (
            moderate(json!({"roll": "user"})),
            "a.json: steps[1].in.texts[0].roll: unknown field \"roll\", expected one of",
        ),
        (
            moderate(json!({"role": "human"})),
            "a.json: steps[1].in.texts[0].role: \"human\" is no role; there are system, user,",
        ),
        (
            json!({"hook": "moderate"}),
            "a.json: steps[1].hook: \"moderate\" is no hook; there are authenticate,",
        ),
        (
            json!({"hook": "admit", "ctx": {"modell": "a"}, "out": "admitted"}),
            "a.json: steps[1].ctx.modell: unknown field",
        ),
        (json!({"hook": "admit"}), "a.json: steps[1].out: is missing; it says what the plugin must answer"),
        (
            json!({"hook": "authenticate", "in": {"head": {"headers": {"a b": "1"}}}, "out": "pass"}),
            "a.json: steps[1].in.head.headers: \"a b\" is no name that HTTP allows",
        ),
        (
            json!({"hook": "authenticate", "in": {"head": {"client": {"address": "nowhere"}}}, "out": "pass"}),
            "a.json: steps[1].in.head.client.address: invalid IP address syntax",
        ),
        (
            json!({"hook": "moderate_output", "split": "halves", "in": {"texts": []}, "out": "allow"}),
            "a.json: steps[1].split: \"halves\" is no way to split a stream; there is \"every_byte\"",
        ),
        (
            json!({"hook": "moderate_input", "split": "every_byte", "in": {"texts": []}, "out": "allow"}),
            "a.json: steps[1].split: only whole texts of an answer come in a stream; use it with",
        ),
        (
            json!({
                "hook": "moderate_output", "split": "every_byte", "in": {"texts": [{"complete": false}]},
                "out": "allow",
            }),
            "a.json: steps[1].split: only whole texts of an answer come in a stream; use it with",
        ),
    ];
    for (wrong, told) in pairs {
        let text = step(wrong);
        assert!(text.starts_with(told), "{text}");
        assert!(!text.contains('\n'), "{text}");
    }
}

#[test]
fn what_stands_above_the_steps_is_checked_too() {
    let pairs = [
        (json!({"nam": "x"}), "a.json: nam: unknown field \"nam\""),
        (json!({}), "a.json: the case: missing field \"name\""),
        (json!({"name": "x"}), "a.json: steps: is empty; add a step"),
        (
            json!({"name": "x", "configure": {"error": "x"}, "steps": [{"hook": "admit", "out": "admitted"}]}),
            "a.json: steps: has steps after a refused configuration",
        ),
        (
            json!({"name": "x", "services": {"http": [{"request": {"url": "http://a/"}}]}, "configure": {"error": "x"}}),
            "a.json: services.http[0]: needs either \"reply\" or \"error\"",
        ),
        (
            json!({"name": "x", "attributes": {"colour": "red"}, "configure": {"error": "x"}}),
            "a.json: attributes.colour: unknown field \"colour\", expected one of \"service\"",
        ),
        (
            json!({"name": "x", "configure": {"error": "x", "hooks": []}}),
            "a.json: configure: has \"error\" and a subscription; keep one",
        ),
    ];
    for (case, told) in pairs {
        let text = error(&case);
        assert!(text.starts_with(told), "{text}");
    }
}

#[test]
fn the_steps_of_a_case_are_one_request() {
    let step = |id: Option<&str>| json!({"hook": "admit", "out": "admitted", "ctx": {"request_id": id}});
    let case = |ids: [Option<&str>; 3]| json!({"name": "x", "steps": ids.map(step)});
    assert!(Case::parse("a.json", &case([None, Some("a"), Some("a")]).to_string()).is_ok());
    let text = error(&case([Some("a"), None, Some("b")]));
    assert_eq!(
        text,
        "a.json: steps[2].ctx.request_id: is \"b\" where an earlier step has \"a\"; a case is one request"
    );
}

#[test]
fn a_folder_without_cases_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    assert!(cases(folder.path()).unwrap_err().to_string().contains("has no file that ends in \".json\""));
    let case = json!({"name": "x", "configure": {"error": "no"}}).to_string();
    std::fs::write(folder.path().join("b.json"), &case).unwrap();
    std::fs::write(folder.path().join("a.json"), case.replace("\"x\"", "\"first\"")).unwrap();
    let read = cases(folder.path()).unwrap();
    assert_eq!(read.iter().map(Case::name).collect::<Vec<_>>(), ["first", "x"]);
    assert_eq!(read[0].refusal(), Some("no"));
    std::fs::write(folder.path().join("c.json"), "{").unwrap();
    let error = cases(folder.path()).unwrap_err().to_string();
    assert!(error.contains("c.json: no JSON: EOF"), "{error}");
    assert!(cases(&folder.path().join("missing")).is_err());
}
