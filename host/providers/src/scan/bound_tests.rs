use super::output_bound;
use crate::scan::scan_request;

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
        (r#"{"max_tokens": 1, "max_tokens": 3}"#, Some(3)),
        (r#"{"inferenceConfig": {"maxTokens": 9}, "generationConfig": {"maxOutputTokens": 1}}"#, Some(9)),
        (r#"{"generationConfig": {"generationConfig": {"maxOutputTokens": 8}}}"#, None),
        ("[]", None),
        ("", None),
    ] {
        assert_eq!(output_bound(body.as_bytes()), bound, "{body}");
        let scanned = scan_request(body.as_bytes()).ok().and_then(|scan| scan.output_bound);
        assert_eq!(scanned, bound, "{body}");
    }
}

#[test]
fn objects_in_each_other_are_looked_into_once() {
    let deep = format!("{}1{}", r#"{"generationConfig":"#.repeat(100_000), "}".repeat(100_000));
    assert_eq!(output_bound(deep.as_bytes()), None);
}
