use super::*;

fn path(model: &str, operation: Operation, client: &str, version: Option<&str>) -> String {
    let site = Site { api_version: version.map(str::to_owned), ..Site::default() };
    AzureOpenAi.path(&Target {
        base_path: "",
        prefix: "/openai",
        path: client,
        query: "",
        operation,
        model,
        stream: false,
        site: &site,
    })
}

#[test]
fn a_dated_version_puts_the_deployment_into_the_path() {
    let chat = path("gpt 4o/x", Operation::Chat, "/v1/chat/completions", Some("2025-01-01-preview"));
    assert_eq!(chat, "/openai/deployments/gpt%204o%2Fx/chat/completions?api-version=2025-01-01-preview");
}

#[test]
fn what_is_younger_than_dated_versions_has_openais_paths() {
    assert_eq!(path("m", Operation::Chat, "/v1/chat/completions", None), "/openai/v1/chat/completions");
    assert_eq!(path("m", Operation::Responses, "/v1/responses", Some("2025-01-01")), "/openai/v1/responses");
}
