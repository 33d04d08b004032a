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

/// Where a provider is asked what a client posts to a path, and the body, under another name of the model.
fn asked(provider: &dyn Provider, path: &str, body: &str, rename: &str) -> (String, String) {
    let claimed = crate::claim(&http::Method::POST, path, &HeaderMap::new());
    let site = Site {
        project: Some("p".into()),
        location: Some("l".into()),
        region: Some("us-east-1".into()),
        ..Site::default()
    };
    let Serving::Speaks(task) = provider.serves(claimed.dialect, claimed.operation) else {
        panic!("{} is not asked in its own words", provider.name());
    };
    let ask = crate::Ask {
        client: Question::of_client(claimed.dialect, claimed.operation).unwrap(),
        body: body.as_bytes(),
        model: claimed.model.as_deref(),
        stream: claimed.stream,
        rename: Some(rename),
        betas: &[],
        id: "ID",
        now: 0,
        drops: false,
        rewrites: false,
    };
    let crate::Translated { body, path, operation, stream, model, .. } = ask.translate(task).unwrap();
    let target = Target {
        base_path: "/base",
        prefix: provider.default_prefix(),
        path,
        query: "",
        operation,
        model: &model,
        stream,
        site: &site,
    };
    (provider.path(&target), String::from_utf8(body.to_vec()).unwrap())
}

#[test]
fn counts_and_embeddings_have_paths_of_their_own() {
    let count = ("/v1/messages/count_tokens", r#"{"model":"m","messages":[{"role":"user","content":"a"}]}"#);
    let one = ("/v1/embeddings", r#"{"model":"m","input":"a"}"#);
    let two = ("/v1/embeddings", r#"{"model":"m","input":["a","b"]}"#);
    let google = "/base/v1/projects/p/locations/l/publishers";
    for (name, (path, body), model, wanted) in [
        ("openai", count, "gpt", "/base/v1/responses/input_tokens".to_owned()),
        ("azure-openai", count, "gpt", "/base/openai/v1/responses/input_tokens".into()),
        ("gemini", count, "g", "/base/v1beta/models/g:countTokens".into()),
        ("gcp-vertex", count, "g", format!("{google}/google/models/g:countTokens")),
        ("gcp-vertex-anthropic", count, "c", format!("{google}/anthropic/models/count-tokens:rawPredict")),
        ("aws-bedrock", count, "eu.anthropic.c-v1:0", "/base/model/anthropic.c-v1%3A0/count-tokens".into()),
        ("aws-bedrock-anthropic", count, "deepseek.v3.1", "/base/model/deepseek.v3.1/count-tokens".into()),
        ("gemini", one, "g", "/base/v1beta/models/g:embedContent".into()),
        ("gemini", two, "g", "/base/v1beta/models/g:batchEmbedContents".into()),
        ("gcp-vertex", two, "g", format!("{google}/google/models/g:predict")),
        (
            "aws-bedrock",
            one,
            "amazon.titan-embed-text-v2:0",
            "/base/model/amazon.titan-embed-text-v2%3A0/invoke".into(),
        ),
    ] {
        assert_eq!(asked(&*provider(name), path, body, model).0, wanted, "{name}");
    }
}

#[test]
fn a_renamed_model_is_in_the_paths_and_bodies_of_gemini() {
    let asked = |verb: &str, body: &str| {
        asked(&*provider("gemini"), &format!("/v1beta/models/old:{verb}"), body, "new")
    };
    let content = r#""content":{"parts":[{"text":"a"}]}"#;
    let (path, body) =
        asked("countTokens", r#"{"generateContentRequest":{"model":"models/old","contents":[]}}"#);
    assert_eq!(path, "/base/v1beta/models/new:countTokens");
    assert_eq!(body, r#"{"generateContentRequest":{"model":"models/new","contents":[]}}"#);
    let (path, body) = asked("embedContent", &format!(r#"{{"model":"models/old",{content}}}"#));
    assert_eq!(path, "/base/v1beta/models/new:embedContent");
    assert_eq!(body, format!(r#"{{"model":"models/new",{content}}}"#));
    let (path, body) =
        asked("batchEmbedContents", &format!(r#"{{"requests":[{{"model":"models/old",{content}}}]}}"#));
    assert_eq!(path, "/base/v1beta/models/new:batchEmbedContents");
    assert_eq!(body, format!(r#"{{"requests":[{{"model":"models/new",{content}}}]}}"#));
    let (_, bare) = asked("embedContent", &format!("{{{content}}}"));
    assert_eq!(bare, format!("{{{content}}}"));
}

/// A provider of the table, with nothing beside chat completions and embeddings but what is named.
fn compatible(tokenize: bool, rerank: Option<&str>) -> crate::Compatible {
    let (name, prefix, rerank) = ("c".into(), "/v1".into(), rerank.map(str::to_owned));
    crate::Compatible {
        name,
        endpoint: None,
        prefix,
        responses: false,
        tokenize,
        rerank,
        words: crate::Words::Common,
    }
}

#[test]
fn a_line_of_the_table_says_who_tokenizes_and_reranks() {
    let (count, rank) = ((Dialect::Anthropic, Operation::CountTokens), (Dialect::OpenAi, Operation::Rerank));
    let neither = compatible(false, None);
    assert_eq!(neither.serves(count.0, count.1), Serving::Refuses("count of tokens"));
    assert_eq!(neither.serves(rank.0, rank.1), Serving::Refuses("reranking"));
    let both = compatible(true, Some("/v2/rerank"));
    assert_eq!(both.serves(count.0, count.1), Serving::Speaks(Task::Count(Counter::Tokenize)));
    assert_eq!(both.serves(Dialect::OpenAi, Operation::Tokenize), Serving::Passes);
    assert_eq!(both.serves(rank.0, rank.1), Serving::Passes);
    let body = r#"{"model":"m","messages":[{"role":"user","content":"a"}]}"#;
    assert_eq!(asked(&both, "/v1/messages/count_tokens", body, "m").0, "/base/tokenize");
    for provider in all().iter().filter(|provider| !matches!(provider.name(), "mock" | "http")) {
        assert_eq!(provider.serves(rank.0, rank.1), Serving::Refuses("reranking"), "{}", provider.name());
    }
}

#[test]
fn ranks_stand_below_the_root_of_the_host() {
    let site = Site::default();
    let path = |operation, path| {
        compatible(false, Some("/v2/rerank")).path(&Target {
            base_path: "/compatibility",
            prefix: "/v1",
            path,
            query: "",
            operation,
            model: "m",
            stream: false,
            site: &site,
        })
    };
    assert_eq!(path(Operation::Rerank, "/v2/rerank"), "/v2/rerank");
    assert_eq!(path(Operation::Chat, "/v1/chat/completions"), "/compatibility/v1/chat/completions");
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
