use super::{authority, host_matches};

#[test]
fn a_grant_covers_its_host_only() {
    let cases = [
        ("sso.example.com", "sso.example.com", true),
        ("sso.example.com", "sso.example.com:8443", true),
        ("SSO.example.com", "sso.example.com", true),
        ("sso.example.com", "evil.sso.example.com", false),
        ("sso.example.com", "sso.example.com.evil", false),
        ("*.example.com", "a.example.com", true),
        ("*.example.com", "example.com", false),
        ("*.example.com", "evilexample.com", false),
        ("*", "anything", false),
        ("*1", "127.0.0.1", false),
        ("*.1", "127.0.0.1", false),
        ("*ost", "localhost", false),
        ("*:1]", "[::1]", false),
        ("127.0.0.1:8080", "127.0.0.1:8080", true),
        ("127.0.0.1:8080", "127.0.0.1:9901", false),
    ];
    for (granted, asked, wanted) in cases {
        assert_eq!(host_matches(granted, asked), wanted, "{granted} {asked}");
    }
}

#[test]
fn odd_urls_are_denied() {
    for url in ["/path", "ftp://host/", "http://user@host/", "http://", "", "http://a b/"] {
        assert!(authority(url).is_err(), "{url}");
    }
    assert_eq!(authority("https://Host:8443/x?y").unwrap(), "host:8443");
}
