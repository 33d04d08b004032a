use super::*;

#[test]
fn an_id_says_whose_model_it_is() {
    let vendors = [
        ("us.anthropic.claude-sonnet-4-5-20250929-v1:0", Vendor::Anthropic),
        ("arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-v2", Vendor::Anthropic),
        ("us.amazon.nova-2-lite-v1:0", Vendor::Nova),
        ("openai.gpt-oss-120b-1:0", Vendor::GptOss),
        ("us.deepseek.r1-v1:0", Vendor::DeepSeek),
        ("cohere.command-r-plus-v1:0", Vendor::Cohere),
        ("meta.llama3-70b-instruct-v1:0", Vendor::Other),
        ("arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc", Vendor::Other),
    ];
    for (id, vendor) in vendors {
        assert_eq!(Model::of(id).vendor, vendor, "{id}");
    }
}

#[test]
fn versions_are_no_dates() {
    let versions = [
        ("anthropic.claude-3-7-sonnet-20250219-v1:0", Some((3, 7))),
        ("anthropic.claude-opus-4-20250514-v1:0", Some((4, 0))),
        ("global.anthropic.claude-opus-4-5-20251101-v1:0", Some((4, 5))),
        ("anthropic.claude-opus-4-6-v1", Some((4, 6))),
        ("anthropic.claude-sonnet-5", Some((5, 0))),
        ("anthropic.claude-mythos-preview", None),
        ("amazon.nova-2-lite-v1:0", Some((2, 0))),
        ("amazon.nova-pro-v1:0", None),
    ];
    for (id, version) in versions {
        assert_eq!(Model::of(id).version, version, "{id}");
    }
}

#[test]
fn claude_takes_budgets_until_it_decides_by_itself() {
    let claude = |id: &str| {
        let model = Model::of(&format!("anthropic.claude-{id}"));
        (model.thinks(), model.takes_budget(), model.is_adaptive())
    };
    assert_eq!(claude("3-5-sonnet-20241022-v2:0"), (false, true, false));
    assert_eq!(claude("3-7-sonnet-20250219-v1:0"), (true, true, false));
    assert_eq!(claude("sonnet-4-6"), (true, true, true));
    assert_eq!(claude("opus-4-7"), (true, false, true));
    assert_eq!(claude("mythos-preview"), (true, false, true));
}

#[test]
fn only_models_with_a_cache_are_given_points_of_it() {
    assert!(Model::of("anthropic.claude-sonnet-4-6").caches());
    assert!(Model::of("arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc").caches());
    assert!(!Model::of("openai.gpt-oss-20b-1:0").caches());
}
