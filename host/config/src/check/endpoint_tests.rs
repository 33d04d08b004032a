use super::parse;

#[test]
fn an_endpoint_is_a_scheme_an_authority_and_a_base_path() {
    for (text, tls, host, port, base_path) in [
        ("https://api.example.com", true, "api.example.com", 443, ""),
        ("http://127.0.0.1", false, "127.0.0.1", 80, ""),
        ("HTTPS://API.Example.com:8443/", true, "api.example.com", 8443, ""),
        ("http://[::1]:8000/base/path//", false, "::1", 8000, "/base/path"),
        ("http://my_service:8000/openai", false, "my_service", 8000, "/openai"),
    ] {
        let endpoint = parse(text).unwrap();
        assert_eq!(
            (endpoint.tls, endpoint.host.as_str(), endpoint.port, endpoint.base_path.as_str()),
            (tls, host, port, base_path),
            "{text}"
        );
    }
}

#[test]
fn everything_else_is_refused() {
    for text in [
        "",
        "api.example.com",
        "//a",
        "ftp://a",
        "https:/a",
        "https://",
        "https:///path",
        "https://a:0",
        "https://a:x",
        "https://a:",
        "https://[::1",
        "https://[1.2.3.4]",
        "https://u@a",
        "https://u:p@a",
        "https://a?b",
        "https://a#b",
        "https://a/../b",
        "https://a//b",
        "https://a b",
        "https://a%20b",
        "https://ä",
    ] {
        assert!(parse(text).is_err(), "{text}");
    }
}
