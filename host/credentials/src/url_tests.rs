use super::{of_platform, safe};
use crate::testing::refusal;

#[test]
fn credentials_go_over_tls_or_within_the_machine() {
    for url in [
        "https://sts.example/x",
        "http://localhost:8080/",
        "http://LOCALHOST/",
        "http://127.0.0.1:1/",
        "http://127.9.9.9/",
        "http://[::1]:8080/",
    ] {
        assert_eq!(safe("it", url).unwrap(), url);
        of_platform("it", url).unwrap();
    }
    for url in [
        "http://sts.example/x",
        "http://localhost.example/",
        "http://127.0.0.1.example/",
        "http://10.0.0.1/",
        "http://169.254.169.254/",
        "http://[fe80::1]/",
        "ftp://localhost/",
        "https://user@host.example/",
        "http://localhost@evil.example/",
        "/path",
        "",
        "no url at all",
    ] {
        assert!(safe("it", url).is_err(), "{url}");
    }
    of_platform("it", "http://169.254.131.2:8081/msi/token").unwrap();
    of_platform("it", "http://10.0.0.1/").unwrap_err();
}

#[test]
fn an_error_tells_the_host_and_no_more() {
    let text = refusal(safe("\"token_uri\"", "http://evil.example/?key=S3CRET"));
    let end = "where no credentials are sent; it must be an \"https\" URL, or one of this machine";
    assert_eq!(text, format!("\"token_uri\" leads to \"evil.example\", {end}"));
}
