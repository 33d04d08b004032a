use rcgen::{CertificateParams, PKCS_RSA_SHA256};
use serde_json::json;

use super::{Client, SCOPE, Source, Wanted};
use crate::testing::{KEY, World, epoch, hides, of_form, refusal, seconds, token, verified};
use crate::{CredentialsError, Lease, Sources, Why};

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::SecretString;

const GIVEN: &str = r#"{"token_type":"Bearer","expires_in":3599,"access_token":"S3CRET-token"}"#;
const TENANT: &str = "11111111-2222-3333-4444-555555555555";
const FORM: &str = "content-type: application/x-www-form-urlencoded";

fn client() -> Client {
    Client { tenant: TENANT.to_owned(), id: "my-client".to_owned() }
}

async fn get(sources: &Sources, source: Source) -> Result<Lease<SecretString>, CredentialsError> {
    let wanted = Wanted { source, scope: None };
    hides(&wanted);
    super::token(sources, &wanted).await
}

fn secret() -> Source {
    Source::Secret { client: client(), secret: "S3CRET+/".into() }
}

fn environment() -> World {
    World::default().var("AZURE_TENANT_ID", TENANT).var("AZURE_CLIENT_ID", "my-client")
}

#[tokio::test]
async fn a_token_that_was_given_never_ends() {
    let (_, sources) = World::default().build();
    let lease = get(&sources, Source::Token("S3CRET".into())).await;
    assert_eq!(token(lease), ("S3CRET".to_owned(), None));
}

#[tokio::test]
async fn a_client_shows_its_secret() {
    let (world, sources) = World::default().answer(200, GIVEN).build();
    assert_eq!(token(get(&sources, secret()).await), ("S3CRET-token".to_owned(), seconds(3599)));
    let body = "grant_type=client_credentials&client_id=my-client\
                &scope=https%3A%2F%2Fcognitiveservices.azure.com%2F.default&client_secret=S3CRET%2B%2F";
    let head = format!("POST https://login.microsoftonline.com/{TENANT}/oauth2/v2.0/token | {FORM}");
    assert_eq!(world.asked(), [format!("{head} | {body}")]);
}

#[tokio::test]
async fn the_scope_and_the_authority_may_be_others() {
    let world = World::default().var("AZURE_AUTHORITY_HOST", "https://login.microsoftonline.us/");
    let (world, sources) = world.answer(200, GIVEN).build();
    let scope = "https://cognitiveservices.azure.us/.default".to_owned();
    token(super::token(&sources, &Wanted { source: secret(), scope: Some(scope.clone()) }).await);
    let asked = world.asked().remove(0);
    assert!(asked.starts_with(&format!("POST https://login.microsoftonline.us/{TENANT}/oauth2/v2.0/token ")));
    assert_eq!(of_form(asked.rsplit(" | ").next().unwrap(), "scope"), scope);
}

#[tokio::test]
async fn a_client_shows_a_certificate() {
    let key = rcgen::KeyPair::from_pkcs8_pem_and_sign_algo(&KEY.pkcs8, &PKCS_RSA_SHA256).unwrap();
    let certificate = CertificateParams::new(vec!["me".to_owned()]).unwrap().self_signed(&key).unwrap();
    let pem = format!("{}{}", KEY.pkcs8, certificate.pem());
    let (world, sources) = World::default().file("/c.pem", &pem).answer(200, GIVEN).build();
    token(get(&sources, Source::Certificate { client: client(), file: "/c.pem".into() }).await);
    let asked = world.asked().remove(0);
    let form = asked.rsplit(" | ").next().unwrap();
    let kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
    assert_eq!(of_form(form, "client_assertion_type"), kind);
    let (header, mut claims) = verified(&of_form(form, "client_assertion"));
    let thumbprint = URL_SAFE_NO_PAD.encode(digest(&SHA256, certificate.der()));
    assert_eq!(header, json!({"alg": "RS256", "typ": "JWT", "x5t#S256": thumbprint}));
    let id = claims.as_object_mut().unwrap().remove("jti").unwrap();
    assert_eq!(id.as_str().unwrap().len(), 22);
    let audience = format!("https://login.microsoftonline.com/{TENANT}/oauth2/v2.0/token");
    let (from, to) = (epoch(), epoch() + 600);
    let expected = json!({
        "aud": audience, "iss": "my-client", "sub": "my-client", "nbf": from, "iat": from, "exp": to,
    });
    assert_eq!(claims, expected);
}

#[tokio::test]
async fn a_workload_shows_the_token_of_its_file() {
    let world = environment().var("AZURE_FEDERATED_TOKEN_FILE", "/token").file("/token", "S3CRET.jwt\n");
    let (world, sources) = world.answer(200, GIVEN).build();
    token(get(&sources, Source::Workload { client: None, file: None }).await);
    let body = "grant_type=client_credentials&client_id=my-client\
                &scope=https%3A%2F%2Fcognitiveservices.azure.com%2F.default\
                &client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer\
                &client_assertion=S3CRET.jwt";
    assert!(world.asked()[0].ends_with(body));
    let (_, sources) = World::default().file("/other", "S3CRET").answer(200, GIVEN).build();
    token(get(&sources, Source::Workload { client: Some(client()), file: Some("/other".into()) }).await);
}

#[tokio::test]
async fn what_is_wrong_is_told() {
    let refused =
        r#"{"error":"invalid_client","error_description":"AADSTS7000215: Invalid client secret S3CRET+/."}"#;
    let certificate = |file: &str| Source::Certificate { client: client(), file: file.into() };
    let nobody = Client { tenant: "../x".to_owned(), id: "i".to_owned() };
    let cases = [
        (
            World::default().answer(401, refused),
            secret(),
            "401: invalid_client: AADSTS7000215: Invalid client secret [hidden]",
        ),
        (World::default().answer(200, "<html>"), secret(), "is no JSON of the expected form"),
        (World::default().answer(200, "{}"), secret(), "has no \"access_token\""),
        (
            World::default().silence(),
            secret(),
            "Microsoft Entra at \"https://login.microsoftonline.com\" gives no answer",
        ),
        (
            World::default().var("AZURE_AUTHORITY_HOST", "http://evil.example"),
            secret(),
            "leads to \"evil.example\"",
        ),
        (
            World::default(),
            Source::Secret { client: nobody, secret: "S3CRET".into() },
            "tenant \"../x\" is none",
        ),
        (World::default(), certificate("/none.pem"), "file \"/none.pem\" cannot be read"),
        (
            World::default().file("/c.pem", "S3CRET"),
            certificate("/c.pem"),
            "file \"/c.pem\" has no private key",
        ),
        (
            World::default().file("/c.pem", &KEY.pkcs8),
            certificate("/c.pem"),
            "file \"/c.pem\" has no certificate",
        ),
        (
            World::default(),
            Source::Workload { client: None, file: None },
            "\"AZURE_FEDERATED_TOKEN_FILE\" is not set",
        ),
    ];
    for (world, source, part) in cases {
        let text = refusal(get(&world.build().1, source).await);
        assert!(text.contains(part), "{text}");
    }
}

#[tokio::test]
async fn the_chain_takes_a_secret_then_a_certificate_then_a_workload_then_the_machine() {
    let (world, sources) = environment().var("AZURE_CLIENT_SECRET", "S3CRET").answer(200, GIVEN).build();
    token(get(&sources, Source::Chain).await);
    assert!(world.asked()[0].ends_with("client_secret=S3CRET"));
    let world = environment().var("AZURE_CLIENT_CERTIFICATE_PATH", "/c.pem").file("/c.pem", "");
    let text = refusal(get(&world.build().1, Source::Chain).await);
    assert!(
        text.starts_with("credentials of Azure from a certificate of the environment: file \"/c.pem\""),
        "{text}"
    );
    let world = environment().var("AZURE_FEDERATED_TOKEN_FILE", "/token").file("/token", "S3CRET");
    let (world, sources) = world.answer(200, GIVEN).build();
    token(get(&sources, Source::Chain).await);
    assert!(world.asked()[0].ends_with("client_assertion=S3CRET"));
    let (world, sources) = environment().answer(200, GIVEN).build();
    token(get(&sources, Source::Chain).await);
    assert!(world.asked()[0].contains("&client_id=my-client"), "the identity that was assigned");
    let text =
        refusal(get(&World::default().var("AZURE_CLIENT_SECRET", "S3CRET").build().1, Source::Chain).await);
    assert!(text.contains("\"AZURE_CLIENT_SECRET\" is set and \"AZURE_TENANT_ID\" is not"), "{text}");
}

#[tokio::test]
async fn an_empty_chain_tells_what_was_tried() {
    let (_, sources) = World::default().silence().build();
    let error = get(&sources, Source::Chain).await.unwrap_err();
    assert_eq!(error.why(), Why::Absent);
    assert_eq!(
        error.to_string(),
        "no credentials of Azure were found (a secret of the environment: \"AZURE_CLIENT_SECRET\" is not set, a \
         certificate of the environment: \"AZURE_CLIENT_CERTIFICATE_PATH\" is not set, a workload identity: \
         \"AZURE_FEDERATED_TOKEN_FILE\" is not set, the managed identity: Azure's metadata service at \
         \"http://169.254.169.254\" gives no answer: no answer in time; it must be reachable from here); set \
         \"AZURE_TENANT_ID\", \"AZURE_CLIENT_ID\" and \"AZURE_CLIENT_SECRET\", or give this machine an identity"
    );
    assert!(SCOPE.ends_with("/.default"));
}
