//! What the certificate of a client says, as auth filters see it. The handshake has checked it.

use std::fmt::Write;
use std::net::IpAddr;

use tidegate_pipeline::Digest;
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::FromDer;
use x509_parser::x509::{AttributeTypeAndValue, X509Name};

/// A certificate that a client showed.
pub(crate) struct Certificate {
    /// Of the whole certificate in DER.
    pub(crate) sha256: Digest,
    /// Its subject alternative names, each with its kind before it as in `DNS:example.com`, then `subject:` and its subject
    /// in the form of RFC 4514.
    pub(crate) names: Vec<String>,
}

impl Certificate {
    /// Reads a certificate; one whose names cannot be read has none.
    pub(crate) fn read(der: &[u8]) -> Self {
        let names = X509Certificate::from_der(der).map(|(_, certificate)| names(&certificate));
        Self { sha256: Digest::of(der), names: names.unwrap_or_default() }
    }
}

fn names(certificate: &X509Certificate<'_>) -> Vec<String> {
    let alternatives = certificate.subject_alternative_name().ok().flatten();
    let alternatives =
        alternatives.iter().flat_map(|found| &found.value.general_names).filter_map(alternative);
    let subject = Some(subject(certificate.subject())).filter(|subject| !subject.is_empty());
    alternatives.chain(subject.map(|subject| format!("subject:{subject}"))).collect()
}

/// A name with its kind, so that none is taken for one of another; what no honest name has in it makes it none.
fn alternative(name: &GeneralName<'_>) -> Option<String> {
    let (kind, name) = match name {
        GeneralName::DNSName(name) => ("DNS", (*name).to_owned()),
        GeneralName::URI(name) => ("URI", (*name).to_owned()),
        GeneralName::RFC822Name(name) => ("email", (*name).to_owned()),
        GeneralName::IPAddress(bytes) => ("IP", address(bytes)?.to_string()),
        _ => return None,
    };
    (!name.is_empty() && !name.chars().any(char::is_control)).then(|| format!("{kind}:{name}"))
}

fn address(bytes: &[u8]) -> Option<IpAddr> {
    let four = <[u8; 4]>::try_from(bytes).map(IpAddr::from);
    four.or_else(|_| <[u8; 16]>::try_from(bytes).map(IpAddr::from)).ok()
}

/// RFC 4514: the last part comes first, and what could be taken for a border between parts is escaped.
fn subject(name: &X509Name<'_>) -> String {
    let parts: Vec<_> = name.iter_rdn().collect();
    let part = |values: Vec<String>| values.join("+");
    let shown = parts.into_iter().rev().map(|values| part(values.iter().map(attribute).collect()));
    shown.collect::<Vec<_>>().join(",")
}

fn attribute(attribute: &AttributeTypeAndValue<'_>) -> String {
    let kind = attribute.attr_type().to_id_string();
    let short = SHORT.iter().find(|(id, _)| *id == kind).map(|(_, short)| *short);
    match (short, attribute.as_str()) {
        (Some(short), Ok(text)) => format!("{short}={}", escaped(text)),
        _ => attribute.as_slice().iter().fold(format!("{kind}=#"), |mut text, byte| {
            // Writing into a text cannot fail.
            let _ = write!(text, "{byte:02x}");
            text
        }),
    }
}

/// RFC 4514 section 3.
const SHORT: [(&str, &str); 9] = [
    ("2.5.4.3", "CN"),
    ("2.5.4.7", "L"),
    ("2.5.4.8", "ST"),
    ("2.5.4.10", "O"),
    ("2.5.4.11", "OU"),
    ("2.5.4.6", "C"),
    ("2.5.4.9", "STREET"),
    ("0.9.2342.19200300.100.1.25", "DC"),
    ("0.9.2342.19200300.100.1.1", "UID"),
];

fn escaped(text: &str) -> String {
    let last = text.chars().count().saturating_sub(1);
    text.chars().enumerate().fold(String::new(), |mut shown, (at, c)| {
        let outer = (at == 0 && (c == ' ' || c == '#')) || (at == last && c == ' ');
        if c.is_control() {
            let _ = write!(shown, "\\{:02X}", u32::from(c));
            return shown;
        }
        if outer || "\",+;<>\\".contains(c) {
            shown.push('\\');
        }
        shown.push(c);
        shown
    })
}

#[cfg(test)]
#[path = "certificate_tests.rs"]
mod tests;
