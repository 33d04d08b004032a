use std::path::Path;

use super::{assume, assume_with_token};
use crate::aws::{Keys, Region, Role};
use crate::testing::{BEFORE, LATER, World, hides, refusal, seconds};

use secrecy::ExposeSecret;

pub(crate) fn answer(action: &str, until: &str) -> String {
    format!(
        "<{action}Response xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><{action}Result>\
         <AssumedRoleUser><Arn>arn:aws:sts::1:assumed-role/r/s</Arn></AssumedRoleUser><Credentials>\
         <AccessKeyId>ASIA1</AccessKeyId><SecretAccessKey>S3CRET-role</SecretAccessKey>\
         <SessionToken>S3CRET-session</SessionToken><Expiration>{until}</Expiration></Credentials>\
         </{action}Result><ResponseMetadata/></{action}Response>"
    )
}

fn keys() -> Keys {
    Keys {
        access_key_id: "AKID".to_owned(),
        secret_access_key: "S3CRET-key".into(),
        session_token: Some("S3CRET-before".into()),
    }
}

fn role() -> Role {
    Role { arn: "arn:aws:iam::1:role/r".to_owned(), ..Role::default() }
}

fn region() -> Region<'static> {
    Region::new("eu-west-1").unwrap()
}

#[tokio::test]
async fn a_role_is_assumed_with_a_signed_request() {
    let (world, sources) = World::default().answer(200, &answer("AssumeRole", LATER)).build();
    let role = Role {
        external_id: Some("S3CRET+id".into()),
        session_name: Some("me".to_owned()),
        seconds: Some(900),
        ..role()
    };
    let lease = assume(&sources, region(), &keys(), &role).await.unwrap();
    assert_eq!(lease.value.access_key_id, "ASIA1");
    assert_eq!(lease.value.secret_access_key.expose_secret(), "S3CRET-role");
    assert_eq!(lease.value.session_token.as_ref().unwrap().expose_secret(), "S3CRET-session");
    assert_eq!(lease.life, seconds(3600));
    hides(&lease);
    hides(&role);
    let asked = world.asked().remove(0);
    let parts: Vec<_> = asked.split(" | ").collect();
    assert_eq!(parts[0], "POST https://sts.eu-west-1.amazonaws.com/");
    assert_eq!(parts[1], "content-type: application/x-www-form-urlencoded");
    let body = "Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fr&RoleSessionName=me\
                &ExternalId=S3CRET%2Bid&DurationSeconds=900";
    assert_eq!(*parts.last().unwrap(), body);
    let field = |name: &str| parts.iter().find_map(|part| part.strip_prefix(name)).unwrap();
    assert_eq!(field("x-amz-date: "), "20260301T120000Z");
    assert_eq!(field("x-amz-security-token: "), "S3CRET-before");
    let scope = "AWS4-HMAC-SHA256 Credential=AKID/20260301/eu-west-1/sts/aws4_request, \
                 SignedHeaders=content-type;host;x-amz-date;x-amz-security-token, Signature=";
    assert!(field("authorization: ").starts_with(scope), "{asked}");
}

#[tokio::test]
async fn a_role_is_assumed_with_a_token_and_no_signature() {
    let world =
        World::default().file("/token", "S3CRET.jwt\n").var("AWS_ENDPOINT_URL_STS", "http://127.0.0.1:4566");
    let (world, sources) = world.answer(200, &answer("AssumeRoleWithWebIdentity", LATER)).build();
    let lease = assume_with_token(&sources, region(), Path::new("/token"), &role()).await.unwrap();
    assert_eq!((lease.value.access_key_id.as_str(), lease.life), ("ASIA1", seconds(3600)));
    let body = "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fr\
                &RoleSessionName=tidegate&WebIdentityToken=S3CRET.jwt";
    let head = "POST http://127.0.0.1:4566/ | content-type: application/x-www-form-urlencoded";
    assert_eq!(world.asked(), [format!("{head} | {body}")]);
}

#[tokio::test]
async fn answers_that_are_no_keys_are_errors() {
    let whole = answer("AssumeRole", LATER);
    let refused = "<ErrorResponse><Error><Code>AccessDenied</Code><Message>S3CRET-key is not authorized\
                   </Message></Error></ErrorResponse>";
    let cases = [
        (
            403,
            refused.to_owned(),
            "role \"arn:aws:iam::1:role/r\": AWS STS at \"https://sts.eu-west-1.amazonaws.com\" \
                                   answered with status 403: AccessDenied: [hidden] is not authorized",
        ),
        (200, answer("AssumeRole", BEFORE), "already expired by the clock of this machine"),
        (200, answer("AssumeRole", "tomorrow"), "has an expiration that is no time"),
        (200, whole.replace("SessionToken>", "Other>"), "has no \"SessionToken\""),
        (200, whole.replace("S3CRET-role", ""), "has no \"SecretAccessKey\""),
        (200, whole.replace("</Credentials>", ""), "is no XML that can be read"),
        (200, "{}".to_owned(), "is no XML that can be read"),
        (
            200,
            format!("<!DOCTYPE x [<!ENTITY e SYSTEM \"file:///etc/passwd\">]>{whole}"),
            "is no XML that can be read",
        ),
    ];
    for (status, body, part) in cases {
        let (_, sources) = World::default().answer(status, &body).build();
        let text = refusal(assume(&sources, region(), &keys(), &role()).await);
        assert!(text.contains(part), "{text}");
    }
}

#[tokio::test]
async fn a_token_that_is_not_there_and_a_server_without_tls_are_refused_before_anything_is_sent() {
    let (_, sources) = World::default().build();
    let text = refusal(assume_with_token(&sources, region(), Path::new("/token"), &role()).await);
    assert!(text.starts_with("file \"/token\" cannot be read"), "{text}");
    let (_, sources) = World::default().var("AWS_ENDPOINT_URL_STS", "http://sts.example").build();
    let text = refusal(assume(&sources, region(), &keys(), &role()).await);
    assert!(text.starts_with("\"AWS_ENDPOINT_URL_STS\" leads to \"sts.example\""), "{text}");
}

#[tokio::test]
async fn china_has_a_domain_of_its_own() {
    let (world, sources) = World::default().answer(200, &answer("AssumeRole", LATER)).build();
    assume(&sources, Region::new("cn-north-1").unwrap(), &keys(), &role()).await.unwrap();
    assert!(world.asked()[0].starts_with("POST https://sts.cn-north-1.amazonaws.com.cn/ "));
    for name in ["", "us-east-1.evil.example/", "US", "a b"] {
        assert!(refusal(Region::new(name)).contains("is no name of a region"), "{name}");
    }
}
