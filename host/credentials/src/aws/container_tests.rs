use secrecy::ExposeSecret;

use super::keys;
use crate::Why;
use crate::testing::{BEFORE, LATER, World, refusal, seconds};

fn body(until: &str) -> String {
    format!(
        r#"{{"RoleArn":"r","AccessKeyId":"ASIA1","SecretAccessKey":"S3CRET","Token":"S3CRET-t","Expiration":"{until}"}}"#
    )
}

const RELATIVE: &str = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI";
const FULL: &str = "AWS_CONTAINER_CREDENTIALS_FULL_URI";
const TOKEN: &str = "AWS_CONTAINER_AUTHORIZATION_TOKEN";
const FILE: &str = "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE";

#[tokio::test]
async fn the_agent_of_ecs_is_asked_at_its_address() {
    let (world, sources) =
        World::default().var(RELATIVE, "/v2/credentials/x").answer(200, &body(LATER)).build();
    let lease = keys(&sources).await.unwrap();
    assert_eq!((lease.value.access_key_id.as_str(), lease.life), ("ASIA1", seconds(3600)));
    assert_eq!(lease.value.session_token.unwrap().expose_secret(), "S3CRET-t");
    assert_eq!(world.asked(), ["GET http://169.254.170.2/v2/credentials/x | accept: application/json"]);
}

#[tokio::test]
async fn an_empty_token_is_none_and_keys_may_have_no_end() {
    let given = r#"{"AccessKeyId":"A","SecretAccessKey":"S3CRET","Token":"","Expiration":null}"#;
    let lease = keys(&World::default().var(RELATIVE, "/x").answer(200, given).build().1).await.unwrap();
    assert!(lease.value.session_token.is_none() && lease.life.is_none());
}

#[tokio::test]
async fn the_agent_of_eks_is_shown_the_token_of_a_file() {
    let world = World::default().var(FULL, "http://169.254.170.23/v1/credentials").var(TOKEN, "S3CRET-old");
    let world = world.var(FILE, "/token").file("/token", "S3CRET-new\n").answer(200, &body(LATER));
    let (world, sources) = world.build();
    keys(&sources).await.unwrap();
    let head = "GET http://169.254.170.23/v1/credentials | accept: application/json";
    assert_eq!(world.asked(), [format!("{head} | authorization: S3CRET-new")]);
}

#[tokio::test]
async fn only_known_hosts_are_asked_without_tls() {
    for url in
        ["https://any.example/x", "http://localhost:8080/", "http://[::1]/", "http://[fd00:ec2::23]/v1"]
    {
        let (world, sources) =
            World::default().var(FULL, url).var(TOKEN, "S3CRET").answer(200, &body(LATER)).build();
        keys(&sources).await.unwrap();
        let head = format!("GET {url} | accept: application/json");
        assert_eq!(world.asked(), [format!("{head} | authorization: S3CRET")]);
    }
    for url in [
        "http://any.example/",
        "http://169.254.169.254/",
        "http://10.0.0.1/",
        "http://localhost.evil.example/",
    ] {
        let (_, sources) = World::default().var(FULL, url).var(TOKEN, "S3CRET").build();
        assert!(refusal(keys(&sources).await).starts_with(&format!("\"{FULL}\" leads to ")), "{url}");
    }
}

#[tokio::test]
async fn what_is_wrong_is_told() {
    let (_, sources) = World::default().build();
    let error = keys(&sources).await.unwrap_err();
    assert_eq!(error.why(), Why::Absent);
    let with = || World::default().var(RELATIVE, "/x");
    let cases = [
        (World::default().var(RELATIVE, "@evil.example/"), "must begin with \"/\""),
        (with().var(TOKEN, "S3CRET\r\nx-injected: 1"), "has line ends within"),
        (with().var(FILE, "/none"), "file \"/none\" cannot be read"),
        (with().answer(200, &body(BEFORE)), "already expired"),
        (with().answer(200, &body("soon")), "no time"),
        (with().answer(200, r#"{"AccessKeyId":"S3CRET"}"#), "has no \"SecretAccessKey\""),
        (with().answer(200, "S3CRET"), "is no JSON"),
        (
            with().answer(400, r#"{"code":"InvalidToken","message":"go away"}"#),
            "status 400: InvalidToken: go away",
        ),
        (with().silence(), "no answer in time"),
    ];
    for (world, part) in cases {
        let text = refusal(keys(&world.build().1).await);
        assert!(text.contains(part), "{text}");
    }
}
