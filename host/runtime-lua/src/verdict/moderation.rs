//! `allow`, `flag`, `redact` and `block`, each with findings and holds.

use mlua::{Table, Value};
use tidegate_contract::{Finding, Hook, Judged, Judgement, Text, TextEdit};
use tidegate_pipeline::HookError;

use super::{Made, Reader, is_record, missing, number, wrong};
use crate::instance::Vm;

/// What stands in place of a redacted piece where the author names nothing.
const MASK: &str = "***";

/// What a moderation hook returned for these texts.
pub(crate) fn judged(vm: &Vm, hook: Hook, texts: &[Text<'_>], returned: &Value) -> Result<Judged, HookError> {
    let Some(made) = Made::of(vm, hook, returned)? else { return Ok(Judged::default()) };
    let mut reader = Reader::new(vm)?;
    let mut judged = Judged::default();
    match &*made.name.as_bytes() {
        b"allow" => {}
        b"flag" => judged.findings = findings(&mut reader, &made.value)?,
        b"redact" => judged.judgement = Judgement::Edit(edits(&mut reader, texts, &made.value)?),
        b"block" => {
            let reason = reader.text(format_args!("the reason of block"), &made.value)?;
            judged.judgement = Judgement::Block(reason);
        }
        _ => return Err(made.is_none_of(hook)),
    }
    let options = made.options();
    if !options.is_nil() {
        reader.record(format_args!("the options of a verdict"), &options, |reader, key, value| {
            match key {
                b"findings" => judged.findings.append(&mut findings(reader, &value)?),
                b"hold" => judged.hold = hold(reader, texts, &value)?,
                _ => return Ok(false),
            }
            Ok(true)
        })?;
    }
    Ok(judged)
}

/// A list of `{category, score, text, detail}`, or one of them.
fn findings(reader: &mut Reader<'_>, value: &Value) -> Result<Vec<Finding>, HookError> {
    match value {
        Value::Table(one) if is_record(one, "category") => Ok(vec![finding(reader, value)?]),
        list => {
            reader.list(format_args!("findings"), list)?.iter().map(|value| finding(reader, value)).collect()
        }
    }
}

fn finding(reader: &mut Reader<'_>, value: &Value) -> Result<Finding, HookError> {
    let place = format_args!("a finding");
    let (mut category, mut score, mut text, mut detail) = (None, None, None, String::new());
    reader.record(place, value, |reader, key, value| {
        match key {
            b"category" => category = Some(reader.text(format_args!("\"category\" of {place}"), &value)?),
            b"detail" => detail = reader.text(format_args!("\"detail\" of {place}"), &value)?,
            b"text" => text = Some(text_id(&value)?),
            b"score" => {
                let number = match value {
                    Value::Integer(number) => number as f32,
                    Value::Number(number) => number as f32,
                    other => return Err(wrong(format_args!("\"score\" of {place}"), "a number", &other)),
                };
                score = Some(number);
            }
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    let category = category.ok_or_else(|| missing(place, "category"))?;
    Ok(Finding { category, score, text, detail })
}

/// A number of bytes for every text, or for some by their ids.
fn hold(reader: &mut Reader<'_>, texts: &[Text<'_>], value: &Value) -> Result<Vec<(u32, u32)>, HookError> {
    let place = format_args!("\"hold\"");
    let Value::Table(table) = value else {
        let bytes = bounded(number(place, value, u64::from(u32::MAX))?);
        return Ok(texts.iter().map(|text| (text.id, bytes)).collect());
    };
    let mut held = Vec::new();
    for pair in table.pairs::<Value, Value>() {
        let (id, bytes) = pair.map_err(|error| super::read_error(&error))?;
        reader.budget.take(crate::json::ENTRY)?;
        held.push((text_id(&id)?, bounded(number(place, &bytes, u64::from(u32::MAX))?)));
    }
    held.sort_unstable();
    Ok(held)
}

/// A list of `{text, from, to, with}`, or one of them; put into the order that the contract asks for.
fn edits(reader: &mut Reader<'_>, texts: &[Text<'_>], value: &Value) -> Result<Vec<TextEdit>, HookError> {
    let list = match value {
        Value::Table(one) if is_record(one, "from") => vec![value.clone()],
        list => reader.list(format_args!("redact"), list)?,
    };
    let edits = list.iter().enumerate().map(|(at, value)| edit(reader, texts, at + 1, value));
    let mut edits = edits.collect::<Result<Vec<_>, _>>()?;
    edits.sort_by_key(|edit| (edit.id, edit.start, edit.end));
    Ok(edits)
}

/// Lua's own indices: bytes from 1, both ends included, as `string.find` returns them.
fn edit(
    reader: &mut Reader<'_>,
    texts: &[Text<'_>],
    at: usize,
    value: &Value,
) -> Result<TextEdit, HookError> {
    let place = format_args!("edit {at} of redact");
    let (mut id, mut from, mut to, mut with) = (None, None, None, None);
    reader.record(place, value, |reader, key, value| {
        match key {
            b"text" => id = Some(text_id(&value)?),
            b"from" => from = Some(number(format_args!("\"from\" of {place}"), &value, u64::from(u32::MAX))?),
            b"to" => to = Some(number(format_args!("\"to\" of {place}"), &value, u64::from(u32::MAX))?),
            b"with" => with = Some(reader.text(format_args!("\"with\" of {place}"), &value)?),
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    let id = id.ok_or_else(|| missing(place, "text"))?;
    let from = from.ok_or_else(|| missing(place, "from"))?;
    let end = to.ok_or_else(|| missing(place, "to"))?;
    let invalid =
        |problem: &str| HookError::Invalid(format!("{place}: bytes {from} to {end} of text {id} {problem}"));
    let text = texts.iter().find(|text| text.id == id);
    let text =
        text.ok_or_else(|| HookError::Invalid(format!("{place} names text {id}, which does not exist")))?;
    let start = from.checked_sub(1).ok_or_else(|| invalid("begin before the text, whose first byte is 1"))?;
    if end < start || end > text.content.len() as u64 {
        return Err(invalid(&format!("are no range of its {} bytes", text.content.len())));
    }
    if start < u64::from(text.released) {
        return Err(invalid("have left already"));
    }
    let borders = [start, end]
        .iter()
        .all(|at| text.content.is_char_boundary(usize::try_from(*at).unwrap_or(usize::MAX)));
    if !borders {
        return Err(invalid("cut a character of UTF-8 in two"));
    }
    Ok(TextEdit {
        id,
        start: bounded(start),
        end: bounded(end),
        replacement: with.unwrap_or_else(|| MASK.to_owned()),
    })
}

/// An id, or the table of the text itself.
fn text_id(value: &Value) -> Result<u32, HookError> {
    let of_table = |table: &Table| table.raw_get::<Value>("id").unwrap_or_default();
    let id = match value {
        Value::Table(table) => of_table(table),
        id => id.clone(),
    };
    number(format_args!("\"text\""), &id, u64::from(u32::MAX)).map(bounded)
}

fn bounded(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
