use tidegate_plugin::{Context, Moderation, Plugin, Text, Value, allow, json};

use super::PiiRedact;

fn context() -> Context {
    Context {
        request_id: "r".into(),
        route: String::new(),
        dialect: "openai".into(),
        operation: "chat".into(),
        model: None,
        principal: None,
        streaming: false,
        attempt: 0,
        deadline_ms: 50,
    }
}

fn text(kind: &str, content: &str) -> Text {
    Text {
        id: 7,
        role: "user".into(),
        kind: kind.into(),
        content: content.into(),
        start: 0,
        released: 0,
        complete: true,
        new_turn: true,
    }
}

fn judged(config: Value, text: Text) -> Moderation {
    let plugin = PiiRedact::configure(config).unwrap();
    plugin.moderate_input(&context(), &[text]).unwrap()
}

#[test]
fn an_address_is_replaced_where_it_stands() {
    let text = text("text", "ask alice@example.com now");
    let expected = [text.edit(4..21, "[PII]")];
    let finding = tidegate_plugin::Finding::new("email").in_text(&text);
    assert_eq!(judged(json!({}), text), tidegate_plugin::redact(expected).findings([finding]));
}

#[test]
fn block_names_what_was_found_but_does_not_repeat_it() {
    let verdict = judged(json!({"action": "block"}), text("text", "alice@example.com, 203.0.113.9"));
    let shown = format!("{verdict:?}");
    assert!(shown.contains("personal data is not allowed here: email, ip"));
    assert!(!shown.contains("alice"));
}

#[test]
fn flag_changes_nothing() {
    let verdict = format!("{:?}", judged(json!({"action": "flag"}), text("text", "alice@example.com")));
    assert!(verdict.contains("Allow") && verdict.contains("email"));
}

#[test]
fn the_address_of_an_image_is_left_alone() {
    assert_eq!(judged(json!({}), text("media", "image/png https://203.0.113.9/a.png")), allow());
}

#[test]
fn arguments_are_read_as_the_json_that_they_are() {
    let key = format!("ghp_{}", "a1B2".repeat(9));
    let text = text("tool-arguments", &format!(r#"{{"note":"line\n{key}","to":4111111111111111}}"#));
    let verdict = judged(json!({"replace_with": "<{category}>"}), text.clone());
    let first = text.edit(8..8 + 48, r#""line\n<secret>""#);
    let start = text.content.find("4111").unwrap();
    let findings = ["secret", "card"].map(|name| tidegate_plugin::Finding::new(name).in_text(&text));
    let expected = [first, text.edit(start..start + 16, r#""<card>""#)];
    assert_eq!(verdict, tidegate_plugin::redact(expected).findings(findings));
}
