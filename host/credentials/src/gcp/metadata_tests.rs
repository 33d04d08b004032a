use super::{token, token_if_any};
use crate::Why;
use crate::testing::{self, World, refusal, seconds};

const GIVEN: &str = r#"{"access_token":"S3CRET","expires_in":1000,"token_type":"Bearer"}"#;
const FLAVOR: [(&str, &str); 1] = [("metadata-flavor", "Google")];
const PATH: &str = "/computeMetadata/v1/instance/service-accounts/default/token\
                    ?scopes=https%3A%2F%2Fwww.googleapis.com%2Fauth%2Fcloud-platform";

#[tokio::test]
async fn the_metadata_server_is_asked() {
    for (host, var) in [("metadata.google.internal", None), ("127.0.0.1:8080", Some("127.0.0.1:8080"))] {
        let world = World::default().answer_with(200, GIVEN, &FLAVOR);
        let world = var.into_iter().fold(world, |world, value| world.var("GCE_METADATA_HOST", value));
        let (world, sources) = world.build();
        assert_eq!(testing::token(token(&sources).await), ("S3CRET".to_owned(), seconds(1000)));
        assert_eq!(world.asked(), [format!("GET http://{host}{PATH} | metadata-flavor: Google")]);
    }
}

#[tokio::test]
async fn what_is_wrong_is_told() {
    let cases = [
        (World::default().answer(200, GIVEN), Why::Absent, "who answers as Google's metadata server is none"),
        (World::default().answer_with(404, "", &FLAVOR), Why::Absent, "the machine has no account"),
        (World::default().answer_with(403, "", &FLAVOR), Why::Refused, "status 403"),
        (World::default().answer_with(200, "S3CRET", &FLAVOR), Why::Refused, "is no JSON"),
        (World::default().silence(), Why::Unreachable, "gives no answer"),
        (World::default().var("GCE_METADATA_HOST", "a/b"), Why::Unfit, "\"GCE_METADATA_HOST\" is \"a/b\""),
        (World::default().var("GCE_METADATA_HOST", "x@evil.example"), Why::Unfit, "write a host"),
    ];
    for (world, why, part) in cases {
        let result = token(&world.build().1).await;
        assert_eq!(result.as_ref().err().unwrap().why(), why);
        let text = refusal(result);
        assert!(text.contains(part), "{text}");
    }
    let error = token_if_any(&World::default().silence().build().1).await.unwrap_err();
    assert_eq!(error.why(), Why::Absent);
}
