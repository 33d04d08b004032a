use super::output_bound;

#[test]
fn every_api_has_its_word_for_it() {
    for (body, bound) in [
        (r#"{"max_tokens": 5}"#, Some(5)),
        (r#"{"max_completion_tokens": 6, "messages": [{"max_tokens": 9}]}"#, Some(6)),
        (r#"{"max_output_tokens": 7}"#, Some(7)),
        (r#"{"generationConfig": {"maxOutputTokens": 8, "candidateCount": 2}}"#, Some(16)),
        (r#"{"inferenceConfig": {"maxTokens": 9}}"#, Some(9)),
        (r#"{"max_tokens": 5, "n": 3}"#, Some(15)),
        (r#"{"max_tokens": 18446744073709551615, "n": 3}"#, Some(u64::MAX)),
        (r#"{"n": 3}"#, None),
        (r#"{"max_tokens": null, "generationConfig": null}"#, None),
        (r#"{"max_tokens": "many"}"#, None),
        (r#"{"max_tokens": -1}"#, None),
        ("[]", None),
        ("", None),
    ] {
        assert_eq!(output_bound(body.as_bytes()), bound, "{body}");
    }
}
