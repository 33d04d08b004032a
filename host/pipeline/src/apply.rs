//! What a verdict changes in a message, held to what a filter may change.

use http::header::{
    CONNECTION, CONTENT_LENGTH, HOST, PROXY_AUTHENTICATE, TE, TRAILER, TRANSFER_ENCODING, UPGRADE,
};
use http::{HeaderMap, HeaderName, HeaderValue};
use tidegate_contract::{BodyChange, Change, Header, HeaderEdit, JsonEdit, Refusal, Reply};

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

/// Fields that one verdict may have or edit, and bytes of their values together: what servers and clients take of a head.
const MAX_FIELDS: usize = 256;
const MAX_VALUES: usize = 64 * 1024;

/// Makes the edits of headers.
///
/// # Errors
/// Where a name or value is none that HTTP allows, the field is the host's own, or they are too many; then none is made.
pub fn headers(edits: &[HeaderEdit], headers: &mut HeaderMap) -> Result<(), HookError> {
    make(ready(edits)?, headers);
    Ok(())
}

fn make(ready: Vec<Ready>, headers: &mut HeaderMap) {
    for edit in ready {
        match edit {
            Ready::Set(name, value) => drop(headers.insert(name, value)),
            Ready::Add(name, value) => drop(headers.append(name, value)),
            Ready::Remove(name) => drop(headers.remove(name)),
        }
    }
}

/// Whether these edits can be made.
///
/// # Errors
/// See [`headers`].
pub(crate) fn check_headers(edits: &[HeaderEdit]) -> Result<(), HookError> {
    ready(edits).map(drop)
}

fn ready(edits: &[HeaderEdit]) -> Result<Vec<Ready>, HookError> {
    check_room(edits.iter().map(|edit| match edit {
        HeaderEdit::Set(_, value) | HeaderEdit::Add(_, value) => value.len(),
        HeaderEdit::Remove(_) => 0,
    }))?;
    edits.iter().map(Ready::of).collect()
}

/// How many fields there are, and how long their values.
fn check_room(values: impl ExactSizeIterator<Item = usize>) -> Result<(), HookError> {
    let (fields, bytes) = (values.len(), values.sum::<usize>());
    if fields > MAX_FIELDS {
        return Err(HookError::Invalid(format!(
            "it has {fields} header fields, and {MAX_FIELDS} are allowed"
        )));
    }
    if bytes > MAX_VALUES {
        let most = MAX_VALUES / 1024;
        return Err(HookError::Invalid(format!(
            "its header fields have {bytes} bytes, and {most} KiB are allowed"
        )));
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

/// Makes all of a transform's changes in a message; on an error none of them is made.
///
/// # Errors
/// Where an edit cannot be made.
pub(crate) fn change(change: &Change, fields: &mut HeaderMap, body: &mut Body) -> Result<(), HookError> {
    let edits = ready(&change.headers)?;
    if let Some(change) = &change.body {
        match body.document_mut() {
            Some(document) => {
                document.apply(change).map_err(|error| HookError::Invalid(error.to_string()))?;
            }
            None => return Err(HookError::Invalid("it changes a body that is no JSON".into())),
        }
    }
    make(edits, fields);
    Ok(())
}

/// Whether a request that calls a model still does so after a change.
///
/// # Errors
/// Where its body would be no object, or its model no text.
pub(crate) fn check_model_call(change: &Change) -> Result<(), HookError> {
    let object = |text: &str| text.trim_start().starts_with('{');
    let model = |text: &str| text.trim_start().starts_with('"');
    let edits = match &change.body {
        None => return Ok(()),
        Some(BodyChange::Replace(text)) => return check_replaced(text),
        Some(BodyChange::Edits(edits)) => edits,
    };
    let broken = edits.iter().any(|edit| match edit {
        JsonEdit::Set(set) | JsonEdit::Insert(set) => match set.pointer.as_str() {
            "" => !object(&set.value),
            "/model" => !model(&set.value),
            _ => false,
        },
        JsonEdit::Remove(pointer) => pointer.is_empty(),
    });
    if broken { Err(no_model_call()) } else { Ok(()) }
}

fn check_replaced(text: &str) -> Result<(), HookError> {
    #[derive(serde::Deserialize)]
    struct Body {
        #[expect(dead_code, reason = "only its type is looked at")]
        model: Option<Model>,
    }
    #[derive(serde::Deserialize)]
    struct Model(#[expect(dead_code, reason = "only its type is looked at")] String);
    let is_object = text.trim_start().starts_with('{');
    match serde_json::from_str::<Body>(text) {
        Ok(_) if is_object => Ok(()),
        _ => Err(no_model_call()),
    }
}

fn no_model_call() -> HookError {
    HookError::Invalid("the body that it makes is no object with a \"model\" that is a text".into())
}

/// A reply that can be sent as it is.
///
/// # Errors
/// Where status or fields are none that HTTP allows.
pub(crate) fn reply(reply: &Reply) -> Result<(), HookError> {
    if !(200..=599).contains(&reply.status) {
        return Err(HookError::Invalid(format!("{} is no status that a reply may have", reply.status)));
    }
    check_fields(&reply.headers)
}

/// A refusal that can be sent as it is.
///
/// # Errors
/// Where status or fields are none that HTTP allows for one.
pub(crate) fn refusal(refusal: &Refusal) -> Result<(), HookError> {
    if !(400..=599).contains(&refusal.status) {
        return Err(HookError::Invalid(format!("{} is no status that a refusal may have", refusal.status)));
    }
    check_fields(&refusal.headers)
}

fn check_fields(fields: &[Header]) -> Result<(), HookError> {
    check_room(fields.iter().map(|header| header.value.len()))?;
    fields.iter().try_for_each(|header| {
        field(&header.name)?;
        text(&header.name, &header.value).map(drop)
    })
}

#[cfg(test)]
#[path = "apply_tests.rs"]
mod tests;
