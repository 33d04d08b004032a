use std::borrow::Cow;

use proptest::prelude::*;
use serde_json::{Value, json};
use tidegate_contract::{Finding, Hook, Judged, Judgement, Text, TextEdit};
use tidegate_pipeline::{FilterFactory, Plugin, edit_text};

use super::ContentModerationFactory;
use crate::testing::{call, filter, now, problems};

fn make(settings: &Value) -> std::sync::Arc<dyn Plugin> {
    filter(&ContentModerationFactory, settings)
}

fn text<'t>(id: u32, kind: &'static str, content: &'t str) -> Text<'t> {
    let content = Cow::Borrowed(content);
    Text { id, role: "user", kind, content, start: 0, released: 0, complete: true, new_turn: true }
}

fn judge(settings: &Value, texts: &[Text<'_>]) -> Judged {
    now(make(settings).moderate_input(call("chat"), texts))
}

/// What becomes of one text; `None` where it is blocked.
fn redacted(settings: &Value, kind: &'static str, content: &str) -> Option<String> {
    match judge(settings, &[text(0, kind, content)]).judgement {
        Judgement::Allow => Some(content.to_owned()),
        Judgement::Edit(edits) => Some(edit_text(content, &edits).unwrap()),
        Judgement::Block(_) => None,
    }
}

fn redact_words(words: &[&str], content: &str) -> String {
    redacted(&json!({"words": words, "action": "redact", "replace_with": "*"}), "text", content).unwrap()
}

#[test]
fn words_are_found_whatever_their_case_and_only_by_themselves() {
    assert_eq!(
        redact_words(&["cat"], "Cat, CAT concatenate cats my_cat cat"),
        "*, * concatenate cats my_cat *"
    );
    assert_eq!(redact_words(&["naïve"], "NAÏVE naïvely"), "* naïvely");
    assert_eq!(redact_words(&["C++", "#tag"], "c++11 and a#TAG"), "*11 and a*");
    assert_eq!(
        redact_words(&["top secret"], "top\nSecret, top\u{a0}secret, top  secret"),
        "*, *, top  secret"
    );
    assert_eq!(redact_words(&[" spaced "], "spaced"), "*");
}

#[test]
fn other_scripts_are_no_way_round() {
    assert_eq!(redact_words(&["敏感词"], "这是敏感词吗"), "这是*吗");
    assert_eq!(redact_words(&["ลับ"], "ความลับนี้"), "ความ*นี้");
    assert_eq!(redact_words(&["단어"], "그 단어는"), "그 *는");
    assert_eq!(redact_words(&["straße", "οδος"], "STRASSE ΟΔΟΣ"), "* *");
    assert_eq!(redact_words(&["s"], "ß s"), "ß *");
}

#[test]
fn patterns_are_found_and_overlaps_are_one_match() {
    let settings = json!({"patterns": [r"\d{4}", "12[a-z]+", "ä+"], "words": ["x"], "action": "redact"});
    let out = redacted(&settings, "text", "id 9912abc, ää x");
    assert_eq!(out.as_deref(), Some("id [redacted], [redacted] [redacted]"));
    let judged = judge(&settings, &[text(7, "text", "ä 1234"), text(8, "text", "x")]);
    let edit = |id, start, end| TextEdit { id, start, end, replacement: "[redacted]".into() };
    assert_eq!(judged.judgement, Judgement::Edit(vec![edit(7, 0, 2), edit(7, 3, 7), edit(8, 0, 1)]));
}

#[test]
fn findings_name_the_rule_and_never_what_was_found() {
    let settings = json!({"words": ["a", "secret"], "patterns": ["sec.et"], "action": "flag"});
    let judged = judge(&settings, &[text(3, "text", "nothing"), text(4, "text", "Secret secret")]);
    let finding = |category: &str, detail: &str| Finding {
        category: category.into(),
        score: None,
        text: Some(4),
        detail: detail.into(),
    };
    assert_eq!(judged.findings, [finding("word", "words[1]"), finding("pattern", "patterns[0]")]);
    assert_eq!(judged.judgement, Judgement::Allow);
}

#[test]
fn a_block_tells_a_reason() {
    let block = |settings: Value| judge(&settings, &[text(0, "text", "bad")]).judgement;
    let default = "the request has text that is not allowed here";
    assert_eq!(block(json!({"words": ["bad"]})), Judgement::Block(default.into()));
    assert_eq!(block(json!({"words": ["bad"], "reason": "be nice"})), Judgement::Block("be nice".into()));
    assert_eq!(block(json!({"words": ["good"]})), Judgement::Allow);
    let plugin = make(&json!({"words": ["bad"]}));
    let judged = now(plugin.moderate_output(call("chat"), &[text(0, "text", "bad")], true));
    assert_eq!(judged.judgement, Judgement::Block("the answer has text that is not allowed here".into()));
    assert_eq!(judged.findings.len(), 1);
}

#[test]
fn arguments_of_tools_stay_json() {
    let settings = json!({"words": ["secret"], "patterns": [r"\b\d{6,}\b", "a\nb"], "action": "redact", "replace_with": "\"x\""});
    let with = |content: &str| redacted(&settings, "tool-arguments", content);
    let out = with(r#"{"a" : "my s\u0065cret", "secret": [1234567, 12, -1.5e3], "n": "a\nb", "big": 1.0 }"#)
        .unwrap();
    assert_eq!(out, r#"{"a" : "my \"x\"", "\"x\"": ["\"x\"", 12, -1.5e3], "n": "\"x\"", "big": 1.0 }"#);
    serde_json::from_str::<Value>(&out).unwrap();
    assert_eq!(with(r#"{"a":1}"#).as_deref(), Some(r#"{"a":1}"#));
    // The input of a custom tool is any text; what only looks like JSON cannot be edited safely.
    assert_eq!(with("print secret").as_deref(), Some("print \"x\""));
    assert_eq!(with(r#"{"a": "secret"#), None);
    assert_eq!(with(r#"{"a": "\ud800 secret"}"#), None);
}

#[test]
fn arguments_are_judged_by_what_they_mean() {
    let judged = judge(&json!({"words": ["secret"]}), &[text(0, "tool-arguments", r#"{"a":"\u0053ecret"}"#)]);
    assert!(matches!(judged.judgement, Judgement::Block(_)));
}

#[test]
fn media_cannot_be_redacted() {
    let settings = json!({"words": ["file", "internal"], "action": "redact"});
    assert_eq!(redacted(&settings, "media", "file report.pdf").as_deref(), Some("file report.pdf"));
    assert_eq!(redacted(&settings, "media", "image_url https://internal/x.png"), None);
}

#[test]
fn what_has_left_already_cannot_be_redacted() {
    let settings = json!({"words": ["secret"], "action": "redact"});
    let released = |released| Text { released, ..text(0, "text", "a secret") };
    assert!(matches!(judge(&settings, &[released(2)]).judgement, Judgement::Edit(_)));
    assert!(matches!(judge(&settings, &[released(3)]).judgement, Judgement::Block(_)));
}

#[test]
fn it_subscribes_to_the_sides_that_are_judged() {
    let subscription = |settings: Value| make(&settings).subscription().clone();
    let both = subscription(json!({"words": ["a"]}));
    assert!(both.hooks.has(Hook::ModerateInput) && both.hooks.has(Hook::ModerateOutput));
    assert_eq!(both.windows.unwrap().mode, "carry");
    let input = subscription(json!({"words": ["a"], "on": ["input"]}));
    assert!(!input.hooks.has(Hook::ModerateOutput) && input.windows.is_none());
}

#[test]
fn wrong_settings_are_named_with_their_place() {
    let cases = [
        (json!({}), "", "it looks for nothing"),
        (json!({"words": []}), "", "it looks for nothing"),
        (json!({"words": ["a", " "]}), "/words/1", "word 1 is empty"),
        (json!({"words": ["a"], "on": []}), "/on", "\"on\" is empty"),
        (
            json!({"patterns": ["a", "(b"]}),
            "/patterns/1",
            "pattern 1 is no regular expression: unclosed group; correct it",
        ),
        (json!({"patterns": ["a(?=b)"]}), "/patterns/0", "pattern 0 is no regular expression: look-around"),
        (json!({"patterns": ["a*"]}), "/patterns/0", "pattern 0 matches the empty text"),
        (json!({"patterns": [r"\w{1000}{100}"]}), "/patterns/0", "pattern 0 is larger than 4 MiB"),
        (json!({"words": ["a"], "action": "warn"}), "", "unknown variant `warn`"),
    ];
    for (settings, pointer, message) in cases {
        let found = problems(&ContentModerationFactory, &settings);
        assert_eq!(found.len(), 1, "{settings}: {found:?}");
        assert_eq!(found[0].pointer, pointer, "{settings}");
        assert!(found[0].message.starts_with(message), "{settings}: {}", found[0].message);
        assert!(!found[0].message.contains('\n'), "{settings}");
    }
    assert_eq!(ContentModerationFactory.schema()["additionalProperties"], false);
}

proptest! {
    /// Whatever stands round it, no word of the list is left, and nothing else is lost.
    #[test]
    fn no_word_is_left(parts in prop::collection::vec("[a-cßéŸ 敏\\n\"\\\\]{0,5}|bad|BÄD", 0..8)) {
        let settings = json!({"words": ["bad", "bäd", "敏"], "patterns": ["ab+c"], "action": "redact", "replace_with": "-"});
        for kind in ["text", "tool-arguments"] {
            let joined = parts.join(" ");
            let content = if kind == "text" { joined } else { json!({"k": joined}).to_string() };
            let out = redacted(&settings, kind, &content).unwrap();
            prop_assert_eq!(redacted(&settings, kind, &out), Some(out.clone()));
            prop_assert!(kind == "text" || serde_json::from_str::<Value>(&out).is_ok());
        }
    }
}
