use serde_json::{Value, json};
use tidegate_contract::{
    AdmissionVerdict, AuthVerdict, BodyChange, Change, Event, EventVerdict, Finding, Grant, HeaderEdit,
    JsonEdit, JsonSet, Judged, Judgement, Principal, Refusal, TextEdit, TransformVerdict,
};

use super::Verdict;

fn change() -> TransformVerdict {
    TransformVerdict::Changed(Change {
        headers: vec![
            HeaderEdit::Set("x-team".into(), b"a".to_vec()),
            HeaderEdit::Add("X-Api-Key".into(), b"canary".to_vec()),
            HeaderEdit::Remove("x-old".into()),
        ],
        body: Some(BodyChange::Edits(vec![
            JsonEdit::Set(JsonSet { pointer: "/temperature".into(), value: "0".into() }),
            JsonEdit::Remove("/user".into()),
        ])),
        ..Change::default()
    })
}

#[test]
fn a_change_names_its_places_and_with_values_what_stands_there() {
    let told = change().effect(true);
    let headers = json!([
        {"op": "set", "name": "x-team", "value": "a"},
        {"op": "add", "name": "X-Api-Key", "value": "[redacted]"},
        {"op": "remove", "name": "x-old", "value": null},
    ]);
    assert_eq!(told["headers"], headers);
    assert_eq!(told["body"][0], json!({"op": "set", "pointer": "/temperature", "value": 0}));
    let without = change().effect(false);
    assert_eq!(without["headers"][0], json!({"op": "set", "name": "x-team", "value": null}));
    assert_eq!(without["body"][0]["value"], Value::Null);
}

#[test]
fn what_a_filter_found_and_replaced_is_told_by_place() {
    let finding = Finding { category: "email".into(), score: None, text: Some(3), detail: "detect".into() };
    let edit = TextEdit { id: 3, start: 4, end: 9, replacement: "***".into() };
    let judged = Judged { judgement: Judgement::Edit(vec![edit]), findings: vec![finding], hold: Vec::new() };
    assert_eq!(judged.name(), "edit");
    assert_eq!(
        judged.effect(true)["edit"][0],
        json!({"text": 3, "start": 4, "end": 9, "replacement": "***"})
    );
    assert_eq!(judged.effect(false)["edit"][0]["replacement"], Value::Null);
    assert_eq!(judged.effect(false)["findings"][0]["category"], "email");
}

#[test]
fn what_changes_nothing_has_no_effect() {
    assert_eq!(TransformVerdict::Unchanged.effect(true), Value::Null);
    assert_eq!(Judged::default().effect(true), Value::Null);
    assert_eq!(vec![EventVerdict::Keep].effect(true), Value::Null);
    assert_eq!(().effect(true), Value::Null);
    assert_eq!(AuthVerdict::Pass.effect(true), Value::Null);
}

#[test]
fn a_grant_and_a_refusal_say_who_and_why() {
    let grant = Grant { principal: Principal::named("ann").into(), headers: Vec::new() };
    assert_eq!(AuthVerdict::Allow(grant).effect(false)["principal"], "ann");
    let refusal = AdmissionVerdict::Refused(Refusal::new(429, "quota", "too much"));
    assert_eq!(refusal.effect(false), json!({"status": 429, "code": "quota", "message": "too much"}));
}

#[test]
fn events_are_told_one_by_one_where_any_changed() {
    let event = Event { name: None, data: "{\"a\":1}".into() };
    let verdicts = vec![EventVerdict::Keep, EventVerdict::Drop, EventVerdict::Replace(vec![event])];
    assert_eq!(verdicts.name(), "changed");
    assert_eq!(verdicts.effect(true), json!(["keep", "drop", {"replace": ["{\"a\":1}"]}]));
    assert_eq!(verdicts.effect(false), json!(["keep", "drop", {"replace": 1}]));
}

#[test]
fn of_long_lists_and_texts_the_beginning_is_told() {
    let edit = TextEdit { id: 0, start: 0, end: 1, replacement: "ä".repeat(1000) };
    let judged = Judged { judgement: Judgement::Edit(vec![edit; 100]), ..Judged::default() };
    let told = judged.effect(true);
    assert_eq!(told["edit"].as_array().map(Vec::len), Some(33));
    assert_eq!(told["edit"][32], json!({"left_out": 68}));
    assert_eq!(told["edit"][0]["replacement"], format!("{}…", "ä".repeat(200)));
    let blocked = Judged { judgement: Judgement::Block("x".repeat(1000)), ..Judged::default() };
    assert_eq!(blocked.effect(false)["block"], format!("{}…", "x".repeat(200)));
}

#[test]
fn a_secret_by_its_name_is_masked_wherever_it_is_put() {
    let set = JsonSet { pointer: "/metadata/api_key".into(), value: "\"canary\"".into() };
    let body = Some(BodyChange::Edits(vec![JsonEdit::Set(set)]));
    let headers = ["x-signature", "x-session-id", "x-auth", "x-passwd", "x-jwt-assertion"]
        .map(|name| HeaderEdit::Set(name.into(), b"canary".to_vec()));
    let change = Change { headers: headers.to_vec(), body, ..Change::default() };
    assert!(!TransformVerdict::Changed(change).effect(true).to_string().contains("canary"));
}
