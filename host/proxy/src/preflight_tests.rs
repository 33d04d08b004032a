use http::{Request, Version};

use super::{Target, check};
use crate::fault::Fault;

fn try_head(uri: &str, headers: &[(&str, &str)], version: Version) -> Result<Target, Fault> {
    let mut request = Request::builder().uri(uri).version(version);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    check(&request.body(()).unwrap().into_parts().0)
}

fn h1(uri: &str, headers: &[(&str, &str)]) -> Result<Target, Fault> {
    try_head(uri, headers, Version::HTTP_11)
}

#[test]
fn a_plain_head_is_read() {
    let target = h1("/v1/chat/completions?a=1", &[("host", "API.example.com:8080")]).unwrap();
    assert_eq!(target.host(), "api.example.com");
    assert_eq!((target.path.as_str(), target.query.as_str()), ("/v1/chat/completions", "a=1"));
    assert_eq!(h1("/", &[("host", "[::1]:80")]).unwrap().host(), "[::1]");
}

#[test]
fn t_path_2_a_final_dot_makes_no_other_host() {
    for host in ["api.example.com.", "API.example.com.:8080"] {
        assert_eq!(h1("/", &[("host", host)]).unwrap().host(), "api.example.com", "{host}");
    }
    assert_eq!(h1("http://a./x", &[("host", "a.")]).unwrap().host(), "a");
    for host in [".", ".:80"] {
        assert!(h1("/", &[("host", host)]).is_err(), "{host}");
    }
}

#[test]
fn t_h1_3_missing_repeated_and_illegal_hosts_are_refused() {
    assert!(h1("/", &[]).is_err());
    assert!(h1("/", &[("host", "a"), ("host", "a")]).is_err());
    let illegal = [
        "",
        "a b",
        "a/b",
        "localhost/#@evil",
        "a@b",
        "u:p@b",
        "a?b",
        "a#b",
        "[::1",
        "[::1]x",
        "a:b",
        "a:99999",
        "a:+1",
        "a,b",
    ];
    for host in illegal {
        assert!(h1("/", &[("host", host)]).is_err(), "{host}");
    }
}

#[test]
fn t_path_2_an_absolute_target_must_agree_with_host() {
    assert!(h1("http://a/x", &[("host", "a")]).is_ok());
    assert!(h1("http://evil/x", &[("host", "a")]).is_err());
    assert!(h1("http://a/x", &[]).is_err());
}

#[test]
fn t_path_1_an_encoded_slash_is_legal_in_a_model_id_only() {
    let path = |method: &str, path: &str| {
        let request = Request::builder().method(method).uri(path).header("host", "a");
        check(&request.body(()).unwrap().into_parts().0).map(|target| target.path).ok()
    };
    for sent in ["/v1/models/org%2Fmodel", "/v1/models/org%2fmodel", "/v1/models/org/model"] {
        assert_eq!(path("GET", sent).as_deref(), Some("/v1/models/org/model"), "{sent}");
        assert_eq!(path("HEAD", sent).as_deref(), Some("/v1/models/org/model"), "{sent}");
    }
    for sent in [
        "/v1/models%2Forg",
        "/v1/models/org%2F%2Fmodel",
        "/v1/models/%2Forg",
        "/v1/models/org%2F..%2Fx",
        "/v1/models/..%2f..%2fadmin",
        "/v1/models/org%5Cmodel",
        "/v1/model%73/org%2Fmodel",
        "/v1/files/org%2Fmodel",
    ] {
        assert_eq!(path("GET", sent), None, "{sent}");
    }
    for method in ["POST", "DELETE", "OPTIONS"] {
        assert_eq!(path(method, "/v1/models/org%2Fmodel"), None, "{method}");
    }
}

#[test]
fn http_2_needs_an_authority_that_agrees_with_host() {
    assert!(try_head("http://a/x", &[], Version::HTTP_2).is_ok());
    assert!(try_head("http://a/x", &[("host", "b")], Version::HTTP_2).is_err());
    assert!(try_head("/x", &[], Version::HTTP_2).is_err());
}

#[test]
fn t_h1_3_only_chunked_is_a_transfer_coding() {
    let with = |codings: &[&'static str]| {
        let mut headers = vec![("host", "a")];
        headers.extend(codings.iter().map(|coding| ("transfer-encoding", *coding)));
        h1("/", &headers)
    };
    assert!(with(&["chunked"]).is_ok());
    assert!(with(&["Chunked"]).is_ok());
    for codings in [
        &["gzip, chunked"][..],
        &["chunked, identity"],
        &["identity"],
        &["chunked", "chunked"],
        &["xchunked"],
    ] {
        assert!(with(codings).is_err(), "{codings:?}");
    }
    assert!(h1("/", &[("host", "a"), ("transfer-encoding", "chunked"), ("content-length", "3")]).is_err());
}
