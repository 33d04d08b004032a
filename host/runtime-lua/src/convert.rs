//! Values of the contract as plain tables.

use mlua::{Lua, Result, Table, Value};
use tidegate_contract::{Event, Finding, Head, Outcome, Text, Usage};

use crate::instance::Vm;

/// `head` of `authenticate`, but for its headers.
pub(crate) fn head(lua: &Lua, head: &Head<'_>) -> Result<Table> {
    let table = lua.create_table_with_capacity(0, 8)?;
    table.raw_set("method", head.method)?;
    table.raw_set("scheme", head.scheme)?;
    table.raw_set("authority", head.authority)?;
    table.raw_set("path", head.path)?;
    table.raw_set("query", head.query)?;
    if let Some(digest) = head.body_sha256 {
        table.raw_set("body_sha256", lua.create_string(digest)?)?;
    }
    let client = lua.create_table_with_capacity(0, 3)?;
    client.raw_set("address", head.client.address.to_string())?;
    if let Some(digest) = head.client.certificate_sha256 {
        client.raw_set("certificate_sha256", lua.create_string(digest)?)?;
    }
    client.raw_set("names", lua.create_sequence_from(head.client.names.iter().map(String::as_str))?)?;
    table.raw_set("client", client)?;
    Ok(table)
}

/// Token counts.
pub(crate) fn usage(lua: &Lua, usage: &Usage) -> Result<Table> {
    let table = lua.create_table_with_capacity(0, 7)?;
    let counts = [
        ("input", usage.input),
        ("output", usage.output),
        ("cached_input", usage.cached_input),
        ("cache_write", usage.cache_write),
        ("reasoning", usage.reasoning),
    ];
    for (name, count) in counts {
        table.raw_set(name, count as f64)?;
    }
    table.raw_set("cost_micro_usd", usage.cost_micro_usd.map(|cost| cost as f64))?;
    table.raw_set("estimated", usage.estimated)?;
    Ok(table)
}

/// A finished exchange.
pub(crate) fn outcome(lua: &Lua, outcome: &Outcome) -> Result<Table> {
    let table = lua.create_table_with_capacity(0, 9)?;
    table.raw_set("status", outcome.status)?;
    table.raw_set("error", outcome.error.as_deref())?;
    table.raw_set("cluster", outcome.cluster.as_deref())?;
    table.raw_set("attempts", outcome.attempts)?;
    table.raw_set("duration_ms", outcome.duration_ms)?;
    table.raw_set("first_token_ms", outcome.first_token_ms)?;
    table.raw_set("usage", usage(lua, &outcome.usage)?)?;
    let findings = outcome.findings.iter().map(|found| finding(lua, found)).collect::<Result<Vec<_>>>()?;
    table.raw_set("findings", lua.create_sequence_from(findings)?)?;
    table.raw_set("cancelled", outcome.cancelled)?;
    Ok(table)
}

fn finding(lua: &Lua, found: &Finding) -> Result<Table> {
    let table = lua.create_table_with_capacity(0, 4)?;
    table.raw_set("category", found.category.as_str())?;
    table.raw_set("score", found.score)?;
    table.raw_set("text", found.text)?;
    table.raw_set("detail", found.detail.as_str())?;
    Ok(table)
}

/// Texts of a moderation hook.
pub(crate) fn texts(vm: &Vm, texts: &[Text<'_>]) -> Result<Table> {
    let list = vm.lua.create_table_with_capacity(texts.len(), 0)?;
    for text in texts {
        let table = vm.lua.create_table_with_capacity(0, 8)?;
        let keys = &vm.keys;
        table.raw_set(&keys.id, text.id)?;
        table.raw_set(&keys.role, text.role)?;
        table.raw_set(&keys.kind, text.kind)?;
        table.raw_set(&keys.content, &*text.content)?;
        table.raw_set(&keys.start, text.start as f64)?;
        table.raw_set(&keys.released, text.released)?;
        table.raw_set(&keys.complete, text.complete)?;
        table.raw_set(&keys.new_turn, text.new_turn)?;
        list.raw_push(table)?;
    }
    Ok(list)
}

/// An event with its data.
pub(crate) fn event(lua: &Lua, event: &Event, data: Value) -> Result<Table> {
    let table = lua.create_table_with_capacity(0, 2)?;
    table.raw_set("name", event.name.as_deref())?;
    table.raw_set("data", data)?;
    Ok(table)
}
