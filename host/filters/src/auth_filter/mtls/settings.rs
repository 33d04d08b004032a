//! The settings of `mtls`.

use schemars::JsonSchema;
use serde::Deserialize;
use tidegate_contract::ModelNames;
use tidegate_pipeline::SettingsProblem;

use super::{Entry, Mtls, Shape};
use crate::auth_filter::keys::parse_digest;
use crate::auth_filter::listed::Who;
use crate::settings::problem;

/// Whose certificates let in. The first entry that fits says who it is.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Mtls")]
pub(in crate::auth_filter) struct MtlsSettings {
    /// The certificates.
    #[schemars(length(min = 1))]
    certificates: Vec<Certificate>,
}

/// Certificates by one of `sha256`, `san` and `subject`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ClientCertificate")]
struct Certificate {
    /// The SHA-256 of one certificate in DER, 64 hexadecimal digits; colons between them do not count.
    sha256: Option<String>,
    /// A glob of a subject alternative name, with its kind: `DNS:*.example.com`, `URI:spiffe://example.com/*`,
    /// `email:*@example.com` or `IP:10.0.0.1`.
    san: Option<String>,
    /// The whole subject, as `openssl x509 -subject -nameopt RFC2253` prints it: `CN=client,O=Acme`.
    subject: Option<String>,
    /// Who that is in logs, limits and usage. With `san`, the name that matched unless set.
    #[schemars(length(min = 1))]
    principal: Option<String>,
    /// The tenant that the principal belongs to.
    tenant: Option<String>,
    /// Globs of the models that it may use, such as `gpt-4o*`; every model unless set.
    models: Option<Vec<String>>,
}

/// Kinds of names.
const KINDS: [&str; 4] = ["DNS:", "URI:", "email:", "IP:"];

/// The method, or every problem.
pub(in crate::auth_filter) fn checked(
    settings: MtlsSettings,
    problems: &mut Vec<SettingsProblem>,
) -> Option<Mtls> {
    let mut entries = Vec::new();
    for (index, certificate) in settings.certificates.into_iter().enumerate() {
        match certificate.checked() {
            Ok(entry) => entries.push(entry),
            Err((key, cause)) => {
                problems.push(problem(&format!("/mtls/certificates/{index}{key}"), cause));
            }
        }
    }
    Some(Mtls { entries })
}

impl Certificate {
    /// The entry; otherwise below which key, and what is wrong.
    fn checked(self) -> Result<Entry, (&'static str, &'static str)> {
        let (shape, is_name) = match (self.sha256, self.san, self.subject) {
            (Some(text), None, None) => {
                let digest = parse_digest(&text.replace(':', ""));
                let cause = "\"sha256\" must be 64 hexadecimal digits, as `openssl x509 -fingerprint -sha256` prints them";
                (Shape::One(digest.ok_or(("/sha256", cause))?), false)
            }
            (None, Some(glob), None) => {
                let kind = KINDS.iter().find(|kind| glob.starts_with(**kind) && glob.len() > kind.len());
                let cause = "\"san\" must begin with the kind of name that it is about: \"DNS:\", \"URI:\", \"email:\" or \"IP:\"";
                kind.ok_or(("/san", cause))?;
                (Shape::Name(ModelNames::new([glob])), true)
            }
            (None, None, Some(subject)) if subject.contains('=') => (Shape::Subject(subject), false),
            (None, None, Some(_)) => {
                let cause = "\"subject\" is no subject of a certificate; write it as \"CN=client,O=Acme\"";
                return Err(("/subject", cause));
            }
            _ => {
                return Err((
                    "",
                    "this entry takes one of \"sha256\", \"san\" and \"subject\"; keep one of them",
                ));
            }
        };
        let is_named = is_name && self.principal.is_none();
        let missing = ("", "this entry does not say who shows the certificate; add \"principal\"");
        // The name that matches takes its place.
        let principal = if is_named { Some("?".into()) } else { self.principal };
        let who = Who { principal: principal.ok_or(missing)?, tenant: self.tenant, models: self.models };
        let identity = who.identity().map_err(|cause| ("/principal", cause))?;
        Ok(Entry { shape, identity, is_named })
    }
}
