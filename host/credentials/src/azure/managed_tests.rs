use super::{token, token_if_any};
use crate::Why;
use crate::azure::SCOPE;
use crate::testing::{self, World, epoch, refusal, seconds};

const GIVEN: &str = r#"{"access_token":"S3CRET","expires_in":"86399","resource":"r","token_type":"Bearer"}"#;
const RESOURCE: &str = "resource=https%3A%2F%2Fcognitiveservices.azure.com";

#[tokio::test]
async fn the_metadata_service_is_asked() {
    let (world, sources) = World::default().answer(200, GIVEN).answer(200, GIVEN).build();
    let given = testing::token(token(&sources, None, SCOPE).await);
    assert_eq!(given, ("S3CRET".to_owned(), seconds(86_399)));
    testing::token(token(&sources, Some("a b"), SCOPE).await);
    let url =
        format!("http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01&{RESOURCE}");
    let asked =
        [format!("GET {url} | metadata: true"), format!("GET {url}&client_id=a%20b | metadata: true")];
    assert_eq!(world.asked(), asked);
}

#[tokio::test]
async fn the_metadata_service_is_asked_where_the_environment_says_it_is() {
    let other = |url| World::default().var("AZURE_POD_IDENTITY_AUTHORITY_HOST", url);
    let (world, sources) = other("http://10.0.0.1:2579/").answer(200, GIVEN).build();
    testing::token(token_if_any(&sources, None, SCOPE).await);
    let url = "http://10.0.0.1:2579/metadata/identity/oauth2/token?api-version=2018-02-01";
    assert_eq!(world.asked(), [format!("GET {url}&{RESOURCE} | metadata: true")]);
    let text = refusal(token(&other("nowhere").build().1, None, SCOPE).await);
    assert!(text.starts_with("\"AZURE_POD_IDENTITY_AUTHORITY_HOST\" leads to "), "{text}");
}

#[tokio::test]
async fn the_agent_of_app_service_is_asked_where_there_is_one() {
    let url = "http://169.254.131.2:8081/msi/token";
    let given = format!(r#"{{"access_token":"S3CRET","expires_on":"{}"}}"#, epoch() + 500);
    let world = World::default().var("IDENTITY_ENDPOINT", url).var("IDENTITY_HEADER", "S3CRET-header");
    let (world, sources) = world.answer(200, &given).build();
    let given = testing::token(token_if_any(&sources, Some("id"), SCOPE).await);
    assert_eq!(given, ("S3CRET".to_owned(), seconds(500)));
    let asked = format!(
        "GET {url}?api-version=2019-08-01&{RESOURCE}&client_id=id | x-identity-header: S3CRET-header"
    );
    assert_eq!(world.asked(), [asked]);
}

#[tokio::test]
async fn what_is_wrong_is_told() {
    let with = |url| World::default().var("IDENTITY_ENDPOINT", url);
    let cases = [
        (with("http://localhost:1/"), "\"IDENTITY_ENDPOINT\" is set and \"IDENTITY_HEADER\" is not"),
        (with("http://evil.example/").var("IDENTITY_HEADER", "S3CRET"), "leads to \"evil.example\""),
        (
            World::default()
                .answer(400, r#"{"error":"invalid_request","error_description":"Identity not found"}"#),
            "400: invalid_request: Identity not found",
        ),
        (World::default().answer(200, "S3CRET"), "is no JSON"),
    ];
    for (world, part) in cases {
        let text = refusal(token(&world.build().1, None, SCOPE).await);
        assert!(text.contains(part), "{text}");
    }
}

#[tokio::test]
async fn outside_of_azure_there_is_nobody() {
    for world in
        [World::default().silence(), World::default().answer(404, ""), World::default().answer(400, "")]
    {
        let error = token_if_any(&world.build().1, None, SCOPE).await.unwrap_err();
        assert_eq!(error.why(), Why::Absent, "{error}");
    }
    let error = token_if_any(&World::default().answer(500, "").build().1, None, SCOPE).await.unwrap_err();
    assert_eq!(error.why(), Why::Unreachable);
}
