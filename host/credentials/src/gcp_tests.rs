use secrecy::SecretString;
use serde_json::{Value, json};

use super::{SCOPE, Source, Wanted};
use crate::testing::{KEY, World, epoch, hides, of_form, refusal, seconds, token, verified};
use crate::{CredentialsError, Lease, Sources, Why};

const GIVEN: &str = r#"{"access_token":"S3CRET-token","expires_in":3599,"token_type":"Bearer"}"#;
const FORM: &str = "content-type: application/x-www-form-urlencoded";

async fn get(sources: &Sources, source: Source) -> Result<Lease<SecretString>, CredentialsError> {
    let wanted = Wanted { source };
    hides(&wanted);
    let Lease { value, life } = super::token(sources, &wanted).await?;
    Ok(Lease { value: value.token, life })
}

/// The project that is charged.
async fn project(world: World, source: Source) -> Option<String> {
    super::token(&world.build().1, &Wanted { source }).await.unwrap().value.project
}

fn account() -> Value {
    json!({
        "type": "service_account",
        "project_id": "p",
        "private_key_id": "kid-1",
        "private_key": KEY.pkcs8,
        "client_email": "me@p.iam.gserviceaccount.com",
        "client_id": "1",
        "token_uri": "https://oauth2.googleapis.com/token",
    })
}

fn user() -> Value {
    json!({
        "type": "authorized_user",
        "client_id": "my-client",
        "client_secret": "S3CRET-c",
        "refresh_token": "S3CRET/r",
    })
}

#[tokio::test]
async fn a_token_that_was_given_never_ends() {
    let (_, sources) = World::default().build();
    assert_eq!(token(get(&sources, Source::Token("S3CRET".into())).await), ("S3CRET".to_owned(), None));
}

#[tokio::test]
async fn an_account_signs_for_its_token() {
    let (world, sources) =
        World::default().file("/key.json", &account().to_string()).answer(200, GIVEN).build();
    let given = token(get(&sources, Source::File("/key.json".into())).await);
    assert_eq!(given, ("S3CRET-token".to_owned(), seconds(3599)));
    let asked = world.asked().remove(0);
    let head = format!("POST https://oauth2.googleapis.com/token | {FORM} | ");
    let form = asked.strip_prefix(&head).unwrap();
    assert_eq!(of_form(form, "grant_type"), "urn:ietf:params:oauth:grant-type:jwt-bearer");
    let (header, claims) = verified(&of_form(form, "assertion"));
    assert_eq!(header, json!({"alg": "RS256", "typ": "JWT", "kid": "kid-1"}));
    let expected = json!({
        "iss": "me@p.iam.gserviceaccount.com",
        "scope": SCOPE,
        "aud": "https://oauth2.googleapis.com/token",
        "iat": epoch(),
        "exp": epoch() + 3600,
    });
    assert_eq!(claims, expected);
}

#[tokio::test]
async fn a_login_is_refreshed() {
    let (world, sources) = World::default().answer(200, GIVEN).build();
    token(get(&sources, Source::Json(user().to_string().into())).await);
    let body = "grant_type=refresh_token&client_id=my-client&client_secret=S3CRET-c&refresh_token=S3CRET%2Fr";
    assert_eq!(world.asked(), [format!("POST https://oauth2.googleapis.com/token | {FORM} | {body}")]);
}

#[tokio::test]
async fn what_is_wrong_is_told() {
    let changed = |field: &str, value: Value| {
        let mut account = account();
        account[field] = value;
        account.to_string()
    };
    let refused =
        r#"{"error":"invalid_grant","error_description":"Invalid JWT: check your iat and exp values"}"#;
    let cases = [
        (
            World::default().answer(400, refused),
            account().to_string(),
            "status 400: invalid_grant: Invalid JWT: check",
        ),
        (World::default().answer(200, "{}"), account().to_string(), "has no \"access_token\""),
        (World::default().answer(200, "no"), user().to_string(), "is no JSON"),
        (World::default().answer(401, r#"{"error":"S3CRET/r"}"#), user().to_string(), "status 401: [hidden]"),
        (World::default().silence(), user().to_string(), "gives no answer"),
        (World::default(), "S3CRET".to_owned(), "the key cannot be read or lacks a field (line 1, column 1)"),
        (
            World::default(),
            r#"{"type":"service_account","client_email":["S3CRET"]}"#.to_owned(),
            "cannot be read",
        ),
        (
            World::default(),
            changed("private_key", json!("S3CRET")),
            "the key has no private key that can sign",
        ),
        (World::default(), changed("token_uri", json!("http://evil.example/")), "leads to \"evil.example\""),
        (
            World::default(),
            changed("type", json!("gdch_service_account")),
            "\"gdch_service_account\", which is not supported",
        ),
        (World::default(), "{}".to_owned(), "has the type \"nothing\""),
    ];
    for (world, text, part) in cases {
        let shown = refusal(get(&world.build().1, Source::Json(text.into())).await);
        assert!(shown.contains(part), "{shown}");
    }
    let shown = refusal(get(&World::default().build().1, Source::File("/none".into())).await);
    assert!(shown.starts_with("file \"/none\" cannot be read"), "{shown}");
}

#[tokio::test]
async fn the_chain_takes_the_named_file_then_that_of_gcloud_then_the_machine() {
    let (file, usual) = ("/named.json", "/home/me/.config/gcloud/application_default_credentials.json");
    let both = World::default().file(file, &user().to_string()).file(usual, &user().to_string());
    let both = both.var("HOME", "/home/me").var("GOOGLE_APPLICATION_CREDENTIALS", file);
    let (_, sources) = both.answer(200, GIVEN).build();
    token(get(&sources, Source::Chain).await);
    let (world, sources) =
        World::default().var("HOME", "/home/me").file(usual, &user().to_string()).answer(200, GIVEN).build();
    token(get(&sources, Source::Chain).await);
    assert_eq!(world.asked().len(), 1);
    let flavor = [("Metadata-Flavor", "Google")];
    let (world, sources) = World::default().var("HOME", "/home/me").answer_with(200, GIVEN, &flavor).build();
    token(get(&sources, Source::Chain).await);
    assert!(world.asked()[0].starts_with("GET http://metadata.google.internal/"));
    let missing = World::default().var("GOOGLE_APPLICATION_CREDENTIALS", "/none").build();
    let error = get(&missing.1, Source::Chain).await.unwrap_err();
    assert_eq!(error.why(), Why::Unfit, "what is named must be there: {error}");
}

#[tokio::test]
async fn a_file_may_say_which_project_is_charged_and_the_environment_goes_before_it() {
    let mut with = user();
    with["quota_project_id"] = json!("of-file");
    let source = |text: &Value| Source::Json(text.to_string().into());
    let answered = || World::default().answer(200, GIVEN);
    assert_eq!(project(answered(), source(&user())).await, None);
    assert_eq!(project(answered(), source(&with)).await.as_deref(), Some("of-file"));
    let world = answered().var("GOOGLE_CLOUD_QUOTA_PROJECT", "of-environment");
    assert_eq!(project(world, source(&with)).await.as_deref(), Some("of-environment"));
    let world = World::default().var("GOOGLE_CLOUD_QUOTA_PROJECT", "of-environment");
    assert_eq!(project(world, Source::Token("t".into())).await.as_deref(), Some("of-environment"));
}

#[tokio::test]
async fn an_empty_chain_tells_what_was_tried() {
    let (_, sources) = World::default().silence().build();
    let error = get(&sources, Source::Chain).await.unwrap_err();
    assert_eq!(error.why(), Why::Absent);
    assert_eq!(
        error.to_string(),
        "no credentials of Google Cloud were found (the named file: \"GOOGLE_APPLICATION_CREDENTIALS\" is not set, the \
         file of gcloud: there is no such file, the metadata server: Google's metadata server at \
         \"http://metadata.google.internal\" gives no answer: no answer in time; it must be reachable from here); set \
         \"GOOGLE_APPLICATION_CREDENTIALS\" to a key file, or give this machine an account"
    );
}
