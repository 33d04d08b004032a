use super::*;
use crate::exchange::api::Api;

fn provider(name: &str) -> Arc<dyn Provider> {
    by_name(name).unwrap()
}

/// The path of a provider for a client's, between an endpoint and a query.
fn path_of(name: &str, [base_path, prefix, path, query]: [&str; 4]) -> String {
    let (site, operation) = (Site::default(), Operation::Chat);
    provider(name).path(&Target {
        base_path,
        prefix,
        path,
        query,
        operation,
        model: "m",
        stream: false,
        site: &site,
    })
}

#[test]
fn every_provider_is_found_by_its_name() {
    for provider in all() {
        assert_eq!(by_name(provider.name()).unwrap().name(), provider.name());
    }
    assert!(by_name("nobody").is_none());
}

#[test]
fn openais_operations_come_after_the_prefix() {
    let path = |base, prefix, path, query| path_of("openai", [base, prefix, path, query]);
    assert_eq!(path("", "/v1", "/v1/chat/completions", ""), "/v1/chat/completions");
    assert_eq!(path("/openai", "", "/v1/embeddings", "a=b"), "/openai/embeddings?a=b");
    assert_eq!(path("/base", "/v3", "/v1/files/a%20b", "x"), "/base/v3/files/a%20b?x");
    assert_eq!(path("/base", "/v3", "/v1", ""), "/base/v3");
}

#[test]
fn a_path_outside_v1_gets_no_prefix() {
    let path = |path| path_of("openai", ["/base", "/v3", path, ""]);
    assert_eq!(path("/status"), "/base/status");
    assert_eq!(path("/v1beta/models"), "/base/v1beta/models");
}

#[test]
fn an_opaque_upstream_gets_paths_as_they_are() {
    let path = |base, path, query| path_of("http", [base, "", path, query]);
    assert_eq!(path("", "/v1/x", "a=1&b=2"), "/v1/x?a=1&b=2");
    assert_eq!(path("/under", "/", ""), "/under/");
}

#[test]
fn a_credential_replaces_the_clients_and_stays_out_of_debug_output() {
    let openai = provider("openai");
    let credential = openai.credential("sk-secret").unwrap();
    assert!(!format!("{credential:?}").contains("secret"));
    let mut headers = HeaderMap::new();
    headers.insert("authorization", HeaderValue::from_static("Bearer client"));
    openai.authorize(&mut headers, &credential);
    let all: Vec<_> = headers.get_all("authorization").iter().collect();
    assert_eq!(all, ["Bearer sk-secret"]);
    assert!(all[0].is_sensitive());
}

#[test]
fn a_key_that_would_break_the_head_is_refused() {
    assert!(provider("openai").credential("a\r\nx: y").is_err());
}

#[test]
fn anthropic_gets_its_own_fields() {
    let anthropic = provider("anthropic");
    let mut headers = HeaderMap::new();
    headers.insert("x-api-key", HeaderValue::from_static("client"));
    let credential = anthropic.credential("sk-secret").unwrap();
    anthropic.authorize(&mut headers, &credential);
    anthropic.complete(&mut headers);
    assert_eq!(
        (&headers["x-api-key"], &headers["anthropic-version"]),
        (&credential, &HeaderValue::from_static("2023-06-01"))
    );
    assert!(credential.is_sensitive() && headers.len() == 2);
    headers.insert("anthropic-version", HeaderValue::from_static("2030-01-01"));
    anthropic.complete(&mut headers);
    assert_eq!(headers["anthropic-version"], "2030-01-01");
    assert_eq!(path_of("anthropic", ["", "/v1", "/v1/messages", "beta=true"]), "/v1/messages?beta=true");
}

#[test]
fn each_translates_but_its_own_dialect() {
    let serves = |name, dialect, operation| provider(name).serves(dialect, operation);
    let (chat, messages) = ((Dialect::OpenAi, Operation::Chat), (Dialect::Anthropic, Operation::Messages));
    for name in ["mock", "http"] {
        assert_eq!(
            [serves(name, chat.0, chat.1), serves(name, messages.0, messages.1)],
            [Serving::Passes; 2]
        );
    }
    assert_eq!(serves("openai", chat.0, chat.1), Serving::Passes);
    assert_eq!(serves("openai", messages.0, messages.1), Serving::Speaks(Task::Converse(Api::Chat.plain())));
    assert_eq!(serves("anthropic", chat.0, chat.1), Serving::Speaks(Task::Converse(Api::Messages.plain())));
    assert_eq!(serves("anthropic", messages.0, messages.1), Serving::Passes);
    assert_eq!(serves("anthropic", Dialect::OpenAi, Operation::Other), Serving::Passes);
    let embeddings = serves("anthropic", Dialect::OpenAi, Operation::Embeddings);
    assert_eq!(embeddings, Serving::Refuses("embeddings"));
}
