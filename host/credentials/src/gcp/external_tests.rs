use secrecy::SecretString;
use serde_json::{Value, json};

use crate::gcp::file::token;
use crate::testing::{self, BEFORE, LATER, World, refusal, seconds};
use crate::{CredentialsError, Lease, Sources};

const GIVEN: &str = r#"{"access_token":"S3CRET-federated","issued_token_type":"t","expires_in":1000}"#;
const BODY: &str = "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Atoken-exchange\
                    &audience=%2F%2Fiam.googleapis.com%2Fprojects%2F1\
                    &scope=https%3A%2F%2Fwww.googleapis.com%2Fauth%2Fcloud-platform\
                    &requested_token_type=urn%3Aietf%3Aparams%3Aoauth%3Atoken-type%3Aaccess_token\
                    &subject_token_type=urn%3Aietf%3Aparams%3Aoauth%3Atoken-type%3Ajwt&subject_token=S3CRET.jwt";
const HEAD: &str =
    "POST https://sts.googleapis.com/v1/token | content-type: application/x-www-form-urlencoded";

fn account(source: Value, more: Value) -> String {
    let mut account = json!({
        "type": "external_account",
        "audience": "//iam.googleapis.com/projects/1",
        "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
        "token_url": "https://sts.googleapis.com/v1/token",
        "credential_source": source,
    });
    for (name, value) in more.as_object().unwrap() {
        account[name] = value.clone();
    }
    account.to_string()
}

fn file() -> Value {
    json!({"file": "/token"})
}

async fn get(sources: &Sources, text: &str) -> Result<Lease<SecretString>, CredentialsError> {
    token(sources, &text.into(), "the file").await
}

#[tokio::test]
async fn the_token_of_a_file_is_exchanged() {
    let as_json = json!({"file": "/token", "format": {"type": "json", "subject_token_field_name": "id"}});
    for (source, text) in [(file(), "S3CRET.jwt\n"), (as_json, r#"{"id":"S3CRET.jwt"}"#)] {
        let (world, sources) = World::default().file("/token", text).answer(200, GIVEN).build();
        let given = testing::token(get(&sources, &account(source, json!({}))).await);
        assert_eq!(given, ("S3CRET-federated".to_owned(), seconds(1000)));
        assert_eq!(world.asked(), [format!("{HEAD} | {BODY}")]);
    }
}

#[tokio::test]
async fn the_token_of_a_url_is_exchanged() {
    let source = json!({
        "url": "http://169.254.169.254/metadata/identity/oauth2/token?resource=r",
        "headers": {"Metadata": "True"},
        "format": {"type": "json", "subject_token_field_name": "access_token"},
    });
    let world = World::default().answer(200, r#"{"access_token":"S3CRET.jwt"}"#).answer(200, GIVEN);
    let (world, sources) = world.build();
    testing::token(get(&sources, &account(source, json!({}))).await);
    let first = "GET http://169.254.169.254/metadata/identity/oauth2/token?resource=r | Metadata: True";
    assert_eq!(world.asked(), [first.to_owned(), format!("{HEAD} | {BODY}")]);
}

#[tokio::test]
async fn an_account_is_impersonated_where_the_file_says_so() {
    let url = "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/me:generateAccessToken";
    let more = json!({
        "service_account_impersonation_url": url,
        "service_account_impersonation": {"token_lifetime_seconds": 1800},
    });
    let given = format!(r#"{{"accessToken":"S3CRET-account","expireTime":"{LATER}"}}"#);
    let world = World::default().file("/token", "S3CRET.jwt").answer(200, GIVEN).answer(200, &given);
    let (world, sources) = world.build();
    let given = testing::token(get(&sources, &account(file(), more)).await);
    assert_eq!(given, ("S3CRET-account".to_owned(), seconds(3600)));
    let body = r#"{"scope":["https://www.googleapis.com/auth/cloud-platform"],"lifetime":"1800s"}"#;
    let head =
        format!("POST {url} | content-type: application/json | authorization: Bearer S3CRET-federated");
    assert_eq!(world.asked()[1], format!("{head} | {body}"));
}

#[tokio::test]
async fn a_client_of_its_own_and_a_workforce_are_told_to_the_server() {
    let more = json!({"client_id": "me", "client_secret": "S3CRET/c"});
    let (world, sources) = World::default().file("/token", "S3CRET.jwt").answer(200, GIVEN).build();
    testing::token(get(&sources, &account(file(), more)).await);
    assert_eq!(world.asked(), [format!("{HEAD} | authorization: Basic bWU6UzNDUkVUJTJGYw== | {BODY}")]);
    let more = json!({"workforce_pool_user_project": "p"});
    let (world, sources) = World::default().file("/token", "S3CRET.jwt").answer(200, GIVEN).build();
    testing::token(get(&sources, &account(file(), more)).await);
    assert_eq!(world.asked(), [format!("{HEAD} | {BODY}&options=%7B%22userProject%22%3A%22p%22%7D")]);
}

#[tokio::test]
async fn a_file_that_cannot_be_followed_is_refused_before_anything_is_sent() {
    let none = || json!({});
    let cases = [
        (account(json!({"environment_id": "aws1", "url": "http://x/"}), none()), "takes its token from AWS"),
        (
            account(json!({"executable": {"command": "S3CRET"}}), none()),
            "names no place of a token that is supported",
        ),
        (
            account(json!({"file": "/token", "url": "https://x/"}), none()),
            "must have one of \"file\" or \"url\"",
        ),
        (account(json!({"url": "http://evil.example/"}), none()), "leads to \"evil.example\""),
        (account(json!({"file": "/none"}), none()), "file \"/none\" cannot be read"),
        (account(json!({"file": "/empty"}), none()), "file \"/empty\" holds no token"),
        (
            account(json!({"file": "/token", "format": {"type": "json"}}), none()),
            "file \"/token\" holds no token",
        ),
        (account(json!({"file": "/token", "format": {"type": "xml"}}), none()), "has the format \"xml\""),
        (account(file(), json!({"token_url": "http://evil.example/"})), "\"token_url\" of the file leads to"),
        (
            account(file(), json!({"service_account_impersonation_url": "http://evil.example/"})),
            "\"service_account_impersonation_url\" of the file leads to \"evil.example\"",
        ),
        (r#"{"type":"external_account","audience":"S3CRET"}"#.to_owned(), "cannot be read or lacks a field"),
    ];
    for (text, part) in cases {
        let (_, sources) = World::default().file("/token", "S3CRET.jwt").file("/empty", "\n").build();
        let shown = refusal(get(&sources, &text).await);
        assert!(shown.contains(part), "{shown}");
    }
}

#[tokio::test]
async fn servers_that_refuse_are_told() {
    let url = json!({"service_account_impersonation_url": "https://iam.example/"});
    let world = || World::default().file("/token", "S3CRET.jwt");
    let refused = r#"{"error":"invalid_grant","error_description":"The token S3CRET.jwt is expired"}"#;
    let denied = r#"{"error":{"code":403,"message":"Permission denied","status":"PERMISSION_DENIED"}}"#;
    let past = format!(r#"{{"accessToken":"S3CRET","expireTime":"{BEFORE}"}}"#);
    let cases = [
        (world().answer(400, refused), "status 400: invalid_grant: The token [hidden] is expired"),
        (world().answer(200, "{}"), "has no \"access_token\""),
        (world().answer(200, GIVEN).answer(403, denied), "status 403: PERMISSION_DENIED: Permission denied"),
        (world().answer(200, GIVEN).answer(200, "{}"), "has no \"accessToken\""),
        (world().answer(200, GIVEN).answer(200, r#"{"accessToken":"S3CRET"}"#), "has no \"expireTime\""),
        (world().answer(200, GIVEN).answer(200, &past), "already expired"),
    ];
    for (world, part) in cases {
        let (_, sources) = world.build();
        let shown = refusal(get(&sources, &account(file(), url.clone())).await);
        assert!(shown.contains(part), "{shown}");
    }
    let source = json!({"url": "https://issuer.example/"});
    let (_, sources) = World::default().answer(500, "S3CRET").build();
    let shown = refusal(get(&sources, &account(source, json!({}))).await);
    assert_eq!(
        shown,
        "the issuer of the subject token at \"https://issuer.example\" answered with status 500"
    );
}
