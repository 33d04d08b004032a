use super::consent;
use crate::manifest::Capabilities;

fn http(hosts: &[&str]) -> Capabilities {
    Capabilities { http: hosts.iter().map(|host| (*host).to_owned()).collect(), ..Capabilities::default() }
}

#[test]
fn both_sides_must_agree() {
    let kv = Capabilities { kv: true, ..Capabilities::default() };
    let nothing = Capabilities::default();
    assert_eq!(consent(&kv, &kv).unwrap(), kv);
    assert!(consent(&kv, &nothing).unwrap_err().to_string().contains("asks for kv: true"));
    assert!(consent(&nothing, &kv).unwrap_err().to_string().contains("gives kv: true"));
    let error = consent(&http(&["a", "b"]), &http(&["a"])).unwrap_err().to_string();
    assert!(error.contains("http: \"b\"") && !error.contains("http: \"a\""), "{error}");
}
