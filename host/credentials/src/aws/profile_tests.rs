use super::keys;
use crate::aws::Region;
use crate::aws::sts::tests::answer;
use crate::testing::{LATER, World, refusal};
use crate::{CredentialsError, Why};

const CONFIG: &str = "
[default]
region = us-east-1
aws_access_key_id = CONFIG
aws_secret_access_key = S3CRET-config
[profile base]
aws_access_key_id = BASE
aws_secret_access_key = S3CRET-base
aws_session_token = S3CRET-token
[profile role]
role_arn = arn:aws:iam::1:role/one
source_profile = base
external_id = S3CRET-id
role_session_name = me
duration_seconds = 900
[profile second]
role_arn = arn:aws:iam::1:role/two
source_profile = role
[profile both]
role_arn = arn:aws:iam::1:role/both
source_profile = both
aws_access_key_id = BOTH
aws_secret_access_key = S3CRET
[profile web]
role_arn = arn:aws:iam::1:role/web
web_identity_token_file = /token
[profile placed]
role_arn = arn:aws:iam::1:role/placed
credential_source = EcsContainer
[profile unknown-place]
role_arn = arn:aws:iam::1:role/placed
credential_source = Moon
[profile alone]
role_arn = arn:aws:iam::1:role/alone
[profile ring-a]
role_arn = arn:aws:iam::1:role/a
source_profile = ring-b
[profile ring-b]
role_arn = arn:aws:iam::1:role/b
source_profile = ring-a
[profile itself]
role_arn = arn:aws:iam::1:role/b
source_profile = itself
[profile to-nowhere]
role_arn = arn:aws:iam::1:role/a
source_profile = nowhere
[profile sso]
sso_session = s
sso_account_id = 1
[profile process]
credential_process = /bin/echo S3CRET
[profile on-process]
role_arn = arn:aws:iam::1:role/b
source_profile = process
[profile mfa]
role_arn = arn:aws:iam::1:role/b
source_profile = base
mfa_serial = arn:aws:iam::1:mfa/me
[profile half]
aws_access_key_id = HALF
[profile odd]
role_arn = arn:aws:iam::1:role/b
source_profile = base
duration_seconds = an hour
";

fn world(profile: &str) -> World {
    let world =
        World::default().var("AWS_CONFIG_FILE", "/config").file("/config", CONFIG).var("HOME", "/home/me");
    if profile.is_empty() { world } else { world.var("AWS_PROFILE", profile) }
}

/// The id of the keys, and what was asked for them.
async fn found(world: World) -> Result<(String, Vec<String>), CredentialsError> {
    let (world, sources) = world.build();
    let lease = keys(&sources, Region::new("us-east-1").unwrap()).await?;
    Ok((lease.value.access_key_id, world.asked()))
}

#[tokio::test]
async fn keys_stand_in_either_file_and_those_of_credentials_win() {
    assert_eq!(found(world("")).await.unwrap().0, "CONFIG");
    assert_eq!(found(world("base")).await.unwrap().0, "BASE");
    let text =
        "[default]\naws_access_key_id = CREDENTIALS\naws_secret_access_key = S3CRET\n[base]\nregion = x\n";
    let both = |profile| world(profile).file("/home/me/.aws/credentials", text);
    assert_eq!(found(both("")).await.unwrap().0, "CREDENTIALS");
    assert_eq!(found(both("base")).await.unwrap().0, "BASE", "what only the other has stays");
    let named = world("").var("AWS_SHARED_CREDENTIALS_FILE", "~/other").file("/home/me/other", text);
    assert_eq!(found(named).await.unwrap().0, "CREDENTIALS");
}

#[tokio::test]
async fn a_role_is_assumed_with_the_keys_of_its_source() {
    let (id, asked) = found(world("role").answer(200, &answer("AssumeRole", LATER))).await.unwrap();
    assert_eq!((id.as_str(), asked.len()), ("ASIA1", 1));
    assert!(asked[0].contains("Credential=BASE/"), "{}", asked[0]);
    let body = "&RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fone&RoleSessionName=me&ExternalId=S3CRET-id&DurationSeconds=900";
    assert!(asked[0].ends_with(body), "{}", asked[0]);
}

#[tokio::test]
async fn a_role_leads_to_the_next() {
    let answers =
        world("second").answer(200, &answer("AssumeRole", LATER)).answer(200, &answer("AssumeRole", LATER));
    let (_, asked) = found(answers).await.unwrap();
    assert!(asked[0].contains("Credential=BASE/") && asked[0].contains("role%2Fone"));
    assert!(asked[1].contains("Credential=ASIA1/") && asked[1].contains("role%2Ftwo"));
}

#[tokio::test]
async fn a_profile_may_lean_on_its_own_keys_on_a_token_or_on_a_place() {
    let (_, asked) = found(world("both").answer(200, &answer("AssumeRole", LATER))).await.unwrap();
    assert!(asked[0].contains("Credential=BOTH/"));
    let web = world("web").file("/token", "S3CRET").answer(200, &answer("AssumeRoleWithWebIdentity", LATER));
    let (_, asked) = found(web).await.unwrap();
    assert!(asked[0].contains("role%2Fweb") && asked[0].ends_with("WebIdentityToken=S3CRET"));
    let placed = world("placed").var("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/x");
    let placed = placed.answer(200, r#"{"AccessKeyId":"AGENT","SecretAccessKey":"S3CRET"}"#);
    let (_, asked) = found(placed.answer(200, &answer("AssumeRole", LATER))).await.unwrap();
    assert!(asked[1].contains("Credential=AGENT/"));
}

#[tokio::test]
async fn what_is_wrong_ends_the_search_and_is_told() {
    let cases = [
        ("missing", "no profile \"missing\""),
        ("unknown-place", "has a \"credential_source\" that is none of \"Environment\""),
        ("placed", "neither \"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI\" nor"),
        (
            "alone",
            "must have one of \"source_profile\", \"credential_source\" and \"web_identity_token_file\" besides",
        ),
        ("ring-a", "profiles lean on each other in a circle: \"ring-a\" -> \"ring-b\" -> \"ring-a\""),
        ("itself", "profile \"itself\" leans on itself and has no keys"),
        ("to-nowhere", "no profile \"nowhere\", which profile \"to-nowhere\" leans on"),
        ("sso", "profile \"sso\" signs in by \"sso\", which needs a person at a browser; use keys"),
        (
            "process",
            "profile \"process\" has \"credential_process\", and no other program is started here; use keys",
        ),
        ("on-process", "profile \"process\" has \"credential_process\""),
        ("mfa", "has \"mfa_serial\""),
        ("half", "has one of \"aws_access_key_id\" and \"aws_secret_access_key\"; add the other"),
        ("odd", "has a \"duration_seconds\" that is no number"),
    ];
    for (profile, part) in cases {
        let error = found(world(profile)).await.unwrap_err();
        assert_eq!(error.why(), Why::Unfit, "{error}");
        assert!(refusal::<()>(Err(error.clone())).contains(part), "{error}");
    }
}

#[tokio::test]
async fn without_files_and_without_a_name_there_is_nothing() {
    for world in [World::default(), World::default().var("HOME", "/home/me")] {
        let error = found(world).await.unwrap_err();
        assert_eq!((error.why(), error.to_string().as_str()), (Why::Absent, "no profile \"default\""));
    }
}
