use http_body_util::BodyExt;
use tidegate_contract::Header;
use tidegate_pipeline::{HttpRequest, NoAnswer};

use super::{MAX_FIELDS, outgoing};

fn to(url: &str) -> HttpRequest {
    HttpRequest { method: "GET".into(), url: url.into(), ..HttpRequest::default() }
}

fn with(name: &str, value: &[u8]) -> HttpRequest {
    let headers = vec![Header { name: name.into(), value: value.into() }];
    HttpRequest { headers, ..to("https://example.com/") }
}

#[track_caller]
fn refusal(request: &HttpRequest) -> String {
    match outgoing(request) {
        Err(NoAnswer::Denied(text)) => text,
        other => panic!("{other:?} is no refusal of {request:?}"),
    }
}

#[test]
fn t_ssrf_2_odd_notations_of_addresses_are_refused() {
    let hosts = [
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "0x7f.0.0.1",
        "0177.0.0.1",
        "017700000001",
        "127.1",
        "127.0.1",
        "127.0.0.01",
        "127.0.0.1.",
        "0",
        "0x",
        "1.2.3.4.5",
        "256.0.0.1",
        "example.0x7f",
        "localhost.",
        "a..b",
        ".a",
        "127%2e0.0.1",
        "ex%61mple.com",
        "[::1%25eth0]",
        "[fe80::1%eth0]",
        "[127.0.0.1]",
        "[v1.x]",
        "a*b.com",
        "a b.com",
        "①②⑦.0.0.1",
        "exämple.com",
        "user@127.0.0.1",
        "example.com@127.0.0.1",
        "",
    ];
    for host in hosts {
        refusal(&to(&format!("http://{host}/")));
        refusal(&to(&format!("http://{host}:80/")));
    }
    let long = "a".repeat(64);
    refusal(&to(&format!("http://{long}.com/")));
    refusal(&to(&format!("http://{}com/", "a.".repeat(126))));
}

#[test]
fn t_ssrf_2_schemes_and_ports_are_checked() {
    for url in [
        "file:///etc/passwd",
        "gopher://example.com/",
        "ftp://example.com/",
        "unix:/run/x.sock",
        "//example.com/",
        "/path",
        "example.com",
        "",
        "http:/example.com/",
        "http:example.com",
        "http://example.com:0/",
        "http://example.com:/",
        "http://example.com:65536/",
        "http://example.com:+80/",
        "http://example.com:99999/",
        "http://example.com:80:80/",
        "http://example.com/\r\nhost: x",
        "http://exa\tmple.com/",
    ] {
        refusal(&to(url));
    }
}

#[test]
fn a_url_becomes_a_target_and_an_origin_form() {
    for (url, https, host, port, authority, path) in [
        ("https://Example.COM", true, "example.com", 443, "example.com", "/"),
        ("http://example.com:8080/a/b?c=d#e", false, "example.com", 8080, "example.com:8080", "/a/b?c=d"),
        ("http://example.com:80?x=1", false, "example.com", 80, "example.com", "/?x=1"),
        ("http://a_b-c.internal//evil.com/x", false, "a_b-c.internal", 80, "a_b-c.internal", "//evil.com/x"),
        ("http://127.0.0.1:9/", false, "127.0.0.1", 9, "127.0.0.1:9", "/"),
        ("https://[2001:DB8::1]/", true, "[2001:db8::1]", 443, "[2001:db8::1]", "/"),
        ("https://[::1]:8443/x", true, "[::1]", 8443, "[::1]:8443", "/x"),
    ] {
        let (target, request) = outgoing(&to(url)).unwrap_or_else(|error| panic!("{url}: {error}"));
        assert_eq!((target.https, &*target.host.to_string(), target.port), (https, host, port), "{url}");
        assert_eq!(request.headers()["host"], authority, "{url}");
        assert_eq!(request.uri().to_string(), path, "{url}");
    }
}

#[test]
fn methods_are_known_to_http_and_in_upper_case() {
    for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "M-SEARCH"] {
        outgoing(&HttpRequest { method: method.into(), ..to("https://example.com/") }).unwrap();
    }
    for method in ["", "get", "Post", "CONNECT", "TRACE", "GET /\r\nx: y", "G ET"] {
        refusal(&HttpRequest { method: method.into(), ..to("https://example.com/") });
    }
}

#[test]
fn fields_of_connection_and_framing_are_the_gateway_s() {
    for name in [
        "host",
        "Host",
        "content-length",
        "transfer-encoding",
        "connection",
        "keep-alive",
        "te",
        "trailer",
        "upgrade",
        "expect",
        "proxy-authorization",
        "proxy-connection",
    ] {
        let text = refusal(&with(name, b"x"));
        assert_eq!(text, format!("header \"{name}\" is written by the gateway; leave it out"));
    }
    refusal(&with("a b", b"x"));
    refusal(&with("", b"x"));
    refusal(&with("x\r\ny", b"x"));
    let text = refusal(&with("authorization", b"Bearer secret\r\nx: y"));
    assert!(!text.contains("secret"), "{text}");
    let many = vec![Header { name: "x".into(), value: b"y".into() }; MAX_FIELDS + 1];
    refusal(&HttpRequest { headers: many, ..to("https://example.com/") });
}

#[tokio::test]
async fn a_request_is_sent_as_the_plugin_gave_it() {
    let headers = [("Authorization", "Bearer x"), ("x-a", "1"), ("x-a", "2")];
    let headers = headers.map(|(name, value)| Header { name: name.into(), value: value.into() }).into();
    let given =
        HttpRequest { method: "POST".into(), headers, body: b"body".into(), ..to("https://example.com/") };
    let (_, request) = outgoing(&given).unwrap();
    assert_eq!(request.headers()["authorization"], "Bearer x");
    assert_eq!(request.headers().get_all("x-a").iter().collect::<Vec<_>>(), ["1", "2"]);
    assert_eq!(request.into_body().collect().await.unwrap().to_bytes(), "body");
}
