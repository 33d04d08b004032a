use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair, SanType};

use super::Certificate;

fn certificate(alternatives: Vec<SanType>, subject: &[(DnType, &str)]) -> Certificate {
    let mut params = CertificateParams::default();
    params.subject_alt_names = alternatives;
    params.distinguished_name = DistinguishedName::new();
    for (kind, value) in subject {
        params.distinguished_name.push(kind.clone(), *value);
    }
    let key = KeyPair::generate().unwrap();
    Certificate::read(params.self_signed(&key).unwrap().der())
}

#[test]
fn names_have_their_kinds() {
    let alternatives = vec![
        SanType::DnsName("a.example.com".try_into().unwrap()),
        SanType::URI("spiffe://example.com/a".try_into().unwrap()),
        SanType::Rfc822Name("a@example.com".try_into().unwrap()),
        SanType::IpAddress([10, 0, 0, 1].into()),
        SanType::IpAddress("2001:db8::1".parse().unwrap()),
    ];
    let subject = [(DnType::OrganizationName, "Acme"), (DnType::CommonName, "client")];
    let expected = [
        "DNS:a.example.com",
        "URI:spiffe://example.com/a",
        "email:a@example.com",
        "IP:10.0.0.1",
        "IP:2001:db8::1",
        "subject:CN=client,O=Acme",
    ];
    assert_eq!(certificate(alternatives, &subject).names, expected);
}

#[test]
fn t_auth_2_a_value_cannot_pass_for_several() {
    let forged = certificate(Vec::new(), &[(DnType::CommonName, "client,O=Acme")]);
    assert_eq!(forged.names, ["subject:CN=client\\,O=Acme"]);
    let forged = certificate(Vec::new(), &[(DnType::CommonName, " #a+b\"\\\n ")]);
    assert_eq!(forged.names, ["subject:CN=\\ #a\\+b\\\"\\\\\\0A\\ "]);
    let with_break = vec![SanType::DnsName("a\u{7f}.example.com".try_into().unwrap())];
    assert_eq!(certificate(with_break, &[]).names, [""; 0]);
}

#[test]
fn what_is_no_certificate_has_no_names() {
    let read = Certificate::read(b"no certificate");
    assert!(read.names.is_empty());
    assert_ne!(read.sha256.as_bytes(), Certificate::read(b"another").sha256.as_bytes());
}
