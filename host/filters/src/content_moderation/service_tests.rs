use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tidegate_contract::{Hook, Judged, Judgement, Text, TextEdit};
use tidegate_pipeline::{HookError, NoAnswer};

use crate::content_moderation::ContentModerationFactory;
use crate::testing::{Network, call_in, filter_in, now, reply, scope};

fn text<'t>(id: u32, kind: &'static str, content: &'t str) -> Text<'t> {
    let content = Cow::Borrowed(content);
    Text { id, role: "user", kind, content, start: 0, released: 0, complete: true, new_turn: true }
}

/// What becomes of texts of a request.
fn asked(network: &Arc<Network>, settings: &Value, texts: &[Text<'_>]) -> Result<Judged, HookError> {
    let plugin = filter_in(network, &ContentModerationFactory, settings);
    let scope = scope();
    let answer = plugin.moderate_input(call_in(&scope), texts);
    futures_util::FutureExt::now_or_never(answer).unwrap()
}

fn openai(more: Value) -> Value {
    let mut settings = json!({"service": {"kind": "openai", "cluster": "local"}});
    settings["service"].as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    settings
}

fn scores(flagged: bool, hate: f32) -> Value {
    json!({"flagged": flagged, "categories": {"hate": flagged, "illicit": null}, "category_scores": {"hate": hate, "illicit": null}})
}

fn blocked(judged: &Judged) -> bool {
    matches!(judged.judgement, Judgement::Block(_))
}

#[test]
fn a_moderation_endpoint_is_asked_once_for_all_texts() {
    let network = Network::of(&[json!({"results": [scores(false, 0.1), scores(true, 0.9)]})]);
    let texts =
        [text(0, "text", "a"), text(1, "media", "image/png x"), text(2, "text", " "), text(3, "text", "b")];
    let judged = asked(&network, &openai(json!({})), &texts).unwrap();
    assert_eq!(judged.judgement, Judgement::Block("the request has text that is not allowed here".into()));
    assert_eq!(judged.findings.len(), 1);
    assert_eq!(
        (&*judged.findings[0].category, judged.findings[0].score, judged.findings[0].text),
        ("hate", Some(0.9), Some(3))
    );
    let sent = json!({"model": "omni-moderation-latest", "input": ["a", "b"]});
    assert_eq!(*network.seen.lock().unwrap(), [("local /v1/moderations".to_owned(), sent)]);
    assert_eq!(*network.timeout.lock().unwrap(), Duration::from_millis(700), "what is left of the call");
}

#[test]
fn thresholds_decide_in_place_of_the_endpoint() {
    let settings = |score: f64| openai(json!({"model": "m", "thresholds": {"hate": score}}));
    let ask = |settings: &Value, flagged, hate| {
        asked(&Network::of(&[json!({"results": [scores(flagged, hate)]})]), settings, &[text(0, "text", "a")])
    };
    assert!(blocked(&ask(&settings(0.5), false, 0.5).unwrap()));
    let passed = ask(&settings(0.6), true, 0.5).unwrap();
    assert!(passed.judgement == Judgement::Allow && passed.findings.is_empty());
    let unknown = ask(&openai(json!({"thresholds": {"haet": 0.5}})), true, 0.5).unwrap_err();
    assert!(unknown.to_string().ends_with("no score for the category \"haet\" of \"thresholds\""));
}

#[test]
fn nothing_to_read_is_not_sent() {
    let network = Network::of(&[]);
    let judged =
        asked(&network, &openai(json!({})), &[text(0, "media", "image/png x"), text(1, "text", "")]).unwrap();
    assert_eq!(judged, Judged::default());
}

#[test]
fn whatever_is_no_verdict_is_a_failure() {
    let nonsense = [
        json!({}),
        json!({"results": []}),
        json!({"results": [scores(false, 0.0), scores(false, 0.0)]}),
        json!({"results": [{}]}),
        json!({"results": [{"flagged": "no"}]}),
    ];
    for answer in nonsense {
        let error =
            asked(&Network::of(&[answer]), &openai(json!({})), &[text(0, "text", "hidden")]).unwrap_err();
        assert!(
            matches!(&error, HookError::Failed(text) if text.contains("no verdict") && !text.contains("hidden")),
            "{error}"
        );
    }
    let cases = [
        (Err(NoAnswer::Timeout), "the service at cluster \"local\" gives no answer: no answer in time"),
        (Ok(reply(500, "{}")), "the service at cluster \"local\" answers with status 500"),
        (
            Ok(reply(200, "<html>")),
            "the service at cluster \"local\" gives an answer that is no verdict, at line 1 column 1",
        ),
    ];
    for (answer, expected) in cases {
        let network = Arc::new(Network::default());
        network.replies.lock().unwrap().push_back(answer);
        let error = asked(&network, &openai(json!({})), &[text(0, "text", "a")]).unwrap_err();
        assert_eq!(error.to_string(), expected);
    }
}

fn judge(more: Value) -> Value {
    let mut settings = json!({"service": {"kind": "judge", "cluster": "local", "model": "small"}});
    settings.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    settings
}

fn said(content: &str) -> Arc<Network> {
    Network::of(&[json!({"choices": [{"message": {"role": "assistant", "content": content}}]})])
}

#[test]
fn a_judge_is_told_what_to_look_for_and_answers_in_json() {
    let network = said(
        "```json\n{\"verdict\": \"block\", \"category\": \"fraud\", \"reason\": \"it says hidden\"}\n```",
    );
    let judged = asked(&network, &judge(json!({})), &[text(4, "text", "hidden")]).unwrap();
    assert!(blocked(&judged));
    assert_eq!(judged.findings[0].category, "fraud");
    assert!(!format!("{judged:?}").contains("hidden"), "a reason may repeat the text");
    let (path, body) = network.seen.lock().unwrap()[0].clone();
    assert_eq!((&*path, &body["model"]), ("local /v1/chat/completions", &json!("small")));
    assert_eq!(body["messages"][0]["role"], "system");
    let asked_for: Value = serde_json::from_str(body["messages"][1]["content"].as_str().unwrap()).unwrap();
    assert_eq!(
        asked_for,
        json!({"side": "input", "texts": [{"role": "user", "kind": "text", "content": "hidden"}]})
    );
    let own =
        json!({"service": {"kind": "judge", "cluster": "local", "model": "small", "prompt": "Block cats."}});
    let network = said("{\"verdict\": \"allow\"}");
    assert_eq!(asked(&network, &own, &[text(0, "text", "a")]).unwrap(), Judged::default());
    let prompt = network.seen.lock().unwrap()[0].1["messages"][0]["content"].as_str().unwrap().to_owned();
    assert!(prompt.ends_with("Block cats.") && prompt.contains("\"verdict\""));
}

#[test]
fn a_judge_that_gives_no_verdict_has_failed() {
    for nonsense in [
        "",
        "allow",
        "{}",
        "{\"verdict\": \"maybe\"}",
        "{\"verdict\": \"allow\"} {\"verdict\": \"block\"}",
        "} {",
    ] {
        assert!(asked(&said(nonsense), &judge(json!({})), &[text(0, "text", "a")]).is_err(), "{nonsense}");
    }
    assert!(
        asked(&Network::of(&[json!({"choices": []})]), &judge(json!({})), &[text(0, "text", "a")]).is_err()
    );
}

#[test]
fn rules_come_first_and_the_service_sees_what_they_leave() {
    let network = said("{\"verdict\": \"block\"}");
    let rules = json!({"words": ["bad"], "detect": ["email"], "action": "redact", "replace_with": "*"});
    let settings = judge(rules);
    let texts = [text(0, "text", "bad a@example.com")];
    let judged = asked(&network, &settings, &texts).unwrap();
    assert!(blocked(&judged), "a judge tells no place, so nothing can be redacted");
    assert_eq!(judged.findings.len(), 3);
    assert!(network.seen.lock().unwrap()[0].1.to_string().contains("* *"));
    let judged = asked(&said("{\"verdict\": \"allow\"}"), &settings, &texts).unwrap();
    assert!(matches!(&judged.judgement, Judgement::Edit(edits) if edits.len() == 2));
    let network = Network::of(&[]);
    assert!(blocked(&asked(&network, &judge(json!({"words": ["bad"]})), &texts).unwrap()));
    assert!(network.seen.lock().unwrap().is_empty(), "what is blocked is not sent");
    let judged = asked(&said("{\"verdict\": \"block\"}"), &judge(json!({"action": "flag"})), &texts).unwrap();
    assert_eq!((judged.judgement, judged.findings.len()), (Judgement::Allow, 1));
}

fn webhook(more: Value) -> Value {
    let mut settings = json!({"service": {"kind": "webhook", "url": "https://guard.example/check"}});
    settings["service"].as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    settings
}

fn edit(id: u32, start: u32, end: u32, replacement: &str) -> TextEdit {
    TextEdit { id, start, end, replacement: replacement.into() }
}

#[test]
fn a_web_hook_allows_blocks_and_redacts() {
    let texts = [text(0, "text", "grüß ann"), text(1, "media", "image/png x"), text(2, "text", "bob")];
    let ask = |answer: Value| asked(&Network::of(&[answer]), &webhook(json!({})), &texts);
    assert_eq!(ask(json!({"action": "allow"})).unwrap(), Judged::default());
    let judged = ask(
        json!({"action": "block", "reason": "no names", "findings": [{"category": "name", "score": 0.5, "text": 0}]}),
    );
    let judged = judged.unwrap();
    assert_eq!(judged.judgement, Judgement::Block("no names".into()));
    assert_eq!((&*judged.findings[0].category, judged.findings[0].score), ("name", Some(0.5)));
    let judged = ask(
        json!({"action": "redact", "texts": [{"id": 2, "content": "b*b"}, {"id": 0, "content": "grüß ann!"}]}),
    );
    assert_eq!(judged.unwrap().judgement, Judgement::Edit(vec![edit(0, 10, 10, "!"), edit(2, 1, 2, "*")]));
    let judged = ask(
        json!({"action": "redact", "edits": [{"id": 0, "start": 7, "end": 10, "replacement": "*"}, {"id": 0, "start": 0, "end": 1, "replacement": ""}]}),
    );
    assert_eq!(judged.unwrap().judgement, Judgement::Edit(vec![edit(0, 0, 10, "rüß *")]));
    let nonsense = [
        json!({}),
        json!({"action": "maybe"}),
        json!({"action": "redact"}),
        json!({"action": "redact", "texts": [{"id": 9, "content": ""}]}),
        json!({"action": "redact", "texts": [{"id": 1, "content": "another image"}]}),
        json!({"action": "redact", "edits": [{"id": 0, "start": 3, "end": 4, "replacement": ""}]}),
        json!({"action": "redact", "edits": [{"id": 2, "start": 0, "end": 9, "replacement": ""}]}),
    ];
    for answer in nonsense {
        assert!(ask(answer.clone()).is_err(), "{answer}");
    }
}

#[test]
fn a_web_hook_is_sent_what_it_needs_and_its_own_headers() {
    let network = Network::of(&[json!({"action": "allow"})]);
    asked(&network, &webhook(json!({"headers": {"X-Key": "k"}})), &[text(5, "text", "a")]).unwrap();
    let (to, body) = network.seen.lock().unwrap()[0].clone();
    assert_eq!(to, "POST https://guard.example/check");
    let expected = json!({
        "request_id": "r", "hook": "input", "route": "", "model": null, "principal": null, "tenant": null,
        "texts": [{"id": 5, "role": "user", "kind": "text", "content": "a", "new_turn": true}],
    });
    assert_eq!(body, expected);
    let request = network.request.lock().unwrap().clone();
    assert_eq!(request.timeout, Some(Duration::from_millis(700)));
    let headers: Vec<_> = request.headers.iter().map(|header| (&*header.name, &*header.value)).collect();
    assert_eq!(headers, [("content-type", &b"application/json"[..]), ("x-key", b"k")]);
}

#[test]
fn a_web_hook_may_speak_as_litellm_does() {
    let texts = [text(0, "text", "ann"), text(1, "media", "image/png x"), text(2, "text", "bob")];
    let ask = |answer: Value| {
        let network = Network::of(&[answer]);
        let judged = asked(&network, &webhook(json!({"format": "litellm"})), &texts);
        let body = network.seen.lock().unwrap()[0].1.clone();
        assert_eq!((&body["texts"], &body["input_type"]), (&json!(["ann", "bob"]), &json!("request")));
        judged
    };
    assert_eq!(ask(json!({"action": "NONE"})).unwrap(), Judged::default());
    let judged = ask(json!({"action": "BLOCKED", "blocked_reason": "no names"})).unwrap();
    assert_eq!(judged.judgement, Judgement::Block("no names".into()));
    let judged = ask(json!({"action": "GUARDRAIL_INTERVENED", "texts": ["ann", "*"]})).unwrap();
    assert_eq!(judged.judgement, Judgement::Edit(vec![edit(2, 0, 3, "*")]));
    assert!(ask(json!({"action": "GUARDRAIL_INTERVENED", "texts": ["*"]})).is_err());
    assert!(ask(json!({"action": "OTHER"})).is_err());
}

#[test]
fn a_stream_is_judged_as_a_whole_and_what_has_left_stays() {
    let network = Network::of(&[json!({"action": "redact", "texts": [{"id": 0, "content": "* bob"}]})]);
    let plugin = filter_in(&network, &ContentModerationFactory, &webhook(json!({})));
    assert!(plugin.subscription().hooks.has(Hook::ModerateInput));
    assert_eq!(plugin.subscription().windows.as_ref().unwrap().mode, "full");
    let window = Text { released: 3, ..text(0, "text", "ann bob") };
    let scope = scope();
    let judged = now(plugin.moderate_output(call_in(&scope), &[window], true));
    assert!(blocked(&judged), "the first name has left");
}
