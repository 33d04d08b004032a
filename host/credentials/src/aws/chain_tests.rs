use secrecy::ExposeSecret;

use super::{environment, keys};
use crate::aws::Region;
use crate::aws::sts::tests::answer;
use crate::testing::{LATER, World, hides, refusal, seconds};
use crate::{Sources, Why};

async fn id(sources: &Sources) -> String {
    keys(sources, Region::new("us-east-1").unwrap()).await.unwrap().value.access_key_id
}

fn with_keys() -> World {
    World::default().var("AWS_ACCESS_KEY_ID", "AKID").var("AWS_SECRET_ACCESS_KEY", "S3CRET")
}

const FILES: &str = "[default]\naws_access_key_id = FILE\naws_secret_access_key = S3CRET\n";

fn everything() -> World {
    let agent = r#"{"AccessKeyId":"AGENT","SecretAccessKey":"S3CRET"}"#;
    let world = World::default().var("HOME", "/home/me").var("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/x");
    world.answer(200, agent)
}

#[tokio::test]
async fn the_environment_holds_keys_with_or_without_a_token() {
    let (_, sources) = with_keys().var("AWS_SESSION_TOKEN", "S3CRET-t").build();
    let lease = environment(&sources).unwrap();
    assert_eq!(lease.value.access_key_id, "AKID");
    assert_eq!(lease.value.session_token.as_ref().unwrap().expose_secret(), "S3CRET-t");
    assert_eq!(lease.life, None);
    hides(&lease);
    let (_, sources) = with_keys().build();
    assert!(environment(&sources).unwrap().value.session_token.is_none());
    let (_, sources) = World::default().var("AWS_ACCESS_KEY_ID", "AKID").build();
    let text = refusal(environment(&sources));
    assert_eq!(text, "\"AWS_ACCESS_KEY_ID\" is set and \"AWS_SECRET_ACCESS_KEY\" is not; set both");
}

#[tokio::test]
async fn a_web_identity_of_the_environment_assumes_its_role() {
    let world = World::default().var("AWS_WEB_IDENTITY_TOKEN_FILE", "/token").file("/token", "S3CRET.jwt");
    let world = world.var("AWS_ROLE_ARN", "arn:aws:iam::1:role/r").var("AWS_ROLE_SESSION_NAME", "pod");
    let (world, sources) = world.answer(200, &answer("AssumeRoleWithWebIdentity", LATER)).build();
    let lease = keys(&sources, Region::new("us-east-1").unwrap()).await.unwrap();
    assert_eq!((lease.value.access_key_id.as_str(), lease.life), ("ASIA1", seconds(3600)));
    let asked = world.asked().remove(0);
    assert!(asked.starts_with("POST https://sts.us-east-1.amazonaws.com/ "), "{asked}");
    assert!(asked.ends_with("&RoleSessionName=pod&WebIdentityToken=S3CRET.jwt"), "{asked}");
    let (_, sources) = World::default().var("AWS_WEB_IDENTITY_TOKEN_FILE", "/token").build();
    let text = refusal(keys(&sources, Region::new("us-east-1").unwrap()).await);
    assert!(
        text.contains(
            "from a web identity: \"AWS_WEB_IDENTITY_TOKEN_FILE\" is set and \"AWS_ROLE_ARN\" is not"
        )
    );
}

#[tokio::test]
async fn the_order_is_that_of_the_tools_of_aws() {
    let (_, sources) = with_keys().file("/home/me/.aws/credentials", FILES).var("HOME", "/home/me").build();
    assert_eq!(id(&sources).await, "AKID");
    let (_, sources) =
        World::default().file("/home/me/.aws/credentials", FILES).var("HOME", "/home/me").build();
    assert_eq!(id(&sources).await, "FILE");
    let (world, sources) = everything().build();
    assert_eq!(id(&sources).await, "AGENT");
    assert_eq!(world.asked().len(), 1);
    let instance = World::default().answer(200, "t").answer(200, "r");
    let (_, sources) =
        instance.answer(200, r#"{"AccessKeyId":"INSTANCE","SecretAccessKey":"S3CRET"}"#).build();
    assert_eq!(id(&sources).await, "INSTANCE");
}

#[tokio::test]
async fn what_was_tried_is_told_on_one_line() {
    let (_, sources) = World::default().var("AWS_EC2_METADATA_DISABLED", "true").build();
    let error = keys(&sources, Region::new("us-east-1").unwrap()).await.unwrap_err();
    assert_eq!(error.why(), Why::Absent);
    assert_eq!(
        error.to_string(),
        "no credentials of AWS were found (the environment: \"AWS_ACCESS_KEY_ID\" is not set, a web identity: \
         \"AWS_WEB_IDENTITY_TOKEN_FILE\" is not set, the shared files: no profile \"default\", the container: neither \
         \"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI\" nor \"AWS_CONTAINER_CREDENTIALS_FULL_URI\" is set, the instance: \
         \"AWS_EC2_METADATA_DISABLED\" is \"true\"); set \"AWS_ACCESS_KEY_ID\" and \"AWS_SECRET_ACCESS_KEY\", or give \
         this machine a role"
    );
}
