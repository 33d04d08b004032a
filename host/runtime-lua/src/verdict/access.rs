//! `pass`, `grant` and `deny`; `admit` and `refuse`.

use std::fmt;
use std::sync::Arc;

use mlua::Value;
use tidegate_contract::{AdmissionVerdict, AuthVerdict, Grant, Header, HeaderEdit, Hook, Principal, Refusal};
use tidegate_pipeline::HookError;

use super::{Made, Reader, missing, number};
use crate::instance::Vm;

/// What `authenticate` returned.
pub(crate) fn auth(vm: &Vm, returned: &Value) -> Result<AuthVerdict, HookError> {
    let Some(made) = Made::of(vm, Hook::Authenticate, returned)? else { return Ok(AuthVerdict::Pass) };
    let mut reader = Reader::new(vm)?;
    match &*made.name.as_bytes() {
        b"pass" => Ok(AuthVerdict::Pass),
        b"grant" => grant(&mut reader, &made.value).map(AuthVerdict::Allow),
        b"deny" => refusal(&mut reader, "deny", &made.value).map(AuthVerdict::Deny),
        _ => Err(made.is_none_of(Hook::Authenticate)),
    }
}

/// What `admit` returned.
pub(crate) fn admission(vm: &Vm, returned: &Value) -> Result<AdmissionVerdict, HookError> {
    let Some(made) = Made::of(vm, Hook::Admit, returned)? else {
        return Ok(AdmissionVerdict::Admitted(None));
    };
    let mut reader = Reader::new(vm)?;
    match &*made.name.as_bytes() {
        b"admit" => match &made.value {
            Value::Nil => Ok(AdmissionVerdict::Admitted(None)),
            ticket => reader
                .text(format_args!("the ticket of admit"), ticket)
                .map(|ticket| AdmissionVerdict::Admitted(Some(ticket))),
        },
        b"refuse" => refusal(&mut reader, "refuse", &made.value).map(AdmissionVerdict::Refused),
        _ => Err(made.is_none_of(Hook::Admit)),
    }
}

fn grant(reader: &mut Reader<'_>, value: &Value) -> Result<Grant, HookError> {
    let (mut id, mut tenant, mut attributes, mut headers) = (None, None, Vec::new(), Vec::new());
    reader.record(format_args!("grant"), value, |reader, key, value| {
        match key {
            b"principal" => id = Some(reader.text(format_args!("\"principal\" of grant"), &value)?),
            b"tenant" => tenant = Some(reader.text(format_args!("\"tenant\" of grant"), &value)?),
            b"attributes" => {
                for (name, value) in reader.entries(format_args!("\"attributes\" of grant"), &value)? {
                    let value = reader.text(format_args!("\"{name}\" in \"attributes\" of grant"), &value)?;
                    attributes.push((name, value));
                }
            }
            b"headers" => headers = header_edits(reader, format_args!("\"headers\" of grant"), &value)?,
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    let id = id.filter(|id| !id.is_empty()).ok_or_else(|| missing(format_args!("grant"), "principal"))?;
    Ok(Grant { principal: Arc::new(Principal { id, tenant, models: None, attributes }), headers })
}

fn refusal(reader: &mut Reader<'_>, name: &str, value: &Value) -> Result<Refusal, HookError> {
    let (mut status, mut code, mut message, mut fields) = (None, None, None, Vec::new());
    reader.record(format_args!("{name}"), value, |reader, key, value| {
        match key {
            b"status" => status = Some(number(format_args!("\"status\" of {name}"), &value, 599)?),
            b"code" => code = Some(reader.text(format_args!("\"code\" of {name}"), &value)?),
            b"message" => message = Some(reader.text(format_args!("\"message\" of {name}"), &value)?),
            b"headers" => fields = headers(reader, format_args!("\"headers\" of {name}"), &value)?,
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    let place = format_args!("{name}");
    let status = status.ok_or_else(|| missing(place, "status"))?;
    let status = u16::try_from(status).ok().filter(|status| *status >= 400);
    let status =
        status.ok_or_else(|| HookError::Invalid(format!("\"status\" of {name} must be from 400 to 599")))?;
    let code = code.ok_or_else(|| missing(place, "code"))?;
    let message = message.ok_or_else(|| missing(place, "message"))?;
    Ok(Refusal { headers: fields, ..Refusal::new(status, code, message) })
}

/// `{remove = {name, ...}, set = {name = value}, add = {name = value or list of values}}`, made in this order, names
/// within `set` and `add` in the order of the alphabet.
pub(super) fn header_edits(
    reader: &mut Reader<'_>,
    place: fmt::Arguments<'_>,
    value: &Value,
) -> Result<Vec<HeaderEdit>, HookError> {
    let (mut removed, mut set, mut added) = (Vec::new(), Vec::new(), Vec::new());
    reader.record(place, value, |reader, key, value| {
        match key {
            b"remove" => {
                for name in reader.list(format_args!("\"remove\" in {place}"), &value)? {
                    removed.push(HeaderEdit::Remove(
                        reader.text(format_args!("a name of \"remove\" in {place}"), &name)?,
                    ));
                }
            }
            b"set" => {
                for (name, value) in reader.entries(format_args!("\"set\" in {place}"), &value)? {
                    let value = reader.bytes(format_args!("\"{name}\" of \"set\" in {place}"), &value)?;
                    set.push(HeaderEdit::Set(name, value));
                }
            }
            b"add" => {
                for header in headers(reader, format_args!("\"add\" in {place}"), &value)? {
                    added.push(HeaderEdit::Add(header.name, header.value));
                }
            }
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    removed.append(&mut set);
    removed.append(&mut added);
    Ok(removed)
}

/// `{name = value or list of values}`, names in the order of the alphabet.
pub(super) fn headers(
    reader: &mut Reader<'_>,
    place: fmt::Arguments<'_>,
    value: &Value,
) -> Result<Vec<Header>, HookError> {
    let mut headers = Vec::new();
    for (name, value) in reader.entries(place, value)? {
        let values = match value {
            Value::Table(_) => reader.list(format_args!("\"{name}\" in {place}"), &value)?,
            one => vec![one],
        };
        for value in values {
            let value = reader.bytes(format_args!("\"{name}\" in {place}"), &value)?;
            headers.push(Header { name: name.clone(), value });
        }
    }
    Ok(headers)
}
