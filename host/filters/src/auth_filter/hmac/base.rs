//! The bytes that are signed (RFC 9421 section 2.5).

use std::borrow::Cow;

use tidegate_contract::Head;

use super::signature::{Refused, Signature, field};

const DERIVED: [&str; 7] =
    ["@method", "@path", "@query", "@authority", "@scheme", "@target-uri", "@request-target"];

/// Whether a component of that name can be covered.
pub(super) fn is_known(name: &str) -> bool {
    let is_token =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"!#$%&'*+-.^_`|~".contains(&byte);
    DERIVED.contains(&name) || (!name.is_empty() && name.bytes().all(is_token))
}

/// The base of a signature: a line for each component, and one for the signature's own parameters.
///
/// # Errors
/// Where it covers what the request does not have, or what has no value here.
pub(super) fn signature_base(signature: &Signature, head: &Head<'_>) -> Result<Vec<u8>, Refused> {
    let mut base = Vec::new();
    for name in &signature.components {
        line(&mut base, name, &value(name, head)?);
    }
    line(&mut base, "@signature-params", signature.params.as_bytes());
    // Lines are separated: the last one has no end.
    base.pop();
    Ok(base)
}

fn line(base: &mut Vec<u8>, name: &str, value: &[u8]) {
    base.extend_from_slice(format!("\"{name}\": ").as_bytes());
    base.extend_from_slice(value);
    base.push(b'\n');
}

fn value(name: &str, head: &Head<'_>) -> Result<Vec<u8>, Refused> {
    if !is_known(name) {
        return Err("the signature covers a component that is not supported".into());
    }
    let derived = match name {
        "@method" => head.method.to_owned(),
        "@path" => path(head).to_owned(),
        "@query" => format!("?{}", head.query),
        "@authority" => authority(head),
        "@scheme" => head.scheme.to_owned(),
        "@target-uri" => format!("{}://{}{}", head.scheme, authority(head), target(head)),
        "@request-target" => target(head).into_owned(),
        _ => {
            let missing =
                || format!("the signature covers \"{name}\", which the request does not have").into();
            return field(head, name).ok_or_else(missing);
        }
    };
    Ok(derived.into_bytes())
}

fn path<'h>(head: &Head<'h>) -> &'h str {
    if head.path.is_empty() { "/" } else { head.path }
}

fn target<'h>(head: &Head<'h>) -> Cow<'h, str> {
    if head.query.is_empty() { path(head).into() } else { format!("{}?{}", path(head), head.query).into() }
}

/// In lower case, without the scheme's own port (RFC 9421 section 2.2.3).
fn authority(head: &Head<'_>) -> String {
    let authority = head.authority.to_ascii_lowercase();
    let port = if head.scheme == "https" { ":443" } else { ":80" };
    authority.strip_suffix(port).map(String::from).unwrap_or(authority)
}
