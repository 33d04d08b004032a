use std::borrow::Cow;

use proptest::prelude::*;
use serde_json::{Value, json};
use tidegate_contract::{Finding, Hook, Judged, Judgement, Text, TextEdit, Windows};
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
        (json!({"words": ["a"], "wrods": []}), "", "unknown field `wrods`"),
        (json!({"detect": []}), "", "it looks for nothing"),
        (
            json!({"words": ["a"], "reversible": true}),
            "/reversible",
            "\"reversible\" needs tokens to be put in; set \"action\"",
        ),
        (
            json!({"words": ["a"], "action": "redact", "reversible": true, "on": ["output"]}),
            "/reversible",
            "\"reversible\" puts back what was taken out of requests; add \"input\"",
        ),
        (
            json!({"words": ["a"], "on": ["input"], "stream": {"mode": "carry"}}),
            "/stream",
            "\"stream\" is about answers, which are not judged; add \"output\"",
        ),
        (
            json!({"words": ["a"], "action": "redact", "stream": {"mode": "watch"}}),
            "/stream/mode",
            "what has left cannot be redacted; take another \"mode\"",
        ),
        (
            json!({"service": {"kind": "openai", "cluster": "local"}, "stream": {"mode": "carry"}}),
            "/stream/mode",
            "a service judges no text that is cut anywhere; set \"mode\"",
        ),
        (
            json!({"words": ["a"], "stream": {"min": 9, "max": 8}}),
            "/stream/min",
            "\"min\" is 9 and larger than \"max\"",
        ),
        (
            json!({"words": ["a"], "stream": {"min": 1, "max": 8, "overlap": 8}}),
            "/stream/overlap",
            "\"overlap\" is 8, and \"max\" is 8",
        ),
        (
            json!({"words": ["a"], "stream": {"max_hold": "5"}}),
            "/stream/max_hold",
            "\"max_hold\" is no duration",
        ),
        (
            json!({"words": ["a"], "stream": {"max_hold": "0s"}}),
            "/stream/max_hold",
            "\"max_hold\" is no duration",
        ),
    ];
    assert_told(&cases);
    let schema = ContentModerationFactory.schema();
    assert_eq!(schema["additionalProperties"], false);
    assert_eq!(schema["$defs"]["Secret"]["writeOnly"], true);
}

#[test]
fn wrong_settings_of_a_service_are_named_with_their_place() {
    let cases = [
        (
            json!({"service": {"kind": "openai"}}),
            "/service",
            "a service of kind \"openai\" is asked at a cluster; name one",
        ),
        (
            json!({"service": {"kind": "openai", "cluster": "x"}}),
            "/service/cluster",
            "cluster \"x\" does not exist; name one",
        ),
        (
            json!({"service": {"kind": "judge", "cluster": "local"}}),
            "/service",
            "a service of kind \"judge\" asks a model; name it",
        ),
        (
            json!({"service": {"kind": "webhook"}}),
            "/service",
            "a service of kind \"webhook\" is asked at a URL; give it",
        ),
        (
            json!({"service": {"kind": "webhook", "url": "guard.example"}}),
            "/service/url",
            "\"url\" is no address of http or https",
        ),
        (
            json!({"service": {"kind": "webhook", "url": "https://a:b@guard.example"}}),
            "/service/url",
            "\"url\" is no address of http",
        ),
        (
            json!({"service": {"kind": "webhook", "url": "ftp://guard.example"}}),
            "/service/url",
            "\"url\" is no address of http",
        ),
        (
            json!({"service": {"kind": "webhook", "url": "https://guard.example", "headers": {"a b": "hidden"}}}),
            "/service/headers/a b",
            "\"a b\" is no field that can be sent, or its value is none",
        ),
        (
            json!({"service": {"kind": "webhook", "url": "https://guard.example", "cluster": "local"}}),
            "/service/cluster",
            "a service of kind \"webhook\" does not read \"cluster\", which is for \"openai\" and \"judge\"; remove it",
        ),
        (
            json!({"service": {"kind": "openai", "cluster": "local", "prompt": "Block cats."}}),
            "/service/prompt",
            "a service of kind \"openai\" does not read \"prompt\", which is for \"judge\"; remove it",
        ),
        (
            json!({"service": {"kind": "openai", "cluster": "local", "thresholds": {"hate/x": 1.5}}}),
            "/service/thresholds/hate~1x",
            "the threshold 1.5 of \"hate/x\" is no score; give a number from 0 to 1",
        ),
        (json!({"service": {"kind": "llm"}}), "", "unknown variant `llm`"),
    ];
    assert_told(&cases);
}

#[track_caller]
fn assert_told(cases: &[(Value, &str, &str)]) {
    for (settings, pointer, message) in cases {
        let found = problems(&ContentModerationFactory, settings);
        assert_eq!(found.len(), 1, "{settings}: {found:?}");
        assert_eq!(found[0].pointer, *pointer, "{settings}");
        assert!(found[0].message.starts_with(*message), "{settings}: {}", found[0].message);
        assert!(!found[0].message.contains('\n'), "{settings}");
    }
}

#[test]
fn personal_data_is_found_by_its_kind() {
    let settings = json!({"detect": ["email", "ip"], "action": "redact", "replace_with": "[{category}]"});
    let content = "a@example.com at 203.0.113.9, 078-05-1120";
    assert_eq!(redacted(&settings, "text", content).as_deref(), Some("[email] at [ip], 078-05-1120"));
    assert_eq!(
        redacted(&settings, "tool-arguments", r#"{"to":"a@example.com"}"#).as_deref(),
        Some(r#"{"to":"[email]"}"#)
    );
    let judged = judge(&json!({"detect": "all"}), &[text(0, "text", content)]);
    let categories: Vec<&str> = judged.findings.iter().map(|finding| &*finding.category).collect();
    assert_eq!(categories, ["email", "ssn", "ip"]);
    let source = "image/png https://203.0.113.9/a.png";
    assert_eq!(
        redacted(&settings, "media", source).as_deref(),
        Some(source),
        "an address to fetch is none of a person"
    );
}

#[test]
fn how_a_stream_is_cut_can_be_said() {
    let windows = |stream: Value| {
        let settings = json!({"words": ["a"], "stream": stream});
        make(&settings).subscription().windows.clone().unwrap()
    };
    let windows_of = |mode: &str, min, max, overlap| Windows {
        mode: mode.into(),
        min,
        max,
        overlap,
        max_match: 256,
        max_hold_ms: 5000,
    };
    assert_eq!(windows(json!({})), windows_of("carry", 0, 4096, 0));
    assert_eq!(windows(json!({"mode": "full"})), windows_of("full", 0, 4096, 0));
    let asked = json!({"mode": "window", "max": 1000, "overlap": 100, "max_match": 32, "max_hold": "250ms"});
    let expected = Windows { max_match: 32, max_hold_ms: 250, ..windows_of("window", 256, 1000, 100) };
    assert_eq!(windows(asked), expected);
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
