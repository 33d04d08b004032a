use tidegate_detect::Category;
use tidegate_plugin::json;

use super::{Action, Config};

#[test]
fn an_empty_configuration_redacts_everything() {
    let config = Config::read(&json!({})).unwrap();
    assert_eq!((config.action, config.replace_with.as_str()), (Action::Redact, "[PII]"));
    assert_eq!(config.detect, Category::ALL);
}

#[test]
fn the_category_may_stand_in_the_replacement() {
    let config = Config::read(&json!({"replace_with": "<{category}>", "detect": ["email"]})).unwrap();
    assert_eq!(config.replacement(Category::Email), "<email>");
}

#[test]
fn what_is_wrong_is_named() {
    let error = |config| Config::read(&config).unwrap_err().text().to_owned();
    assert!(error(json!({"action": "mask"})).contains("\"mask\""));
    assert!(error(json!({"detect": ["emial"]})).contains("\"emial\""));
    assert!(error(json!({"detect": []})).contains("\"detect\""));
    assert!(error(json!({"replace_with": 1})).contains("\"replace_with\""));
}
