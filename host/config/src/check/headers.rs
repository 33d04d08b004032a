//! Names and values of headers, legal and the gateway's to change.

use http::{HeaderName, HeaderValue};
use indexmap::IndexMap;
use secrecy::{ExposeSecret, SecretString};

use crate::checked::HeaderEdits;
use crate::raw::cluster as raw;
use crate::scope::At;

/// Fields that frame a message or belong to one connection (RFC 9110, section 7.6.1): the gateway writes them itself.
const OWN: [&str; 10] = [
    "connection",
    "content-length",
    "host",
    "keep-alive",
    "proxy-authenticate",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

pub(crate) fn edits(raw: raw::HeaderEdits, at: At<'_>) -> HeaderEdits {
    let remove = raw.remove.iter().enumerate();
    HeaderEdits {
        remove: remove.filter_map(|(index, text)| own_name(text, at.key("remove").item(index))).collect(),
        set: pairs(raw.set, at.key("set")),
        add: pairs(raw.add, at.key("add")),
    }
}

/// Names and values, the names in lower case.
pub(crate) fn pairs(raw: IndexMap<String, String>, at: At<'_>) -> Vec<(String, String)> {
    let pairs = raw.into_iter().filter_map(|(text, value)| {
        let place = at.key(&text);
        if HeaderValue::from_str(&value).is_err() {
            place.report(format!("the value of header {text:?} holds a character that no header can carry"));
        }
        Some((own_name(&text, place)?, value))
    });
    pairs.collect()
}

fn own_name(text: &str, at: At<'_>) -> Option<String> {
    let name = name(text, at)?;
    if OWN.contains(&name.as_str()) {
        at.report_key(format!("the gateway writes the header {text:?} itself; it cannot be edited"));
    }
    Some(name)
}

/// A legal name in lower case.
pub(crate) fn name(text: &str, at: At<'_>) -> Option<String> {
    let name = HeaderName::from_bytes(text.as_bytes()).ok();
    if name.is_none() {
        let shown = if at.node().is_some_and(|node| node.text() == Some(text)) {
            at.quoted()
        } else {
            format!("{text:?}")
        };
        at.report_key(format!("{shown} is not the name of a header"));
    }
    name.map(|name| name.as_str().to_owned())
}

pub(crate) fn is_value(secret: &SecretString) -> bool {
    HeaderValue::from_str(secret.expose_secret()).is_ok()
}
