use http::{HeaderMap, HeaderValue, Method, Uri};

use super::{Identity, Shown, Signable, Wanted};
use crate::testing::{World, hides, refusal};
use crate::{aws, azure, gcp};

fn keys() -> aws::Keys {
    aws::Keys {
        access_key_id: "AKID-S3CRET".to_owned(),
        secret_access_key: "S3CRET".into(),
        session_token: Some("S3CRET-t".into()),
    }
}

fn of_aws(source: aws::Source) -> Wanted {
    let (region, service) = ("us-east-1".to_owned(), "bedrock".to_owned());
    Wanted::Aws(aws::Wanted { region, service, source, role: None })
}

async fn asked(
    identity: &Identity,
    headers: &HeaderMap,
) -> Result<(HeaderMap, Shown), crate::CredentialsError> {
    let url = Uri::from_static("https://bedrock-runtime.us-east-1.amazonaws.com/model/a%3A0/converse");
    let request = Signable { method: &Method::POST, url: &url, headers, body: b"{}" };
    let (fields, shown) = identity.headers(&request).await?;
    hides(&shown);
    Ok((fields.into_iter().collect(), shown))
}

async fn fields(identity: &Identity, headers: &HeaderMap) -> Result<HeaderMap, crate::CredentialsError> {
    Ok(asked(identity, headers).await?.0)
}

#[tokio::test]
async fn a_request_carries_the_token_of_a_cloud_which_is_fetched_once() {
    let given = r#"{"access_token":"S3CRET","expires_in":3600}"#;
    let cases = [
        Wanted::Azure(azure::Wanted { source: azure::Source::Managed { client_id: None }, scope: None }),
        Wanted::Gcp(gcp::Wanted { source: gcp::Source::Metadata }),
    ];
    for wanted in cases {
        let world = World::default().answer_with(200, given, &[("metadata-flavor", "Google")]);
        let (world, sources) = world.build();
        hides(&wanted);
        let identity = Identity::new("c", &sources, wanted);
        hides(&identity);
        assert_eq!(world.asked.lock().unwrap().len(), 0, "nobody is asked before the first request");
        for _ in 0..3 {
            let fields = fields(&identity, &HeaderMap::new()).await.unwrap();
            assert_eq!((fields.len(), fields["authorization"].as_bytes()), (1, &b"Bearer S3CRET"[..]));
            hides(&fields);
        }
        assert_eq!(world.asked().len(), 1);
    }
}

#[tokio::test]
async fn a_request_to_aws_is_signed_over_what_nobody_changes() {
    let (_, sources) = World::default().build();
    let wanted = of_aws(aws::Source::Static(keys()));
    hides(&wanted);
    let identity = Identity::new("c", &sources, wanted);
    hides(&identity);
    let mut headers = HeaderMap::new();
    headers.insert("content-type", HeaderValue::from_static("application/json"));
    headers.insert("x-amz-target", HeaderValue::from_static("t"));
    headers.insert("accept-encoding", HeaderValue::from_static("gzip"));
    headers.insert("x-request-id", HeaderValue::from_static("1"));
    let fields = fields(&identity, &headers).await.unwrap();
    hides(&fields);
    assert_eq!(fields["x-amz-date"], "20260301T120000Z");
    assert_eq!(fields["x-amz-security-token"], "S3CRET-t");
    let signed = "SignedHeaders=content-type;host;x-amz-date;x-amz-security-token;x-amz-target, ";
    assert!(fields["authorization"].to_str().unwrap().contains(signed));
}

#[tokio::test]
async fn a_request_that_cannot_be_signed_tells_nothing_of_the_keys() {
    let (_, sources) = World::default().build();
    let broken = aws::Keys { session_token: Some("S3CRET\n".into()), ..keys() };
    let identity = Identity::new("c", &sources, of_aws(aws::Source::Static(broken)));
    let text = refusal(fields(&identity, &HeaderMap::new()).await);
    assert!(text.starts_with("the request cannot be signed"), "{text}");
    let identity = Identity::new("c", &sources, of_aws(aws::Source::Static(keys())));
    let mut headers = HeaderMap::new();
    headers.insert("x-amz-odd", HeaderValue::from_bytes(b"\xff").unwrap());
    let text = refusal(fields(&identity, &headers).await);
    assert!(text.starts_with("header \"x-amz-odd\" cannot be signed"), "{text}");
}

#[tokio::test]
async fn a_role_is_assumed_with_the_keys_that_were_given() {
    let refused =
        "<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>";
    let (world, sources) = World::default().answer(403, refused).build();
    let role = aws::Role { arn: "arn:aws:iam::1:role/r".to_owned(), ..aws::Role::default() };
    let Wanted::Aws(wanted) = of_aws(aws::Source::Static(keys())) else { panic!("of AWS") };
    let identity = Identity::new("c", &sources, Wanted::Aws(aws::Wanted { role: Some(role), ..wanted }));
    for _ in 0..2 {
        let text = refusal(fields(&identity, &HeaderMap::new()).await);
        assert!(text.starts_with("role \"arn:aws:iam::1:role/r\": AWS STS at "), "{text}");
    }
    assert_eq!(world.asked().len(), 1, "the second is told at once");
}

#[tokio::test]
async fn what_was_refused_is_fetched_anew_by_the_identity_whose_it_was() {
    let given = |token| format!(r#"{{"access_token":"{token}","expires_in":3600}}"#);
    let wanted = || Wanted::Gcp(gcp::Wanted { source: gcp::Source::Metadata });
    let flavor = [("metadata-flavor", "Google")];
    let world = ["S3CRET-1", "S3CRET-2", "S3CRET-3"]
        .into_iter()
        .fold(World::default(), |world, token| world.answer_with(200, &given(token), &flavor));
    let (world, sources) = world.build();
    let (one, other) = (Identity::new("a", &sources, wanted()), Identity::new("b", &sources, wanted()));
    let none = HeaderMap::new();
    let (_, first) = asked(&one, &none).await.unwrap();
    let (_, second) = asked(&other, &none).await.unwrap();
    one.forget(&second);
    assert_eq!(fields(&one, &none).await.unwrap()["authorization"], "Bearer S3CRET-1", "it is the other's");
    one.forget(&first);
    assert_eq!(fields(&one, &none).await.unwrap()["authorization"], "Bearer S3CRET-3");
    assert_eq!(world.asked().len(), 3);
}
