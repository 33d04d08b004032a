use tidegate_plugin::{Value, json};

use crate::config::Config;

fn problem(config: Value) -> String {
    Config::read(&config).unwrap_err().text().to_owned()
}

fn with_key(key: Value) -> String {
    problem(json!({"keys": [key]}))
}

#[test]
fn defaults_are_those_of_the_schema() {
    let config =
        json!({"keys": [{"id": "k", "secret": "0123456789abcdef", "principal": "ann", "tenant": "acme"}]});
    let config = Config::read(&config).unwrap();
    assert_eq!(config.components, ["@method", "@path", "@query", "content-digest"]);
    assert_eq!((config.max_age, config.clock_skew, config.needs_nonce), (300, 30, false));
    assert_eq!(config.keys["k"].tenant.as_deref(), Some("acme"));
    assert!(!format!("{config:?}").contains("0123456789abcdef"));
}

#[test]
fn what_is_wrong_is_named_without_the_secret() {
    assert_eq!(problem(json!({})), "\"keys\" must be a list with an entry");
    assert_eq!(with_key(json!({"principal": "p", "secret": "s"})), "\"keys\", entry 0: \"id\" is missing");
    assert_eq!(with_key(json!({"id": "k", "secret": "s"})), "key \"k\": \"principal\" is missing");
    let key = |more: Value| {
        let mut key = json!({"id": "k", "principal": "p"});
        for (name, value) in more.as_object().unwrap() {
            key[name] = value.clone();
        }
        with_key(key)
    };
    assert_eq!(key(json!({})), "key \"k\": \"secret\" is missing");
    assert_eq!(key(json!({"secret": "short"})), "key \"k\": the secret must have 16 bytes or more");
    let long = json!({"secret": "no base64, but long enough", "encoding": "base64"});
    assert_eq!(key(long), "key \"k\": \"secret\" is no base64");
    let short = json!({"secret": "MDEyMzQ1Njc4OWFiY2Q=", "encoding": "base64"});
    assert_eq!(key(short), "key \"k\": the secret must have 16 bytes or more");
    let hex = json!({"secret": "0123456789abcdef", "encoding": "hex"});
    assert_eq!(key(hex), "key \"k\": \"encoding\" is \"text\" or \"base64\"");
    let twice = json!({"id": "k", "principal": "p", "secret": "0123456789abcdef"});
    let twice = json!({"keys": [twice, twice]});
    assert_eq!(problem(twice), "key \"k\" stands twice in \"keys\"; remove one");
}

#[test]
fn components_and_times_are_checked() {
    let with = |key: &str, value: Value| {
        let mut config = json!({"keys": [{"id": "k", "secret": "0123456789abcdef", "principal": "p"}]});
        config[key] = value;
        problem(config)
    };
    assert!(with("components", json!(["@status"])).starts_with("\"components\" has \"@status\"; it is"));
    assert_eq!(with("components", json!([])), "\"components\" must be a list with an entry");
    assert_eq!(with("max_age", json!(-1)), "\"max_age\" must be a number of seconds");
    assert_eq!(with("clock_skew", json!("1")), "\"clock_skew\" must be a number of seconds");
}
