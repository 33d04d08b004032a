use tidegate_contract::{HeaderEdit, Hook, JsonEdit, Judged, Principal, Refusal, TransformVerdict};

use super::{Allowed, Told, Verdict};

fn principal() -> Principal {
    Principal::named("ann")
}

fn wrong(told: Told, hook: Hook) -> String {
    told.verdict(hook, 1).unwrap_err().to_string()
}

#[test]
fn nothing_told_changes_nothing() {
    let of = |hook| Told::default().verdict(hook, 2).unwrap();
    assert_eq!(of(Hook::Authenticate), Verdict::Auth(Allowed::Pass));
    assert_eq!(of(Hook::TransformRequest), Verdict::Transform(TransformVerdict::Unchanged));
    assert_eq!(of(Hook::ModerateOutput), Verdict::Judged(Judged::default()));
    assert!(matches!(of(Hook::TransformEvent), Verdict::Events(events) if events.len() == 2));
    assert_eq!(of(Hook::Completed), Verdict::Done);
}

#[test]
fn parts_that_contradict_each_other_are_no_verdict() {
    let refusal = Some(Refusal::new(403, "no", "no"));
    let told = Told { principal: Some(principal()), refusal: refusal.clone(), ..Told::default() };
    assert!(wrong(told, Hook::Authenticate).contains("it grants and refuses"));
    let told = Told { ticket: Some("t".into()), refusal, ..Told::default() };
    assert!(wrong(told, Hook::Admit).contains("it gives a ticket and refuses"));
    let told = Told {
        replacement: Some("{}".into()),
        edits: vec![JsonEdit::Remove("/a".into())],
        ..Told::default()
    };
    assert!(wrong(told, Hook::TransformRequest).contains("it replaces the body and edits it"));
    let told = Told { block: Some("no".into()), text_edits: vec![edit()], ..Told::default() };
    assert!(wrong(told, Hook::ModerateInput).contains("it blocks and edits"));
}

fn edit() -> tidegate_contract::TextEdit {
    tidegate_contract::TextEdit { id: 0, start: 0, end: 1, replacement: String::new() }
}

#[test]
fn parts_of_another_hook_are_no_verdict() {
    let told = Told { block: Some("no".into()), ..Told::default() };
    assert!(wrong(told, Hook::TransformRequest).contains("a judgement in \"transform_request\""));
    let told = Told { headers: vec![HeaderEdit::Remove("x".into())], ..Told::default() };
    assert!(wrong(told, Hook::ModerateInput).contains("edits of headers in \"moderate_input\""));
    let told = Told { principal: Some(principal()), ..Told::default() };
    assert!(wrong(told, Hook::Completed).contains("a grant in \"completed\""));
}
