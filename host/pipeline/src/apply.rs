//! What a verdict changes in a message, held to what a filter may change.

use http::header::{
    CONNECTION, CONTENT_LENGTH, HOST, PROXY_AUTHENTICATE, TE, TRAILER, TRANSFER_ENCODING, UPGRADE,
};
use http::{HeaderMap, HeaderName, HeaderValue};
use tidegate_contract::{Change, HeaderEdit, Reply};

use crate::document::Body;
use crate::plugin::HookError;

/// Fields by which messages are framed and routed: the host's own.
const OWN: [HeaderName; 10] = [
    CONNECTION,
    CONTENT_LENGTH,
    HOST,
    HeaderName::from_static("keep-alive"),
    PROXY_AUTHENTICATE,
    HeaderName::from_static("proxy-connection"),
    TE,
    TRAILER,
    TRANSFER_ENCODING,
    UPGRADE,
];

/// Makes the edits of headers.
///
/// # Errors
/// Where a name or value is none that HTTP allows, or the field is the host's own; then none is made.
pub fn headers(edits: &[HeaderEdit], headers: &mut HeaderMap) -> Result<(), HookError> {
    let ready = edits.iter().map(Ready::of).collect::<Result<Vec<_>, _>>()?;
    for edit in ready {
        match edit {
            Ready::Set(name, value) => drop(headers.insert(name, value)),
            Ready::Add(name, value) => drop(headers.append(name, value)),
            Ready::Remove(name) => drop(headers.remove(name)),
        }
    }
    Ok(())
}

enum Ready {
    Set(HeaderName, HeaderValue),
    Add(HeaderName, HeaderValue),
    Remove(HeaderName),
}

impl Ready {
    fn of(edit: &HeaderEdit) -> Result<Self, HookError> {
        Ok(match edit {
            HeaderEdit::Set(name, value) => Self::Set(field(name)?, text(name, value)?),
            HeaderEdit::Add(name, value) => Self::Add(field(name)?, text(name, value)?),
            HeaderEdit::Remove(name) => Self::Remove(field(name)?),
        })
    }
}

fn field(name: &str) -> Result<HeaderName, HookError> {
    let shown: String = name.chars().take(64).map(|c| if c.is_ascii_graphic() { c } else { '?' }).collect();
    let parsed = HeaderName::from_bytes(name.as_bytes())
        .map_err(|_| HookError::Invalid(format!("\"{shown}\" is no name that a field may have")))?;
    if OWN.contains(&parsed) || parsed.as_str().starts_with("x-tidegate-") {
        return Err(HookError::Invalid(format!("the field \"{shown}\" is the gateway's own")));
    }
    Ok(parsed)
}

fn text(name: &str, value: &[u8]) -> Result<HeaderValue, HookError> {
    let shown: String = name.chars().take(64).collect();
    HeaderValue::from_bytes(value)
        .map_err(|_| HookError::Invalid(format!("the value of \"{shown}\" has bytes that no field may have")))
}

/// Makes all of a transform's changes in a message; on an error none of them is made in the body.
///
/// # Errors
/// Where an edit cannot be made.
pub(crate) fn change(change: &Change, fields: &mut HeaderMap, body: &mut Body) -> Result<(), HookError> {
    if let Some(change) = &change.body {
        match (body.document_mut(), change) {
            (Some(document), change) => {
                document.apply(change).map_err(|error| HookError::Invalid(error.to_string()))?;
            }
            (None, _) => return Err(HookError::Invalid("it changes a body that is no JSON".into())),
        }
    }
    headers(&change.headers, fields)
}

/// A reply that can be sent as it is.
///
/// # Errors
/// Where status or fields are none that HTTP allows.
pub(crate) fn reply(reply: &Reply) -> Result<(), HookError> {
    if !(200..=599).contains(&reply.status) {
        return Err(HookError::Invalid(format!("{} is no status that a reply may have", reply.status)));
    }
    reply.headers.iter().try_for_each(|header| {
        field(&header.name)?;
        text(&header.name, &header.value).map(drop)
    })
}

#[cfg(test)]
#[path = "apply_tests.rs"]
mod tests;
