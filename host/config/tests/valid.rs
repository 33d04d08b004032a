//! Plays `tests/config/valid/`: every file loads, and means what it says.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that unwraps fails where it stands")]

#[path = "support/folder.rs"]
mod folder;
#[path = "support/kinds.rs"]
mod kinds;

use std::time::Duration;

use folder::{fixtures, load_file};
use kinds::Kinds;
use serde_json::{Value, json};
use tidegate_config::checked::{
    Cluster, MockBody, OnError, PriceOf, Rates, RedisServers, RetryOn, Store, TextMatch, UsageFile,
};
use tidegate_config::{Config, Loaded, Source, load, schema};

fn valid(name: &str) -> Loaded {
    let file = fixtures("valid").into_iter().find(|file| file.ends_with(format!("{name}.yaml"))).unwrap();
    load_file(&file).unwrap_or_else(|problems| panic!("{problems}"))
}

fn config(name: &str) -> Config {
    valid(name).config
}

#[test]
fn every_valid_file_loads() {
    let files = fixtures("valid");
    assert!(files.len() >= 5, "only {} files", files.len());
    for file in files {
        if let Err(problems) = load_file(&file) {
            panic!("{}:\n{problems}", file.display());
        }
    }
}

#[test]
fn an_empty_file_has_the_documented_defaults() {
    let config = config("empty");
    assert_eq!(config.listeners[0].address.to_string(), "0.0.0.0:10000");
    assert_eq!(config.admin.address.to_string(), "127.0.0.1:9901");
    assert_eq!((config.limits.header, config.limits.body), (64 << 10, 32 << 20));
    assert_eq!(config.limits.unauthenticated_body, 1 << 20);
    assert_eq!((config.limits.connections, config.limits.streams), (10_000, 100));
    assert_eq!(config.limits.requests, None);
    assert_eq!(config.timeouts.request, Duration::from_secs(600));
    assert_eq!(config.timeouts.idle, Duration::from_secs(300));
    assert!(config.workers.is_none() && config.clusters.is_empty() && config.virtual_services.is_empty());
}

#[test]
fn a_cluster_is_ejected_only_where_that_is_wanted_and_given_as_much_as_there_is() {
    let seconds = Duration::from_secs;
    let config = config("every_key");
    let [full, defaults, nothing] = ["openai", "compatible", "opaque"].map(|name| &config.clusters[name]);
    let detection = |cluster: &Cluster| {
        cluster
            .outlier_detection
            .map(|found| (found.consecutive_5xx, found.base, found.max, found.max_percent))
    };
    assert_eq!(detection(full), Some((5, seconds(30), seconds(300), 50)));
    assert_eq!(detection(defaults), Some((5, seconds(30), seconds(300), 100)));
    assert_eq!(detection(nothing), None);
    let bounds = full.circuit_breakers;
    assert_eq!(
        (bounds.max_requests, bounds.max_retries, full.pool.max_pending),
        (Some(1000), Some(3), Some(0))
    );
    let bounds = nothing.circuit_breakers;
    assert_eq!((bounds.max_requests, bounds.max_retries, nothing.pool.max_pending), (None, None, None));
    assert_eq!((full.max_cooldown, nothing.max_cooldown), (seconds(0), seconds(60)));
}

#[test]
fn every_key_reaches_the_checked_configuration() {
    let config = config("every_key");
    let names: Vec<&str> = config.clusters.keys().map(|name| &**name).collect();
    assert_eq!(names, ["openai", "compatible", "own-prefix", "opaque", "local"]);
    let endpoint = config.clusters["compatible"].endpoint.clone().unwrap();
    assert_eq!(
        (endpoint.host.as_str(), endpoint.port, endpoint.base_path.as_str()),
        ("127.0.0.1", 8000, "/base")
    );
    assert_eq!(config.clusters["own-prefix"].endpoint.clone().unwrap().host, "::1");
    assert_eq!(config.clusters["opaque"].endpoint.clone().unwrap().port, 443);
    assert_eq!(config.clusters["openai"].pool.idle, Duration::from_secs(300));
    assert_eq!(config.clusters["openai"].http2, Some(true));
    assert_eq!(config.limits.requests, Some(5000));

    let service = &config.virtual_services[0];
    let filter = &service.filters[0];
    assert_eq!((&*filter.name, filter.kind.as_str(), filter.shadow), ("keys", "auth_filter", true));
    assert_eq!((filter.on_error, filter.timeout), (OnError::Allow, Some(Duration::from_millis(50))));
    assert_eq!(filter.settings.at("/api_keys/keys/0/principal").and_then(|node| node.text()), Some("demo"));

    let [gpt, numbered, raw] = service.routes.as_slice() else { panic!("three routes") };
    assert_eq!((&*gpt.name, &*numbered.name, &*raw.name), ("gpt", "route-2", "route-3"));
    assert_eq!(gpt.matches.headers[0].0, "x-tenant");
    assert!(matches!(gpt.matches.headers[1].1, TextMatch::Present(false)));
    assert_eq!(gpt.retry.as_ref().unwrap().on.last(), Some(&RetryOn::TooManyRequests));
    assert_eq!(numbered.retry.as_ref().unwrap().on.len(), 5);
    assert_eq!(numbered.matches.model.as_deref(), Some(&["a".to_owned(), "b*".to_owned()][..]));
}

#[test]
fn prices_are_in_millionths_of_a_millionth_of_a_dollar() {
    let config = config("every_key");
    let [tokens, rule] = config.prices.as_slice() else { panic!("two prices") };
    assert_eq!(tokens.models, ["gpt-4o", "gpt-4o-20*"]);
    assert_eq!((tokens.from, tokens.until), (Some(20_454), Some(21_915)));
    let PriceOf::Rates { all, long: Some((200_000, long)) } = &tokens.of else { panic!("rates") };
    let kinds = |rates: &Rates| {
        [rates.input, rates.cached_input, rates.cache_write, rates.output, rates.reasoning, rates.request]
    };
    assert_eq!(kinds(all), [2_500_000, 1_250_000, 3_000_000, 10_000_000, 12_000_000, 10_000_000_000]);
    assert_eq!(kinds(long), [5_000_000, 2_500_000, 6_000_000, 15_000_000, 12_000_000, 10_000_000_000]);
    assert_eq!(rule.rule().unwrap().source, "input_tokens * 3u + output_tokens * 15u");
}

#[test]
fn a_store_is_reached_as_the_file_says() {
    let config = config("every_key");
    let Store::Redis(redis) = &config.store else { panic!("a redis") };
    let RedisServers::Sentinel { master, nodes } = &redis.servers else { panic!("sentinels") };
    assert_eq!((master.as_str(), nodes.len(), nodes[1].0.as_str()), ("main", 3, "::1"));
    assert_eq!((redis.database, redis.prefix.as_str()), (3, "one:"));
    assert_eq!(redis.timeout, Duration::from_millis(20));
    let usage = config.usage.unwrap();
    assert!(matches!(&usage.file, UsageFile::Sqlite(path) if path.ends_with("usage.db")));
    assert_eq!(usage.keep_days, Some(90));
    assert!(!valid("every_key").shown.to_string().contains("secret-of-redis"));
}

#[test]
fn an_expression_matches_the_whole_text() {
    let config = config("every_key");
    let Some(TextMatch::Regex(path)) = &config.virtual_services[0].routes[1].matches.path else {
        panic!("an expression")
    };
    assert!(path.is_match("/v1/chat"));
    assert!(!path.is_match("/v1/chats") && !path.is_match("/x/v1/chat"));
}

#[test]
fn a_script_tells_json_from_text_and_events() {
    let config = config("every_key");
    let script = &config.clusters["local"].mock.as_ref().unwrap().script;
    let whole = |text: &str, content_type| MockBody::Whole { text: text.to_owned(), content_type };
    assert_eq!(script[0].body, whole("", "text/plain"));
    assert_eq!(script[1].body, whole(r#"{"error":{"message":"slow down"}}"#, "application/json"));
    assert_eq!((script[2].body.clone(), script[2].cut_after), (whole("plain text", "text/plain"), Some(3)));
    assert_eq!(
        script[3].body,
        MockBody::Events(vec!["first".into(), r#"{"second":2}"#.into(), "[DONE]".into()])
    );
    assert_eq!(script[4].body, whole("null", "application/json"));
}

#[test]
fn interpolated_texts_take_the_type_that_is_wanted() {
    let loaded = valid("interpolation");
    let config = loaded.config;
    assert_eq!(config.workers.map(usize::from), Some(2));
    assert_eq!((config.limits.body, config.limits.connections), (1024, 500));
    assert_eq!(config.timeouts.request, Duration::from_secs(30));
    assert_eq!(config.clusters["upstream"].http2, Some(true));
    assert_eq!(config.clusters["upstream"].endpoint.clone().unwrap().host, "api.example.com");
    let reply = &config.clusters["local"].mock.as_ref().unwrap().reply;
    assert_eq!(reply, "write ${NAME} to take a value from the environment");
    assert!(loaded.files.iter().any(|file| file.ends_with("number.txt")));
}

#[test]
fn anchors_and_merge_keys_work() {
    let config = config("anchors");
    assert_eq!(config.clusters["second"].pool.connections, 10);
    assert_eq!(config.clusters["second"].timeout, Some(Duration::from_secs(5)));
    assert_eq!(config.clusters["third"].pool.connections, 10);
}

#[test]
fn what_is_shown_holds_no_literal_secret() {
    let shown = valid("every_key").shown;
    assert_eq!(shown["admin"]["token"], "[redacted]");
    assert_eq!(shown["clusters"]["openai"]["credentials"]["api_key"], "[redacted]");
    let key = &shown["virtual_services"][0]["filters"][0]["auth_filter"]["api_keys"]["keys"][0];
    assert_eq!((&key["sha256"], &key["principal"]), (&json!("[redacted]"), &json!("demo")));
    let references = valid("interpolation").shown;
    assert_eq!(references["clusters"]["upstream"]["credentials"]["api_key"], "${file:number.txt}");
    assert_eq!(references["workers"], "${TIDEGATE_TEST_UNSET:-2}");
}

#[test]
fn files_are_resolved_against_the_folder_of_the_configuration() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["cert.pem", "key.pem", "ca.pem"] {
        std::fs::write(folder.path().join(name), "x").unwrap();
    }
    let text = "listeners: [{address: '127.0.0.1:0', tls: {certificate: cert.pem, key: key.pem}}]\n\
                clusters: {a: {provider: openai, tls: {ca: ca.pem, certificate: cert.pem, key: key.pem}}}\n";
    let source = Source { name: "f".to_owned(), text: text.to_owned(), base: folder.path().to_owned() };
    let loaded = load(&source, &|_| None, &Kinds).unwrap_or_else(|problems| panic!("{problems}"));
    let tls = loaded.config.listeners[0].tls.clone().unwrap();
    assert_eq!(tls.certificate, folder.path().join("cert.pem"));
    assert_eq!(loaded.config.clusters["a"].tls.ca, Some(folder.path().join("ca.pem")));
    assert_eq!(loaded.files, ["ca.pem", "cert.pem", "key.pem"].map(|name| folder.path().join(name)));
}

#[test]
fn no_debug_output_shows_a_secret() {
    let loaded = valid("every_key");
    let debug = format!("{loaded:?}");
    for secret in ["sk-test", "admin-token", "2a97516c"] {
        assert!(!debug.contains(secret), "{secret} in {debug}");
    }
}

#[test]
fn the_schema_accepts_the_valid_files_and_refuses_a_slip() {
    let schema = schema(&Kinds);
    assert_eq!(schema, tidegate_config::schema(&Kinds), "the order is deterministic");
    let validator = jsonschema::validator_for(&schema).unwrap();
    let options = serde_saphyr::options! { strict_booleans: true };
    for file in fixtures("valid").into_iter().filter(|file| !file.ends_with("interpolation.yaml")) {
        let text = std::fs::read_to_string(&file).unwrap();
        let instance: Value = serde_saphyr::from_str_with_options::<Option<Value>>(&text, options.clone())
            .unwrap()
            .unwrap_or_else(|| json!({}));
        let errors: Vec<String> = validator.iter_errors(&instance).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{}: {errors:?}", file.display());
    }
    assert!(
        !validator.is_valid(&json!({"virtual_services": [{"name": "a", "filters": [{"auth_fliter": {}}]}]}))
    );
}

#[test]
fn the_schema_tells_an_editor_descriptions_defaults_and_secrets() {
    let schema = schema(&Kinds);
    assert_eq!(schema["$schema"], "http://json-schema.org/draft-07/schema#");
    let properties = schema["properties"].as_object().unwrap();
    assert!(properties.values().all(|property| property["description"].is_string()), "{properties:?}");
    assert_eq!(schema["definitions"]["Limits"]["properties"]["header"]["default"], "64KiB");
    assert_eq!(schema["definitions"]["Timeouts"]["properties"]["idle"]["default"], "300s");
    assert_eq!(schema["definitions"]["Backend"]["properties"]["weight"]["default"], 1);
    assert_eq!(schema["definitions"]["Secret"]["writeOnly"], true);
    assert_eq!(schema["definitions"]["auth_filter.ApiKey"]["properties"]["key"]["writeOnly"], true);
    let text = schema.to_string();
    assert!(!text.contains("\"null\"") && !text.contains("$defs"), "{text}");
}
