use secrecy::ExposeSecret;

use super::{TokenHash, generated_token};

#[test]
fn t_adm_1_a_generated_token_has_256_bits_and_is_never_the_same() {
    let (one, two) = (generated_token().unwrap(), generated_token().unwrap());
    assert_eq!(one.expose_secret().len(), 64);
    assert!(one.expose_secret().bytes().all(|byte| byte.is_ascii_hexdigit()));
    assert_ne!(one.expose_secret(), two.expose_secret());
}

#[test]
fn only_the_whole_token_matches() {
    let hash = TokenHash::of(&"correct horse".into());
    assert!(hash.matches("correct horse"));
    for guess in ["", "correct", "correct horse ", "Correct horse", "correct horsf"] {
        assert!(!hash.matches(guess), "{guess:?}");
    }
}

#[test]
fn t_sec_1_a_token_is_not_in_its_debug_form() {
    let access = crate::Access { loopback: true, token: Some("canary-token".into()) };
    assert!(!format!("{access:?}").contains("canary"));
}
