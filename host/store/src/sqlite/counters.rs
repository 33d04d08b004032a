//! Counters and open reservations as rows.

use std::sync::Arc;

use rusqlite::types::Type;
use rusqlite::{Connection, Row, params};
use tidegate_pipeline::{Shape, Unit, Window};

use super::signed;
use crate::quotas::{Changes, SavedCounter, SavedOpen, SavedPart};

const COUNTERS: &str = "SELECT key, shape, unit, used, last, begins, ends, parts FROM counters";
const PUT_COUNTER: &str = "INSERT OR REPLACE INTO counters (key, shape, unit, used, last, begins, ends, parts) \
     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
const REMOVE_COUNTER: &str = "DELETE FROM counters WHERE key = ?1";
const OPEN: &str = "SELECT id, until, parts FROM reservations";
const PUT_OPEN: &str = "INSERT OR REPLACE INTO reservations (id, until, parts) VALUES (?1, ?2, ?3)";
const REMOVE_OPEN: &str = "DELETE FROM reservations WHERE id = ?1";

/// A part of a reservation in JSON: key, shape, unit, time, amount.
type Part = (String, String, String, u64, u64);

/// Brings the rows to where the counters are.
pub(super) fn write(connection: &Connection, changes: &Changes) -> rusqlite::Result<()> {
    remove(connection, REMOVE_COUNTER, &changes.counters_gone)?;
    remove(connection, REMOVE_OPEN, &changes.open_gone)?;
    let mut put = connection.prepare_cached(PUT_COUNTER)?;
    for counter in &changes.counters {
        let SavedCounter { key, window, used, last, begins, ends, parts } = counter;
        let (shape, unit, parts) = (window.shape.as_str(), window.unit.as_str(), json(parts));
        let [used, last, begins, ends] = [*used, *last, *begins, *ends].map(signed);
        put.execute(params![key, shape, unit, used, last, begins, ends, parts])?;
    }
    let mut put = connection.prepare_cached(PUT_OPEN)?;
    for SavedOpen { id, until, parts } in &changes.open {
        let part = |part: &SavedPart| -> Part {
            let SavedPart { key, window, at, amount } = part;
            (key.to_string(), window.shape.as_str().to_owned(), window.unit.as_str().to_owned(), *at, *amount)
        };
        let parts: Vec<Part> = parts.iter().map(part).collect();
        put.execute(params![id, signed(*until), json(&parts)])?;
    }
    Ok(())
}

fn remove(connection: &Connection, statement: &str, keys: &[Arc<str>]) -> rusqlite::Result<()> {
    let mut remove = connection.prepare_cached(statement)?;
    keys.iter().try_for_each(|key| remove.execute([&**key]).map(drop))
}

/// Everything that was written.
pub(super) fn read(connection: &Connection) -> rusqlite::Result<(Vec<SavedCounter>, Vec<SavedOpen>)> {
    let counters = connection.prepare(COUNTERS)?.query_map([], counter)?.collect::<Result<_, _>>()?;
    let open = connection.prepare(OPEN)?.query_map([], open)?.collect::<Result<_, _>>()?;
    Ok((counters, open))
}

fn counter(row: &Row<'_>) -> rusqlite::Result<SavedCounter> {
    let number = |column| Ok::<_, rusqlite::Error>(row.get::<_, i64>(column)?.unsigned_abs());
    let (shape, unit): (String, String) = (row.get(1)?, row.get(2)?);
    Ok(SavedCounter {
        key: row.get(0)?,
        window: window(&shape, &unit)
            .ok_or_else(|| unreadable(1, format!("\"{shape} {unit}\" is no window")))?,
        used: number(3)?,
        last: number(4)?,
        begins: number(5)?,
        ends: number(6)?,
        parts: parsed(row, 7)?,
    })
}

fn open(row: &Row<'_>) -> rusqlite::Result<SavedOpen> {
    let part = |(key, shape, unit, at, amount): Part| {
        let window =
            window(&shape, &unit).ok_or_else(|| unreadable(2, format!("\"{shape} {unit}\" is no window")))?;
        Ok(SavedPart { key: key.into(), window, at, amount })
    };
    let parts: Vec<Part> = parsed(row, 2)?;
    let parts = parts.into_iter().map(part).collect::<rusqlite::Result<_>>()?;
    Ok(SavedOpen { id: row.get(0)?, until: row.get::<_, i64>(1)?.unsigned_abs(), parts })
}

fn parsed<T: serde::de::DeserializeOwned>(row: &Row<'_>, column: usize) -> rusqlite::Result<T> {
    let text: String = row.get(column)?;
    serde_json::from_str(&text).map_err(|error| unreadable(column, error))
}

fn unreadable(column: usize, error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, Type::Text, error.into())
}

/// Lists of numbers and texts always have a form in JSON.
fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

fn window(shape_name: &str, unit_name: &str) -> Option<Window> {
    let shapes = [Shape::Sliding, Shape::Fixed, Shape::Calendar];
    let shape = shapes.into_iter().find(|known| known.as_str() == shape_name)?;
    let unit = Unit::ALL.into_iter().find(|known| known.as_str() == unit_name)?;
    Some(Window { shape, unit })
}
