use serde_json::json;

use super::Body;

#[test]
fn places_of_a_whole_body_are_found() {
    let body = Body::whole(r#"{"model": "m", "a/b": [1, {"c": null}]}"#);
    assert_eq!(body.get("/model"), Some(json!("m")));
    assert_eq!(body.get("/a~1b/1/c"), Some(json!(null)));
    assert_eq!(body.get("/none"), None);
    assert_eq!(body.value().unwrap()["model"], "m");
}

#[test]
fn places_that_were_asked_for_are_found_and_no_others() {
    let body = Body::fields([("/model", "\"m\""), ("/n", "1")]);
    assert_eq!(body.get("/n"), Some(json!(1)));
    assert_eq!(body.get("/other"), None);
    assert_eq!(body.places().collect::<Vec<_>>(), [("/model", "\"m\""), ("/n", "1")]);
    assert!(body.value().unwrap_err().text().contains("subscribe"));
}

#[test]
fn an_absent_body_has_nothing() {
    let body = Body::absent();
    assert!(
        body.is_absent() && body.get("").is_none() && body.text().is_none() && body.media_type().is_none()
    );
}
