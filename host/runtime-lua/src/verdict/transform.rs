//! `unchanged`, `changed` and `reply`; `keep`, `replace` and `drop`.

use mlua::Value;
use tidegate_contract::{
    BodyChange, Change, Event, EventVerdict, Hook, JsonEdit, JsonSet, Reply, TransformVerdict,
};
use tidegate_pipeline::HookError;

use super::access::{header_edits, headers};
use super::{Made, Reader, is_record, missing, number, wrong};
use crate::instance::Vm;

/// What a transform hook returned.
pub(crate) fn transform(vm: &Vm, hook: Hook, returned: &Value) -> Result<TransformVerdict, HookError> {
    let Some(made) = Made::of(vm, hook, returned)? else { return Ok(TransformVerdict::Unchanged) };
    let mut reader = Reader::new(vm)?;
    match &*made.name.as_bytes() {
        b"unchanged" => Ok(TransformVerdict::Unchanged),
        b"changed" => {
            let change = change(&mut reader, &made.value)?;
            let nothing = change == Change::default();
            Ok(if nothing { TransformVerdict::Unchanged } else { TransformVerdict::Changed(change) })
        }
        b"reply" => reply(&mut reader, &made.value).map(TransformVerdict::Reply),
        _ => Err(made.is_none_of(hook)),
    }
}

/// `remove`, `set` and `insert` are made in this order, the pointers of `set` in the order of the alphabet; `edits` is a
/// list in an order of the author's own, and stands alone as `replace` does.
fn change(reader: &mut Reader<'_>, value: &Value) -> Result<Change, HookError> {
    let mut change = Change::default();
    let (mut removed, mut set, mut inserted) = (Vec::new(), Vec::new(), Vec::new());
    let (mut listed, mut replaced) = (None, None);
    reader.record(format_args!("changed"), value, |reader, key, value| {
        match key {
            b"remove" => removed = removals(reader, &value)?,
            b"set" => {
                for (pointer, value) in reader.entries(format_args!("\"set\" of changed"), &value)? {
                    let value = reader.json(format_args!("\"{pointer}\" in \"set\" of changed"), &value)?;
                    set.push(JsonEdit::Set(JsonSet { pointer, value }));
                }
            }
            b"insert" => inserted = insertions(reader, &value)?,
            b"edits" => listed = Some(edits(reader, &value)?),
            b"replace" => replaced = Some(reader.json(format_args!("\"replace\" of changed"), &value)?),
            b"headers" => {
                change.headers = header_edits(reader, format_args!("\"headers\" of changed"), &value)?
            }
            b"cluster" => change.cluster = Some(reader.text(format_args!("\"cluster\" of changed"), &value)?),
            b"reroute" => change.reroute = flag(&value)?,
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    removed.append(&mut set);
    removed.append(&mut inserted);
    change.body = match (removed.is_empty(), listed, replaced) {
        (true, None, None) => None,
        (false, None, None) => Some(BodyChange::Edits(removed)),
        (true, Some(edits), None) => Some(BodyChange::Edits(edits)).filter(|_| !is_empty(value, "edits")),
        (true, None, Some(text)) => Some(BodyChange::Replace(text)),
        _ => {
            let text = "changed may have \"remove\", \"set\" and \"insert\", or \"edits\", or \"replace\", not several of them";
            return Err(HookError::Invalid(text.into()));
        }
    };
    Ok(change)
}

fn is_empty(value: &Value, key: &str) -> bool {
    let list = value.as_table().and_then(|table| table.raw_get::<Value>(key).ok());
    list.as_ref().and_then(Value::as_table).is_some_and(|list| list.raw_len() == 0)
}

fn flag(value: &Value) -> Result<bool, HookError> {
    value.as_boolean().ok_or_else(|| wrong(format_args!("\"reroute\" of changed"), "true or false", value))
}

fn removals(reader: &mut Reader<'_>, value: &Value) -> Result<Vec<JsonEdit>, HookError> {
    let pointers = reader.list(format_args!("\"remove\" of changed"), value)?;
    let removal = |pointer: &Value| {
        reader.text(format_args!("a pointer in \"remove\" of changed"), pointer).map(JsonEdit::Remove)
    };
    pointers.iter().map(removal).collect()
}

/// `{{pointer, value}, ...}`.
fn insertions(reader: &mut Reader<'_>, value: &Value) -> Result<Vec<JsonEdit>, HookError> {
    let place = format_args!("\"insert\" of changed");
    let mut edits = Vec::new();
    for pair in reader.list(place, value)? {
        let pair = reader.list(format_args!("an element of {place}"), &pair)?;
        let [pointer, value] = &pair[..] else {
            return Err(HookError::Invalid(format!("an element of {place} must be {{pointer, value}}")));
        };
        let pointer = reader.text(format_args!("a pointer in {place}"), pointer)?;
        let value = reader.json(format_args!("\"{pointer}\" in {place}"), value)?;
        edits.push(JsonEdit::Insert(JsonSet { pointer, value }));
    }
    Ok(edits)
}

/// `{{op = "set", path = "/a", value = 1}, ...}`.
fn edits(reader: &mut Reader<'_>, value: &Value) -> Result<Vec<JsonEdit>, HookError> {
    let list = reader.list(format_args!("\"edits\" of changed"), value)?;
    list.iter().enumerate().map(|(at, value)| edit(reader, at + 1, value)).collect()
}

fn edit(reader: &mut Reader<'_>, at: usize, value: &Value) -> Result<JsonEdit, HookError> {
    let place = format_args!("edit {at} of changed");
    let (mut op, mut path, mut set) = (None, None, None);
    reader.record(place, value, |reader, key, value| {
        match key {
            b"op" => op = Some(reader.text(format_args!("\"op\" of {place}"), &value)?),
            b"path" => path = Some(reader.text(format_args!("\"path\" of {place}"), &value)?),
            b"value" => set = Some(reader.json(format_args!("\"value\" of {place}"), &value)?),
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    let pointer = path.ok_or_else(|| missing(place, "path"))?;
    let op = op.ok_or_else(|| missing(place, "op"))?;
    match (op.as_str(), set) {
        ("remove", None) => Ok(JsonEdit::Remove(pointer)),
        ("remove", Some(_)) => {
            Err(HookError::Invalid(format!("{place} removes, so it can have no \"value\"")))
        }
        ("set", Some(value)) => Ok(JsonEdit::Set(JsonSet { pointer, value })),
        ("insert", Some(value)) => Ok(JsonEdit::Insert(JsonSet { pointer, value })),
        ("set" | "insert", None) => Err(missing(place, "value")),
        _ => Err(HookError::Invalid(format!("\"op\" of {place} must be set, insert or remove"))),
    }
}

fn reply(reader: &mut Reader<'_>, value: &Value) -> Result<Reply, HookError> {
    let mut reply = Reply { status: 200, ..Reply::default() };
    reader.record(format_args!("reply"), value, |reader, key, value| {
        match key {
            b"status" => {
                let status = number(format_args!("\"status\" of reply"), &value, 599)?;
                reply.status = u16::try_from(status).unwrap_or_default();
            }
            b"headers" => reply.headers = headers(reader, format_args!("\"headers\" of reply"), &value)?,
            b"body" => reply.body = reader.bytes(format_args!("\"body\" of reply"), &value)?,
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    if reply.status < 200 {
        return Err(HookError::Invalid("\"status\" of reply must be from 200 to 599".into()));
    }
    Ok(reply)
}

/// What `transform_event` returned for one event.
pub(crate) fn event(vm: &Vm, returned: &Value) -> Result<EventVerdict, HookError> {
    let Some(made) = Made::of(vm, Hook::TransformEvent, returned)? else { return Ok(EventVerdict::Keep) };
    let mut reader = Reader::new(vm)?;
    match &*made.name.as_bytes() {
        b"keep" => Ok(EventVerdict::Keep),
        b"drop" => Ok(EventVerdict::Drop),
        b"replace" => {
            let events = match &made.value {
                Value::Table(one) if is_record(one, "data") => vec![made.value.clone()],
                list => reader.list(format_args!("replace"), list)?,
            };
            events
                .iter()
                .map(|event| replacement(&mut reader, event))
                .collect::<Result<_, _>>()
                .map(EventVerdict::Replace)
        }
        _ => Err(made.is_none_of(Hook::TransformEvent)),
    }
}

fn replacement(reader: &mut Reader<'_>, value: &Value) -> Result<Event, HookError> {
    let (mut name, mut data) = (None, None);
    reader.record(format_args!("an event of replace"), value, |reader, key, value| {
        match key {
            b"name" => name = Some(reader.text(format_args!("\"name\" of an event"), &value)?),
            b"data" => data = Some(reader.json(format_args!("\"data\" of an event"), &value)?),
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    let data = data.ok_or_else(|| missing(format_args!("an event of replace"), "data"))?;
    Ok(Event { name, data })
}
