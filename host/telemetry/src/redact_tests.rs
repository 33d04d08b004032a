use super::{carries_credentials, loggable};

#[test]
fn t_sec_1_headers_with_credentials_are_not_shown() {
    for name in [
        "Authorization",
        "proxy-authorization",
        "Cookie",
        "set-cookie",
        "X-API-Key",
        "api-key",
        "x-goog-api-key",
        "x-amz-security-token",
        "x-webhook-signature",
    ] {
        assert_eq!(loggable(name, "sk-canary"), "[redacted]", "{name}");
    }
}

#[test]
fn plain_headers_are_shown() {
    for name in ["content-type", "accept", "host", ":authority", "x-request-id", "traceparent"] {
        assert!(!carries_credentials(name), "{name}");
        assert_eq!(loggable(name, "value"), "value");
    }
}
