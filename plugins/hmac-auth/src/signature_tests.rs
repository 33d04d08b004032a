use crate::signature::signatures;
use crate::testing::request;

fn refusal(input: &str, mac: &str) -> String {
    signatures(&request(&[("signature-input", input), ("signature", mac)])).unwrap_err().into_owned()
}

#[test]
fn a_request_without_signature_has_none() {
    assert!(signatures(&request(&[])).unwrap().is_none());
}

#[test]
fn one_field_alone_is_refused() {
    let told = r#"a signed request has both fields, "signature-input" and "signature""#;
    for (name, value) in [("signature-input", r#"a=();created=1;keyid="k""#), ("signature", "a=:AAAA:")] {
        assert_eq!(signatures(&request(&[(name, value)])).unwrap_err(), told);
    }
}

#[test]
fn what_cannot_be_read_is_refused() {
    for (input, mac, told) in [
        ("a=(", "a=:AAAA:", "the field \"signature-input\" cannot be read (RFC 8941)"),
        ("a=();created=1;keyid=\"k\"", "a=:A", "the field \"signature\" cannot be read (RFC 8941)"),
        ("", "", "there is no signature"),
        ("a=1", "a=:AAAA:", "\"signature-input\" must list what the signature covers"),
        ("a=()", "b=:AAAA:", "\"signature\" has no bytes under the label that \"signature-input\" has"),
        ("a=()", "a=\"AAAA\"", "\"signature\" has no bytes under the label that \"signature-input\" has"),
        ("a=();created=1", "a=:AAAA:", "the signature has no \"keyid\""),
        ("a=();keyid=\"k\"", "a=:AAAA:", "the signature has no \"created\""),
        ("a=();keyid=\"k\";created=\"1\"", "a=:AAAA:", "the signature has no \"created\""),
        (
            "a=();created=1;keyid=\"k\";expires=\"2\"",
            "a=:AAAA:",
            "\"expires\" of the signature must be a whole number",
        ),
        ("a=();created=1;keyid=\"k\";nonce=2", "a=:AAAA:", "\"nonce\" of the signature must be a string"),
        ("a=();alg=\"ed25519\"", "a=:AAAA:", "the signature must be of the algorithm \"hmac-sha256\""),
        ("a=();alg=hmac-sha256", "a=:AAAA:", "the signature must be of the algorithm \"hmac-sha256\""),
        ("a=(\"x\";sf)", "a=:AAAA:", "components with parameters are not supported"),
        ("a=(\"x\" \"x\")", "a=:AAAA:", "the signature covers a component twice"),
        ("a=(x)", "a=:AAAA:", "\"signature-input\" must list components by their names"),
    ] {
        assert_eq!(refusal(input, mac), told, "{input}");
    }
}

#[test]
fn more_than_anybody_needs_is_not_looked_at() {
    let many: String = (0..65).map(|at| format!("\"x{at}\" ")).collect();
    assert_eq!(
        refusal(&format!("a=({})", many.trim()), "a=:AAAA:"),
        "a signature covers 64 components at most"
    );
    let (inputs, macs): (Vec<_>, Vec<_>) =
        (0..9).map(|at| (format!("s{at}=();created=1;keyid=\"k\""), format!("s{at}=:AAAA:"))).unzip();
    let head = request(&[("signature-input", &inputs.join(", ")), ("signature", &macs.join(", "))]);
    assert_eq!(signatures(&head).unwrap().unwrap().len(), 4);
}

#[test]
fn one_that_can_be_checked_is_found_beside_others() {
    let input =
        r#"proxy=("@method");alg="ed25519", a=("@method");created=1;keyid="k";alg="hmac-sha256";nonce="n""#;
    let head =
        request(&[("signature-input", input), ("signature", "proxy=:AAAA:"), ("signature", "a=:AAEC:")]);
    let found = signatures(&head).unwrap().unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].mac.as_slice(), found[0].nonce.as_deref()), ([0, 1, 2].as_slice(), Some("n")));
    assert_eq!(found[0].params, r#"("@method");created=1;keyid="k";alg="hmac-sha256";nonce="n""#);
}
