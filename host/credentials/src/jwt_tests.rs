use secrecy::ExposeSecret;
use serde_json::json;

use super::SigningKey;
use crate::testing::{KEY, pem, refusal, verified};

#[test]
fn a_token_is_signed_with_a_key_of_either_form() {
    for text in [&KEY.pkcs8, &KEY.pkcs1] {
        let key = SigningKey::from_pem(&text.as_str().into(), "file").unwrap();
        let token = key.sign(&json!({"alg": "RS256"}), &json!({"iss": "me"})).unwrap();
        let (header, claims) = verified(token.expose_secret());
        assert_eq!((header, claims), (json!({"alg": "RS256"}), json!({"iss": "me"})));
    }
}

#[test]
fn what_is_no_key_is_not_quoted() {
    let broken = pem("PRIVATE KEY", b"S3CRET");
    let encrypted = pem("ENCRYPTED PRIVATE KEY", b"S3CRET");
    for text in ["", "S3CRET", &broken, &encrypted, &pem("EC PRIVATE KEY", b"S3CRET")] {
        let shown = refusal(SigningKey::from_pem(&text.into(), "file \"k.pem\""));
        let start = "file \"k.pem\" has no private key that can sign; it must hold an RSA key";
        assert!(shown.starts_with(start), "{shown}");
    }
}
