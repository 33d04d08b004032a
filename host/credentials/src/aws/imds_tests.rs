use super::keys;
use crate::Why;
use crate::testing::{BEFORE, LATER, World, refusal, seconds};

const ROLES: &str = "/latest/meta-data/iam/security-credentials/";

fn body(until: &str) -> String {
    format!(
        r#"{{"Code":"Success","Type":"AWS-HMAC","AccessKeyId":"ASIA1","SecretAccessKey":"S3CRET","Token":"S3CRET-t",
            "Expiration":"{until}"}}"#
    )
}

fn with_role() -> World {
    World::default().answer(200, "S3CRET-token").answer(200, "my-role\n")
}

#[tokio::test]
async fn a_token_comes_first_then_the_role_then_its_keys() {
    let (world, sources) = with_role().answer(200, &body(LATER)).build();
    let lease = keys(&sources).await.unwrap();
    assert_eq!((lease.value.access_key_id.as_str(), lease.life), ("ASIA1", seconds(3600)));
    let base = "http://169.254.169.254";
    let token = "x-aws-ec2-metadata-token: S3CRET-token";
    assert_eq!(
        world.asked(),
        [
            format!("PUT {base}/latest/api/token | x-aws-ec2-metadata-token-ttl-seconds: 21600"),
            format!("GET {base}{ROLES} | {token}"),
            format!("GET {base}{ROLES}my-role | {token}"),
        ]
    );
}

#[tokio::test]
async fn the_place_may_be_another() {
    let cases = [
        ("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://imds.example:81/", "http://imds.example:81"),
        ("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "IPv6", "http://[fd00:ec2::254]"),
    ];
    for (name, value, base) in cases {
        let (world, sources) = with_role().var(name, value).answer(200, &body(LATER)).build();
        keys(&sources).await.unwrap();
        assert!(world.asked()[0].starts_with(&format!("PUT {base}/latest/api/token ")));
    }
}

#[tokio::test]
async fn where_there_is_no_service_or_no_role_there_are_no_keys() {
    let token = || World::default().answer(200, "S3CRET-token");
    let cases = [
        (
            World::default().var("AWS_EC2_METADATA_DISABLED", "TRUE"),
            "\"AWS_EC2_METADATA_DISABLED\" is \"true\"",
        ),
        (World::default().silence(), "hop limit"),
        (World::default().answer(403, ""), "turned off"),
        (World::default().answer(404, ""), "turned off"),
        (token().answer(404, ""), "the instance has no role"),
        (token().answer(200, ""), "the instance has no role"),
    ];
    for (world, part) in cases {
        let error = keys(&world.build().1).await.unwrap_err();
        assert_eq!(error.why(), Why::Absent, "{error}");
        assert!(error.to_string().contains(part), "{error}");
    }
}

#[tokio::test]
async fn what_is_wrong_is_told() {
    let token = || World::default().answer(200, "S3CRET-token");
    let failed = r#"{"Code":"AssumeRoleUnauthorizedAccess","Message":"EC2 cannot assume the role"}"#;
    let cases = [
        (World::default().answer(400, ""), "status 400"),
        (token().answer(401, ""), "status 401"),
        (token().answer(200, "../../x"), "is no name of a role"),
        (with_role().answer(200, &body(BEFORE)), "already expired"),
        (with_role().answer(200, failed), "AssumeRoleUnauthorizedAccess: EC2 cannot assume the role"),
        (with_role().answer(200, "{}"), "has no \"AccessKeyId\""),
        (with_role().answer(404, ""), "status 404"),
        (
            World::default().var("AWS_EC2_METADATA_SERVICE_ENDPOINT", "imds"),
            "must be an \"http\" or \"https\" URL",
        ),
    ];
    for (world, part) in cases {
        let text = refusal(keys(&world.build().1).await);
        assert!(text.contains(part), "{text}");
    }
}
