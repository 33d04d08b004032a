use serde_json::Value;

use super::Call;
use crate::Why;
use crate::testing::{World, refusal};

async fn told(status: u16, body: &str) -> String {
    let (_, sources) = World::default().answer(status, body).build();
    let call = Call::form("a server", "https://host.example/path?key=S3CRET", &[("a", "S3CRET-sent")]);
    refusal(call.hiding(&"S3CRET-sent".into()).ask(&sources).await)
}

#[tokio::test]
async fn an_error_tells_status_and_the_words_of_the_server() {
    let start = "a server at \"https://host.example\" answered with status";
    let cases = [
        (
            400,
            r#"{"error":"invalid_client","error_description":"AADSTS7000215:\r\nwrong"}"#,
            "400: invalid_client: AADSTS7000215:  wrong",
        ),
        (
            403,
            r#"{"error":{"code":403,"message":"no right","status":"PERMISSION_DENIED"}}"#,
            "403: PERMISSION_DENIED: no right",
        ),
        (400, r#"{"Code":"AccessDenied","Message":"not you"}"#, "400: AccessDenied: not you"),
        (404, r#"{"code":"x","message":"y"}"#, "404: x: y"),
        (
            403,
            "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error><Type>Sender</Type>\
             <Code>AccessDenied</Code><Message>not you</Message></Error></ErrorResponse>",
            "403: AccessDenied: not you",
        ),
        (502, "<html>S3CRET of nobody knows what", "502"),
        (301, "", "301"),
    ];
    for (status, body, end) in cases {
        assert_eq!(told(status, body).await, format!("{start} {end}"));
    }
}

#[tokio::test]
async fn an_error_repeats_nothing_that_was_sent_and_is_short() {
    let body =
        format!(r#"{{"error":"bad","error_description":"S3CRET-sent is wrong {}"}}"#, "x".repeat(5000));
    let text = told(400, &body).await;
    assert!(text.contains("bad: [hidden] is wrong xxx") && text.len() < 600, "{text}");
}

#[tokio::test]
async fn a_secret_is_found_as_a_form_has_it_and_where_the_text_is_cut() {
    let quoted = async |words: &str| {
        let body = format!(r#"{{"error":"{words}"}}"#);
        let (_, sources) = World::default().answer(400, &body).build();
        let call = Call::form("a server", "https://host.example", &[]).hiding(&"S3CRET/+=".into());
        refusal(call.ask(&sources).await)
    };
    let text = quoted("a=S3CRET%2F%2B%3D and S3CRET/+=.").await;
    assert!(text.ends_with(": a=[hidden] and [hidden]."), "{text}");
    for before in 385..=400 {
        let text = quoted(&format!("{}S3CRET/+=", "x".repeat(before))).await;
        assert!(!text.contains("xS3"), "{text}");
    }
}

#[tokio::test]
async fn an_answer_that_cannot_be_read_is_not_quoted() {
    let (_, sources) =
        World::default().answer(200, "{\"a\": \"S3CRET\"").answer(200, r#"["S3CRET"]"#).build();
    let call = || Call::get("a server", "http://localhost:1/");
    let text = refusal(call().ask(&sources).await.unwrap().json::<Value>());
    let place = "the answer of a server at \"http://localhost:1\" is no JSON of the expected form (line 1";
    assert!(text.starts_with(place), "{text}");
    let text = refusal(call().ask(&sources).await.unwrap().json::<String>());
    assert!(text.starts_with(place), "{text}");
}

#[tokio::test]
async fn what_may_pass_by_itself_is_told_from_what_will_not() {
    for (status, why) in
        [(400, Why::Refused), (401, Why::Refused), (429, Why::Unreachable), (503, Why::Unreachable)]
    {
        let (_, sources) = World::default().answer(status, "").build();
        let error = Call::get("a server", "https://host.example/").ask(&sources).await.err().unwrap();
        assert_eq!(error.why(), why, "{status}");
    }
    let (_, sources) = World::default().silence().build();
    let error = Call::get("a server", "https://host.example/").ask(&sources).await.err().unwrap();
    assert_eq!(error.why(), Why::Unreachable);
    let text = "a server at \"https://host.example\" gives no answer: no answer in time; it must be reachable from here";
    assert_eq!(error.to_string(), text);
}
