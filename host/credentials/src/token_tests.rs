use serde_json::json;

use super::{Bearer, asked, bearer};
use crate::call::Call;
use crate::testing::{World, epoch, hides, refusal, seconds, token};

async fn life_of(body: serde_json::Value) -> Option<std::time::Duration> {
    let (_, sources) = World::default().answer(200, &body.to_string()).build();
    token(asked(Call::get("a server", "https://host.example/"), &sources).await).1
}

#[tokio::test]
async fn a_life_is_read_as_servers_write_it() {
    let with = |field: &str, value: serde_json::Value| json!({"access_token": "t", field: value});
    assert_eq!(life_of(with("expires_in", json!(3599))).await, seconds(3599));
    assert_eq!(life_of(with("expires_in", json!("3599"))).await, seconds(3599));
    assert_eq!(life_of(with("expires_in", json!(3599.5))).await, seconds(3599));
    assert_eq!(life_of(with("expires_in", json!(1e300))).await, seconds(u64::from(u32::MAX)));
    assert_eq!(life_of(with("expires_on", json!((epoch() + 60).to_string()))).await, seconds(60));
    assert_eq!(
        life_of(with("expires_on", json!("03/01/2026 13:00:00 +00:00"))).await,
        seconds(300),
        "unknown is short"
    );
    assert_eq!(life_of(json!({"access_token": "t"})).await, seconds(300));
}

#[tokio::test]
async fn an_answer_without_a_good_token_is_an_error() {
    let cases = [
        (
            r#"{"access_token":"S3CRET","expires_in":0}"#.to_owned(),
            "already expired by the clock of this machine",
        ),
        (r#"{"access_token":"S3CRET","expires_in":-5}"#.to_owned(), "already expired"),
        (format!(r#"{{"access_token":"S3CRET","expires_on":"{}"}}"#, epoch() - 60), "check the clock"),
        (r#"{"token":"S3CRET"}"#.to_owned(), "has no \"access_token\""),
        (r#"{"access_token":""}"#.to_owned(), "has no \"access_token\""),
        (r#"{"access_token":["S3CRET"]}"#.to_owned(), "is no JSON of the expected form"),
        ("S3CRET".to_owned(), "is no JSON of the expected form"),
    ];
    for (body, part) in cases {
        let (_, sources) = World::default().answer(200, &body).build();
        let text = refusal(asked(Call::get("a server", "https://host.example/"), &sources).await);
        assert!(text.contains(part), "{text}");
    }
}

#[test]
fn a_token_becomes_a_field_that_hides_it() {
    let value = bearer(&"S3CRET\n".into()).unwrap();
    assert_eq!(value.as_bytes(), b"Bearer S3CRET");
    hides(&value);
    let charged = Bearer { token: "S3CRET".into(), project: Some("p".to_owned()) }.fields().unwrap();
    assert_eq!((charged[1].0.as_str(), charged[1].1.as_bytes()), ("x-goog-user-project", &b"p"[..]));
    let text = refusal(bearer(&"S3CRET\nx".into()));
    assert!(text.contains("no header field can carry"), "{text}");
}
