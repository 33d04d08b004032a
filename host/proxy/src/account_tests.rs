use super::*;

fn read(body: &str) -> Vec<(String, String)> {
    tags(&Bytes::copy_from_slice(body.as_bytes())).into_iter().collect()
}

#[test]
fn texts_of_the_metadata_are_tags() {
    let body =
        r#"{"model": "m", "metadata": {"team": "search", "run": 7, "user_id": "u-1"}, "messages": []}"#;
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    assert_eq!(read(body), [pair("team", "search"), pair("user_id", "u-1")]);
}

#[test]
fn what_is_no_map_of_texts_makes_no_tags() {
    for body in [
        "",
        "[]",
        "{",
        r#"{"metadata": "team"}"#,
        r#"{"metadata": null}"#,
        r#"{"metadata": {"a": {"b": "c"}}}"#,
    ] {
        assert_eq!(read(body), [], "{body}");
    }
}

#[test]
fn tags_are_bounded() {
    let many: Vec<String> = (0..100).map(|number| format!(r#""tag{number:03}": "v""#)).collect();
    assert_eq!(read(&format!(r#"{{"metadata": {{{}}}}}"#, many.join(","))).len(), MOST_TAGS);
    let long = "v".repeat(MOST_VALUE + 1);
    assert_eq!(read(&format!(r#"{{"metadata": {{"long": "{long}", "short": "v"}}}}"#)).len(), 1);
}
