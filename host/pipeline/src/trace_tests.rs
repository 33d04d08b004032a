use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tidegate_contract::{AdmissionVerdict, AuthVerdict, Grant, Hook, Principal};

use crate::verdict::Verdict;

use super::{Effect, MAX_EFFECTS, MAX_STEPS, Step, Traces};

fn step(filter: &str) -> Step {
    Step {
        hook: Hook::Admit,
        filter: filter.into(),
        plugin: Some("me/limit@1.0.0".into()),
        verdict: "admitted",
        error: None,
        shadow: false,
        effect: Effect::default(),
        took: Duration::from_micros(7),
    }
}

fn kept(keep: usize) -> Arc<Traces> {
    let traces = Arc::<Traces>::default();
    traces.keep(keep, 0);
    traces
}

#[test]
fn nothing_is_written_down_unless_it_is_kept() {
    assert!(kept(0).open("a", true).is_none());
}

#[test]
fn steps_are_told_in_order_with_what_they_are() {
    let traces = kept(2);
    let trace = traces.open("a", false).unwrap();
    trace.note(|| step("first"));
    trace.note(|| step("second"));
    let told = traces.find("a").unwrap();
    let first = json!({
        "hook": "admit", "filter": "first", "plugin": "me/limit@1.0.0", "verdict": "admitted", "error": null,
        "shadow": false, "effect": null, "duration_us": 7,
    });
    assert_eq!(told["steps"][0], first);
    assert_eq!(told["steps"][1]["filter"], "second");
    assert_eq!(told["left_out"], 0);
}

#[test]
fn the_oldest_go_first_and_a_smaller_ring_forgets() {
    let traces = kept(2);
    for id in ["a", "b", "c"] {
        traces.open(id, false).unwrap();
    }
    assert_eq!(traces.find("a"), None);
    assert_eq!(traces.ids(), ["b".into(), "c".into()]);
    traces.keep(1, 0);
    assert_eq!(traces.ids(), ["c".into()]);
}

#[test]
fn a_stream_of_a_thousand_calls_is_not_kept_whole() {
    let traces = kept(1);
    let trace = traces.open("a", false).unwrap();
    (0..MAX_STEPS + 3).for_each(|_| trace.note(|| step("many")));
    let told = traces.find("a").unwrap();
    assert_eq!((told["steps"].as_array().map(Vec::len), &told["left_out"]), (Some(MAX_STEPS), &json!(3)));
}

#[test]
fn values_are_for_tagged_and_sampled_requests() {
    let traces = kept(4);
    let has_values = |tagged| traces.open("a", tagged).map(|trace| trace.has_values());
    assert_eq!((has_values(true), has_values(false)), (Some(true), Some(false)));
    traces.keep(4, 1_000_000);
    assert_eq!(traces.open("a", false).map(|trace| trace.has_values()), Some(true));
}

#[test]
fn what_is_kept_for_later_reads_as_what_is_told_at_once() {
    let principal = Arc::new(Principal::named("ann"));
    let allow = AuthVerdict::Allow(Grant { principal, headers: Vec::new() });
    assert!(matches!(allow.kept(false), Effect::LetIn(_)));
    assert_eq!(allow.kept(false).shown(), allow.effect(false));
    for ticket in [None, Some("t".to_owned())] {
        let admitted = AdmissionVerdict::Admitted(ticket);
        assert_eq!(admitted.kept(false).shown(), admitted.effect(false));
    }
}

#[test]
fn effects_are_kept_up_to_a_bound() {
    let traces = kept(1);
    let trace = traces.open("a", true).unwrap();
    let large = || Step { effect: Effect::Told(json!("x".repeat(MAX_EFFECTS / 2))), ..step("large") };
    (0..3).for_each(|_| trace.note(large));
    let told = traces.find("a").unwrap();
    let effects: Vec<_> =
        told["steps"].as_array().unwrap().iter().map(|step| step["effect"].is_null()).collect();
    assert_eq!(effects, [false, true, true]);
}
