use jsonwebtoken::Algorithm;
use serde_json::{Value, json};

use super::KeySet;
use crate::auth_filter::testing::Issuer;

fn count(set: &Value, id: Option<&str>, algorithm: Algorithm) -> usize {
    KeySet::read(set).unwrap().candidates(id, algorithm).count()
}

#[test]
fn keys_are_found_by_name_and_kind() {
    let set = json!({"keys": [Issuer::new("a").jwk(), Issuer::new("b").jwk()]});
    assert_eq!(count(&set, Some("a"), Algorithm::ES256), 1);
    assert_eq!(count(&set, None, Algorithm::ES256), 2);
    for name in ["c", "", "A", "../a", "a\u{0}", "/dev/null", "a' OR '1'='1"] {
        assert_eq!(count(&set, Some(name), Algorithm::ES256), 0, "{name}");
    }
    for other in [Algorithm::RS256, Algorithm::HS256, Algorithm::ES384, Algorithm::EdDSA, Algorithm::PS256] {
        assert_eq!(count(&set, Some("a"), other), 0, "{other:?}");
    }
}

#[test]
fn keys_without_a_name_are_tried() {
    let mut nameless = Issuer::new("a").jwk();
    nameless.as_object_mut().unwrap().remove("kid");
    let set = json!({"keys": [nameless, Issuer::new("b").jwk()]});
    assert_eq!(count(&set, Some("b"), Algorithm::ES256), 1);
    assert_eq!(count(&set, Some("c"), Algorithm::ES256), 1);
    let many: Vec<Value> = (0..50).map(|_| Issuer::new("same").jwk()).collect();
    assert_eq!(count(&json!({"keys": many}), None, Algorithm::ES256), 8, "no token costs more than that");
}

#[test]
fn what_is_no_key_to_check_with_is_passed_over() {
    let good = Issuer::new("a").jwk();
    let with = |name: &str, value: Value| {
        let mut key = good.clone();
        key[name] = value;
        key
    };
    let secret = json!({"kty": "oct", "k": "c2VjcmV0c2VjcmV0c2VjcmV0", "alg": "HS256", "kid": "s"});
    let useless = [
        secret,
        with("use", json!("enc")),
        with("key_ops", json!(["encrypt"])),
        with("alg", json!("RS256")),
        with("crv", json!("P-521")),
        with("crv", json!("secp256k1")),
        with("x", json!("!")),
        json!({}),
        json!("key"),
    ];
    for key in &useless {
        assert!(KeySet::read(&json!({"keys": [key]})).is_err(), "{key}");
    }
    let mut all = useless.to_vec();
    all.push(with("key_ops", json!(["verify"])));
    assert_eq!(count(&json!({"keys": all}), Some("a"), Algorithm::ES256), 1);
    for set in [json!({}), json!({"keys": []}), json!({"keys": {}}), json!([]), Value::Null] {
        assert!(KeySet::read(&set).is_err(), "{set}");
    }
}
