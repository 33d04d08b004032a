use http::HeaderValue;

use super::*;

/// Of a client that says nothing of its dialect.
fn claim<'a>(method: &Method, path: &'a str) -> Claimed<'a> {
    super::claim(method, path, &HeaderMap::new())
}

fn operation(method: Method, path: &str) -> Operation {
    claim(&method, path).operation
}

#[test]
fn each_path_has_its_operation() {
    assert_eq!(operation(Method::POST, "/v1/chat/completions"), Operation::Chat);
    assert_eq!(operation(Method::POST, "/v1/completions"), Operation::Completion);
    assert_eq!(operation(Method::POST, "/v1/embeddings"), Operation::Embeddings);
    assert_eq!(operation(Method::POST, "/v1/responses"), Operation::Responses);
    assert_eq!(operation(Method::POST, "/v1/responses/input_tokens"), Operation::InputTokens);
    assert_eq!(operation(Method::POST, "/tokenize"), Operation::Tokenize);
    assert_eq!(operation(Method::POST, "/v2/rerank"), Operation::Rerank);
    assert_eq!(operation(Method::GET, "/v1/models"), Operation::Models);
    assert_eq!(operation(Method::HEAD, "/v1/models/gpt-4o"), Operation::Models);
}

#[test]
fn another_method_or_a_longer_path_is_nobodys() {
    for path in
        ["/v1/chat/completions/", "/v1/chat", "/v1/models", "/v1/modelsx", "/", "/v2/chat/completions"]
    {
        assert_eq!(operation(Method::POST, path), Operation::Other, "{path}");
    }
    assert_eq!(operation(Method::GET, "/v1/chat/completions"), Operation::Other);
    assert_eq!(operation(Method::GET, "/v1/responses/resp_1"), Operation::Other);
    assert_eq!(operation(Method::GET, "/v1/models/"), Operation::Other);
}

#[test]
fn api_chat_is_the_chat_endpoint() {
    let claimed = claim(&Method::POST, "/api/chat");
    assert_eq!((claimed.operation, &*claimed.path), (Operation::Chat, "/v1/chat/completions"));
    assert_eq!(claim(&Method::POST, "/api/chats").path, "/api/chats");
}

#[test]
fn coheres_path_is_that_of_ranks() {
    let claimed = claim(&Method::POST, "/cohere/v2/rerank");
    assert_eq!((claimed.operation, &*claimed.path), (Operation::Rerank, "/v2/rerank"));
    assert_eq!(operation(Method::POST, "/cohere/v1/rerank"), Operation::Other);
}

#[test]
fn googles_verbs_stand_behind_the_model() {
    let batch = claim(&Method::POST, "/v1beta/models/a%2Fb:batchEmbedContents");
    assert_eq!((batch.operation, batch.model.as_deref()), (Operation::BatchEmbedContents, Some("a/b")));
    assert_eq!(batch.dialect, Dialect::Gemini);
}

#[test]
fn the_requested_model_is_decoded() {
    let model = |path| claim(&Method::GET, path).requested_model().map(Cow::into_owned);
    assert_eq!(model("/v1/models/gpt-4o").as_deref(), Some("gpt-4o"));
    assert_eq!(model("/v1/models/org%2Fmodel").as_deref(), Some("org/model"));
    assert_eq!(model("/v1/models/org/model").as_deref(), Some("org/model"));
    assert_eq!(model("/v1/models"), None);
    assert_eq!(model("/v1/files/x"), None);
}

#[test]
fn anthropics_paths_stand_under_two_names() {
    for prefix in ["", "/anthropic"] {
        let messages = format!("{prefix}/v1/messages");
        let claimed = claim(&Method::POST, &messages);
        let told = (claimed.dialect, claimed.operation, &*claimed.path);
        assert_eq!(told, (Dialect::Anthropic, Operation::Messages, "/v1/messages"));
        let count = format!("{prefix}/v1/messages/count_tokens");
        assert_eq!(claim(&Method::POST, &count).operation, Operation::CountTokens);
    }
    let models = claim(&Method::GET, "/anthropic/v1/models/claude");
    assert_eq!((models.dialect, models.operation), (Dialect::Anthropic, Operation::Models));
    assert_eq!(models.requested_model().as_deref(), Some("claude"));
    assert_eq!(claim(&Method::GET, "/anthropics/v1/models").operation, Operation::Other);
    assert_eq!(claim(&Method::POST, "/anthropic/v1/chat/completions").operation, Operation::Other);
    assert_eq!(claim(&Method::POST, "/anthropic/v1/messages/batches").path, "/v1/messages/batches");
    assert_eq!(claim(&Method::GET, "/v1/messages").dialect, Dialect::OpenAi);
}

#[test]
fn a_header_tells_the_dialect_where_the_path_does_not() {
    let headers =
        HeaderMap::from_iter([(anthropic::client::VERSION, HeaderValue::from_static("2023-06-01"))]);
    let dialect = |method, path| super::claim(&method, path, &headers).dialect;
    assert_eq!(dialect(Method::GET, "/v1/models"), Dialect::Anthropic);
    assert_eq!(dialect(Method::POST, "/v1/messages/batches"), Dialect::Anthropic);
    assert_eq!(dialect(Method::POST, "/v1/chat/completions"), Dialect::OpenAi);
    assert_eq!(claim(&Method::GET, "/v1/models").dialect, Dialect::OpenAi);
}
