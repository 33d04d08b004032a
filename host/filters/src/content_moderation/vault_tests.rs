use std::borrow::Cow;

use serde_json::{Value, json};
use tidegate_contract::{Hook, Judged, Judgement, Text};
use tidegate_pipeline::{MAX_NOTES, edit_text};

use super::Vault;
use crate::content_moderation::testing::{Host, characters};
use crate::testing::{call_in, now, scope};

fn settings() -> Value {
    json!({"detect": "all", "words": ["Tidegate"], "action": "redact", "reversible": true})
}

fn text<'t>(id: u32, kind: &'static str, content: &'t str) -> Text<'t> {
    let content = Cow::Borrowed(content);
    Text { id, role: "user", kind, content, start: 0, released: 0, complete: true, new_turn: true }
}

fn edited(content: &str, judged: Judged) -> String {
    match judged.judgement {
        Judgement::Allow => content.to_owned(),
        Judgement::Edit(edits) => edit_text(content, &edits).unwrap(),
        Judgement::Block(reason) => panic!("{reason}"),
    }
}

impl Host {
    /// What a model reads of a text.
    fn asks(&self, content: &str) -> String {
        edited(content, now(self.plugin.moderate_input(call_in(&self.scope), &[text(0, "text", content)])))
    }

    /// What a client reads of a text that is no stream.
    fn answers(&self, kind: &'static str, content: &str) -> String {
        let texts = [text(0, kind, content)];
        edited(content, now(self.plugin.moderate_output(call_in(&self.scope), &texts, true)))
    }
}

#[test]
fn values_come_back_where_their_tokens_stand() {
    let host = Host::new(&settings(), 16);
    let asked = host.asks("a@example.com, b@example.com, tidegate and a@example.com");
    assert_eq!(asked, "[EMAIL_1], [EMAIL_2], [WORD_1] and [EMAIL_1]");
    assert_eq!(host.asks("later b@example.com c@example.com"), "later [EMAIL_2] [EMAIL_3]");
    let answer = "to [EMAIL_2] of [WORD_1], not [EMAIL_9], [email_1], [[EMAIL_1]";
    let expected = "to b@example.com of tidegate, not [EMAIL_9], [email_1], [a@example.com";
    assert_eq!(host.answers("text", answer), expected);
    assert_eq!(host.answers("reasoning", "none"), "none");
}

#[test]
fn tokens_are_put_back_over_any_split_and_what_is_new_is_masked() {
    let host = Host::new(&settings(), 16);
    host.asks("a@example.com and 078-05-1120");
    let answer = "[EMAIL_1]: [SSN_1] [SSN_2] [EMA] me@example.org [EMAIL_1";
    let expected = "a@example.com: 078-05-1120 [SSN_2] [EMA] [redacted] [EMAIL_1";
    assert_eq!(host.answers("text", answer), expected);
    assert_eq!(host.plays(&characters(answer)), Ok(expected.into()));
    for at in 0..answer.len() {
        assert_eq!(host.plays(&[&answer[..at], &answer[at..]]), Ok(expected.into()), "split at {at}");
    }
}

#[test]
fn only_requests_may_be_judged_and_answers_are_put_right_all_the_same() {
    let host =
        Host::new(&json!({"detect": ["email"], "on": ["input"], "action": "redact", "reversible": true}), 16);
    let subscription = host.plugin.subscription();
    assert!(subscription.hooks.has(Hook::ModerateOutput));
    assert_eq!(subscription.windows.as_ref().unwrap().mode, "carry");
    host.asks("a@example.com");
    assert_eq!(host.answers("text", "[EMAIL_1] b@example.com"), "a@example.com b@example.com");
    assert_eq!(
        host.plays(&characters("x [EMAIL_1] b@example.com")),
        Ok("x a@example.com b@example.com".into())
    );
}

#[test]
fn arguments_of_tools_stay_json() {
    let host = Host::new(&json!({"patterns": ["<.*>"], "action": "redact", "reversible": true}), 16);
    assert_eq!(host.asks("ask <a \"b\"\\>"), "ask [PATTERN_1]");
    let answer = host.answers("tool-arguments", r#"{"to": "[PATTERN_1]", "\u005bPATTERN_1]": ["x"]}"#);
    let value: Value = serde_json::from_str(&answer).unwrap();
    assert_eq!(value, json!({"to": "<a \"b\"\\>", "<a \"b\"\\>": ["x"]}));
}

#[test]
fn a_token_that_somebody_wrote_is_not_given_out() {
    let host = Host::new(&settings(), 16);
    assert_eq!(host.asks("[EMAIL_1] is a@example.com"), "[EMAIL_1] is [EMAIL_2]");
    assert_eq!(host.answers("text", "[EMAIL_1] [EMAIL_2]"), "[EMAIL_1] a@example.com");
}

#[test]
fn a_rule_that_finds_more_than_a_token_takes_it() {
    let host = Host::new(
        &json!({"detect": ["email"], "patterns": ["to .* now"], "words": ["email_1"], "action": "redact", "reversible": true}),
        16,
    );
    host.asks("a@example.com");
    assert_eq!(host.answers("text", "to [EMAIL_1] now, [EMAIL_1]"), "[redacted], a@example.com");
}

#[test]
fn what_does_not_fit_is_replaced_for_good() {
    let host = Host::new(&settings(), 16);
    let many: Vec<String> = (0..2000).map(|number| format!("a{number}@example.com")).collect();
    let asked = host.asks(&many.join(" "));
    assert!(asked.starts_with("[EMAIL_1] [EMAIL_2] ") && asked.ends_with("[redacted] [redacted]"));
    assert!(!asked.contains('@'));
    let kept = host.scope.note("tokens").unwrap().len();
    assert!((MAX_NOTES - 2048..MAX_NOTES - 1024).contains(&kept), "{kept}");
    assert_eq!(host.answers("text", "[EMAIL_2]"), "a1@example.com");
}

#[test]
fn the_room_that_a_value_takes_is_not_underestimated() {
    let mut vault = Vault::default();
    for number in 0.. {
        if vault.token("pattern", &format!("\"\\\n\u{1}ü{number}")).is_none() {
            break;
        }
    }
    let scope = scope();
    vault.keep(&scope).unwrap();
    assert_eq!(Vault::of(&scope).unwrap().entries, vault.entries);
}

#[test]
fn long_texts_of_beginnings_take_linear_time() {
    let host = Host::new(&settings(), 16);
    let started = std::time::Instant::now();
    host.asks("a@example.com");
    for unit in ["[", "[A_", "[EMAIL_", "[EMAIL_1", "[EMAIL_1]"] {
        host.asks(&unit.repeat(200_000 / unit.len()));
        host.answers("text", &unit.repeat(200_000 / unit.len()));
    }
    assert!(started.elapsed() < std::time::Duration::from_secs(60));
}
