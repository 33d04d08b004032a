use super::*;

fn planned(model: &str, reasoning: Reasoning<'static>, max_tokens: Option<u64>) -> (String, u64) {
    let plan = plan(model, Some(reasoning), Limits { max_tokens, interleaved: false });
    let thinking = plan.thinking.map(|thinking| crate::exchange::json::Json::from(thinking).to_text());
    let effort = plan.effort.unwrap_or_default();
    (format!("{} {effort}", thinking.unwrap_or_default()).trim().to_owned(), plan.max_tokens)
}

fn effort(word: &'static str) -> Reasoning<'static> {
    Reasoning { enabled: Some(true), effort: Some(word.into()), ..Reasoning::default() }
}

#[test]
fn a_model_is_told_as_it_can_be_told() {
    let budget = r#"{"type":"enabled","budget_tokens":16384}"#;
    let adaptive = r#"{"type":"adaptive"} high"#;
    let told = [
        ("claude-3-7-sonnet-20250219", budget.to_owned()),
        ("claude-opus-4@20250514", budget.to_owned()),
        ("eu.anthropic.claude-sonnet-4-20250514-v1:0", budget.to_owned()),
        ("anthropic/claude-haiku-4.5", budget.to_owned()),
        ("claude-opus-4-5-20251101", format!("{budget} high")),
        ("claude-opus-4-6", adaptive.to_owned()),
        ("claude-opus-5", adaptive.to_owned()),
        ("claude-haiku-5-5", adaptive.to_owned()),
        ("my-model", adaptive.to_owned()),
    ];
    for (model, told) in told {
        assert_eq!(planned(model, effort("high"), None), (told, MAX_TOKENS), "{model}");
    }
}

#[test]
fn every_budget_of_an_effort_leaves_room_for_the_answer() {
    for (word, _) in BUDGETS {
        for limit in [None, Some(1024), Some(1025), Some(3000), Some(100_000)] {
            let (told, max_tokens) = planned("claude-sonnet-4-5", effort(word), limit);
            let budget =
                told.split(':').next_back().and_then(|rest| rest.trim_end_matches('}').parse::<u64>().ok());
            let has_room = budget.is_none_or(|budget| (LEAST_BUDGET..max_tokens).contains(&budget));
            assert!(has_room, "{word} in {limit:?}: {told} of {max_tokens}");
        }
    }
}

#[test]
fn a_budget_without_a_limit_raises_the_default() {
    let asked = Reasoning { enabled: Some(true), budget: Some(60_000), ..Reasoning::default() };
    let (told, max_tokens) = planned("claude-sonnet-4-5", asked, None);
    assert_eq!(told, r#"{"type":"enabled","budget_tokens":60000}"#);
    assert!(max_tokens > 60_000);
}

#[test]
fn a_budget_for_thoughts_between_calls_may_be_larger_than_the_limit() {
    let asked = Reasoning { enabled: Some(true), budget: Some(60_000), ..Reasoning::default() };
    let limits = Limits { max_tokens: Some(4000), interleaved: true };
    let plan = plan("claude-sonnet-4-5", Some(asked), limits);
    assert_eq!(plan.thinking, Some(object! { "type": "enabled", "budget_tokens": 60_000 }));
    assert_eq!(plan.max_tokens, 4000);
}

#[test]
fn a_budget_in_a_limit_without_room_is_left_to_the_provider() {
    let asked = Reasoning { enabled: Some(true), budget: Some(1024), ..Reasoning::default() };
    let told = planned("claude-sonnet-4-5", asked, Some(500));
    assert_eq!(told, (r#"{"type":"enabled","budget_tokens":1024}"#.to_owned(), 500));
}

#[test]
fn nothing_to_think_is_said_to_who_could() {
    let off = || Reasoning { enabled: Some(false), ..Reasoning::default() };
    let disabled = r#"{"type":"disabled"}"#;
    assert_eq!(planned("claude-3-5-haiku-20241022", off(), None), (String::new(), OLD_MAX_TOKENS));
    assert_eq!(planned("claude-sonnet-4-5", off(), None).0, disabled);
    assert_eq!(planned("claude-sonnet-5-5", off(), None).0, r#"{"type":"between_tools"}"#);
    let none = Reasoning { budget: Some(0), ..Reasoning::default() };
    assert_eq!(planned("claude-opus-5", none, None).0, disabled);
}

#[test]
fn a_word_that_the_model_does_not_know_is_the_nearest() {
    assert_eq!(planned("claude-opus-4-6", effort("xhigh"), None).0, r#"{"type":"adaptive"} high"#);
    assert_eq!(planned("claude-opus-4-8", effort("minimal"), None).0, r#"{"type":"adaptive"} low"#);
    assert!(planned("claude-opus-4-5", effort("max"), None).0.ends_with(" high"));
}
