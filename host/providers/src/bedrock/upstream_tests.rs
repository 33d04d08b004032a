use super::*;

fn path(provider: &dyn Provider, model: &str, stream: bool) -> String {
    let site = Site { region: Some("us-east-1".into()), ..Site::default() };
    let (prefix, operation) = (provider.default_prefix(), Operation::Chat);
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
fn models_are_in_the_path_with_every_mark_encoded() {
    let model = "anthropic.claude-sonnet-4-20250514-v1:0";
    assert_eq!(path(&Bedrock, model, false), "/model/anthropic.claude-sonnet-4-20250514-v1%3A0/converse");
    assert_eq!(
        path(&BedrockAnthropic, model, true),
        "/model/anthropic.claude-sonnet-4-20250514-v1%3A0/invoke-with-response-stream"
    );
    let arn = "arn:aws:bedrock:us-east-1:1:inference-profile/x";
    assert_eq!(
        path(&Bedrock, arn, true),
        "/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A1%3Ainference-profile%2Fx/converse-stream"
    );
}

/// T-PATH-3: what a client puts into a model's name stays within one segment of the path.
#[test]
fn t_path_3_a_name_cannot_leave_its_segment() {
    for name in ["../../x", "a/b", "m?x=y", "m#x", "a b\r\nx: y"] {
        let path = path(&Bedrock, name, false);
        assert_eq!(path.matches('/').count(), 3, "{path}");
        assert!(!path.contains(['?', '#', ' ', '\r', '\n']) && !path.contains(".."), "{path}");
    }
}

#[test]
fn each_region_has_its_host() {
    let of =
        |region: &str| Bedrock.default_endpoint(&Site { region: Some(region.into()), ..Site::default() });
    assert_eq!(of("eu-west-1").as_deref(), Some("https://bedrock-runtime.eu-west-1.amazonaws.com"));
    assert_eq!(of("cn-north-1").as_deref(), Some("https://bedrock-runtime.cn-north-1.amazonaws.com.cn"));
}
