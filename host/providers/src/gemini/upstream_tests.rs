use super::*;

fn path(provider: &dyn Provider, model: &str, stream: bool) -> String {
    let site = Site { project: Some("p 1".into()), location: Some("europe-west1".into()), ..Site::default() };
    let prefix = provider.default_prefix();
    let operation = Operation::Chat;
    provider.path(&Target {
        base_path: "",
        prefix,
        path: "",
        query: "",
        operation,
        model,
        stream,
        site: &site,
    })
}

#[test]
fn models_are_in_the_path() {
    assert_eq!(path(&Gemini, "gemini-2.5-pro", false), "/v1beta/models/gemini-2.5-pro:generateContent");
    assert_eq!(
        path(&Vertex, "gemini-2.5-pro", true),
        "/v1/projects/p%201/locations/europe-west1/publishers/google/models/gemini-2.5-pro:streamGenerateContent?alt=sse"
    );
    assert_eq!(
        path(&VertexAnthropic, "claude-sonnet-4@20250514", true),
        "/v1/projects/p%201/locations/europe-west1/publishers/anthropic/models/claude-sonnet-4@20250514:streamRawPredict"
    );
}

/// T-PATH-3: what a client puts into a model's name stays within one segment of the path.
#[test]
fn t_path_3_a_name_cannot_leave_its_segment() {
    for name in ["../../x", "a/b", "m?alt=json", "m#x", "m%2f..", "a b\r\nx: y", "m:predict"] {
        for provider in [&Gemini as &dyn Provider, &Vertex, &VertexAnthropic] {
            let (path, plain) = (path(provider, name, false), path(provider, "m", false));
            assert_eq!(path.matches('/').count(), plain.matches('/').count(), "{path}");
            assert!(!path.contains(['?', '#', ' ', '\r', '\n']) && !path.contains(".."), "{path}");
            assert_eq!(path.matches(':').count(), 1, "{path}");
        }
    }
}

#[test]
fn each_location_has_its_host() {
    let of = |location: &str| {
        let site = Site { location: Some(location.into()), ..Site::default() };
        Vertex.default_endpoint(&site).unwrap_or_default()
    };
    assert_eq!(of("global"), "https://aiplatform.googleapis.com");
    assert_eq!(of("us-central1"), "https://us-central1-aiplatform.googleapis.com");
}
