use axum::http::{HeaderMap, HeaderName, HeaderValue, Uri};

use super::{Access, Gate, Refused};

const LOCAL: (&str, &str) = ("host", "localhost:9901");

fn admit(loopback: bool, token: Option<&str>, uri: &str, fields: &[(&str, &str)]) -> Result<(), Refused> {
    let mut headers = HeaderMap::new();
    for (name, value) in fields {
        let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
        headers.append(name, HeaderValue::from_str(value).unwrap());
    }
    let access = Access { loopback, token: token.map(Into::into) };
    Gate::from(access).admit(&uri.parse::<Uri>().unwrap(), &headers)
}

fn local(fields: &[(&str, &str)]) -> Result<(), Refused> {
    admit(true, None, "/v1/config", fields)
}

#[test]
fn t_adm_1_without_a_token_only_loopback_is_open() {
    assert_eq!(local(&[LOCAL]), Ok(()));
    assert_eq!(admit(false, None, "/v1/config", &[LOCAL]), Err(Refused::Unprotected));
    let any = ("authorization", "Bearer anything");
    assert_eq!(admit(false, None, "/v1/config", &[LOCAL, any]), Err(Refused::Unprotected));
}

#[test]
fn t_adm_1_a_configured_token_is_needed_everywhere() {
    for loopback in [true, false] {
        let with = |fields: &[(&str, &str)]| admit(loopback, Some("secret"), "/v1/config", fields);
        assert_eq!(with(&[LOCAL]), Err(Refused::Token));
        assert_eq!(with(&[LOCAL, ("authorization", "Bearer secret")]), Ok(()));
        assert_eq!(with(&[LOCAL, ("authorization", "bearer  secret")]), Ok(()));
        assert_eq!(with(&[("host", "gateway.example"), ("authorization", "Bearer secret")]), Ok(()));
        for wrong in ["", "secret", "Bearer", "Bearer ", "Bearer secre", "Bearer secret2", "Basic secret"] {
            assert_eq!(with(&[LOCAL, ("authorization", wrong)]), Err(Refused::Token), "{wrong:?}");
        }
    }
}

#[test]
fn t_adm_1_two_tokens_or_an_empty_one_open_nothing() {
    let both = [LOCAL, ("authorization", "Bearer secret"), ("authorization", "Bearer secret")];
    assert_eq!(admit(true, Some("secret"), "/v1/config", &both), Err(Refused::Token));
    let empty = [LOCAL, ("authorization", "Bearer ")];
    assert_eq!(admit(true, Some(""), "/v1/config", &empty), Err(Refused::Token));
}

#[test]
fn t_adm_5_every_spelling_of_this_machine_is_a_host() {
    for host in [
        "localhost",
        "LocalHost:80",
        "127.0.0.1",
        "127.8.9.1:9901",
        "[::1]",
        "[::1]:9901",
        "[::ffff:127.0.0.1]:1",
    ] {
        assert_eq!(local(&[("host", host)]), Ok(()), "{host}");
    }
}

#[test]
fn t_adm_5_a_rebound_name_is_refused() {
    for host in [
        "evil.example",
        "evil.example:9901",
        "localhost.evil.example",
        "localhost@evil.example",
        "127.0.0.1.evil.example",
        "0.0.0.0",
        "10.0.0.1:9901",
        "[fe80::1]",
        "",
        "localhost:9901/",
        "::1",
        "[localhost]",
    ] {
        assert_eq!(local(&[("host", host)]), Err(Refused::Host), "{host:?}");
    }
    assert_eq!(local(&[]), Err(Refused::Host));
    assert_eq!(local(&[LOCAL, ("host", "evil.example")]), Err(Refused::Host));
    assert_eq!(admit(true, None, "http://evil.example/v1/config", &[LOCAL]), Err(Refused::Host));
    assert_eq!(admit(true, None, "http://localhost/v1/config", &[LOCAL]), Ok(()));
}

#[test]
fn t_adm_5_a_page_from_elsewhere_is_refused() {
    for origin in ["http://localhost:3000", "https://127.0.0.1", "http://[::1]:9901"] {
        assert_eq!(local(&[LOCAL, ("origin", origin)]), Ok(()), "{origin}");
    }
    for origin in [
        "null",
        "",
        "https://evil.example",
        "http://localhost.evil.example",
        "file://",
        "localhost",
        "chrome-extension://localhost",
    ] {
        assert_eq!(local(&[LOCAL, ("origin", origin)]), Err(Refused::Origin), "{origin:?}");
    }
    let both = [LOCAL, ("origin", "http://localhost"), ("origin", "https://evil.example")];
    assert_eq!(local(&both), Err(Refused::Origin));
}
